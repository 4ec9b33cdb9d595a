// Argo's Workflow of a run: its nodes, and which task of the specification each of them is of.
import { gunzipSync } from "node:zlib";
import { label } from "../../core/sanitize.ts";
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { type Json, list, record, text, time } from "../../kubeflow/read.ts";
import type { PipelineTask } from "../spec/model.ts";

export const WORKFLOW: ResourceKind = {
  group: "argoproj.io",
  version: "v1alpha1",
  plural: "workflows",
  kind: "Workflow",
  namespaced: true,
};

/** What is kept of a node. */
export interface WorkflowNode {
  readonly name: string;
  /** `Pod`, `DAG`, `TaskGroup`, `Retry`, `Skipped`. */
  readonly type: string;
  /** `Pending`, `Running`, `Succeeded`, `Skipped`, `Failed`, `Error`, `Omitted`. */
  readonly phase: string;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  readonly message: string;
  /** Of its pod, where it has one. */
  readonly pod: string | undefined;
  /** Of a driver: `cached-decision`, `condition`, `iteration-count`. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface RunWorkflow {
  readonly name: string;
  readonly created: number;
  readonly phase: string;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  /** Somebody has ended it (pipelines: resource_manager.go, TerminateRun). */
  readonly isStopped: boolean;
  /** Undefined where Argo keeps them elsewhere (status.offloadNodeStatusVersion), or packed so that it cannot be read. */
  readonly nodes: readonly WorkflowNode[] | undefined;
}

/** `v1` where pods have their node's id as their name, as Argo before 3.4 has it by default (argo: workflow/util/pod_name.go). */
const POD_NAMES = "workflows.argoproj.io/pod-name-format";

/** What is read of a Workflow, which a cluster may have filled with anything. */
const MOST_NODES = 20_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_NAME = 4_000;
const DRIVER_OUTPUTS = new Set(["cached-decision", "condition", "iteration-count"]);

export function readWorkflow(object: KubeObject): RunWorkflow {
  const { metadata } = object;
  const { spec: given, status: told } = record(object);
  const [spec, status] = [record(given), record(told)];
  return {
    name: metadata.name,
    created: time(metadata.creationTimestamp) ?? 0,
    phase: text(status["phase"]) ?? "Pending",
    started: time(status["startedAt"]),
    finished: time(status["finishedAt"]),
    isStopped: spec["activeDeadlineSeconds"] === 0 || text(spec["shutdown"]) !== undefined,
    nodes: nodesOf(status)?.map((node) => nodeOf(node, metadata.name, metadata.annotations?.[POD_NAMES] === "v1")),
  };
}

function nodesOf(status: Json): readonly Json[] | undefined {
  const packed = text(status["compressedNodes"]);
  const nodes = packed === undefined ? status["nodes"] : unpacked(packed);
  const isElsewhere = packed !== undefined || text(status["offloadNodeStatusVersion"]) !== undefined;
  if (nodes === undefined) return isElsewhere ? undefined : [];
  return list(Object.values(record(nodes)).slice(0, MOST_NODES));
}

/** Large ones are kept as base64 of gzip (argo: workflow/packer). Undefined where it cannot be read: the server is asked. */
function unpacked(packed: string): unknown {
  try {
    const bytes = gunzipSync(Buffer.from(packed, "base64"), { maxOutputLength: MOST_BYTES });
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function nodeOf(node: Json, workflow: string, isNamedById: boolean): WorkflowNode {
  const [type, id] = [text(node["type"]) ?? "", text(node["id"]) ?? ""];
  const pod = isNamedById ? id : podOf(id, text(node["templateName"]), workflow);
  const outputs = list(record(node["outputs"])["parameters"]).flatMap((output) => {
    const [name, value] = [text(output["name"]) ?? "", text(output["value"])];
    return DRIVER_OUTPUTS.has(name) && value !== undefined ? [[name, value.slice(0, 100)] as const] : [];
  });
  return {
    name: text(node["name"]) ?? "",
    type,
    phase: text(node["phase"]) ?? "Pending",
    started: time(node["startedAt"]),
    finished: time(node["finishedAt"]),
    message: label(text(node["message"]) ?? ""),
    pod: type === "Pod" && pod !== "" ? pod : undefined,
    outputs: Object.fromEntries(outputs),
  };
}

/** `<workflow>-<template>-<hash>`, the node's id without the template (v2). */
function podOf(id: string, template: string | undefined, workflow: string): string | undefined {
  const hash = id.startsWith(`${workflow}-`) ? id.slice(workflow.length + 1) : "";
  return hash === "" || template === undefined ? undefined : `${workflow}-${template}-${hash}`;
}

/** Where a node belongs. */
export interface NodePlace {
  /** Path of a task of the specification. */
  readonly path: string;
  /** Rounds of the loops around it, outermost first. */
  readonly rounds: readonly number[];
  /** `task`: the task as a whole; `rounds`: all rounds of a loop; `round`: one of them. */
  readonly role: "task" | "driver" | "executor" | "rounds" | "round";
}

/**
 * Reads a node's name, in which Argo joins the names of what is around it by dots. Besides the tasks' own keys there are
 * those that the compiler adds (pipelines: backend/src/v2/compiler/argocompiler/dag.go): `train-driver` before a task,
 * `executor` in it, which has attempts `(1)`; around a loop's rounds `loop-iterations(0:0).iteration` in 2.0.5 to 2.4,
 * `loop.iteration-iterations(0:0).iteration-item` since; `.onExit` before what an exit handler ends with (since 2.3).
 * Undefined for what is of no task.
 */
export function placeOf(
  name: string,
  workflow: string,
  tasks: ReadonlyMap<string, PipelineTask>,
): NodePlace | undefined {
  const root = `${workflow}.root.`;
  if (!name.startsWith(root) || name.length > MOST_NAME) return undefined;
  let path = "";
  let role: NodePlace["role"] | undefined;
  const rounds: number[] = [];
  for (const segment of name.slice(root.length).split(".")) {
    const [key, round] = roundOf(segment);
    const inside = (own: string): string => (path === "" ? own : `${path}/${own}`);
    const added = /^(.+)-(driver|iterations)$/.exec(key);
    if (tasks.has(inside(key))) {
      path = inside(key);
      role = "task";
    } else if (key === "executor") role = "executor";
    else if (key === "onExit") {
      path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      role = undefined;
    } else if (key === "iteration" || key === "iteration-item") role = "round";
    else if (added !== null) {
      const [, of = "", what] = added;
      if (of !== "iteration" && of !== "iteration-item") path = inside(of);
      if (what === "iterations" && round !== undefined) rounds.push(Number(round));
      role = what === "driver" ? "driver" : round === undefined ? "rounds" : "round";
    } else return undefined;
  }
  return role === undefined || !tasks.has(path) ? undefined : { path, rounds, role };
}

/** `loop(0:0)` is round 0 of `loop`. */
function roundOf(segment: string): readonly [key: string, round: string | undefined] {
  const open = segment.indexOf("(");
  const round = open < 0 ? undefined : /^\((\d+)(?::[^)]*)?\)$/.exec(segment.slice(open))?.[1];
  return round === undefined ? [segment, undefined] : [segment.slice(0, open), round];
}
