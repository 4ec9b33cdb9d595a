// Takes away what an install brought, last first: custom resources while their controllers can still finish them, then
// webhooks, which would refuse what comes after, then controllers, the rest, definitions, and namespaces that are empty.
import { errorText, isCancelled } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { isApiError, isGone } from "../kube/errors.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { type Json, list, record, text } from "../kubeflow/read.ts";
import { type ApplyTools, lookUp, METADATA_ONLY, patiently } from "./apply.ts";
import { waitFor } from "./gates.ts";
import { runGraph } from "./graph.ts";
import type { Limited } from "./limited.ts";
import { isCustom, isWorkload, keyOf, type Ref, refWords } from "./objects.ts";
import { isOurs } from "./ownership.ts";
import { type ComponentRecord, type InstallRecord, OWN_NAMESPACE } from "./record.ts";
import { collectionPath } from "../kube/client.ts";

export interface UninstallOptions {
  /** True: volumes with their data go as well. */
  readonly volumes: boolean;
  /** Only these and what needs them; all where left out. */
  readonly components?: readonly string[];
  /** Milliseconds that finalizers have; two minutes where left out. */
  readonly goneWithinMs?: number;
}

export interface UninstallReport {
  /** Objects that were taken away. */
  readonly removed: number;
  /** What was left, each with why. */
  readonly left: readonly string[];
}

interface Tools extends ApplyTools {
  readonly limited: Limited;
}

interface Watched {
  readonly save: () => Promise<void>;
  readonly onSteps: () => void;
  readonly signal: AbortSignal;
}

type Looking = ApplyTools & { readonly signal: AbortSignal };

interface Removal extends Tools {
  readonly signal: AbortSignal;
  readonly volumes: boolean;
  readonly goneWithinMs: number;
  readonly say: (detail: string) => void;
  readonly left: Set<string>;
  /** Namespaces that hold something which stays. */
  readonly inhabited: Set<string>;
  /** Namespaces that belong to an object, such as that of a Profile, by its uid: they go when it goes. */
  readonly owned: ReadonlyMap<string, Ref>;
  /** Those of what was taken away: they have time until the end. */
  readonly following: Set<Ref>;
  readonly count: { removed: number };
}

/** Milliseconds that finalizers have. */
const GONE_MS = 120_000;
/** Milliseconds that empty namespaces have at least: the cluster takes five seconds before it begins with any. */
const SPACES_MS = 60_000;
const SPACE = { apiVersion: "v1", kind: "Namespace" };
const POLICY = { apiVersion: "v1", kind: "DeleteOptions" };
/** What may be in a namespace besides what was installed: it is kept then. */
const VOLUME = { apiVersion: "v1", kind: "PersistentVolumeClaim" };
const INHABITANTS: readonly Pick<Ref, "apiVersion" | "kind">[] = [
  VOLUME,
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "v1", kind: "Pod" },
];

/** Removes components from the cluster and, as each has gone, from the record. Rejects with ConnectError, CancelledError. */
export async function uninstallAll(
  tools: Tools,
  install: InstallRecord,
  { volumes, components, goneWithinMs = GONE_MS }: UninstallOptions,
  { save, onSteps, signal }: Watched,
): Promise<UninstallReport> {
  const chosen = withDependents(install, components ?? Object.keys(install.components));
  const left = new Set<string>();
  const removal = {
    ...tools,
    signal,
    volumes,
    goneWithinMs,
    left,
    inhabited: new Set<string>(),
    owned: await ownedSpaces({ ...tools, signal }),
    following: new Set<Ref>(),
    count: { removed: 0 },
  };
  const staying = Object.entries(install.components).filter(([id]) => !chosen.includes(id));
  const shared = new Set(staying.flatMap(([, entry]) => entry.objects.map(keyOf)));
  const spaces = new Map<string, Ref>();
  const work = async (id: string): Promise<boolean> => {
    const entry = install.components[id];
    if (entry === undefined) return true;
    const say = (detail: string): void => {
      Object.assign(entry, { state: "running", detail: label(detail, 400) });
      onSteps();
    };
    try {
      for (const ref of await removeComponent({ ...removal, say }, entry, shared)) spaces.set(ref.name, ref);
      return true;
    } catch (error) {
      const state = isCancelled(error) ? "cancelled" : "failed";
      Object.assign(entry, { state, detail: label(errorText(error), 600) });
      await save();
      throw error;
    }
  };
  // Whoever needs it goes before it.
  const items = [...chosen].reverse().map((id) => ({
    id,
    needs: chosen.filter((other) => install.components[other]?.needs.includes(id) === true),
  }));
  await runGraph(items, work, () => undefined);
  const say = (detail: string): void => {
    for (const id of chosen) Object.assign(install.components[id] ?? {}, { detail: label(detail, 400) });
    onSteps();
  };
  say("namespaces");
  // All at once: each takes more than five seconds (controller-manager: namespace controller).
  const own = staying.length === 0 ? [{ ...SPACE, namespace: "", name: OWN_NAMESPACE }] : [];
  const empty = await tools.limited.all(spaces.values(), (ref) => isUninhabited({ ...removal, say }, ref));
  const patient = { ...removal, say, goneWithinMs: Math.max(goneWithinMs, SPACES_MS) };
  await removeAll(patient, [...[...spaces.values()].filter((_, at) => empty[at]), ...removal.following, ...own]);
  install.components = Object.fromEntries(staying);
  await save();
  onSteps();
  return { removed: removal.count.removed, left: [...left] };
}

