// Nodes that only stand there: real objects without a kubelet, whose status is written by us. Nothing runs on them.
import { systemClock } from "../../src/core/clock.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { NODE } from "../../src/kubeflow/kinds/node.ts";
import type { Cleanup } from "./support.ts";

/** Where nodes say that they live. */
const LEASES = "kube-node-lease";
/** Without a sign of life for 40 s a node does not count as ready any more. */
const RENEW_MS = 10_000;

export interface BareNode {
  readonly name: string;
  readonly pool?: string;
  readonly gpu?: string;
  readonly instanceType?: string;
  /** What pods may have of it, by resource name. */
  readonly has: Readonly<Record<string, string>>;
  /** Why it is not ready; it is where there is none. */
  readonly broken?: string;
  readonly cordoned?: boolean;
}

/** Makes the node, tainted so that nothing is sent to it; it goes with the cleanup. */
export async function makeNode(cleanup: Cleanup, client: KubeClient, node: BareNode): Promise<void> {
  const { name, has, broken } = node;
  const made = await client.create(NODE, nodeObject(node));
  cleanup.add(() => client.delete(NODE, name, undefined, made.metadata.uid ?? ""));
  keepAlive(cleanup, client, name);
  const capacity = { cpu: "48", memory: "192Gi", pods: "110", ...has };
  const ready =
    broken === undefined ? { status: "True" } : { status: "False", reason: "KubeletNotReady", message: broken };
  await client.json({
    method: "PATCH",
    path: `/api/v1/nodes/${name}/status`,
    contentType: "application/merge-patch+json",
    body: {
      status: {
        capacity,
        allocatable: capacity,
        conditions: [{ type: "Ready", lastHeartbeatTime: null, lastTransitionTime: null, ...ready }],
      },
    },
  });
}

function nodeObject({ name, pool, gpu, instanceType, cordoned = false }: BareNode): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        ...(instanceType === undefined ? {} : { "node.kubernetes.io/instance-type": instanceType }),
        ...(gpu === undefined ? {} : { "cloud.google.com/gke-accelerator": gpu }),
        ...(pool === undefined ? {} : { "cloud.google.com/gke-nodepool": pool }),
      },
    },
    ...{
      spec: {
        unschedulable: cordoned,
        taints: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
      },
    },
  };
}

/** Without a kubelet nobody says that the node lives. */
export function keepAlive(cleanup: Cleanup, client: KubeClient, node: string): void {
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: node, namespace: LEASES } };
  const renew = (): void => {
    const spec = {
      holderIdentity: node,
      leaseDurationSeconds: 40,
      renewTime: new Date(systemClock.now()).toISOString().replace("Z", "000Z"),
    };
    client
      .json({
        method: "PATCH",
        path: `/apis/coordination.k8s.io/v1/namespaces/${LEASES}/leases/${node}`,
        query: { fieldManager: "zoo", force: true },
        contentType: "application/apply-patch+yaml",
        body: { ...lease, spec },
      })
      .catch((error: unknown) => console.error("the lease of the node that stands there:", error));
  };
  renew();
  const timer = setInterval(renew, RENEW_MS);
  cleanup.add(() => clearInterval(timer));
}
