// What a kind's own schema, as the cluster publishes it (OpenAPI v3), says of an object.
import { type Clock, systemClock } from "../core/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { type Json, record } from "../kubeflow/read.ts";
import type { LaunchKind } from "./spec.ts";

/** Names and indexes from an object's root. */
export type Path = readonly (string | number)[];

export interface Objection {
  readonly path: Path;
  /** One sentence. */
  readonly text: string;
  /** The cluster would take the object without what is meant. */
  readonly isWarning: boolean;
}

interface Known {
  readonly schema: Json;
  /** Monotonic ms. */
  readonly read: number;
}

const KNOWN = new WeakMap<KubeClient, Map<string, Known>>();
/** An operator may be brought up to date at any time. */
export const KEPT_MS = 60_000;

/**
 * The kind's whole schema, every reference replaced by what it names; of a connection kept for a minute, unless it is to be
 * `fresh`. Rejects with ApiError (404 where the cluster does not have the kind, or does not publish it yet), ConnectError
 * or CancelledError.
 */
export function readJobSchema(
  client: KubeClient,
  kind: LaunchKind,
  signal?: AbortSignal,
  how: SchemaReading = {},
): Promise<Json> {
  return readSchema(client, kindOf(kind).resource, signal, how);
}

interface SchemaReading {
  readonly fresh?: boolean;
  readonly clock?: Clock;
}

/** The same of any kind with a group. */
export async function readSchema(
  client: KubeClient,
  { group, version, kind }: ResourceKind,
  signal?: AbortSignal,
  { fresh = false, clock = systemClock }: SchemaReading = {},
): Promise<Json> {
  const known = KNOWN.get(client) ?? new Map<string, Known>();
  const last = known.get(kind);
  if (!fresh && last !== undefined && clock.monotonic() - last.read < KEPT_MS) return last.schema;
  const path = `/openapi/v3/apis/${group}/${version}`;
  const { components } = record(await client.json<unknown>({ method: "GET", path, signal }));
  const schemas = record(record(components)["schemas"]);
  const name = Object.keys(schemas).find((key) => key.endsWith(`.${version}.${kind}`));
  if (name === undefined)
    throw new ApiError(404, { message: `${group}/${version} has no ${kind}`, reason: "NotFound" });
  const schema = record(inlined(schemas[name], schemas));
  KNOWN.set(client, known.set(kind, { schema, read: clock.monotonic() }));
  return schema;
}

/** What is below a property, or below the items of a list where the step is `[]`. */
export function schemaAt(schema: Json, ...steps: readonly string[]): Json {
  return steps.reduce<Json>((at, step) => record(step === "[]" ? at["items"] : record(at["properties"])[step]), schema);
}

/** Parts of a schema with all that it refers to: more than any job's has. */
const MOST_PARTS = 200_000;

/** A reference within itself ends there, as anything; so do all once there is too much of it. */
export function inlined(node: unknown, schemas: Json): unknown {
  const known = new Map<string, readonly [part: unknown, parts: number]>();
  const within = new Set<string>();
  let parts = 0;
  const named = (name: string): unknown => {
    const [made, size = 0] = known.get(name) ?? [];
    parts += size;
    if (within.has(name) || parts > MOST_PARTS) return {};
    if (made !== undefined) return made;
    const before = parts;
    within.add(name);
    const part = visit(schemas[name]) ?? {};
    within.delete(name);
    known.set(name, [part, parts - before]);
    return part;
  };
  const visit = (at: unknown): unknown => {
    parts += 1;
    if (Array.isArray(at)) return at.map(visit);
    if (typeof at !== "object" || at === null) return at;
    const { $ref, allOf, ...rest } = record(at);
    const bases = Array.isArray(allOf) ? allOf.map((part) => record(visit(part))) : [];
    const own = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, visit(part)]));
    // Of a property of that name.
    if (allOf !== undefined && !Array.isArray(allOf)) own["allOf"] = visit(allOf);
    const name = typeof $ref === "string" ? $ref.split("/").at(-1) : undefined;
    return Object.assign({}, name === undefined ? {} : named(name), ...bases, own) as unknown;
  };
  return visit(node);
}

const TYPES: Readonly<Record<string, readonly [words: string, fits: (value: unknown) => boolean]>> = {
  string: ["a text", (value) => typeof value === "string"],
  integer: ["a whole number", (value) => Number.isInteger(value)],
  number: ["a number", (value) => typeof value === "number"],
  boolean: ["true or false", (value) => typeof value === "boolean"],
  array: ["a list", (value) => Array.isArray(value)],
  object: ["fields", (value) => typeof value === "object" && value !== null && !Array.isArray(value)],
};

