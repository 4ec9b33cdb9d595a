// Stands in for controllers whose pods are kwok's, each once its own Deployment is available: cert-manager makes issuers
// and certificates ready with a Secret, the profile controller makes a namespace for each Profile and lets it go again.
// And for what every cluster has: what brings volumes about binds every claim, and kubelets hold pods without their Secret.
import type { KubeClient } from "../../src/kube/client.ts";
import { objectPath } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { list, record, text } from "../../src/kubeflow/read.ts";
import { builtIn } from "../../src/install/objects.ts";
import { WAITS_FOR } from "../sandbox/inside/kwok.ts";

const DEPLOYMENT = builtIn("apps/v1", "deployments", "Deployment");
const CERT_MANAGER = "cert-manager.io/v1";
const CERTIFICATE = builtIn(CERT_MANAGER, "certificates", "Certificate");
const ISSUERS = [
  builtIn(CERT_MANAGER, "issuers", "Issuer"),
  builtIn(CERT_MANAGER, "clusterissuers", "ClusterIssuer", false),
];
const SECRET = builtIn("v1", "secrets", "Secret");
const PROFILE = builtIn("kubeflow.org/v1", "profiles", "Profile", false);
const NAMESPACE = builtIn("v1", "namespaces", "Namespace", false);
const QUOTA = builtIn("v1", "resourcequotas", "ResourceQuota");
const POD = builtIn("v1", "pods", "Pod");
const CLAIM = builtIn("v1", "persistentvolumeclaims", "PersistentVolumeClaim");
const VOLUME = builtIn("v1", "persistentvolumes", "PersistentVolume", false);
const CLASS = builtIn("storage.k8s.io/v1", "storageclasses", "StorageClass", false);
const FINALIZER = "profile-finalizer";

/** One look at everything, and what there is to do. */
export async function playControllers(client: KubeClient): Promise<void> {
  await Promise.all([certManager(client), profiles(client), volumes(client), mounts(client)]);
}

/** The cluster's default StorageClass, whose volumes `playControllers` makes. */
export async function makeStorageClass(client: KubeClient): Promise<void> {
  const metadata = { name: "stand-in", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } };
  await make(client, CLASS, { metadata, provisioner: "trainyard.local/stand-in", reclaimPolicy: "Retain" });
}

/** Empty where the cluster does not serve the kind. */
export async function allOf(client: KubeClient, kind: ResourceKind): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(kind)).items;
  } catch (error) {
    if (isApiError(error) && error.status === 404) return [];
    throw error;
  }
}

export async function isUp(client: KubeClient, namespace: string, name: string): Promise<boolean> {
  const found: unknown = await client.find(DEPLOYMENT, name, namespace);
  return Number(record(record(found)["status"])["availableReplicas"] ?? 0) > 0;
}

