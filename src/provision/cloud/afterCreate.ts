import type { Wish } from "../../contract/wish.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { FIELD_MANAGER, type KubeClient, objectPath } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { NODE, projectNode } from "../../kubeflow/kinds/node.ts";
import { DAEMON_SET, STORAGE_CLASS } from "../../kubeflow/kinds/resources.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import type { Eks } from "../existing/eks.ts";
import type { Gke } from "../existing/gke.ts";
import type { AddedCluster } from "../existing/ownKubeconfigs.ts";
import { type CheckOutcome, failed, ok, warning } from "./checkLines.ts";

/** NVIDIA's device plugin: NVIDIA/k8s-device-plugin v0.19.3, on nvcr.io as seen on 2026-11-22. */
export const DEVICE_PLUGIN = { image: "nvcr.io/nvidia/k8s-device-plugin:v0.19.3", date: "2026-11-22" } as const;

/**
 * Has the cloud's own command write a kubeconfig for the made cluster into a file of ours. On GKE it has the DNS
 * endpoint where no networks are listed; where some are, main.tf closes that one to the internet. Rejects as Gke.add and Eks.add.
 */
export function fetchKubeconfig(
  wish: Wish,
  { gke, eks }: { readonly gke: Gke; readonly eks: Eks },
  signal: AbortSignal,
): Promise<AddedCluster> {
  const cluster = (location: string) => ({ name: wish.name, location, state: "", version: "" });
  const { region, profile } = wish.eks;
  if (wish.where === "gke") {
    const { project, authorizedNetworks } = wish.gke;
    return gke.add(project, cluster(wish.gke.region), signal, { dnsEndpoint: authorizedNetworks.length === 0 });
  }
  if (wish.where === "eks")
    return eks.add({ region, profile: profile === "" ? undefined : profile }, cluster(region), signal);
  return Promise.reject(new Error("a local cluster’s kubeconfig is its tool’s"));
}

/** Whether volumes without a class get one. Rejects with ApiError or ConnectError. */
export async function storageClassIs(client: KubeClient, signal: AbortSignal): Promise<CheckOutcome> {
  const { items } = await client.list<KubeObject>(STORAGE_CLASS, { signal, limit: 100 });
  const isDefault = ({ metadata }: KubeObject): boolean =>
    metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  const found = items.filter(isDefault).map(({ metadata }) => label(metadata.name, 63));
  if (found.length > 0) return ok(`${found.join(", ")} is the default.`);
  const others = items.map(({ metadata }) => label(metadata.name, 63)).join(", ");
  const words = others === "" ? "There is none" : `None of ${others} is the default`;
  return failed(`${words}: Kubeflow’s volumes will wait for ever.`);
}

export interface GpuState {
  /** Nodes whose GPUs pods may have. */
  readonly nodes: number;
  readonly gpus: number;
  /** A device plugin of NVIDIA is there, whoever brought it. */
  readonly plugin: boolean;
}

/** GPUs that the cluster offers now. Rejects with ApiError or ConnectError. */
export async function gpuState(client: KubeClient, signal: AbortSignal): Promise<GpuState> {
  const [nodes, sets] = await Promise.all([
    client.list<KubeObject>(NODE, { signal, limit: 1000 }),
    client.list<KubeObject>(DAEMON_SET, { signal, limit: 1000 }),
  ]);
  const counts = nodes.items.map((node) => projectNode(node).gpus["nvidia.com/gpu"] ?? 0).filter((count) => count > 0);
  const images = sets.items.flatMap((set) =>
    list(record(record(record(record(record(set)["spec"])["template"])["spec"]))["containers"]),
  );
  return {
    nodes: counts.length,
    gpus: counts.reduce((sum, count) => sum + count, 0),
    // GKE's own is called nvidia-gpu-device-plugin, NVIDIA's k8s-device-plugin.
    plugin: images.some(({ image }) => /nvidia.*device-plugin|nvidia-gpu-device-plugin/.test(text(image) ?? "")),
  };
}

/** The words of `gpuState`. */
export function devicePluginIs({ nodes, gpus, plugin }: GpuState): CheckOutcome {
  if (gpus > 0) return ok(`${nodes === 1 ? "1 node offers" : `${nodes} nodes offer`} ${gpus} of nvidia.com/gpu.`);
  if (plugin) return ok("The device plugin is there and waits for a node with a GPU.");
  return warning("There is no device plugin: nodes will not offer their GPUs to pods.");
}

/** The DaemonSet that offers GPUs of NVIDIA as `nvidia.com/gpu`, by the fields that the plugin documents; it idles on other nodes. */
export function devicePlugin(): KubeObject {
  const labels = { "app.kubernetes.io/name": "nvidia-device-plugin", "app.kubernetes.io/managed-by": FIELD_MANAGER };
  const container = {
    name: "device-plugin",
    image: DEVICE_PLUGIN.image,
    env: [{ name: "FAIL_ON_INIT_ERROR", value: "false" }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: "sockets", mountPath: "/var/lib/kubelet/device-plugins" }],
  };
  const spec = {
    selector: { matchLabels: { "app.kubernetes.io/name": labels["app.kubernetes.io/name"] } },
    updateStrategy: { type: "RollingUpdate" },
    template: {
      metadata: { labels },
      spec: {
        priorityClassName: "system-node-critical",
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
        containers: [container],
        volumes: [{ name: "sockets", hostPath: { path: "/var/lib/kubelet/device-plugins" } }],
      },
    },
  };
  const metadata = { name: "nvidia-device-plugin", namespace: "kube-system", labels };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata, ...{ spec } };
}

/** Applies the device plugin, server-side; call it only when the person asked. Rejects with UserError `plugin-there`, ApiError. */
export async function applyDevicePlugin(client: KubeClient, signal: AbortSignal): Promise<void> {
  if ((await gpuState(client, signal)).plugin)
    throw new UserError("plugin-there", "The device plugin was not installed.", { why: "One is there already." });
  const object = devicePlugin();
  await client.json<unknown>({
    method: "PATCH",
    path: objectPath(DAEMON_SET, object.metadata.name, object.metadata.namespace),
    query: { fieldManager: FIELD_MANAGER, fieldValidation: "Strict" },
    contentType: "application/apply-patch+yaml",
    body: object,
    signal,
  });
}
