// What keeps the pods of steps that wait from their beginning.
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { POD, projectPod } from "../../kubeflow/kinds/pod.ts";
import { whyNotRunning } from "../../kubeflow/replicas.ts";
import { isForbidden } from "../waysIn.ts";
import type { RunProgress } from "./model.ts";

export interface Waits {
  /** By the names of the pods; none of those that wait for nothing unusual. */
  readonly why: ReadonlyMap<string, string>;
  /** Pods may not be read there. */
  readonly isForbidden: boolean;
}

/** What keeps these keeps the others too, most often. */
const MOST_PODS = 5;

/** Of the first steps that wait, by the names of their pods: nothing is asked where none has one. Rejects as KubeClient does. */
export async function readWaits(
  client: KubeClient,
  namespace: string,
  progress: RunProgress,
  signal: AbortSignal,
): Promise<Waits> {
  const waiting = [...progress.values()].filter(({ state }) => state === "Waiting");
  const pods = waiting.flatMap((task) => newestFirst(task.pods)).slice(0, MOST_PODS);
  const why = new Map<string, string>();
  try {
    // One by one: where the first may not be read, nor may the others.
    for (const name of pods) {
      const pod = await client.find<KubeObject>(POD, name, namespace, signal);
      const words = pod === undefined ? "" : whyNotRunning(projectPod(pod));
      if (words !== "") why.set(name, words);
    }
    return { why, isForbidden: false };
  } catch (error) {
    if (isForbidden(error)) return { why, isForbidden: true };
    throw error;
  }
}

/** A pod says more than Argo, which looks at it now and then. */
export function withWaits(progress: RunProgress, waits: Waits | undefined): RunProgress {
  const { why } = waits ?? {};
  if (why === undefined || why.size === 0) return progress;
  return new Map(
    [...progress].map(([path, task]) => {
      const pod = task.state === "Waiting" ? newestFirst(task.pods).find((name) => why.has(name)) : undefined;
      return [path, pod === undefined ? task : { ...task, message: why.get(pod) ?? "" }];
    }),
  );
}

/** Attempts that have failed come before the one that waits. */
function newestFirst(pods: readonly string[]): readonly string[] {
  return [...pods].reverse();
}
