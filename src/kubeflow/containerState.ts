import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { InstanceState } from "../kube/logStream.ts";
import { whyNotRunning } from "./replicas.ts";
import { POD, projectPod } from "./kinds/pod.ts";

/**
 * Whether a container may still write to its log; `onWait` hears what keeps it from its start, empty where nothing is
 * known to. Rejects with ApiError or ConnectError where nobody can tell.
 */
export async function containerState(
  client: KubeClient,
  at: { readonly namespace: string; readonly pod: string; readonly container: string },
  onWait?: (why: string) => void,
): Promise<InstanceState> {
  try {
    const pod = projectPod(await client.get(POD, at.pod, at.namespace));
    const container = pod.containers.find(({ name }) => name === at.container);
    if (container?.state === "waiting") onWait?.(whyNotRunning(pod));
    if (container === undefined) return "gone";
    return container.state === "terminated" ? "ended" : "running";
  } catch (error) {
    if (isApiError(error, "NotFound")) return "gone";
    throw error;
  }
}
