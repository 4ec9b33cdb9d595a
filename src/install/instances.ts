// What is in the cluster besides what an install brought: people's objects of its definitions, and others' beside them.
import { isApiError } from "../kube/errors.ts";
import { collectionPath } from "../kube/client.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { type Json, list, record, text } from "../kubeflow/read.ts";
import { type ApplyTools, lookUp, patiently } from "./apply.ts";
import type { Limited } from "./limited.ts";
import { keyOf, type Ref } from "./objects.ts";
import { isOurs } from "./ownership.ts";
import type { InstallRecord } from "./record.ts";

export interface Tools extends ApplyTools {
  readonly limited: Limited;
}

export interface Looking extends Tools {
  readonly signal: AbortSignal;
}

/** One object of a definition. */
export interface Instance extends Ref {
  readonly uid: string;
}

export const SPACE = { apiVersion: "v1", kind: "Namespace" };
const DEFINITION = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
/** What Kubernetes and Istio put into every namespace, or into their own. */
const EVERYWHERE = /^(kube-root-ca\.crt$|istio-)/;
/** Of certificates and the tokens of accounts: their controllers made them. */
const GENERATED = /^(cert-manager\.io\/|kubernetes\.io\/service-account\.)/;

/** What an uninstall takes along that it did not bring: how many objects of each kind, and whole namespaces. */
export interface TakenAlong {
  /** Most first. */
  readonly kinds: readonly (readonly [kind: string, count: number])[];
  readonly namespaces: readonly string[];
}

/** Rejects as `uninstallAll`; reads only. */
export async function takenAlong(
  tools: Tools,
  { components }: InstallRecord,
  signal: AbortSignal,
): Promise<TakenAlong> {
  const looking = { ...tools, signal };
  const objects = Object.values(components).flatMap((component) => component.objects);
  const kept = new Set(Object.values(components).flatMap((component) => component.kept));
  // Kustomize writes a namespace to what has none, where it does not know the kind.
  const own = new Set(objects.flatMap((ref) => [keyOf(ref), keyOf({ ...ref, namespace: "" })]));
  const definitions = objects.filter((ref) => ref.kind === "CustomResourceDefinition" && !kept.has(keyOf(ref)));
  const found = await tools.limited.all(definitions, async (ref) =>
    (await isAnothers(looking, ref)) === undefined ? instancesOf(looking, ref) : [],
  );
  const going = found.flat();
  const counts = new Map<string, number>();
  for (const ref of going) if (!own.has(keyOf(ref))) counts.set(ref.kind, (counts.get(ref.kind) ?? 0) + 1);
  const owned = await ownedSpaces(looking);
  const namespaces = going.flatMap(({ uid }) => owned.get(uid)?.name ?? []);
  return { kinds: [...counts].sort(([, a], [, b]) => b - a), namespaces };
}

/** The name of a definition that somebody else has made anew: what is of it is theirs. */
export async function isAnothers(tools: Looking, ref: Ref): Promise<string | undefined> {
  const found = await patiently(tools.clock, tools.signal, () => lookUp(tools, ref, tools.signal));
  return found === undefined || isOurs(found) ? undefined : ref.name;
}

/** The objects of a definition (`plural.group`); none where the cluster does not serve it. */
export async function instancesOf(
  tools: Looking,
  { name }: Pick<Ref, "name">,
  which: (item: Json) => boolean = () => true,
): Promise<readonly Instance[]> {
  const { client, clock, kinds, signal } = tools;
  const at = name.indexOf(".");
  const [plural, group] = [name.slice(0, at), name.slice(at + 1)];
  const ask = (path: string): Promise<unknown> =>
    patiently(clock, signal, () => orNothing(client.json<unknown>({ method: "GET", path, signal })));
  const versions = record(await ask(`/apis/${group}`));
  const version = text(record(versions["preferredVersion"])["groupVersion"]);
  if (version === undefined) return [];
  const served = record(await ask(`/apis/${version}`));
  const kind = text(list(served["resources"]).find((resource) => resource["name"] === plural)?.["kind"]);
  const resource = kind === undefined ? undefined : await kinds.find({ apiVersion: version, kind });
  if (resource === undefined || kind === undefined) return [];
  const items = await allOf(tools, resource, undefined);
  return items.filter(which).map((item) => {
    const metadata = record(item["metadata"]);
    const [namespace = "", own = "", uid = ""] = ["namespace", "name", "uid"].map((key) => text(metadata[key]));
    return { apiVersion: version, kind, namespace, name: own, uid };
  });
}

/** Namespaces that belong to an object, such as that of a Profile, by its uid. */
export async function ownedSpaces(tools: Looking): Promise<ReadonlyMap<string, Ref>> {
  const found = await allOf(tools, await tools.kinds.get(SPACE), undefined);
  const pairs = found.flatMap(({ metadata }) => {
    const ref = { ...SPACE, namespace: "", name: text(record(metadata)["name"]) ?? "" };
    return list(record(metadata)["ownerReferences"]).map(({ uid }) => [text(uid) ?? "", ref] as const);
  });
  return new Map(pairs);
}

/** Metadata alone, of all namespaces where none is named. */
export async function allOf(
  { client, clock, signal }: Looking,
  kind: ResourceKind,
  namespace: string | undefined,
): Promise<readonly Json[]> {
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
  const path = collectionPath(kind, namespace);
  const ask = (): Promise<unknown> => client.json<unknown>({ method: "GET", path, accept, signal });
  return list(record(await patiently(clock, signal, ask))["items"]);
}

export function isStaying({ metadata }: Json): boolean {
  return record(metadata)["deletionTimestamp"] === undefined;
}

/** Neither on its way out, nor made by a program for something else. */
export function isSomebodys(object: Json): boolean {
  const { name, annotations, ownerReferences } = record(object["metadata"]);
  if (!isStaying(object) || list(ownerReferences).length > 0) return false;
  return !EVERYWHERE.test(text(name) ?? "") && !Object.keys(record(annotations)).some((key) => GENERATED.test(key));
}

/** A custom resource in each namespace that has any, of the definitions that are left: they are others'. */
export async function foreignResources(tools: Looking): Promise<ReadonlyMap<string, Ref>> {
  const definitions = await allOf(tools, await tools.kinds.get(DEFINITION), undefined);
  const names = definitions.flatMap(({ metadata }) => text(record(metadata)["name"]) ?? []);
  const found = await tools.limited.all(names, (name) =>
    instancesOf(tools, { name }, isSomebodys).catch((error: unknown) => {
      // What may not be read, or what its own conversion fails for, is not known to be anybody's.
      if (!isApiError(error)) throw error;
      return [];
    }),
  );
  return new Map(found.flat().map((ref) => [ref.namespace, ref]));
}

async function orNothing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error) && error.status === 404) return undefined;
    throw error;
  }
}
