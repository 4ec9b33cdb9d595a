// Objects of a release as kustomize writes them, and the phases in which they are applied.
import { createHash } from "node:crypto";
import * as v from "valibot";
import { parseAllDocuments } from "yaml";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { assertName } from "../kube/names.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { list, record, text } from "../kubeflow/read.ts";

const ManifestSchema = v.looseObject({
  apiVersion: v.pipe(v.string(), v.regex(/^([a-z0-9.-]{1,253}\/)?v[a-z0-9]{1,20}$/)),
  kind: v.pipe(v.string(), v.regex(/^[A-Z][A-Za-z0-9]{0,62}$/)),
  metadata: v.looseObject({ name: v.string(), namespace: v.optional(v.string()) }),
});

/** Marks what was installed; its value is the component. A name without a domain, as all that is ours. */
export const COMPONENT_LABEL = "trainyard/component";

/** An object as it is to be applied. */
export type Manifest = v.InferOutput<typeof ManifestSchema>;

/** Which object: enough to find it again. */
export interface Ref {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for what is in none. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * What comes before what within a component. Webhooks come after everything that they need to answer, so that an install
 * that was broken off is not refused by its own.
 */
export const PHASES = ["namespaces", "definitions", "rights", "controllers", "webhooks", "resources"] as const;
export type Phase = (typeof PHASES)[number];

/** API groups of Kubernetes itself (k8s.io/api v0.34). Other groups, `x-k8s.io` too, are of definitions. */
const BUILT_IN = new Set([
  ...["", "apps", "batch", "autoscaling", "policy"],
  ...["admissionregistration", "apiextensions", "authentication", "authorization", "certificates", "coordination"].map(
    (name) => `${name}.k8s.io`,
  ),
  ...["discovery", "events", "networking", "node", "resource", "scheduling", "storage"].map((name) => `${name}.k8s.io`),
  ...["apiregistration.k8s.io", "flowcontrol.apiserver.k8s.io", "rbac.authorization.k8s.io"],
]);
const WORKLOADS = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]);
const HOOKS = new Set(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"]);
const MAX_OBJECTS = 5_000;

/**
 * The objects of a YAML stream. Between documents other work gets its turn: definitions of a megabyte take long.
 * Rejects with UserError `manifest` where something in it is no Kubernetes object.
 */
export async function parseManifests(yaml: string, where: string): Promise<readonly Manifest[]> {
  const found: Manifest[] = [];
  for (const part of yaml.split(/^---\s*$/m)) {
    for (const document of parseAllDocuments(part)) {
      const content: unknown = document.errors.length > 0 ? document.errors[0]?.message : document.toJS();
      if (content === null || content === undefined) continue;
      for (const item of record(content)["kind"] === "List" ? list(record(content)["items"]) : [content])
        found.push(manifest(item, where));
    }
    if (found.length > MAX_OBJECTS) throw unusable(where, `it has more than ${MAX_OBJECTS} objects`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

function manifest(content: unknown, where: string): Manifest {
  const parsed = v.safeParse(ManifestSchema, content);
  if (!parsed.success) throw unusable(where, "something in it is no Kubernetes object");
  const { name, namespace } = parsed.output.metadata;
  assertName(name);
  if (namespace !== undefined) assertName(namespace);
  return parsed.output;
}

function unusable(where: string, why: string): UserError {
  return new UserError("manifest", `The manifests of ${where} cannot be used: ${why}.`);
}

export function refOf({ apiVersion, kind, metadata }: Manifest): Ref {
  return { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name };
}

/** The same for every version of its kind: `apps|Deployment|kubeflow|x`. */
export function keyOf({ apiVersion, kind, namespace, name }: Ref): string {
  return [groupOf(apiVersion), kind, namespace, name].join("|");
}

/** `Deployment training-operator in kubeflow`. */
export function refWords({ kind, namespace, name }: Ref): string {
  return `${label(kind, 63)} ${label(name, 100)}${namespace === "" ? "" : ` in ${label(namespace, 63)}`}`;
}

export function groupOf(apiVersion: string): string {
  const at = apiVersion.indexOf("/");
  return at < 0 ? "" : apiVersion.slice(0, at);
}

/** A kind of Kubernetes' own. */
export function builtIn(apiVersion: string, plural: string, kind: string, namespaced = true): ResourceKind {
  const group = groupOf(apiVersion);
  return { group, version: group === "" ? apiVersion : apiVersion.slice(group.length + 1), plural, kind, namespaced };
}

export function isWorkload({ apiVersion, kind }: Pick<Ref, "apiVersion" | "kind">): boolean {
  return WORKLOADS.has(kind) && BUILT_IN.has(groupOf(apiVersion));
}

export function isCustom({ apiVersion }: Pick<Ref, "apiVersion">): boolean {
  return !BUILT_IN.has(groupOf(apiVersion));
}

/**
 * When an object's turn is. Custom resources of definitions that were there before come with the rights: a controller
 * may need them, as it does the certificate that it mounts.
 */
export function phaseOf(object: Pick<Manifest, "apiVersion" | "kind">, ownGroups: ReadonlySet<string>): Phase {
  const { apiVersion, kind } = object;
  if (isCustom(object)) return ownGroups.has(groupOf(apiVersion)) ? "resources" : "rights";
  if (kind === "Namespace" && apiVersion === "v1") return "namespaces";
  if (kind === "CustomResourceDefinition") return "definitions";
  if (HOOKS.has(kind)) return "webhooks";
  return isWorkload(object) ? "controllers" : "rights";
}

/** Groups that the definitions among them bring. */
export function groupsDefined(objects: readonly Manifest[]): ReadonlySet<string> {
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  return new Set(definitions.flatMap((object) => text(record(object["spec"])["group"]) ?? []));
}

/** Stands for all that is applied, whatever the order in which it was rendered. */
export function hashOf(objects: readonly Manifest[]): string {
  const lines = objects.map((object) => JSON.stringify(object)).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 32);
}
