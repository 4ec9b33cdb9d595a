// Where a cluster's dashboard is reached: the gateway of the platform, else the page of pipelines that stand alone.
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { SERVICE } from "../../kubeflow/kinds/resources.ts";
import { record } from "../../kubeflow/read.ts";
import { podBehind } from "../../kubeflow/servicePod.ts";

export interface Door {
  readonly namespace: string;
  /** Name of the Service; its port is 80. */
  readonly service: string;
}

export interface PodTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** community-distribution 26.03.1: common/istio/istio-install; pipelines: manifests/kustomize/base/pipeline. */
const GATEWAY: Door = { namespace: "istio-system", service: "istio-ingressgateway" };
const PIPELINES: Door = { namespace: "kubeflow", service: "ml-pipeline-ui" };
/** The Central Dashboard behind the gateway, by its names in the releases so far. */
const DASHBOARDS = ["dashboard", "centraldashboard"];
const PORT = 80;
const NOT_OPENED = "The dashboard was not opened.";

/** Rejects with UserError `no-dashboard`, `no-rights` or `no-ready-pod`, with ConnectError or CancelledError. */
export async function findDoor(client: KubeClient, signal: AbortSignal): Promise<Door & PodTarget> {
  // Of a gateway alone nobody knows that it leads to Kubeflow.
  const doors = (await hasDashboard(client, signal)) ? [GATEWAY, PIPELINES] : [PIPELINES, GATEWAY];
  let unready: UserError | undefined;
  for (const door of doors) {
    try {
      const target = await readyPod(client, door, signal);
      if (target !== undefined) return { ...door, ...target };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unready ??= error;
    }
  }
  if (unready !== undefined) throw unready;
  throw new UserError("no-dashboard", NOT_OPENED, {
    why: `This cluster has none: there is no Service ${[GATEWAY, PIPELINES].map((door) => `${door.service} in ${door.namespace}`).join(", and none ")}.`,
    hint: "The full platform has one, and so have pipelines.",
    next: [{ title: "Install Kubeflow…", command: "trainyard.kubeflow.install" }],
  });
}

async function hasDashboard(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  try {
    for (const name of DASHBOARDS)
      if ((await client.find(SERVICE, name, PIPELINES.namespace, signal)) !== undefined) return true;
    return false;
  } catch (error) {
    // Whoever may not see it is most likely one of the platform's people.
    if (isApiError(error, "Forbidden")) return true;
    throw error;
  }
}

/** A pod that takes the Service's requests now; undefined where there is no such Service. Rejects as `findDoor`. */
export async function readyPod(
  client: KubeClient,
  { namespace, service }: Door,
  signal: AbortSignal,
): Promise<PodTarget | undefined> {
  try {
    const found = await client.find<KubeObject>(SERVICE, service, namespace, signal);
    if (found === undefined) return undefined;
    const spec = record(record(found)["spec"]);
    const target = await podBehind(client, { namespace, spec, port: PORT }, signal);
    if (target !== undefined) return { namespace, ...target };
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    const why = `The cluster says: ${label(error.message, 300).replace(/\.$/, "")}.`;
    throw new UserError("no-rights", NOT_OPENED, { why, hint: "An administrator can allow it.", cause: error });
  }
  const why = `No pod of ${service} in ${namespace} is ready.`;
  throw new UserError("no-ready-pod", NOT_OPENED, { why, hint: "Open it again when it is." });
}
