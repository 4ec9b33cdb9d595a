// Notebooks for tests: a real pod of the sandbox's python image, whose server is notebookServer.py.
import fs from "node:fs";
import path from "node:path";
import type { KubeObject } from "../../src/kube/objects.ts";
import { PYTHON } from "./support.ts";

/** Stops a Notebook that has it; the value is the time, RFC 3339 in UTC. */
export const STOPPED = "kubeflow-resource-stopped";

export interface NotebookObject extends KubeObject {
  readonly spec?: object;
  readonly status?: {
    readonly readyReplicas?: number;
    readonly containerState?: Readonly<Record<string, { readonly reason?: string }>>;
    readonly conditions?: readonly { readonly type: string; readonly status?: string; readonly reason?: string }[];
  };
}

export interface NotebookOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: the sandbox's python image. Another one cannot be pulled there. */
  readonly image?: string;
  /** More fields of the container, say `resources`. */
  readonly container?: object;
  /** More fields of the pod, say `volumes`. */
  readonly pod?: object;
  /** Volume claims, mounted below /mnt under their names. */
  readonly claims?: readonly string[];
}

/** A Notebook as the Jupyter app makes one, as far as the sandbox goes: no volume, no ServiceAccount of a profile. */
export function notebookObject(name: string, namespace: string, options: NotebookOptions = {}): NotebookObject {
  const { labels = {}, annotations = {}, image = PYTHON, container = {}, pod = {}, claims = [] } = options;
  const server = fs.readFileSync(path.join(import.meta.dirname, "notebookServer.py"), "utf8");
  const volumeMounts = claims.map((claim) => ({ name: claim, mountPath: `/mnt/${claim}` }));
  const volumes = claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim } }));
  const own = { name, image, command: ["python3", "-c", server], volumeMounts, ...container };
  return {
    apiVersion: "kubeflow.org/v1",
    kind: "Notebook",
    metadata: {
      name,
      namespace,
      labels: { app: name, ...labels },
      annotations: { "notebooks.kubeflow.org/server-type": "jupyter", ...annotations },
    },
    spec: { template: { spec: { volumes, ...pod, containers: [own] } } },
  };
}

/** Where a notebook's server answers behind the API server: its Service's only port (kubeflow.md B3). */
export function notebookPath(name: string, namespace: string): string {
  return `/api/v1/namespaces/${namespace}/services/${name}:http-${name}/proxy/notebook/${namespace}/${name}`;
}