export function isReady(object: unknown): boolean {
  const conditions = list(record(record(object)["status"])["conditions"]);
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Whether a certificate is there whose authority a webhook is to have. */
export async function isIssued(client: KubeClient, at: string): Promise<boolean> {
  const [namespace = "", name = ""] = at.split("/");
  return isReady(await client.find(CERTIFICATE, name, namespace));
}

async function certManager(client: KubeClient): Promise<void> {
  if (!(await isUp(client, "cert-manager", "cert-manager"))) return;
  for (const kind of [...ISSUERS, CERTIFICATE])
    for (const object of await allOf(client, kind)) {
      if (isReady(object)) continue;
      const { name, namespace } = object.metadata;
      const secretName = text(record(record(object)["spec"])["secretName"]);
      if (kind === CERTIFICATE && secretName !== undefined && namespace !== undefined)
        await make(client, SECRET, {
          metadata: { name: secretName, namespace, annotations: { "cert-manager.io/certificate-name": name } },
          stringData: { "tls.crt": "stand-in", "tls.key": "stand-in", "ca.crt": "stand-in" },
        });
      await becomeReady(client, kind, name, namespace);
    }
}

async function becomeReady(
  client: KubeClient,
  kind: ResourceKind,
  name: string,
  namespace: string | undefined,
): Promise<void> {
  const now = new Date().toISOString();
  const ready = { type: "Ready", status: "True", reason: "StandIn", message: "", lastTransitionTime: now };
  await client.json<unknown>({
    method: "PATCH",
    path: `${objectPath(kind, name, namespace)}/status`,
    query: { fieldManager: "stand-in" },
    body: { status: { conditions: [ready] } },
    contentType: "application/merge-patch+json",
  });
}

/** As the real one: the namespace belongs to the Profile, which goes only when the controller says so. */
async function profiles(client: KubeClient): Promise<void> {
  if (!(await isUp(client, "kubeflow", "profiles-deployment"))) return;
  const there = new Set((await allOf(client, NAMESPACE)).map(({ metadata }) => metadata.name));
  for (const profile of await allOf(client, PROFILE)) {
    const { name, uid, deletionTimestamp } = profile.metadata;
    const isGoing = deletionTimestamp !== undefined;
    const { finalizers } = record(profile.metadata);
    if (isGoing === (Array.isArray(finalizers) && finalizers.includes(FINALIZER)))
      await client.patch(PROFILE, name, undefined, { metadata: { finalizers: isGoing ? null : [FINALIZER] } });
    if (isGoing || there.has(name)) continue;
    const spec = record(record(profile)["spec"]);
    const owner = { apiVersion: "kubeflow.org/v1", kind: "Profile", name, uid: uid ?? "" };
    await make(client, NAMESPACE, {
      metadata: {
        name,
        labels: { "app.kubernetes.io/part-of": "kubeflow-profile", "istio-injection": "enabled" },
        annotations: { owner: text(record(spec["owner"])["name"]) ?? "" },
        ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      },
    });
    if (spec["resourceQuotaSpec"] !== undefined)
      await make(client, QUOTA, {
        metadata: { name: "kf-resource-quota", namespace: name },
        spec: spec["resourceQuotaSpec"],
      });
  }
}

async function volumes(client: KubeClient): Promise<void> {
  for (const { metadata, ...claim } of await allOf(client, CLAIM)) {
    const { name, namespace, uid } = metadata;
    const { storageClassName, accessModes, resources, volumeName } = record(record(claim)["spec"]);
    if (volumeName !== undefined || storageClassName !== "stand-in") continue;
    await make(client, VOLUME, {
      metadata: { name: `stand-in-${uid ?? ""}` },
      spec: {
        ...{ storageClassName, accessModes, capacity: record(resources)["requests"] },
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path: "/nonexistent" },
      },
    });
  }
}

/** As kubelets do: a pod whose Secret is not there is looked at again later and later. */
async function mounts(client: KubeClient): Promise<void> {
  const { items } = await client.list(POD, { labelSelector: WAITS_FOR });
  for (const { metadata } of items) {
    const { name, namespace, labels, creationTimestamp = "" } = metadata;
    const secret = await client.find(SECRET, labels?.[WAITS_FOR] ?? "", namespace);
    const since = Date.parse(secret?.metadata.creationTimestamp ?? "");
    if (Date.now() >= nextLook(Date.parse(creationTimestamp), since))
      await client.patch(POD, name, namespace, { metadata: { labels: { [WAITS_FOR]: null } } });
  }
}

/** The kubelet's first look from `since` on, NaN where that never comes: after 0.5 s, then twice as long each time up to 122 s (kubernetes pkg/util/goroutinemap/exponentialbackoff). */
function nextLook(from: number, since: number): number {
  let at = from;
  for (let pause = 500; at < since; pause = Math.min(pause * 2, 122_000)) at += pause;
  return Number.isNaN(since) ? NaN : at;
}

interface Made extends KubeObject {
  readonly [field: string]: unknown;
}

async function make(client: KubeClient, kind: ResourceKind, object: Made): Promise<void> {
  try {
    await client.create(kind, object);
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
}
