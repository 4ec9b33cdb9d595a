// A stand-in for Kubeflow's notebook controller, whose module cannot be had: for each Notebook a StatefulSet and a
// Service, and the pod's state in its status (notebookShape.ts). The StatefulSet's own controller is the real one. Of
// the real controller's work this leaves out culling, Istio and the events that are issued again on the Notebook.
import { isDeepStrictEqual } from "node:util";
import { okay } from "../api.ts";
import type { Api } from "../api.ts";
import { Mirror } from "./mirror.ts";
import type { Mirrored } from "./mirror.ts";
import { NAME_LABEL, Notebook, Pod, serviceOf, StatefulSet, statefulSetOf, statusOf } from "./notebookShape.ts";

const NOTEBOOKS = "/apis/kubeflow.org/v1/notebooks";
const MANAGER = "notebook-controller";
/** Milliseconds between tries of a Notebook that could not be brought about. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [100, 10_000];

export class NotebookController {
  readonly #api: Api;
  readonly #log: (line: string) => void;
  readonly #notebooks: Mirror<Notebook>;
  readonly #sets: Mirror<StatefulSet>;
  readonly #pods: Mirror<Pod>;
  /** Notebooks at work; true where something has changed meanwhile. */
  readonly #busy = new Map<string, boolean>();

  constructor(api: Api, log: (line: string) => void) {
    this.#api = api;
    this.#log = log;
    const byName = ({ metadata }: Mirrored) => this.#look(metadata.namespace, metadata.name);
    this.#notebooks = new Mirror(api, NOTEBOOKS, Notebook, byName, log);
    this.#sets = new Mirror(api, "/apis/apps/v1/statefulsets", StatefulSet, byName, log);
    const byLabel = ({ metadata }: Mirrored) => this.#look(metadata.namespace, metadata.labels[NAME_LABEL] ?? "");
    this.#pods = new Mirror(api, `/api/v1/pods?labelSelector=${NAME_LABEL}`, Pod, byLabel, log);
  }

  /** @returns when it knows all that is there; it then works for as long as this process lives */
  async start(): Promise<void> {
    // Notebooks last: none is worked on before all that it has is known.
    for (const mirror of [this.#sets, this.#pods, this.#notebooks]) void mirror.follow(await mirror.list());
  }

  #look(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    if (this.#busy.has(key)) this.#busy.set(key, true);
    else if (this.#notebooks.get(namespace, name) !== undefined) void this.#work(key, namespace, name);
  }

  async #work(key: string, namespace: string, name: string): Promise<void> {
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      this.#busy.set(key, false);
      try {
        await this.#bringAbout(namespace, name);
        if (this.#busy.get(key) !== true) break;
        pause = SHORTEST_PAUSE;
      } catch (error) {
        this.#log(`${key}: ${error instanceof Error ? error.message : String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    this.#busy.delete(key);
  }

  async #bringAbout(namespace: string, name: string): Promise<void> {
    const notebook = this.#notebooks.get(namespace, name);
    // One that is being deleted in the foreground waits until what it has made is gone.
    if (notebook === undefined || notebook.metadata.deletionTimestamp !== undefined) return;
    await this.#api.apply(statefulSetOf(notebook), MANAGER);
    await this.#api.apply(serviceOf(notebook), MANAGER);
    const [set, pod] = [this.#sets.get(namespace, name), this.#pods.get(namespace, `${name}-0`)];
    const status = statusOf(notebook, set, pod, new Date().toISOString());
    if (isDeepStrictEqual(status, notebook.status)) return;
    const path = `/apis/kubeflow.org/v1/namespaces/${namespace}/notebooks/${name}/status`;
    const body = { apiVersion: "kubeflow.org/v1", kind: "Notebook", ...notebook, status };
    const answer = await this.#api.send("PUT", path, body);
    // Its version went along: the status of an older Notebook is refused (409), and the newer one is about to be told.
    if (answer.code !== 404 && answer.code !== 409) okay(answer, `the status of ${name}`);
  }
}
