// Doubles for unit tests: a server that answers as the API server of Kubeflow Pipelines does, over real HTTP, and the
// cluster before it.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import { silentLogger } from "../../core/log.ts";
import { KubeClient } from "../../kube/client.ts";
import { type FakeReply, type FakeRequest, FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { ClusterPipelines, type ClusterPipelinesOptions } from "../clusterPipelines.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

interface Told {
  readonly status?: number;
  readonly body: unknown;
}

export class Double {
  readonly clock = new ManualClock();
  /** What the server was asked, `healthz` left out. */
  readonly asked: Asked[] = [];
  readonly connected: string[] = [];
  healthz: object = { tag_name: "2.0.5", multi_user: false };
  /** What the server says to everything else. */
  answer: (asked: Asked) => Told = () => ({ body: {} });
  /** What the cluster says to a path; undefined for what it says by itself. */
  cluster: (request: FakeRequest) => FakeReply | undefined = () => undefined;
  /** Ends the connection after it has heard what fits, in place of an answer. */
  hangUp: (asked: Asked) => boolean = () => false;
  /** Instead of a connection. */
  refuse: (() => Error) | undefined;
  pods: readonly object[] = [pod("ml-pipeline-1")];
  service: object = {
    spec: { selector: { app: "ml-pipeline", tier: "api" }, ports: [{ port: 8888, targetPort: "http" }] },
  };
  tokens = 0;
  readonly transport = new FakeTransport((request) => this.cluster(request) ?? this.#own(request));
  readonly options: ClusterPipelinesOptions;
  readonly #server: http.Server;
  readonly #sockets = new Set<net.Socket>();

  static async start(): Promise<Double> {
    const double = new Double();
    double.#server.listen(0, "127.0.0.1");
    await once(double.#server, "listening");
    return double;
  }

  private constructor() {
    this.#server = http.createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => (body += chunk));
      request.on("end", () => this.#serve(request, response, body));
    });
    this.options = {
      client: new KubeClient(this.transport, this.clock),
      namespace: "kubeflow",
      clock: this.clock,
      log: silentLogger,
      random: () => 0,
      connect: (name, port) => this.#connect(name, port),
    };
  }

  open(): ClusterPipelines {
    return new ClusterPipelines(this.options);
  }

  /** Ends the streams that stand. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #connect(name: string, port: number): Promise<Duplex> {
    if (this.refuse !== undefined) throw this.refuse();
    this.connected.push(`${name}:${port}`);
    const address = this.#server.address();
    const socket = net.connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    this.#sockets.add(socket);
    await once(socket, "connect");
    return socket;
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse, body: string): void {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://double");
    const { method = "", headers } = request;
    const asked = { method, path: pathname, query: searchParams, headers, body };
    const isHealth = pathname === "/apis/v2beta1/healthz";
    if (!isHealth) this.asked.push(asked);
    const answer = isHealth ? { body: this.healthz } : this.answer(asked);
    if (this.hangUp(asked)) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status ?? 200, { "content-type": "application/json" });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  }

  #own({ path }: FakeRequest): FakeReply {
    if (path === "/api/v1/namespaces/kubeflow/services/ml-pipeline") return json(this.service);
    if (path === "/api/v1/namespaces/kubeflow/pods") return json({ metadata: {}, items: this.pods });
    if (path.endsWith("/serviceaccounts/default-editor/token"))
      return json({ spec: { expirationSeconds: 600 }, status: { token: `token-${++this.tokens}` } });
    return refusal(404, "NotFound", "not found");
  }
}

export function pod(name: string, ready = "True"): object {
  const ports = [{ name: "http", containerPort: 8889 }];
  return {
    metadata: { name },
    spec: { containers: [{ name: "api", ports }] },
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

export function run(id: string, state = "SUCCEEDED"): object {
  return { run_id: id, display_name: `run ${id}`, state, created_at: "2026-11-21T23:00:00Z" };
}