/** In the record's order, in which none comes before what it needs. */
function withDependents({ components }: InstallRecord, ids: readonly string[]): readonly string[] {
  const chosen = new Set(ids);
  const order = Object.keys(components);
  for (const id of order) if (components[id]?.needs.some((need) => chosen.has(need)) === true) chosen.add(id);
  return order.filter((id) => chosen.has(id));
}

/** Everything but its namespaces, which it answers with. */
async function removeComponent(
  removal: Removal,
  entry: ComponentRecord,
  shared: ReadonlySet<string>,
): Promise<readonly Ref[]> {
  const kept = new Set(entry.kept);
  for (const ref of entry.objects)
    if (kept.has(keyOf(ref)) && ref.kind !== "Namespace") stays(removal, ref, "it was there before");
  const refs = entry.objects.filter((ref) => !kept.has(keyOf(ref)) && !shared.has(keyOf(ref)));
  const take = (which: (ref: Ref) => boolean): readonly Ref[] => refs.filter(which);
  const isHook = ({ kind }: Ref): boolean => kind.endsWith("WebhookConfiguration") || kind === "APIService";
  const isDefinition = ({ kind }: Ref): boolean => kind === "CustomResourceDefinition";
  const isVolume = ({ kind }: Ref): boolean => kind === "PersistentVolumeClaim";
  const isSpace = ({ kind }: Ref): boolean => kind === "Namespace";
  removal.say("custom resources");
  const stuck = await customResources(removal, take(isCustom), take(isDefinition));
  removal.say("webhooks");
  await removeAll(removal, take(isHook));
  removal.say("controllers");
  await removeAll(removal, take(isWorkload));
  removal.say("accounts, rights and settings");
  const rest = take((ref) => ![isCustom, isHook, isDefinition, isWorkload, isSpace].some((is) => is(ref)));
  await removeAll(
    removal,
    rest.filter((ref) => removal.volumes || !isVolume(ref)),
  );
  removal.say("definitions");
  await removeAll(
    removal,
    take(isDefinition).filter(({ name }) => !stuck.has(name)),
  );
  removal.kinds.forget();
  return take(isSpace);
}

/** The component's own, and all that people have made of its definitions. Names of definitions that cannot go yet. */
async function customResources(
  removal: Removal,
  own: readonly Ref[],
  definitions: readonly Ref[],
): Promise<ReadonlySet<string>> {
  const people = await removal.limited.all(definitions, async (definition) => ({
    definition,
    instances: await instancesOf(removal, definition),
  }));
  await removeAll(removal, [...own, ...people.flatMap(({ instances }) => instances)]);
  const after = await removal.limited.all(definitions, async (definition) => ({
    definition,
    instances: await instancesOf(removal, definition),
  }));
  const stuck = after.filter(({ instances }) => instances.length > 0);
  for (const { definition, instances } of stuck)
    removal.left.add(`${refWords(definition)}: ${plural(instances.length, "object")} of it did not go`);
  return new Set(stuck.map(({ definition }) => definition.name));
}

async function instancesOf(removal: Removal, { name }: Ref): Promise<readonly Ref[]> {
  const { client, clock, kinds, signal } = removal;
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
  const items = await allOf(removal, resource, undefined);
  return items.map((item) => {
    const metadata = record(item["metadata"]);
    return {
      apiVersion: version,
      kind,
      namespace: text(metadata["namespace"]) ?? "",
      name: text(metadata["name"]) ?? "",
    };
  });
}

async function ownedSpaces(tools: Looking): Promise<ReadonlyMap<string, Ref>> {
  const found = await allOf(tools, await tools.kinds.get(SPACE), undefined);
  const pairs = found.flatMap(({ metadata }) => {
    const ref = { ...SPACE, namespace: "", name: text(record(metadata)["name"]) ?? "" };
    return list(record(metadata)["ownerReferences"]).map(({ uid }) => [text(uid) ?? "", ref] as const);
  });
  return new Map(pairs);
}

