// Takes away what an install brought, last first: custom resources while their controllers can still finish them, then
// webhooks, which would refuse what comes after, then controllers, the rest, definitions, and namespaces that are empty.
import { errorText, isCancelled } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { collectionPath } from "../kube/client.ts";
import { isApiError, isGone } from "../kube/errors.ts";
import { record, text } from "../kubeflow/read.ts";
import { lookUp, METADATA_ONLY, patiently } from "./apply.ts";
import { waitFor } from "./gates.ts";
import { runGraph } from "./graph.ts";
import {
  allOf,
  foreignResources,
  type Instance,
  instancesOf,
  isAnothers,
  isSomebodys,
  isStaying,
  ownedSpaces,
  SPACE,
  type Tools,
} from "./instances.ts";
import { isCustom, isWorkload, keyOf, type Ref, refWords } from "./objects.ts";
import { isOurs } from "./ownership.ts";
import { type ComponentRecord, type InstallRecord, OWN_NAMESPACE } from "./record.ts";

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

interface Watched {
  readonly save: () => Promise<void>;
  readonly onSteps: () => void;
  readonly signal: AbortSignal;
}

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
  /** What people have made of the definitions: it goes, whoever wrote it. */
  readonly peoples: Set<Ref>;
  readonly count: { removed: number };
  /** Others' custom resource in each namespace that has one; looked at before namespaces go. */
  foreign: ReadonlyMap<string, Ref>;
}

/** Milliseconds that finalizers have. */
const GONE_MS = 120_000;
/** Milliseconds that empty namespaces have at least: the cluster takes five seconds before it begins with any. */
const SPACES_MS = 60_000;
const POLICY = { apiVersion: "v1", kind: "DeleteOptions" };
/** What may be in a namespace besides what was installed: it is kept then. */
const VOLUME = { apiVersion: "v1", kind: "PersistentVolumeClaim" };
const INHABITANTS: readonly Pick<Ref, "apiVersion" | "kind">[] = [
  VOLUME,
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "batch/v1", kind: "CronJob" },
  { apiVersion: "v1", kind: "Pod" },
  { apiVersion: "v1", kind: "ConfigMap" },
  { apiVersion: "v1", kind: "Secret" },
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
  const removal: Omit<Removal, "say"> = {
    ...tools,
    signal,
    volumes,
    goneWithinMs,
    left,
    inhabited: new Set<string>(),
    owned: await ownedSpaces({ ...tools, signal }),
    following: new Set<Ref>(),
    peoples: new Set<Ref>(),
    count: { removed: 0 },
    foreign: new Map(),
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
  if (spaces.size > 0) removal.foreign = await foreignResources(removal);
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
  const foreign = (await removal.limited.all(definitions, (ref) => isAnothers(removal, ref))).flatMap(
    (name) => name ?? [],
  );
  const ours = definitions.filter(({ name }) => !foreign.includes(name));
  const all = (): Promise<readonly Instances[]> =>
    removal.limited.all(ours, async (definition) => ({
      definition,
      instances: await instancesOf(removal, definition),
    }));
  const instances = (await all()).flatMap((one) => one.instances);
  for (const ref of instances) removal.peoples.add(ref);
  const known = new Set(instances.map(keyOf));
  await removeAll(removal, [...own.filter((ref) => !known.has(keyOf(ref))), ...instances]);
  const after = await all();
  const stuck = after.filter(({ instances }) => instances.length > 0);
  for (const { definition, instances } of stuck)
    removal.left.add(`${refWords(definition)}: ${plural(instances.length, "object")} of it did not go`);
  return new Set(stuck.map(({ definition }) => definition.name));
}

interface Instances {
  readonly definition: Ref;
  readonly instances: readonly Instance[];
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
  const { client, clock, kinds, signal, owned, following, peoples } = removal;
  const found = record(await patiently(clock, signal, () => lookUp(removal, ref, signal)));
  const uid = text(record(found["metadata"])["uid"]);
  if (uid === undefined) return undefined;
  if (!isOurs(found) && !following.has(ref) && !peoples.has(ref)) {
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
    const [first, ...more] = found.filter(/^(ConfigMap|Secret)$/.test(inhabitant.kind) ? isSomebodys : isStaying);
    if (first === undefined) continue;
    const name = label(text(record(first["metadata"])["name"]) ?? "", 100);
    const what = isVolume
      ? `it holds ${plural(more.length + 1, "volume")} with data`
      : `${inhabitant.kind} ${name} is in it`;
    left.add(`${refWords(ref)}: ${what}`);
    return false;
  }
  const other = removal.foreign.get(ref.name);
  if (other !== undefined) {
    left.add(`${refWords(ref)}: ${other.kind} ${label(other.name, 100)} is in it`);
    return false;
  }
  if (!inhabited.has(ref.name)) return true;
  left.add(`${refWords(ref)}: it holds what did not go`);
  return false;
}
