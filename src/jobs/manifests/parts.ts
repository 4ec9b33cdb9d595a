// What the manifests of both kinds share.
import { posix } from "node:path";
import type { OwnerReference } from "../../kube/objects.ts";
import { kindOf } from "../../kubeflow/jobKinds.ts";
import { PRIORITY_LABEL, QUEUE_LABEL } from "../../kubeflow/labels.ts";
import type { Snapshot } from "../code/snapshot.ts";
import {
  FILES_ANNOTATION,
  GIT_COMMIT_ANNOTATION,
  LAUNCH_ID_LABEL,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OUTPUT_ANNOTATION,
  OWNER_LABEL,
  SCRIPT_ANNOTATION,
  SOURCE_HASH_ANNOTATION,
  VERSION_ANNOTATION,
} from "../labels.ts";
import { type LaunchKind, type LaunchSpec, outputText } from "../spec.ts";
import type { EnvVar, PodNeeds, SecretEnvVar, VolumeMount } from "../types.ts";

/** Where the code stands in every replica, read-only. */
export const CODE_ROOT = "/opt/trainyard/code";
/** Where the program stands that starts a script (code/startProgram.ts), read-only. */
export const START_ROOT = "/opt/trainyard/start";

/** Where the parts of an archive stand, read-only. */
export const ARCHIVE_ROOT = "/opt/trainyard/archive";
/** Where the volume for results stands. */
const OUTPUT_ROOT = "/opt/trainyard/output";
/** Where packages are installed. */
export const PACKAGES_ROOT = "/opt/trainyard/packages";

/**
 * Name of the ConfigMap. It holds part of the launch id, so that a job of the same name whose ConfigMap is still
 * waiting for garbage collection is no hindrance.
 */
export function codeName(spec: Pick<LaunchSpec, "name" | "id">): string {
  return `${spec.name}-code-${spec.id.slice(0, 6)}`;
}

/** Names of what we put code into, of any launch. */
export const CODE_NAME = /-code-[0-9a-f]{6}(?:-\d+)?$/;

/**
 * Makes an object go with its job. It asks for no `blockOwnerDeletion`: where OwnerReferencesPermissionEnforcement is on
 * (OpenShift), that would need the right to update the job's finalizers.
 */
export function ownedBy(owner: {
  readonly kind: LaunchKind;
  readonly name: string;
  readonly uid: string;
}): OwnerReference {
  const { kind, name, uid } = owner;
  const { group, version } = kindOf(kind).resource;
  return { apiVersion: `${group}/${version}`, kind, name, uid };
}

/**
 * Kubernetes expands `$(NAME)` in command, args and env values, and turns `$$` into `$`
 * (kubernetes third_party/forked/golang/expansion). Doubling every `$` makes the text arrive as it was typed.
 */
export function literal(text: string): string {
  return text.replaceAll("$", () => "$$");
}

/** Labels of pods. */
export function podLabels(spec: LaunchSpec): Record<string, string> {
  return {
    [LAUNCH_ID_LABEL]: spec.id,
    [MANAGED_BY_LABEL]: MANAGED_BY,
    // A sidecar breaks the rendezvous and never ends, so that the job does not either (kubeflow/trainer#1180).
    "sidecar.istio.io/inject": "false",
  };
}

/** True where the script is started by our program: it has something to do before. A TrainJob has no working folder. */
export function isStarted({ kind, installs, output }: LaunchSpec, { tier, requirements }: Snapshot): boolean {
  const hasFolder = output !== undefined && "claim" in output;
  return kind === "TrainJob" || tier !== "files" || hasFolder || (installs && requirements !== undefined);
}

/** Where results go, as a script's `OUTPUT_DIR` says; undefined where nobody named a place. */
export function outputFolder({ output, name }: LaunchSpec): string | undefined {
  if (output === undefined) return undefined;
  return "claim" in output ? posix.join(OUTPUT_ROOT, name) : `${output.uri.replace(/\/+$/, "")}/${name}`;
}

interface Place {
  readonly name: string;
  readonly mountPath: string;
  readonly isWritten?: boolean;
  readonly source: object;
}

