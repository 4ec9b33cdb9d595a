// Whether there is room for it: CPU, memory, disk, storage classes; and what nodes on this computer need besides.
import { readFile } from "node:fs/promises";
import type { Check } from "../contract/preview.ts";
import { errorCode } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { quantity } from "../kubeflow/gpuNames.ts";
import { POD } from "../kubeflow/kinds/resources.ts";
import { type Json, list, record, text } from "../kubeflow/read.ts";
import type { Rendered } from "./checks.ts";
import { cores as coresOf } from "./form.ts";
import { builtIn, type Manifest } from "./objects.ts";

const NODES = builtIn("v1", "nodes", "Node", false);
const CLASSES = builtIn("storage.k8s.io/v1", "storageclasses", "StorageClass", false);
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
/** What the release's README asks of a computer that carries the whole platform (26.03.1-rc.2: README.md). */
const INOTIFY = { max_user_instances: 2280, max_user_watches: 1_255_360 } as const;
/** From so many components on watches on files become scarce. */
const MANY = 6;
/** Pages of 500 pods that are read. */
const MOST_PAGES = 10;

/**
 * CPU and memory that nodes have left against what the components take in all, and the StorageClass that their volumes name
 * or the default one.
 */
export async function roomChecks(
  client: KubeClient,
  rendered: readonly Rendered[],
  platform: NodeJS.Platform,
  signal?: AbortSignal,
): Promise<readonly Check[]> {
  const [nodes, classes, pods] = await Promise.all([
    allOf(client, NODES, signal),
    allOf(client, CLASSES, signal),
    runningPods(client, signal),
  ]);
  const here = (nodes ?? []).filter(isOnThisComputer);
  const spaces = new Set(
    rendered.flatMap(({ objects }) =>
      objects.flatMap(({ kind, metadata }) => (kind === "Namespace" ? metadata.name : [])),
    ),
  );
  // What runs in its own namespaces is of it already, and counted in what it takes.
  const others = pods?.filter(({ metadata }) => !spaces.has(text(record(metadata)["namespace"]) ?? ""));
  const sum = (name: "cpu" | "memory" | "storage"): number =>
    rendered.reduce((all, { component }) => all + component.uses[name], 0);
  return [
    roomCheck(nodes, others, sum("cpu"), sum("memory")),
    ...diskChecks(nodes ?? [], here.length > 0 ? sum("storage") : 0),
    ...storageCheck(classes, rendered, sum("storage")),
    ...architectureCheck(nodes ?? []),
    ...(here.length > 0 && rendered.length >= MANY ? [await inotifyCheck(platform)] : []),
  ];
}

/** `cpu` in thousandths, `memory` in MiB. */
function roomCheck(
  nodes: readonly Json[] | undefined,
  pods: readonly Json[] | undefined,
  cpu: number,
  memory: number,
): Check {
  const found = { id: "room", label: "CPU and memory" };
  const needs = `It takes about ${coresOf(cpu)} CPU and ${(memory / 1024).toFixed(1)} GiB`;
  if (nodes === undefined) return { ...found, state: "skipped", detail: `${needs}; you may not see the nodes.` };
  const usable = nodes.filter((node) => record(node["spec"])["unschedulable"] !== true);
  const names = new Set(usable.map(({ metadata }) => record(metadata)["name"]));
  const taken = (pods ?? []).filter(({ spec }) => names.has(record(spec)["nodeName"]));
  const sum = (name: string): number =>
    usable.reduce((all, node) => all + (quantity(record(record(node["status"])["allocatable"])[name]) ?? 0), 0) -
    taken.reduce((all, pod) => all + requestOf(pod, name), 0);
  const [cores, gib] = [Math.max(0, sum("cpu")), Math.max(0, sum("memory")) / 1024 ** 3];
  const free = pods === undefined ? "in all, with what their pods take" : "free";
  const has = `${plural(usable.length, "node")} with ${cores.toFixed(1)} CPU and ${gib.toFixed(1)} GiB ${free}`;
  const state = cores * 1000 < cpu || gib * 1024 < memory ? "warning" : "ok";
  const short = state === "ok" ? "" : " Its pods will wait for room; add nodes, or choose fewer components.";
  return { ...found, state, detail: `${needs}; there ${usable.length === 1 ? "is" : "are"} ${has}.${short}` };
}

