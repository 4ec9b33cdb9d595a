// When the notebook controller's culler stops a notebook that nobody uses, where its settings may be read.
import { age, ago, elapsed } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import { CONFIG_MAP, DEPLOYMENT } from "../kubeflow/kinds/resources.ts";
import { list, record, text } from "../kubeflow/read.ts";
import { isJupyter } from "./notebookForwards.ts";

/** Where Kubeflow's manifests have it (notebooks v1.11.0: components/notebook-controller/config). */
const CONTROLLER = { namespace: "kubeflow", name: "notebook-controller-deployment", container: "manager" };
/** Minutes, as the culler has them where nothing else is set (controllers/culling_controller.go). */
const DEFAULT_IDLE_MINUTES = 1440;
const MINUTE_MS = 60_000;
/** So long before, in ms, it is said of every notebook, and not only of those that are idle for a while. */
const CLOSE_MS = 30 * MINUTE_MS;

/**
 * Ms without use after which a notebook is stopped. Undefined where nobody stops it, and where the settings may not be
 * read or are somewhere else: they are not guessed. Rejects as KubeClient does where the cluster does not answer.
 */
export async function readCulling(client: KubeClient, signal?: AbortSignal): Promise<number | undefined> {
  const read = async (kind: ResourceKind, name: string): Promise<KubeObject | undefined> => {
    try {
      return await client.find<KubeObject>(kind, name, CONTROLLER.namespace, signal);
    } catch (error) {
      if (isApiError(error, "Forbidden")) return undefined;
      throw error;
    }
  };
  const found = record(await read(DEPLOYMENT, CONTROLLER.name));
  const { containers } = record(record(record(found["spec"])["template"])["spec"]);
  const main = list(containers).find(({ name }) => name === CONTROLLER.container) ?? {};
  const maps = new Map<string, Promise<Readonly<Record<string, unknown>>>>();
  const dataOf = (name: unknown): Promise<Readonly<Record<string, unknown>>> => {
    const key = text(name) ?? "";
    const known = maps.get(key) ?? (key === "" ? Promise.resolve({}) : read(CONFIG_MAP, key).then(dataIn));
    maps.set(key, known);
    return known;
  };
  let env: Readonly<Record<string, unknown>> = {};
  for (const { configMapRef } of list(main["envFrom"]))
    env = { ...env, ...(await dataOf(record(configMapRef)["name"])) };
  for (const { name, value, valueFrom } of list(main["env"])) {
    const { name: map, key } = record(record(valueFrom)["configMapKeyRef"]);
    env = { ...env, [text(name) ?? ""]: map === undefined ? value : (await dataOf(map))[text(key) ?? ""] };
  }
  if (env["ENABLE_CULLING"] !== "true") return undefined;
  const idle = text(env["CULL_IDLE_TIME"]) ?? "";
  return (/^\d{1,9}$/.test(idle) ? Number(idle) : DEFAULT_IDLE_MINUTES) * MINUTE_MS;
}

function dataIn(map: KubeObject | undefined): Readonly<Record<string, unknown>> {
  return record(record(map)["data"]);
}

/** How long until it is stopped, in ms, where that is close; below 0 the culler's next look does it. */
export function closeToCulling(lastActivity: number, cullAfter: number | undefined, now: number): number | undefined {
  const left = cullAfter === undefined ? undefined : lastActivity + cullAfter - now;
  return left !== undefined && left <= CLOSE_MS && now - lastActivity >= MINUTE_MS ? left : undefined;
}

/** In full, for a notebook whose use is counted: when it was used, and when it is stopped, where that may be read. */
export function useLines(lastActivity: number, cullAfter: number | undefined, now: number): readonly string[] {
  const stops = cullingWords(lastActivity, cullAfter, now);
  return [
    `Last used ${ago(now - lastActivity)}`,
    cullAfter === undefined
      ? "When it is stopped for want of use is not known: the controller’s settings cannot be read, or stop none"
      : `Without use it ${stops === "about to be stopped" ? "is about to be stopped" : stops}; here that is after ${age(cullAfter)}`,
  ];
}

/** What keeps it: the culler asks Jupyter for its kernels, and nothing else (controllers/culling_controller.go). */
export function keepWords(notebook: Pick<Notebook, "server">): string {
  return isJupyter(notebook) ? "Run a cell to keep it." : "Work in it is not counted; what is on its volumes stays.";
}

/** `stops in 22 h`; empty where nobody knows. */
export function cullingWords(lastActivity: number, cullAfter: number | undefined, now: number): string {
  if (cullAfter === undefined) return "";
  const left = lastActivity + cullAfter - now;
  return left <= 0 ? "about to be stopped" : `stops in ${elapsed(left)}`;
}