/**
 * What is wrong with the value: types, what is missing, what is none of the choices; fields that nobody knows are
 * warnings. Patterns, limits and rules are left to the server's own dry run.
 */
export function checkObject(value: unknown, schema: Json, path: Path = []): readonly Objection[] {
  const isEither = schema["x-kubernetes-int-or-string"] === true;
  const [words, fits] = TYPES[String(schema["type"])] ?? ["", () => true];
  const wanted = isEither ? "a whole number or a text" : words;
  const name = String(path.at(-1) ?? "The object");
  const wrong = (text: string): readonly Objection[] => [{ path, text, isWarning: false }];
  if (value === null)
    return schema["nullable"] === true || wanted === "" ? [] : wrong(`${name} is empty; ${wanted} is wanted.`);
  if (isEither ? !Number.isInteger(value) && typeof value !== "string" : !fits(value))
    return wrong(`${name} is ${typeWords(value)}; ${wanted} is wanted.`);
  const { enum: choices } = schema;
  if (Array.isArray(choices) && !choices.includes(value))
    return wrong(`${name} is one of ${choices.map(String).join(", ")}.`);
  if (Array.isArray(value))
    return value.flatMap((item, index) => checkObject(item, record(schema["items"]), [...path, index]));
  return typeof value === "object" ? checkFields(record(value), schema, path) : [];
}

function checkFields(value: Json, schema: Json, path: Path): readonly Objection[] {
  const { required, additionalProperties: others } = schema;
  const properties = record(schema["properties"]);
  const missing = (Array.isArray(required) ? required : []).filter((name): name is string => !(String(name) in value));
  // Nothing is said of what is in it: then the server's own words have to do.
  const isOpen =
    !("properties" in schema) || others === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  return [
    ...missing.map((name) => ({ path: [...path, name], text: `${name} is missing.`, isWarning: false })),
    ...Object.entries(value).flatMap(([name, part]) => {
      const at = [...path, name];
      if (Object.hasOwn(properties, name)) return checkObject(part, record(properties[name]), at);
      if (typeof others === "object") return checkObject(part, record(others), at);
      if (isOpen) return [];
      return [{ path: at, text: `The cluster does not know ${name} here: it is left out.`, isWarning: true }];
    }),
  ];
}

function typeWords(value: unknown): string {
  const [, [words = ""] = []] = Object.entries(TYPES).find(([, [, fits]]) => fits(value)) ?? [];
  return words;
}

/**
 * Fields without a value, which a server leaves out before it looks at the rest, unless the schema takes null
 * (apiextensions-apiserver: PruneNonNullableNullsWithoutDefaults). It keeps such items of lists.
 */
export function emptyFields(value: unknown, schema: Json, path: Path = []): readonly Path[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => emptyFields(item, record(schema["items"]), [...path, index]));
  const properties = record(schema["properties"]);
  return Object.entries(record(value)).flatMap(([name, part]) => {
    const own = Object.hasOwn(properties, name) ? properties[name] : schema["additionalProperties"];
    const at = [...path, name];
    if (part !== null) return emptyFields(part, record(own), at);
    return typeof own === "object" && record(own)["nullable"] !== true ? [at] : [];
  });
}

/** The object without what stands at these places. */
export function without<T>(object: T, paths: readonly Path[]): T {
  const copy = structuredClone(object);
  for (const path of paths) {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((at, step) => (Array.isArray(at) ? at[Number(step)] : record(at)[step]), copy);
    if (typeof parent === "object" && parent !== null) Reflect.deleteProperty(parent, path.at(-1) ?? "");
  }
  return copy;
}

/** The same as a JSON Schema, for editors: closed where the server would refuse other fields. */
export function editorSchema(schema: Json): Json {
  const { nullable, properties, items, additionalProperties: others, ...rest } = schema;
  const isEither = rest["x-kubernetes-int-or-string"] === true;
  const { type = isEither ? ["integer", "string"] : undefined } = rest;
  const isOpen = rest["x-kubernetes-preserve-unknown-fields"] === true || properties === undefined;
  return {
    ...rest,
    ...(type === undefined ? {} : { type: nullable === true ? [type, "null"].flat() : type }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(record(properties)).map(([name, part]) => [name, editorSchema(record(part))]),
          ),
        }),
    ...(items === undefined ? {} : { items: editorSchema(record(items)) }),
    ...(typeof others === "object"
      ? { additionalProperties: editorSchema(record(others)) }
      : isOpen
        ? {}
        : { additionalProperties: others === true }),
  };
}