/** What the scheduler holds for a pod, but for init containers, which end before the others begin. */
function requestOf({ spec }: Json, name: string): number {
  return list(record(spec)["containers"]).reduce(
    (all, { resources }) => all + (quantity(record(record(resources)["requests"])[name]) ?? 0),
    0,
  );
}

/** Undefined where they may not be seen, or there are more than `MOST_PAGES` hold. */
async function runningPods(client: KubeClient, signal: AbortSignal | undefined): Promise<readonly Json[] | undefined> {
  const fieldSelector = "status.phase!=Succeeded,status.phase!=Failed";
  const found: Json[] = [];
  let next: string | undefined;
  try {
    for (let page = 0; page < MOST_PAGES; page++) {
      const more = next === undefined ? {} : { continue: next };
      const answer = await client.list(POD, { limit: 500, fieldSelector, ...more, signal });
      found.push(...answer.items.map(record));
      next = text(record(record(answer)["metadata"])["continue"]);
      if (next === undefined) return found;
    }
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
  }
  return undefined;
}

/** `volumes`: GB that volumes take of the nodes' own disks, as on this computer. */
function diskChecks(nodes: readonly Json[], volumes: number): readonly Check[] {
  if (nodes.length === 0) return [];
  const found = { id: "disk", label: "Disk" };
  const names = nodes
    .filter(({ status }) =>
      list(record(status)["conditions"]).some(({ type, status: is }) => type === "DiskPressure" && is === "True"),
    )
    .map(({ metadata }) => label(text(record(metadata)["name"]) ?? "", 63));
  if (names.length > 0)
    return [
      { ...found, state: "warning", detail: `${names.join(", ")} is short of disk: pods are turned away there.` },
    ];
  const sizes = nodes.map(({ status }) => quantity(record(record(status)["allocatable"])["ephemeral-storage"]) ?? 0);
  const gib = Math.round(sizes.reduce((all, size) => all + size, 0) / 1024 ** 3);
  if (gib === 0) return [];
  const has = `The nodes have ${gib} GiB of disk in all`;
  if (volumes === 0) return [{ ...found, state: "ok", detail: `${has}, for images.` }];
  const isShort = gib * 1.073_741_824 < volumes;
  const detail = `${has}, and volumes of ${volumes} GB come from it${isShort ? ": they may fill it" : ", besides images"}.`;
  return [{ ...found, state: isShort ? "warning" : "ok", detail }];
}

function architectureCheck(nodes: readonly Json[]): readonly Check[] {
  const odd = nodes.flatMap(({ status }) => {
    const name = text(record(record(status)["nodeInfo"])["architecture"]) ?? "amd64";
    return name === "amd64" ? [] : [label(name, 20)];
  });
  if (odd.length === 0) return [];
  const names = [...new Set(odd)].join(", ");
  const detail = `${plural(odd.length, "node")} of ${names}: not every part has images for that.`;
  return [{ id: "architecture", label: "Architecture", state: "warning", detail }];
}

