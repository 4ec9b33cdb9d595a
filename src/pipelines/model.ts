import { duration } from "../core/text.ts";
import { type Json, list, number, record, text, time, whole } from "../kubeflow/read.ts";
import { triggerWords } from "./schedule.ts";

/** States of a run and of its tasks, each the word that is shown. */
export type RunState =
  "Waiting" | "Running" | "Succeeded" | "Skipped" | "Failed" | "Stopping" | "Stopped" | "Suspended" | "Unknown";

interface Named {
  /** The server's; may stand in a path. */
  readonly id: string;
  readonly name: string;
  /** Wall ms; 0 where it is not told. */
  readonly created: number;
}

/** A task of a run, without the drivers and wrappers around its code. Times are wall ms. */
export interface RunTask {
  readonly id: string;
  readonly name: string;
  readonly state: RunState;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  /** Names that its pods may have. */
  readonly pods: readonly string[];
}

export interface PipelineRun extends Named {
  readonly kind: "run";
  readonly state: RunState;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  readonly error: string | undefined;
  readonly tasks: readonly RunTask[];
}

export interface RecurringRun extends Named {
  readonly kind: "recurring";
  readonly enabled: boolean;
  /** `every 1 h`, `at 09:30, Monday through Friday`; empty where it has none. */
  readonly schedule: string;
}

/** A pipeline, or a version of one. */
export interface PipelineText extends Named {
  readonly kind: "pipeline" | "version";
  readonly description: string;
}

export type PipelineItem = PipelineRun | RecurringRun | PipelineText;

/** Kubeflow Pipelines v2beta1 RuntimeState. */
const STATES: Readonly<Record<string, RunState>> = {
  PENDING: "Waiting",
  RUNNING: "Running",
  SUCCEEDED: "Succeeded",
  SKIPPED: "Skipped",
  FAILED: "Failed",
  CANCELING: "Stopping",
  CANCELED: "Stopped",
  PAUSED: "Suspended",
};
const ACTIVE: ReadonlySet<RunState> = new Set(["Waiting", "Running", "Stopping"]);
/** What is kept of an answer: tasks of a run, characters of a text. */
const MOST_TASKS = 500;
const MOST_TEXT = 1_000;
/** What may stand in a path of the API as it is. */
const ID = /^[A-Za-z0-9][-\w.]{0,252}$/;

/** Whether its state may change by itself. */
export function isActive({ state }: { readonly state: RunState }): boolean {
  return ACTIVE.has(state);
}

/** Undefined where what the server sent has no usable id; the same goes for the other readers. */
export function readRun(json: Json): PipelineRun | undefined {
  const base = named(json, "run_id");
  const tasks = tasksOf(list(record(json["run_details"])["task_details"]));
  const state = stateOf(json["state"]);
  const own = new Set(tasks.map((task) => task.state));
  return (
    base && {
      kind: "run",
      ...base,
      // No more than one of its tasks does.
      state: state === "Running" && own.has("Waiting") && !own.has("Running") ? "Waiting" : state,
      started: past(json["scheduled_at"]),
      finished: past(json["finished_at"]),
      error: said(record(json["error"])["message"]),
      tasks,
    }
  );
}

export function readRecurringRun(json: Json): RecurringRun | undefined {
  const base = named(json, "recurring_run_id");
  const { cron_schedule: cron, periodic_schedule: periodic } = record(json["trigger"]);
  const fields = said(record(cron)["cron"]);
  const seconds = int64(record(periodic)["interval_second"]);
  const schedule =
    fields !== undefined ? cronWords(fields) : seconds === undefined ? "" : `every ${duration(seconds * 1000)}`;
  return base && { kind: "recurring", ...base, enabled: json["status"] === "ENABLED", schedule };
}

/** What the server has may be of another parser. */
function cronWords(cron: string): string {
  try {
    const words = triggerWords({ kind: "cron", cron });
    return words.charAt(0).toLowerCase() + words.slice(1);
  } catch {
    return `cron ${cron}`;
  }
}

