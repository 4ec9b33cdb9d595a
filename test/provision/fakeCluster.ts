// Test double: as much of a Kubernetes API server as making a cluster asks for, over plain HTTP. Objects by path, with
// uids and preconditions; a pod that asks for a GPU has run at once.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Stored {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
  readonly spec?: Readonly<Record<string, unknown>>;
}

const SMI = `| NVIDIA-SMI 550.90.07   Driver Version: 550.90.07   CUDA Version: 12.4 |
|   0  NVIDIA L4                      On  |   00000000:00:03.0 Off |`;

export class FakeCluster {
  /** By path of the API, such as `/api/v1/namespaces/a/services/b`. */
  readonly objects = new Map<string, Stored>();
  /** What was asked, such as `DELETE /api/v1/namespaces/a/services/b`. */
  readonly asked: string[] = [];
  readonly #server: Server;
  #uids = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(([status, body]) => {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        response.writeHead(status, { "content-type": typeof body === "string" ? "text/plain" : "application/json" });
        response.end(text);
      });
    });
  }

  static async start(): Promise<FakeCluster> {
    const made = new FakeCluster();
    await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
    made.add("/apis/storage.k8s.io/v1/storageclasses", "standard-rwo", {
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    });
    const status = { conditions: [{ type: "Ready", status: "True" }] };
    for (const name of ["cpu-1", "cpu-2", "cpu-3"]) made.add("/api/v1/nodes", name, {}, { status });
    // As GKE brings it.
    const containers = [{ image: "gke.gcr.io/nvidia-gpu-device-plugin@sha256:0" }];
    const template = { spec: { containers } };
    made.add("/apis/apps/v1/namespaces/kube-system/daemonsets", "gpu", {}, { spec: { template } });
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(collection: string, name: string, metadata: object = {}, rest: object = {}): void {
    const namespace = /\/namespaces\/([^/]+)\//.exec(`${collection}/`)?.[1];
    const uid = `uid-${(this.#uids += 1)}`;
    const own = { name, uid, ...(namespace !== undefined && { namespace }), ...metadata };
    this.objects.set(`${collection}/${name}`, { ...rest, metadata: own });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<readonly [number, unknown]> {
    const { pathname: path } = new URL(request.url ?? "", this.url);
    this.asked.push(`${request.method ?? ""} ${path}`);
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
    if (path === "/version") return [200, { major: "1", minor: "35", gitVersion: "v1.35.1" }];
    if (path.endsWith("/log")) return [200, SMI];
    const found = this.objects.get(path);
    switch (request.method) {
      case "POST": {
        const object = JSON.parse(text) as Stored;
        const { name, ...metadata } = object.metadata;
        const status = { phase: "Succeeded", containerStatuses: [] };
        this.add(path, name, metadata, { ...object, status });
        return [201, this.objects.get(`${path}/${name}`)];
      }
      case "PATCH": {
        const [, collection = "", name = ""] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
        this.add(collection, name, {}, JSON.parse(text) as object);
        return [200, this.objects.get(path)];
      }
      case "DELETE":
        if (found === undefined) return missing;
        this.objects.delete(path);
        return [200, { kind: "Status", status: "Success" }];
      default:
        return found === undefined ? this.#list(path) : [200, found];
    }
  }

  /** Of one namespace, or of all. */
  #list(path: string): readonly [number, unknown] {
    const last = path.split("/").at(-1) ?? "";
    if (!/^[a-z]+s(es)?$/.test(last) || /\/namespaces\/[^/]+\/[^/]+\/./.test(path)) return missing;
    const all = [...this.objects].filter(([at]) => at.split("/").at(-2) === last);
    return [200, { kind: "List", metadata: { resourceVersion: "1" }, items: all.map(([, object]) => object) }];
  }
}

const missing = [
  404,
  { kind: "Status", status: "Failure", reason: "NotFound", message: "not found", code: 404 },
] as const;
