// Who manages an object, and which of its fields (Kubernetes: server-side apply, managedFields).
import { FIELD_MANAGER } from "../kube/client.ts";
import type { ApiError } from "../kube/errors.ts";
import { label } from "../core/sanitize.ts";
import { list, record, text } from "../kubeflow/read.ts";

/** A field that another manager holds. */
export interface FieldConflict {
  /** `.spec.replicas`, `.webhooks[name="x"].clientConfig.caBundle` */
  readonly field: string;
  readonly manager: string;
}

/** What a refused apply conflicts with; empty where it was refused for another reason. */
export function conflictsIn(error: ApiError): readonly FieldConflict[] {
  const causes = error.details?.causes ?? [];
  return causes
    .filter(({ reason }) => reason === "FieldManagerConflict")
    .map(({ field = "", message = "" }) => ({ field, manager: label(/"([^"]*)"/.exec(message)?.[1] ?? "", 60) }));
}

/** True where we have applied the object before. */
export function isOurs(object: unknown): boolean {
  return ourFields(object) !== undefined;
}

/** Names of those who wrote the object besides us, who made it first. */
export function otherManagers(object: unknown): readonly string[] {
  const entries = managedFields(object).filter(
    ({ manager, subresource }) => manager !== FIELD_MANAGER && subresource === undefined,
  );
  const byTime = entries.sort((a, b) => (text(a["time"]) ?? "").localeCompare(text(b["time"]) ?? ""));
  return [...new Set(byTime.map(({ manager }) => label(text(manager) ?? "", 60)))].filter((name) => name !== "");
}

/** True where every one of these fields is ours as well: to set it anew takes nothing from anybody. */
export function ownsAll(object: unknown, conflicts: readonly FieldConflict[]): boolean {
  const fields = ourFields(object);
  return fields !== undefined && conflicts.every(({ field }) => owns(fields, field));
}

function ourFields(object: unknown): unknown {
  const own = managedFields(object).find(
    ({ manager, operation }) => manager === FIELD_MANAGER && operation === "Apply",
  );
  return own?.["fieldsV1"];
}

function managedFields(object: unknown): Readonly<Record<string, unknown>>[] {
  return [...list(record(record(object)["metadata"])["managedFields"])];
}

/** Follows `.a.b[name="x"].c` through fieldsV1: `f:a`, `f:b`, `k:{"name":"x"}`, `f:c`. A field that cannot be followed is not ours. */
function owns(fields: unknown, path: string): boolean {
  let at: unknown = fields;
  for (const [, name, keys, value] of path.matchAll(/\.([^.[\]]+)|\[([^\]=]+=[^\]]*)\]|\[([^\]]*)\]/g)) {
    const within: unknown = record(at);
    const wanted = name === undefined ? (keys === undefined ? `v:${value ?? ""}` : keyOf(keys)) : `f:${name}`;
    at = record(within)[wanted];
    if (at === undefined) return false;
  }
  return path !== "";
}

/** `containerPort=443,protocol="TCP"` as `k:{"containerPort":443,"protocol":"TCP"}`. */
function keyOf(keys: string): string {
  return `k:{${keys.replace(/([A-Za-z0-9]+)=/g, '"$1":')}}`;
}
