import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { InstanceState } from "../kube/logStream.ts";
import { POD, projectPod } from "./kinds/pod.ts";

/** Whether a container may still write to its log. Rejects with ApiError or ConnectError where nobody can tell. */
export async function containerState(
  client: KubeClient,
  at: { readonly namespace: string; readonly pod: string; readonly container: string },
): Promise<InstanceState> {
  try {
    const { containers } = projectPod(await client.get(POD, at.pod, at.namespace));
    const container = containers.find(({ name }) => name === at.container);
    if (container === undefined) return "gone";
    return container.state === "terminated" ? "ended" : "running";
  } catch (error) {
    if (isApiError(error, "NotFound")) return "gone";
    throw error;
  }
}
