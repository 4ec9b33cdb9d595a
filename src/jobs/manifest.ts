import { posix } from "node:path";
import type { OwnerReference } from "../kube/objects.ts";
import { PYTORCH_CONTAINER } from "../kubeflow/kinds/pytorchJob.ts";
import {
  FILES_ANNOTATION,
  GIT_COMMIT_ANNOTATION,
  LAUNCH_ID_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_LABEL,
  SCRIPT_ANNOTATION,
  SOURCE_HASH_ANNOTATION,
  VERSION_ANNOTATION,
} from "./labels.ts";
import type { Snapshot } from "./snapshot.ts";
import type { LaunchSpec } from "./spec.ts";
import type { ConfigMap, Container, PyTorchJob, ReplicaSpec } from "./types.ts";

/** Where the code stands in every replica, read-only. */
export const CODE_ROOT = "/opt/trainyard/code";

/**
 * Name of the ConfigMap. It holds part of the launch id, so that a job of the same name whose ConfigMap is still
 * waiting for garbage collection is no hindrance.
 */
export function codeName(spec: Pick<LaunchSpec, "name" | "id">): string {
  return `${spec.name}-code-${spec.id.slice(0, 6)}`;
}

/**
 * The job, suspended. `version` is the extension's. Pure.
 *
 * `restartPolicy: Never`: a script that raises ends Failed, with its traceback once. The operator's default,
 * OnFailure, would run it again and again and bury that traceback.
 * No `backoffLimit`: with Never there is nothing to limit, and operators up to v1.9.3 that reach one delete every pod
 * with its log, whatever cleanPodPolicy says (kubeflow/trainer#3419); v1.9.4 reports the limit in place of the replica.
 * `cleanPodPolicy: None`: the pods stay, and with them the logs, until the job is deleted.
 */
export function buildPyTorchJob(spec: LaunchSpec, snapshot: Snapshot, version: string): PyTorchJob {
  const replica = (replicas: number): ReplicaSpec => ({
    // Must be written, and be 1 for the Master: the webhook refuses nil before any default applies.
    replicas,
    restartPolicy: "Never",
    template: podTemplate(spec, snapshot),
  });
  return {
    apiVersion: "kubeflow.org/v1",
    kind: "PyTorchJob",
    metadata: {
      name: spec.name,
      namespace: spec.namespace,
      labels: labels(spec),
      annotations: annotations(spec, snapshot, version),
    },
    spec: {
      // A string in this API. The operator hands it to torchrun as PET_NPROC_PER_NODE.
      nprocPerNode: String(spec.processesPerNode),
      runPolicy: { suspend: true, cleanPodPolicy: "None" },
      pytorchReplicaSpecs: { Master: replica(1), ...(spec.nodes > 1 && { Worker: replica(spec.nodes - 1) }) },
    },
  };
}

/**
 * One key per file, immutable. With an owner it goes when the job goes; without one it is for a dry run. Pure.
 *
 * The reference asks for no `blockOwnerDeletion`: where OwnerReferencesPermissionEnforcement is on (OpenShift), that
 * would need the right to update the job's finalizers.
 */
export function buildCodeConfigMap(
  spec: LaunchSpec,
  snapshot: Snapshot,
  version: string,
  owner?: { readonly name: string; readonly uid: string },
): ConfigMap {
  const entries = (encoding: "utf8" | "base64"): Record<string, string> | undefined => {
    const files = snapshot.files.filter((file) => file.encoding === encoding);
    return files.length === 0 ? undefined : Object.fromEntries(files.map((file) => [file.key, file.content]));
  };
  const data = entries("utf8");
  const binaryData = entries("base64");
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: codeName(spec),
      namespace: spec.namespace,
      labels: labels(spec),
      annotations: annotations(spec, snapshot, version),
      ...(owner !== undefined && { ownerReferences: [jobReference(owner)] }),
    },
    immutable: true,
    ...(data !== undefined && { data }),
    ...(binaryData !== undefined && { binaryData }),
  };
}

export function jobReference(owner: { readonly name: string; readonly uid: string }): OwnerReference {
  return { apiVersion: "kubeflow.org/v1", kind: "PyTorchJob", name: owner.name, uid: owner.uid };
}

/**
 * Kubernetes expands `$(NAME)` in command, args and env values, and turns `$$` into `$`
 * (kubernetes third_party/forked/golang/expansion). Doubling every `$` makes the text arrive as it was typed.
 */