/** Nodes that share this computer's kernel, by how the tools mark theirs. */
function isOnThisComputer({ metadata, spec }: Json): boolean {
  const { name, labels } = record(metadata);
  const marks = Object.keys(record(labels));
  return (
    /^kind:/.test(text(record(spec)["providerID"]) ?? "") ||
    /^(k3d-|minikube)/.test(text(name) ?? "") ||
    marks.some((mark) => /^(minikube\.k8s\.io|microk8s\.io)\//.test(mark))
  );
}

/** The limits are the kernel's, which the nodes share with this computer where that runs Linux. */
async function inotifyCheck(platform: NodeJS.Platform): Promise<Check> {
  const found = { id: "inotify", label: "Watches on files" };
  const asked = Object.entries(INOTIFY).map(([name, least]) => `fs.inotify.${name}=${least}`);
  if (platform !== "linux")
    return {
      ...found,
      state: "skipped",
      detail: `Docker’s own Linux decides; Kubeflow asks for ${asked.join(" and ")}.`,
    };
  try {
    const low: string[] = [];
    for (const [name, least] of Object.entries(INOTIFY)) {
      const now = Number(await readFile(`/proc/sys/fs/inotify/${name}`, "utf8"));
      if (now < least) low.push(`fs.inotify.${name} is ${now}`);
    }
    if (low.length === 0) return { ...found, state: "ok", detail: "This computer has as many as Kubeflow asks for." };
    const detail = `${low.join(" and ")}: pods may fail with «too many open files». As root: sysctl ${asked.join(" ")}`;
    return { ...found, state: "warning", detail };
  } catch (error) {
    return { ...found, state: "skipped", detail: `They cannot be read here (${errorCode(error) ?? "no"}).` };
  }
}

function storageCheck(
  classes: readonly Json[] | undefined,
  rendered: readonly Rendered[],
  gigabytes: number,
): readonly Check[] {
  const wanted = rendered.map(({ component, objects }) => ({ component, claims: objects.flatMap(claimsOf) }));
  const names = wanted.filter(({ claims }) => claims.length > 0).map(({ component }) => component.title);
  if (names.length === 0) return [];
  const found = { id: "storage", label: "Storage" };
  const needs = `${names.join(", ")} ${names.length === 1 ? "needs" : "need"} volumes of ${gigabytes} GB`;
  if (classes === undefined)
    return [{ ...found, state: "skipped", detail: `${needs}; you may not see the storage classes.` }];
  const standard = nameOf(classes.find(isDefault) ?? {});
  const there = new Set(classes.map(nameOf));
  const chosen = [...new Set(wanted.flatMap(({ claims }) => claims.map((name) => name ?? standard)))];
  const missing = chosen.find((name) => name !== undefined && !there.has(name));
  const lacks = missing === undefined ? "no default StorageClass" : `no StorageClass ${label(missing, 63)}`;
  if (missing !== undefined || chosen.includes(undefined))
    return [
      { ...found, state: "failed", detail: `${needs}, and the cluster has ${lacks}: their pods would wait for ever.` },
    ];
  const kinds = chosen.map((name) => label(name ?? "", 63)).join(" and ");
  return [{ ...found, state: "ok", detail: `${needs}, of the class ${kinds}.` }];
}

/** The class that each of its volumes names; undefined is the default one. "" asks for none, but for a volume that is there. */
function claimsOf(object: Manifest): readonly (string | undefined)[] {
  const spec = record(object["spec"]);
  const templates = object.kind === "StatefulSet" ? list(spec["volumeClaimTemplates"]) : [];
  const claims = object.kind === "PersistentVolumeClaim" ? [spec] : templates.map((claim) => record(claim["spec"]));
  return claims
    .filter(({ storageClassName }) => storageClassName !== "")
    .map((claim) => text(claim["storageClassName"]));
}

function nameOf({ metadata }: Json): string | undefined {
  return text(record(metadata)["name"]);
}

function isDefault({ metadata }: Json): boolean {
  return record(record(metadata)["annotations"])[DEFAULT_CLASS] === "true";
}

/** Names of the StorageClasses, the default first; none where they may not be seen. */
export async function storageClasses(client: KubeClient, signal: AbortSignal): Promise<readonly string[]> {
  const all = (await allOf(client, CLASSES, signal)) ?? [];
  const names = [...all.filter(isDefault), ...all.filter((one) => !isDefault(one))];
  return names.flatMap((one) => nameOf(one) ?? []);
}

/** Undefined where they may not be seen. */
async function allOf(
  client: KubeClient,
  kind: ResourceKind,
  signal: AbortSignal | undefined,
): Promise<readonly Json[] | undefined> {
  try {
    const { items } = await client.list(kind, { limit: 500, signal });
    return items.map(record);
  } catch (error) {
    if (isApiError(error, "Forbidden")) return undefined;
    throw error;
  }
}
