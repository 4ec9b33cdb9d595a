// Katib's Experiment (katib v0.19.0: pkg/apis/controller/experiments/v1beta1).
import { joined } from "../../core/text.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { StoreDefinition } from "../../kube/store.ts";
import { type Json, list, record, text, time, whole } from "../read.ts";
import { trueConditions } from "./jobParts.ts";
import { EXPERIMENT } from "./resources.ts";
import { selector, type Workload, workload, type WorkloadState } from "./workload.ts";

export const EXPERIMENTS: StoreDefinition<Workload> = { kind: EXPERIMENT, project: projectExperiment };

const MAX_TRIALS = 1_000_000;
const MOST_SHOWN = 20;
/** The last that holds counts; one that has ended keeps those before. */
const STATES: readonly (readonly [condition: string, state: WorkloadState])[] = [
  ["Failed", "Failed"],
  ["Succeeded", "Succeeded"],
  ["Restarting", "Restarting"],
  ["Running", "Running"],
  ["Created", "Starting"],
];

export function projectExperiment(object: KubeObject): Workload {
  const { spec: asked, status: told } = record(object);
  const [spec, status] = [record(asked), record(told)];
  const conditions = trueConditions(status["conditions"]);
  const [condition, state] = STATES.find(([type]) => conditions.some((one) => one.type === type)) ?? ["", "Waiting"];
  const current = conditions.find(({ type }) => type === condition);
  const best = bestOf(spec, record(status["currentOptimalTrial"]));
  const hasEnded = state === "Failed" || state === "Succeeded";
  return workload(object, {
    state,
    detail: joined([trialsOf(spec, status), best.words]),
    said: state === "Failed" ? current?.message : undefined,
    hasStatus: conditions.length > 0,
    since: (hasEnded ? time(status["completionTime"]) : undefined) ?? current?.since,
    hasEnded,
    facts: best.facts,
    pods: selector("katib.kubeflow.org/experiment", object.metadata.name),
  });
}

/** `3 of 12 trials done · 2 running · 1 failed`. */
function trialsOf(spec: Json, status: Json): string {
  const count = (name: string): number => whole(status[name], MAX_TRIALS) ?? 0;
  const done = count("trialsSucceeded") + count("trialsEarlyStopped");
  const [running, pending] = [count("trialsRunning"), count("trialsPending")];
  const failed = count("trialsFailed") + count("trialsKilled") + count("trialMetricsUnavailable");
  const all = whole(spec["maxTrialCount"], MAX_TRIALS);
  return joined([
    all === undefined ? `${done} trials done` : `${done} of ${all} trials done`,
    running === 0 ? "" : `${running} running`,
    pending === 0 ? "" : `${pending} waiting`,
    failed === 0 ? "" : `${failed} failed`,
  ]);
}

/** `best accuracy 0.93`, with the trial and what it was given. */
function bestOf(spec: Json, optimal: Json): { readonly words: string; readonly facts: readonly string[] } {
  const objective = record(spec["objective"]);
  const metric = text(objective["objectiveMetricName"]);
  const measured = list(record(optimal["observation"])["metrics"]).find(({ name }) => name === metric);
  if (metric === undefined || measured === undefined) return { words: "", facts: [] };
  const own = list(objective["metricStrategies"]).find(({ name }) => name === metric)?.["value"];
  // What Katib itself takes by default (experiment_defaults.go).
  const strategy = own ?? (objective["type"] === "minimize" ? "min" : "max");
  const value = text(measured[typeof strategy === "string" ? strategy : ""]) ?? text(measured["latest"]) ?? "";
  const given = list(optimal["parameterAssignments"])
    .slice(0, MOST_SHOWN)
    .map(({ name, value: one }) => `${text(name) ?? ""}=${text(one) ?? ""}`);
  return {
    words: value === "" ? "" : `best ${metric} ${value}`,
    facts: [`Best trial: ${text(optimal["bestTrialName"]) ?? ""}`, ...(given.length === 0 ? [] : [given.join("  ")])],
  };
}