export function literal(text: string): string {
  return text.replaceAll("$", () => "$$");
}

function podTemplate(spec: LaunchSpec, snapshot: Snapshot): ReplicaSpec["template"] {
  return {
    metadata: {
      labels: {
        [LAUNCH_ID_LABEL]: spec.id,
        [MANAGED_BY_LABEL]: MANAGED_BY,
        // A sidecar breaks the rendezvous and never ends, so that the job does not either (kubeflow/trainer#1180).
        "sidecar.istio.io/inject": "false",
      },
    },
    spec: {
      containers: [container(spec, snapshot)],
      volumes: [
        {
          name: "trainyard-code",
          configMap: { name: codeName(spec), items: snapshot.files.map(({ key, path }) => ({ key, path })) },
        },
        // The default of 64 MB ends a DataLoader with workers in a bus error. Counts as the pod's memory.
        { name: "trainyard-shm", emptyDir: { medium: "Memory" } },
      ],
    },
  };
}

function container(spec: LaunchSpec, snapshot: Snapshot): Container {
  const folder = posix.dirname(snapshot.script);
  const resources = amounts(spec);
  const env = environment(spec, folder);
  return {
    // The operator's webhook refuses a job without a container of this name (TR v1.9.4: pkg/webhooks/pytorch).
    name: PYTORCH_CONTAINER,
    image: spec.image,
    command: command(spec, snapshot).map(literal),
    ...(spec.args.length > 0 && { args: spec.args.map(literal) }),
    workingDir: posix.join(CODE_ROOT, folder),
    ...(env.length > 0 && { env }),
    ...(resources !== undefined && { resources: { limits: resources, requests: resources } }),
    volumeMounts: [
      { name: "trainyard-code", mountPath: CODE_ROOT, readOnly: true },
      { name: "trainyard-shm", mountPath: "/dev/shm" },
    ],
  };
}

/**
 * `python3` and not `python`: the pytorch images (conda ones and those on Ubuntu's Python) have both, Debian's and
 * many slim images have `python3` alone. torchrun needs no arguments: the operator sets PET_NNODES,
 * PET_NPROC_PER_NODE, PET_NODE_RANK, PET_MASTER_ADDR and PET_MASTER_PORT (TR v1.9.4: pkg/controller.v1/pytorch).
 */
function command(spec: LaunchSpec, snapshot: Snapshot): string[] {
  const name = posix.basename(snapshot.script);
  // A file's name must not be read as an option.
  const file = name.startsWith("-") ? `./${name}` : name;
  return spec.nodes === 1 && spec.processesPerNode === 1 ? ["python3", "-u", file] : ["torchrun", file];
}

/** A script below the root finds modules from the root as well, as it does where an editor runs it. */
function environment(spec: LaunchSpec, folder: string): { name: string; value: string }[] {
  const own = spec.env.map(({ name, value }) => ({ name, value: literal(value) }));
  if (folder === "." || own.some((variable) => variable.name === "PYTHONPATH")) return own;
  return [...own, { name: "PYTHONPATH", value: CODE_ROOT }];
}

/** Limits equal requests: extended resources must, and a namespace's quota may ask for either. */
function amounts(spec: LaunchSpec): Record<string, string> | undefined {
  const amounts = {
    ...(spec.cpu !== undefined && { cpu: spec.cpu }),
    ...(spec.memory !== undefined && { memory: spec.memory }),
    ...(spec.gpusPerNode > 0 && { "nvidia.com/gpu": String(spec.gpusPerNode) }),
  };
  return Object.keys(amounts).length === 0 ? undefined : amounts;
}

function labels(spec: LaunchSpec): Record<string, string> {
  return { [LAUNCH_ID_LABEL]: spec.id, [MANAGED_BY_LABEL]: MANAGED_BY, [OWNER_LABEL]: spec.owner };
}

function annotations({ git }: LaunchSpec, snapshot: Snapshot, version: string): Record<string, string> {
  return {
    [SCRIPT_ANNOTATION]: snapshot.script,
    [SOURCE_HASH_ANNOTATION]: snapshot.hash,
    [FILES_ANNOTATION]: String(snapshot.files.length),
    [VERSION_ANNOTATION]: version,
    ...(git !== undefined && { [GIT_COMMIT_ANNOTATION]: `${git.commit}${git.dirty ? "-dirty" : ""}` }),
  };
}