/** Volumes of a replica with their places: its code, what it is started with, and memory that its processes share. */
function places(spec: LaunchSpec, snapshot: Snapshot): readonly Place[] {
  const name = codeName(spec);
  const keyed = snapshot.keyed.map(({ key, path }) => ({ key, path }));
  const isPacked = snapshot.tier !== "files";
  const start = { configMap: { name, items: START_FILES.map((key) => ({ key, path: key })) } };
  return [
    isPacked
      ? { name: "trainyard-code", mountPath: CODE_ROOT, source: { emptyDir: {} }, isWritten: true }
      : { name: "trainyard-code", mountPath: CODE_ROOT, source: { configMap: { name, items: keyed } } },
    ...(isStarted(spec, snapshot) ? [{ name: "trainyard-start", mountPath: START_ROOT, source: start }] : []),
    ...(isPacked
      ? [{ name: "trainyard-archive", mountPath: ARCHIVE_ROOT, source: archiveSource(spec, snapshot) }]
      : []),
    ...(spec.installs && snapshot.requirements !== undefined
      ? [{ name: "trainyard-packages", mountPath: PACKAGES_ROOT, source: { emptyDir: {} }, isWritten: true }]
      : []),
    ...(spec.output !== undefined && "claim" in spec.output
      ? [
          {
            ...{ name: "trainyard-output", mountPath: OUTPUT_ROOT, isWritten: true },
            source: { persistentVolumeClaim: { claimName: spec.output.claim } },
          },
        ]
      : []),
    ...(spec.needs?.volumes ?? []).map(({ claim, path, readOnly }, index) => ({
      ...{ name: `volume-${index + 1}`, mountPath: path, isWritten: !readOnly },
      source: { persistentVolumeClaim: { claimName: claim } },
    })),
    // The default of 64 MB ends a DataLoader with workers in a bus error. Counts as the pod's memory.
    { name: "trainyard-shm", mountPath: "/dev/shm", source: { emptyDir: { medium: "Memory" } }, isWritten: true },
  ];
}

/** The parts in one folder, in names that sort; or the volume. */
function archiveSource(spec: LaunchSpec, snapshot: Snapshot): object {
  if (snapshot.tier === "volume") return { persistentVolumeClaim: { claimName: codeName(spec), readOnly: true } };
  const sources = archiveParts(snapshot).map((_, index) => ({
    configMap: {
      name: partName(spec, index),
      items: [{ key: PART_KEY, path: `part-${String(index).padStart(2, "0")}` }],
    },
  }));
  return { projected: { sources } };
}

/** Name of the archive on a volume. */
export const ARCHIVE_NAME = "code.tar.gz";
export const PART_KEY = "part";
const PART_BYTES = 900_000;

/** Where each part of the archive begins, in bytes, and where it ends. */
export function archiveParts({ tier, archive }: Snapshot): readonly (readonly [from: number, to: number])[] {
  if (tier !== "archive") return [];
  const count = Math.ceil(archive.bytes / PART_BYTES);
  return Array.from({ length: count }, (_, index) => [index * PART_BYTES, (index + 1) * PART_BYTES]);
}

/** Name of the ConfigMap that holds a part. */
export function partName(spec: Pick<LaunchSpec, "name" | "id">, index: number): string {
  return `${codeName(spec)}-${index + 1}`;
}

export function volumes(spec: LaunchSpec, snapshot: Snapshot): readonly object[] {
  return places(spec, snapshot).map(({ name, source }) => ({ name, ...source }));
}

export function volumeMounts(spec: LaunchSpec, snapshot: Snapshot): readonly VolumeMount[] {
  return places(spec, snapshot).map(({ name, mountPath, isWritten = false }) => ({
    name,
    mountPath,
    ...(!isWritten && { readOnly: true }),
  }));
}

/** What comes before the script's runner. */
export function starter(spec: LaunchSpec, snapshot: Snapshot): readonly string[] {
  return isStarted(spec, snapshot) ? ["python3", "-u", `${START_ROOT}/${START_FILES[0]}`] : [];
}

/** Keys of the program and of what it reads. No file's key is like them: those begin with a number. */
export const START_FILES = ["start.py", "start.json"] as const;

/** The folder that the script stands and runs in. */
export function scriptFolder(snapshot: Snapshot): string {
  return posix.join(CODE_ROOT, posix.dirname(snapshot.script));
}

/** The script's name in its folder, which must not be read as an option. */
export function scriptName(snapshot: Snapshot): string {
  const name = posix.basename(snapshot.script);
  return name.startsWith("-") ? `./${name}` : name;
}

