import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { POD } from "../../kubeflow/kinds/resources.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import { LAUNCH_ID_LABEL } from "../labels.ts";

/**
 * What a launch's pods run, as `repository@sha256:…`: a tag may stand for another image tomorrow. Undefined where no pod
 * is left that tells. Rejects as the client does.
 */
export async function ranImage(
  client: KubeClient,
  { namespace, id }: { readonly namespace: string; readonly id: string },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const labelSelector = `${LAUNCH_ID_LABEL}=${id}`;
  const { items } = await client.list<KubeObject>(POD, { namespace, labelSelector, limit: 1, signal });
  const statuses = items.flatMap((pod) => list(record(record(pod)["status"])["containerStatuses"]));
  // containerd and others write the digest behind the name; a node that built the image itself has none.
  return statuses.map(({ imageID }) => text(imageID)).find((image) => image !== undefined && /sha256:/.test(image));
}