export function readPipeline(json: Json): PipelineText | undefined {
  const base = named(json, "pipeline_id");
  return base && { kind: "pipeline", ...base, description: said(json["description"]) ?? "" };
}

export function readVersion(json: Json): PipelineText | undefined {
  const base = named(json, "pipeline_version_id");
  return base && { kind: "version", ...base, description: said(json["description"]) ?? "" };
}

/** protojson writes int64 as text. At most 2^40. */
export function int64(value: unknown): number | undefined {
  return whole(typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : number(value), 2 ** 40);
}

function named(json: Json, key: string): Named | undefined {
  const id = text(json[key]);
  if (id === undefined || !ID.test(id)) return undefined;
  return { id, name: said(json["display_name"]) ?? said(json["name"]) ?? id, created: past(json["created_at"]) ?? 0 };
}

function said(value: unknown): string | undefined {
  return text(value)?.slice(0, MOST_TEXT);
}

/** Unset times arrive as those of year 1 or 1970. */
function past(value: unknown): number | undefined {
  const ms = time(value);
  return ms !== undefined && ms > 0 ? ms : undefined;
}

/** What was made a moment ago has no state yet, and unset fields are left out. */
function stateOf(value: unknown, unset: RunState = "Waiting"): RunState {
  return value === undefined
    ? unset
    : (typeof value === "string" && Object.hasOwn(STATES, value) && STATES[value]) || "Unknown";
}

/**
 * The server has one entry for each of Argo's nodes. Around each task that a person wrote there is a driver and, with
 * its code, an `executor`; around all of them the Workflow and its `root` (pipelines 2.0.5 to 2.17.0).
 */
function tasksOf(details: readonly Json[]): readonly RunTask[] {
  const nodes = details.slice(0, MOST_TASKS * 4).map((json) => ({
    id: text(json["task_id"])?.slice(0, 253) ?? "",
    name: said(json["display_name"]) ?? "",
    // What comes after a failure is left out: it ends, and never has a state (Argo's Omitted).
    state: stateOf(json["state"], past(json["end_time"]) === undefined ? "Waiting" : "Skipped"),
    started: past(json["start_time"]),
    finished: past(json["end_time"]),
    nodes: [text(json["pod_name"]), ...list(json["child_tasks"]).map(({ pod_name }) => text(pod_name))].flatMap(
      (name) => name ?? [],
    ),
  }));
  const names = new Set(nodes.map(({ name }) => name));
  // A task runs for the server as soon as there is a pod of it, which may never begin; which of the executors is whose it
  // does not tell before 2.1.
  const codes = nodes.filter(({ name, finished }) => EXECUTOR.test(name) && finished === undefined);
  const hasBegun = codes.length === 0 || codes.some(({ state }) => state !== "Waiting");
  const workflow = nodes.flatMap((node) => node.nodes)[0]?.replace(/-\d+$/, "");
  const isOurs = (name: string): boolean =>
    ["", "root", workflow].includes(name) ||
    EXECUTOR.test(name) ||
    (name.endsWith("-driver") && names.has(name.replace(/-driver$/, "")));
  return nodes
    .filter(({ id, name }) => id !== "" && !isOurs(name))
    .slice(0, MOST_TASKS)
    .map(({ nodes: named, ...task }) => ({ ...task, pods: named.map(podOfNode) }))
    .map((task) => (task.state === "Running" && !hasBegun ? { ...task, state: "Waiting" as const } : task))
    .sort((a, b) => (a.started ?? Infinity) - (b.started ?? Infinity) || (a.name < b.name ? -1 : 1));
}

const EXECUTOR = /^executor(\(\d+\))?$/;

/** The executor's node is called `<workflow>-<hash>`, its pod `<workflow>-<template>-<hash>` (argo: names of pods, v2). */
function podOfNode(node: string): string {
  return node.includes("-system-") ? node : node.replace(/-(\d+)$/, "-system-container-impl-$1");
}