async function allOf(
  { client, clock, signal }: Looking,
  kind: ResourceKind,
  namespace: string | undefined,
): Promise<readonly Json[]> {
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
  const path = collectionPath(kind, namespace);
  const ask = (): Promise<unknown> => client.json<unknown>({ method: "GET", path, accept, signal });
  return list(record(await patiently(clock, signal, ask))["items"]);
}

/** Deletes them and waits until they have gone; what does not go is told with what holds it. */
async function removeAll(removal: Removal, refs: readonly Ref[]): Promise<void> {
  const { limited, say, signal, goneWithinMs } = removal;
  const going = (await limited.all(refs, (ref) => removeOne(removal, ref))).flatMap((ref) => ref ?? []);
  if (going.length === 0) return;
  const gates = going.map((ref) => ({ what: refWords(ref), check: () => held(removal, ref) }));
  try {
    await waitFor(removal, gates, {
      what: "",
      withinMs: goneWithinMs,
      onWait: (why) => say(`waits for ${why}`),
      signal,
    });
    removal.count.removed += going.length;
  } catch (error) {
    if (isCancelled(error)) throw error;
    for (const ref of going) {
      const why = await held(removal, ref);
      if (why === undefined) removal.count.removed++;
      else stays(removal, ref, why);
    }
  }
}

/** The object, where it was there, ours or a person's, and is on its way out now. */
async function removeOne(removal: Removal, ref: Ref): Promise<Ref | undefined> {
  const { client, clock, kinds, signal, owned, following } = removal;
  const found = record(await patiently(clock, signal, () => lookUp(removal, ref, signal)));
  const uid = text(record(found["metadata"])["uid"]);
  if (uid === undefined) return undefined;
  if (!isCustom(ref) && !isOurs(found) && !following.has(ref)) {
    stays(removal, ref, "somebody else has made it anew");
    return undefined;
  }
  const space = owned.get(uid);
  if (space !== undefined && !(await isUninhabited(removal, space, [VOLUME]))) {
    stays(removal, ref, "its namespace would go with it");
    return undefined;
  }
  const kind = await kinds.get(ref);
  try {
    const propagationPolicy = isWorkload(ref) ? "Foreground" : "Background";
    const path = `${collectionPath(kind, kind.namespaced ? ref.namespace || "default" : undefined)}/${ref.name}`;
    const body = { ...POLICY, propagationPolicy, preconditions: { uid } };
    await patiently(clock, signal, () =>
      client.json<unknown>({ method: "DELETE", path, accept: METADATA_ONLY, body, signal }),
    );
  } catch (error) {
    if (isGone(error)) return undefined;
    if (!isApiError(error)) throw error;
    stays(removal, ref, label(error.message, 200));
    return undefined;
  }
  if (space !== undefined) following.add(space);
  return ref;
}

function stays({ left, inhabited }: Removal, ref: Ref, why: string): void {
  left.add(`${refWords(ref)}: ${why}`);
  if (ref.namespace !== "") inhabited.add(ref.namespace);
}

/** What keeps an object that is being deleted; undefined once it has gone. */
async function held(removal: Removal, ref: Ref): Promise<string | undefined> {
  const found = await lookUp(removal, ref, removal.signal);
  if (found === undefined) return undefined;
  const { finalizers } = record(record(found)["metadata"]);
  const names = Array.isArray(finalizers) ? finalizers.map((name) => label(String(name), 100)).join(", ") : "";
  return names === "" ? "it is being deleted" : `it waits for the finalizer ${names}`;
}

/** Only one that nothing else lives in may go: else it would be Terminating for as long as that takes, or take it along. */
async function isUninhabited(removal: Removal, ref: Ref, inhabitants = INHABITANTS): Promise<boolean> {
  const { kinds, left, inhabited, volumes } = removal;
  for (const inhabitant of inhabitants) {
    const isVolume = inhabitant.kind === "PersistentVolumeClaim";
    if (isVolume && volumes) continue;
    const found = await allOf(removal, await kinds.get(inhabitant), ref.name);
    const [first, ...more] = found.filter(({ metadata }) => record(metadata)["deletionTimestamp"] === undefined);
    if (first === undefined) continue;
    const name = label(text(record(first["metadata"])["name"]) ?? "", 100);
    const what = isVolume
      ? `it holds ${plural(more.length + 1, "volume")} with data`
      : `${inhabitant.kind} ${name} is in it`;
    left.add(`${refWords(ref)}: ${what}`);
    return false;
  }
  if (!inhabited.has(ref.name)) return true;
  left.add(`${refWords(ref)}: it holds what did not go`);
  return false;
}

async function orNothing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error) && error.status === 404) return undefined;
    throw error;
  }
}
