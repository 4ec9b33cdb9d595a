// Runs that are started from here, once or by a schedule, and what is done with those that are there.
import { randomBytes } from "node:crypto";
import { CancelledError, errorText, UserError } from "../core/errors.ts";
import { assertName } from "../kube/names.ts";
import { type Json, list, record, text } from "../kubeflow/read.ts";
import { mayHaveArrived, type PipelineServer } from "./pipelineServer.ts";
import type { Trigger } from "./schedule.ts";
import { readPipelineSpec } from "./spec/read.ts";
import { type PipelineDocument, pipelineDocument } from "./spec/document.ts";
import type { PipelineSpec } from "./spec/model.ts";
import { type VersionReference, versionSpec } from "./uploads.ts";

/** A version at the server, or a pipeline that goes along with the run. */
export type RunSource = VersionReference | { readonly document: PipelineDocument };

export interface RunWish {
  readonly name: string;
  readonly source: RunSource;
  /** Values by the names of the pipeline's inputs, as JSON; what is left out has its default. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Name of an experiment, which is made where there is none of it; empty for the server's own. */
  readonly experiment: string;
  /** Empty for the server's own; the same goes for `root`, a URI below which artifacts are kept. */
  readonly serviceAccount: string;
  readonly root: string;
}

/** How a schedule runs what it starts. */
export interface Schedule {
  readonly trigger: Trigger;
  /** Runs of it at a time, 1 to 10 (pipelines: max_concurrency). */
  readonly atOnce: number;
  /** Also those whose time has passed, as while the server was away. */
  readonly catchUp: boolean;
}

/** What a run was started with, for another like it. */
export interface RunSettings {
  readonly name: string;
  readonly source: RunSource;
  readonly spec: PipelineSpec;
  readonly parameters: Json;
  /** Name; empty where it cannot be told. */
  readonly experiment: string;
  readonly serviceAccount: string;
  readonly root: string;
}

export interface Experiment {
  readonly id: string;
  readonly name: string;
}

const NOT_STARTED = "The run was not started.";
const MOST_EXPERIMENTS = 100;
/** As the server calls its own. */
const DEFAULT_EXPERIMENT = "Default";
/** A run of which nobody knows whether it was started is looked for after these pauses, in ms: a busy server may be at it. */
const LOOK_AFTER_MS: readonly number[] = [0, 2_000, 5_000, 8_000];
/** Runs, newest first, among which one is looked for of which nobody knows whether it was started. */
const MOST_LOOKED = 20;

/**
 * Starts a run, once: one that may have arrived is looked for by a mark of its own before it is called failed. Resolves
 * with its id. Rejects with UserError `unclear` where nobody can tell, else as PipelineServer does.
 */
export async function startRun(
  server: PipelineServer,
  wish: RunWish,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const mark = `Started with Trainyard (${randomBytes(6).toString("hex")})`;
  const body = { ...(await bodyOf(server, wish, namespace, signal)), description: mark };
  return sendOnce(server, { ...RUNS, body }, namespace, signal);
}

/** The same for a recurring run. */
export async function startRecurring(
  server: PipelineServer,
  wish: RunWish,
  schedule: Schedule,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const mark = `Made with Trainyard (${randomBytes(6).toString("hex")})`;
  const body = {
    ...(await bodyOf(server, wish, namespace, signal)),
    description: mark,
    trigger: triggerOf(schedule.trigger),
    max_concurrency: String(schedule.atOnce),
    no_catchup: !schedule.catchUp,
    mode: "ENABLE",
  };
  return sendOnce(server, { ...RECURRING, body }, namespace, signal);
}

/** What can be done with a run that is there; the words say what was not done. */
const RUN_DEEDS = {
  terminate: "The run was not stopped.",
  retry: "The run was not tried again.",
  archive: "The run was not archived.",
  unarchive: "The run was not restored.",
} as const;
export type RunDeed = keyof typeof RUN_DEEDS;

export async function actOnRun(
  server: PipelineServer,
  run: string,
  deed: RunDeed,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  await server.post(`/runs/${assertName(run)}:${deed}`, {}, RUN_DEEDS[deed], namespace, signal);
}

export async function setRecurring(
  server: PipelineServer,
  id: string,
  enabled: boolean,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const what = enabled ? "The recurring run was not started." : "The recurring run was not stopped.";
  const path = `/recurringruns/${assertName(id)}:${enabled ? "enable" : "disable"}`;
  await server.post(path, {}, what, namespace, signal);
}

