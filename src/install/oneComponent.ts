// One component, from its first object to its last gate.
import type { Clock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { duration, plural } from "../core/text.ts";
import { list, record, text } from "../kubeflow/read.ts";
import { applyObject, type ApplyTools } from "./apply.ts";
import { type Gate, gatesOf, hooksFor, read, reason, waitFor } from "./gates.ts";
import type { Limited } from "./limited.ts";
import {
  groupsDefined,
  isCustom,
  isWorkload,
  type Manifest,
  type Phase,
  PHASES,
  phaseOf,
  type Ref,
  refOf,
} from "./objects.ts";
import type { Component, Wait } from "./release.ts";

export interface ComponentRun extends ApplyTools {
  readonly clock: Clock;
  /** Requests that may be under way at the same time, over all components. */
  readonly limited: Limited;
  readonly component: Component;
  readonly objects: readonly Manifest[];
  readonly adopt: boolean;
  /** What it does now, or what it waits for. */
  readonly say: (detail: string) => void;
  readonly signal: AbortSignal;
}

const WORDS: Readonly<Record<Phase, string>> = {
  namespaces: "namespaces",
  definitions: "definitions",
  rights: "accounts, rights and settings",
  controllers: "controllers",
  webhooks: "webhooks",
  resources: "custom resources",
};
/** Milliseconds that a definition may take to be served, and a namespace to go. */
const DEFINITION_MS = 60_000;
const NAMESPACE_MS = 180_000;

/**
 * Applies the objects phase by phase, and waits for what the next one needs and at last for all of the component's own
 * gates. Rejects as `applyObject` and `waitFor` do.
 */
export async function installComponent(run: ComponentRun): Promise<void> {
  const { component, objects } = run;
  const own = groupsDefined(objects);
  const refs = objects.map(refOf);
  const phases = Map.groupBy(objects, (object) => phaseOf(object, own));
  for (const phase of PHASES) {
    const members = phases.get(phase) ?? [];
    if (members.length === 0) continue;
    if (phase === "namespaces") await namespacesFree(run, members.map(refOf));
    if (phase === "resources") await webhooksReady(run, refs, members);
    await applyAll(run, members, phase);
    if (phase === "definitions") await ready(run, members.map(refOf), DEFINITION_MS);
  }
  await ready(run, refs, component.readyWithinS * 1000, component.waits);
}

async function applyAll(run: ComponentRun, objects: readonly Manifest[], phase: Phase): Promise<void> {
  const { limited, adopt, say, signal } = run;
  let done = 0;
  const tell = (): void => say(`${WORDS[phase]}: ${done} of ${objects.length}`);
  tell();
  await limited.all(objects, async (object) => {
    await applyObject(run, object, { adopt, signal, onWait: (why) => (why === "" ? tell() : say(`waits: ${why}`)) });
    done++;
    tell();
  });
}

async function ready(
  run: ComponentRun,
  refs: readonly Ref[],
  withinMs: number,
  waits: readonly Wait[] = [],
): Promise<void> {
  await waitAll(run, gatesOf(run, refs, waits), withinMs);
}

async function waitAll(run: ComponentRun, gates: readonly Gate[], withinMs: number): Promise<void> {
  const { component, say, signal } = run;
  await waitFor(run, gates, {
    what: component.title,
    withinMs,
    onWait: (why) => say(`waits for ${why}`),
    signal,
  });
}

/** The webhooks of the component that are asked about its own custom resources. */
async function webhooksReady(run: ComponentRun, refs: readonly Ref[], objects: readonly Manifest[]): Promise<void> {
  const kinds = new Map(
    objects.filter(isCustom).map((object) => [`${object.apiVersion} ${object.kind}`, refOf(object)]),
  );
  const hooks = new Map<string, Ref>();
  for (const ref of kinds.values())
    for (const hook of await hooksFor(run, refs, ref, run.signal)) hooks.set(`${hook.kind} ${hook.name}`, hook);
  const workloads = gatesOf(run, refs.filter(isWorkload));
  const gates = gatesOf(run, [...hooks.values()]).map((gate) => explained(gate, workloads));
  await waitAll(run, gates, run.component.readyWithinS * 1000);
}

/** Why a webhook does not answer is mostly why its pod does not run. */
function explained(gate: Gate, workloads: readonly Gate[]): Gate {
  const check = async (signal: AbortSignal): Promise<string | undefined> => {
    const why = await gate.check(signal);
    if (why === undefined) return undefined;
    for (const workload of workloads) {
      const behind = await reason(workload, signal);
      if (behind !== undefined) return `${why}; ${workload.what}: ${behind}`;
    }
    return why;
  };
  return { what: gate.what, check };
}

/** A namespace that is being deleted takes nothing: it has to go first, and says what holds it. */
async function namespacesFree(run: ComponentRun, refs: readonly Ref[]): Promise<void> {
  const gates = refs.map((ref) => ({
    what: `namespace ${label(ref.name, 63)}`,
    check: (signal: AbortSignal) => leaving(run, ref, signal),
  }));
  const { say, signal, clock } = run;
  const since = clock.monotonic();
  try {
    await waitFor(run, gates, {
      what: plural(refs.length, "namespace"),
      withinMs: NAMESPACE_MS,
      onWait: (why) => say(`waits for ${why}`),
      signal,
    });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "not-ready") throw error;
    const waited = duration(clock.monotonic() - since);
    throw new UserError(
      "terminating",
      `A namespace that ${run.component.title} needs is still being deleted after ${waited}.`,
      {
        why: error.message.replace(/^.*? is not ready after [^.]*\. /, "").replace(/ What was done is kept.*$/, ""),
        hint: "End what holds it, then go on.",
        cause: error,
      },
    );
  }
}

/** Undefined where it is there and stays, or is not there; else what keeps it from going. */
export async function leaving(tools: ApplyTools, ref: Ref, signal: AbortSignal): Promise<string | undefined> {
  const object = await read(tools, ref, signal);
  if (object === undefined || record(object["metadata"])["deletionTimestamp"] === undefined) return undefined;
  const conditions = list(record(object["status"])["conditions"]).filter(({ status }) => status === "True");
  // The most telling first: finalizers that nobody works off, then APIs that do not answer, then what is left.
  const order = ["NamespaceFinalizersRemaining", "NamespaceDeletionDiscoveryFailure", "NamespaceContentRemaining"];
  const said = order.flatMap(
    (type) => text(conditions.find((condition) => condition["type"] === type)?.["message"]) ?? [],
  );
  return said.length === 0 ? "it is being deleted" : `it is being deleted; ${label(said[0] ?? "", 200)}`;
}