/**
 * What runs the script: `python3` and not `python`: the pytorch images (conda ones and those on Ubuntu's Python) have
 * both, Debian's and many slim images have `python3` alone. torchrun needs no arguments: the operators set PET_NNODES,
 * PET_NPROC_PER_NODE, PET_NODE_RANK, PET_MASTER_ADDR and PET_MASTER_PORT (training-operator v1.9.4:
 * pkg/controller.v1/pytorch; trainer v2.3.0: pkg/runtime/framework/plugins/torch).
 */
export function runner(spec: LaunchSpec): readonly string[] {
  return spec.nodes === 1 && spec.processesPerNode === 1 ? ["python3", "-u"] : ["torchrun"];
}

/** Folders that modules are found in besides the script's own: what an editor's run would find is found here. */
export function modulePaths(spec: LaunchSpec, snapshot: Snapshot): readonly string[] {
  if (spec.env.some(({ name }) => name === "PYTHONPATH")) return [];
  const isBelow = posix.dirname(snapshot.script) !== ".";
  const found = [...(isBelow ? ["."] : []), ...snapshot.searched];
  return [...new Set(found.map((folder) => posix.join(CODE_ROOT, folder)))];
}

export function environment(spec: LaunchSpec): (EnvVar | SecretEnvVar)[] {
  const folder = outputFolder(spec);
  const own = [
    ...spec.env.map(({ name, value }) => ({ name, value: literal(value) })),
    ...(spec.needs?.secrets ?? []).map(({ name, secret, key }) => ({
      name,
      valueFrom: { secretKeyRef: { name: secret, key } },
    })),
  ];
  if (folder === undefined || own.some(({ name }) => name === "OUTPUT_DIR")) return own;
  return [...own, { name: "OUTPUT_DIR", value: literal(folder) }];
}

/** Limits equal requests: extended resources must, and a namespace's quota may ask for either. */
export function resources(
  spec: LaunchSpec,
): { readonly limits: Record<string, string>; readonly requests: Record<string, string> } | undefined {
  const amounts = {
    ...(spec.cpu !== undefined && { cpu: spec.cpu }),
    ...(spec.memory !== undefined && { memory: spec.memory }),
    ...(spec.gpusPerNode > 0 && { "nvidia.com/gpu": String(spec.gpusPerNode) }),
  };
  return Object.keys(amounts).length === 0 ? undefined : { limits: amounts, requests: amounts };
}

/** Where the pods may run and as whom; a priority only where a pod carries it. */
export function podNeeds({ kind, needs = {} }: LaunchSpec): PodNeeds {
  const { nodeSelector, tolerations, serviceAccount, priority, queue } = needs;
  return {
    ...(nodeSelector !== undefined && { nodeSelector }),
    ...(tolerations !== undefined && {
      tolerations: tolerations.map(({ key, value, effect }) => ({
        ...(key !== undefined && { key }),
        operator: value === undefined ? "Exists" : "Equal",
        ...(value !== undefined && { value }),
        ...(effect !== undefined && { effect }),
      })),
    }),
    ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
    ...(priority !== undefined && queue === undefined && kind === "PyTorchJob" && { priorityClassName: priority }),
  };
}

/** Labels of the root: its queue, and the class that orders it there. The queue's is what lets it go: a launch sets it last. */
export function rootLabels({ needs = {} }: LaunchSpec): Record<string, string> {
  const { priority, queue } = needs;
  if (queue === undefined) return {};
  return { [QUEUE_LABEL]: queue, ...(priority !== undefined && { [PRIORITY_LABEL]: priority }) };
}

/** Metadata of everything that a launch makes. `version` is the extension's. */
export function metadata(
  spec: LaunchSpec,
  snapshot: Snapshot,
  version: string,
): {
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
} {
  const { git } = spec;
  return {
    namespace: spec.namespace,
    labels: { [LAUNCH_ID_LABEL]: spec.id, [MANAGED_BY_LABEL]: MANAGED_BY, [OWNER_LABEL]: spec.owner },
    annotations: {
      [SCRIPT_ANNOTATION]: snapshot.script,
      [SOURCE_HASH_ANNOTATION]: snapshot.hash,
      [FILES_ANNOTATION]: String(snapshot.files.length),
      [VERSION_ANNOTATION]: version,
      ...(spec.output !== undefined && { [OUTPUT_ANNOTATION]: outputText(spec.output, spec.name) }),
      ...(git !== undefined && { [GIT_COMMIT_ANNOTATION]: `${git.commit}${git.dirty ? "-dirty" : ""}` }),
    },
  };
}