/** Newest first, without those that are archived. Rejects as PipelineServer does. */
export async function experiments(
  server: PipelineServer,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly Experiment[]> {
  const query = { page_size: String(MOST_EXPERIMENTS), sort_by: "created_at desc", ...inNamespace(namespace) };
  const answer = await server.json("/experiments", query, namespace, signal);
  return list(answer["experiments"]).flatMap((json) => {
    const [id, name] = [text(json["experiment_id"]), text(json["display_name"])];
    return id === undefined || name === undefined || json["storage_state"] === "ARCHIVED" ? [] : [{ id, name }];
  });
}

/** What a run, or a recurring run, was made with. Rejects as PipelineServer does, with UserError as `readPipelineSpec`. */
export async function settingsOf(
  server: PipelineServer,
  { kind, id }: { readonly kind: "run" | "recurring"; readonly id: string },
  namespace: string,
  signal: AbortSignal,
): Promise<RunSettings> {
  const path = `/${kind === "run" ? "runs" : "recurringruns"}/${assertName(id)}`;
  const run = await server.json(path, {}, namespace, signal);
  const reference = record(run["pipeline_version_reference"]);
  const [pipeline, version] = [text(reference["pipeline_id"]), text(reference["pipeline_version_id"])];
  const of = pipeline === undefined || version === undefined ? undefined : { pipeline, version };
  const spec = of === undefined ? run["pipeline_spec"] : (await versionSpec(server, of, namespace, signal)).spec;
  const config = record(run["runtime_config"]);
  const experiment = text(run["experiment_id"]);
  return {
    name: text(run["display_name"]) ?? id,
    source: of ?? { document: pipelineDocument(spec) },
    spec: readPipelineSpec(spec),
    parameters: record(config["parameters"]),
    experiment: experiment === undefined ? "" : await experimentName(server, experiment, namespace, signal),
    serviceAccount: text(run["service_account"]) ?? "",
    root: text(config["pipeline_root"]) ?? "",
  };
}

async function experimentName(
  server: PipelineServer,
  id: string,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  return text((await server.json(`/experiments/${assertName(id)}`, {}, namespace, signal))["display_name"]) ?? "";
}

async function bodyOf(server: PipelineServer, wish: RunWish, namespace: string, signal: AbortSignal): Promise<Json> {
  const { source } = wish;
  // A server for several people takes no run without one (pipelines: GetValidExperimentNamespacePair).
  const experiment = wish.experiment !== "" || namespace === "" ? wish.experiment : DEFAULT_EXPERIMENT;
  const of = experiment === "" ? undefined : await experimentNamed(server, experiment, namespace, signal);
  return {
    display_name: wish.name,
    ...(of === undefined ? {} : { experiment_id: of }),
    ...("document" in source
      ? { pipeline_spec: specOf(source.document) }
      : { pipeline_version_reference: { pipeline_id: source.pipeline, pipeline_version_id: source.version } }),
    runtime_config: { parameters: wish.parameters, ...(wish.root === "" ? {} : { pipeline_root: wish.root }) },
    ...(wish.serviceAccount === "" ? {} : { service_account: wish.serviceAccount }),
  };
}

/** As the server takes it: with what only Kubernetes knows, where there is such (pipelines ≥ 2.0: PipelineSpec as a Struct). */
function specOf({ pipeline, platform }: PipelineDocument): Json {
  return Object.keys(platform).length === 0 ? pipeline : { pipeline_spec: pipeline, platform_spec: platform };
}

/** Of that name; made where there is none. */
async function experimentNamed(
  server: PipelineServer,
  name: string,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const filter = { predicates: [{ operation: "EQUALS", key: "display_name", string_value: name }] };
  const query = { page_size: "10", filter: JSON.stringify(filter), ...inNamespace(namespace) };
  const answer = await server.json("/experiments", query, namespace, signal);
  const known = list(answer["experiments"]).find((json) => json["storage_state"] !== "ARCHIVED");
  if (known !== undefined) return idOf(known, "experiment_id");
  const body = { display_name: name, ...inNamespace(namespace) };
  const made = await server.post("/experiments", { body }, "The experiment was not made.", namespace, signal);
  return idOf(made, "experiment_id");
}

/** What is made, where, and what its list and its id are called there. */
interface Made {
  readonly path: string;
  readonly field: string;
  readonly id: string;
  /** What did not happen where it fails. */
  readonly what: string;
  /** `description` is a mark of its own. */
  readonly body: Json & { readonly description: string };
}

const RUNS = { path: "/runs", field: "runs", id: "run_id", what: NOT_STARTED };
const RECURRING = {
  ...{ path: "/recurringruns", field: "recurringRuns", id: "recurring_run_id" },
  what: "The recurring run was not made.",
};

/**
 * Resolves with the id of what was made. What is sent is heard to its answer, whatever the signal: a person who turns away
 * then would not know whether it is there.
 */
async function sendOnce(server: PipelineServer, made: Made, namespace: string, signal: AbortSignal): Promise<string> {
  await server.open(signal);
  if (signal.aborted) throw new CancelledError();
  try {
    const { signal: heard } = new AbortController();
    return idOf(await server.post(made.path, { body: made.body }, made.what, namespace, heard), made.id);
  } catch (error) {
    if (!mayHaveArrived(error)) throw error;
    return await found(server, made, namespace, error);
  }
}

async function found(
  server: PipelineServer,
  { path, field, id, body }: Made,
  namespace: string,
  cause: unknown,
): Promise<string> {
  const query = { page_size: String(MOST_LOOKED), sort_by: "created_at desc", ...inNamespace(namespace) };
  const { signal } = new AbortController();
  let why = "The connection ended before the server had answered, and nothing of it is there yet.";
  for (const pause of LOOK_AFTER_MS) {
    await server.clock.sleep(pause, signal);
    try {
      const answer = await server.json(path, query, namespace, signal);
      const made = list(answer[field]).find((json) => json["description"] === body.description);
      if (made !== undefined) return idOf(made, id);
    } catch (error) {
      why = `The connection ended before the server had answered, and it cannot be asked. ${errorText(error)}`;
    }
    // The server itself has said that it did not.
    if (cause instanceof UserError && cause.code === "server-error") throw cause;
  }
  const hint = "Look at the runs before you start it once more.";
  throw new UserError("unclear", "It is not known whether the run was started.", { why, hint, cause });
}

/** google.protobuf.Timestamp and the API's own words of them (pipelines: recurring_run.proto). */
function triggerOf(trigger: Trigger): Json {
  return trigger.kind === "cron"
    ? { cron_schedule: { cron: trigger.cron } }
    : { periodic_schedule: { interval_second: String(trigger.seconds) } };
}

function inNamespace(namespace: string): { readonly namespace?: string } {
  return namespace === "" ? {} : { namespace };
}

function idOf(json: Json, key: string): string {
  const id = text(json[key]);
  if (id !== undefined) return assertName(id);
  throw new UserError("server-error", "The pipelines' server was not understood.", { why: `It did not say ${key}.` });
}
