import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { assertName } from "../kube/names.ts";
import type { KubeObject } from "../kube/objects.ts";
import { POD, projectPod } from "../kubeflow/kinds/pod.ts";
import { text } from "../kubeflow/read.ts";
import type { PipelineRun } from "./model.ts";
import type { PipelineServer } from "./pipelineServer.ts";
import { whyNotRunning } from "../kubeflow/replicas.ts";
import { isForbidden, jsonOf } from "./waysIn.ts";

/** Of Argo, with the pipeline's own name for each step around it: `<workflow>.root.<task>.executor`. */
const NODE_NAME = "workflows.argoproj.io/node-name";
/** On the pods of a run (pipelines: backend/src/common/util). */
const RUN_LABEL = "pipeline/runid";
/** The container with a person's code; Argo's own are beside it. */
const MAIN = "main";
const MOST_PODS = 500;

/** The log of one pod of a run: in the pod, or as the server gives it. */
export interface RunLog {
  readonly task: string;
  readonly pod: string;
  /** Set where the pod is there and may be seen. */
  readonly container: { readonly namespace: string; readonly pod: string; readonly container: string } | undefined;
  /** Of that pod; empty where it is not there. */
  readonly uid: string;
  /** What keeps the pod from its beginning, where that is nothing ordinary, or how it failed; else empty. */
  readonly why: string;
  /** The whole log, once. Rejects as PipelineServer does. */
  readonly read: (signal: AbortSignal) => Promise<string>;
}

export interface RunLogsOptions {
  readonly client: KubeClient;
  readonly run: PipelineRun;
  /** Of these tasks alone, by the name that is shown. */
  readonly task: string | undefined;
  /** Of these pods alone, whatever their task, and in their order. */
  readonly pods?: readonly string[];
  /** Of the run's pods. */
  readonly namespace: string;
  readonly archived: (pod: string, signal: AbortSignal) => Promise<string>;
  readonly signal: AbortSignal;
}

/**
 * Pods with a person's code, as they began. Where pods may not be read, or are gone, the names that they must have had:
 * the server may still know their logs. Rejects as KubeClient does.
 */
export async function runLogs(options: RunLogsOptions): Promise<readonly RunLog[]> {
  const { run, task, pods: wanted, archived } = options;
  const pods = await podsOf(options);
  if (wanted !== undefined)
    return wanted.map((name) => {
      const known = pods.find(({ pod }) => pod === name) ?? unseen(task ?? "", name);
      return { ...known, read: (signal) => archived(name, signal) };
    });
  const own = pods.filter((pod) => !pod.task.endsWith("-driver"));
  const found = own.filter((pod) => task === undefined || pod.task === task);
  if (found.length > 0) return found.map((pod) => ({ ...pod, read: (signal) => archived(pod.pod, signal) }));
  const tasks = run.tasks.filter(({ name }) => task === undefined || name === task);
  return tasks.flatMap(({ name, pods: names }) =>
    names.map((pod) => ({ ...unseen(name, pod), read: (signal) => archived(pod, signal) })),
  );
}

function unseen(task: string, pod: string): Omit<RunLog, "read"> {
  return { task, pod, container: undefined, uid: "", why: "" };
}

/**
 * By the server, which also knows logs that were archived. It answers 200 before it has looked (2.0.5 to 2.17.0:
 * run_log_server.go): what it could not do comes as the text, or as none. Rejects with UserError `no-log` then, else as
 * PipelineServer does.
 */
export async function archivedLog(
  server: PipelineServer,
  run: string,
  pod: string,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const path = `/apis/v1alpha1/runs/${assertName(run)}/nodes/${assertName(pod)}/log`;
  const log = await server.text({ path }, namespace, signal);
  const failure = /^\{"error_message":.*\}$/s.test(log) ? text(jsonOf(log, {})["error_message"]) : undefined;
  if (log !== "" && failure === undefined) return log;
  const why = failure === undefined ? "The pipelines' server has none." : `It says: ${label(failure, 300)}`;
  throw new UserError("no-log", `There is no log of ${pod}.`, { why });
}

async function podsOf({ client, run, namespace, signal }: RunLogsOptions): Promise<readonly Omit<RunLog, "read">[]> {
  const labelSelector = `${RUN_LABEL}=${assertName(run.id)}`;
  try {
    const { items } = await client.list<KubeObject>(POD, { namespace, labelSelector, limit: MOST_PODS, signal });
    return items
      .map((item) => ({ item, pod: projectPod(item) }))
      .filter(({ pod }) => pod.containers.some(({ name }) => name === MAIN))
      .sort((a, b) => a.pod.created - b.pod.created)
      .map(({ item, pod }) => ({
        task: taskOf(item),
        pod: pod.name,
        container: { namespace, pod: pod.name, container: MAIN },
        uid: pod.uid,
        why: whyNotRunning(pod),
      }));
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

function taskOf({ metadata }: KubeObject): string {
  const path = (metadata.annotations?.[NODE_NAME] ?? metadata.name).split(".");
  const isWrapped = /^executor(\(\d+\))?$/.test(path.at(-1) ?? "");
  return path.at(isWrapped ? -2 : -1) ?? metadata.name;
}
