// A double for unit tests: what is behind a Service, over real HTTP, and the cluster before it.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { KubeClient } from "../../kube/client.ts";
import { FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import type { ServerPlace } from "../waysIn.ts";

type Answer = (url: URL, body: Buffer, response: http.ServerResponse) => void;

export class DoorDouble {
  /** `namespace/service` that are there; each has one ready pod of its name. */
  services = new Set<string>();
  answer: Answer = (_, __, response) => void response.end();
  /** `namespace/pod:port`, in their order. */
  readonly connected: string[] = [];
  readonly asked: URL[] = [];
  readonly clock = new ManualClock();
  readonly place: ServerPlace;
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://double");
      this.asked.push(url);
      this.answer(url, Buffer.concat(chunks), response);
    });
  });

  static async start(...services: readonly string[]): Promise<DoorDouble> {
    const double = new DoorDouble();
    double.services = new Set(services);
    double.#server.listen(0, "127.0.0.1");
    await once(double.#server, "listening");
    return double;
  }

  private constructor() {
    const transport = new FakeTransport(({ path, query }) => {
      const [, namespace = "", kind, name = ""] = /^\/api\/v1\/namespaces\/([^/]+)\/(\w+)(?:\/(.+))?$/.exec(path) ?? [];
      if (kind === "services" && this.services.has(`${namespace}/${name}`))
        return json({ spec: { selector: { of: name }, ports: [] } });
      if (kind !== "pods") return refusal(404, "NotFound", "not found");
      const pod = query["labelSelector"]?.replace("of=", "");
      const status = { conditions: [{ type: "Ready", status: "True" }] };
      return json({ metadata: {}, items: [{ metadata: { name: pod }, status }] });
    });
    this.place = {
      ...{ client: new KubeClient(transport, this.clock), namespace: "kubeflow", clock: this.clock },
      connect: async (pod, port, _, namespace = "kubeflow") => {
        this.connected.push(`${namespace}/${pod}:${port}`);
        const address = this.#server.address();
        const socket = net.connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
        await once(socket, "connect");
        return socket;
      },
    };
  }

  /** Ends the streams that stand. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
