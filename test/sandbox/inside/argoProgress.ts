// How far a Workflow has come, for the stand-in for Argo: its nodes, named and nested as Argo does it.
import * as v from "valibot";
import type { KubeObject } from "../api.ts";
import { Mirrored } from "./mirror.ts";

const Texts = v.optional(v.record(v.string(), v.string()), {});
const Argument = v.looseObject({ name: v.string(), value: v.optional(v.string(), "") });
const Task = v.looseObject({
  name: v.string(),
  template: v.string(),
  depends: v.optional(v.string(), ""),
  arguments: v.optional(v.looseObject({ parameters: v.optional(v.array(Argument), []) }), {}),
});
type Task = v.InferOutput<typeof Task>;
const Node = v.looseObject({ phase: v.string(), startedAt: v.string(), finishedAt: v.nullish(v.string()) });
type Node = v.InferOutput<typeof Node>;
export const Workflow = v.looseObject({
  ...Mirrored.entries,
  spec: v.looseObject({
    entrypoint: v.string(),
    serviceAccountName: v.optional(v.string()),
    activeDeadlineSeconds: v.optional(v.number()),
    podMetadata: v.optional(v.looseObject({ labels: Texts, annotations: Texts }), {}),
    templates: v.array(v.looseObject({ name: v.string(), dag: v.optional(v.looseObject({ tasks: v.array(Task) })) })),
  }),
  status: v.optional(v.looseObject({ nodes: v.optional(v.record(v.string(), Node), {}) }), {}),
});
export type Workflow = v.InferOutput<typeof Workflow>;

/** Phase of a node and, where there is something to say, why. */
export interface Outcome {
  readonly phase: string;
  readonly message?: string;
}
export interface Code {
  readonly id: string;
  readonly name: string;
  readonly pod: string;
  /** Image, command and arguments. */
  readonly container: object;
}
/** What `{{$.inputs.parameters['x']}}` stands for, by name. */
type Inputs = Readonly<Record<string, unknown>>;

export const hasEnded = (phase: string): boolean => ["Succeeded", "Failed", "Error", "Omitted"].includes(phase);

export class Progress {
  /** By id, as in `status.nodes`. */
  readonly nodes: Record<string, Node> = {};
  readonly #workflow: Workflow;
  readonly #runCode: (code: Code) => Promise<Outcome>;
  readonly #now = new Date().toISOString().replace(/\.\d+/, "");

  /** @param runCode starts what does not run yet, and says how far it is */
  constructor(workflow: Workflow, runCode: (code: Code) => Promise<Outcome>) {
    this.#workflow = workflow;
    this.#runCode = runCode;
  }

  /** @returns the phase of the whole */
  make(): Promise<string> {
    const { metadata, spec } = this.#workflow;
    return this.#run(metadata.name, spec.entrypoint, { displayName: metadata.name }, undefined, {});
  }

  /** @param driver the task that prepares it @param above inputs of the DAG that it is in */
  async #run(name: string, template: string, more: object, driver: Task | undefined, above: Inputs): Promise<string> {
    const own = { ...more, templateName: template, templateScope: `local/${this.#workflow.metadata.name}` };
    const dag = this.#workflow.spec.templates.find((one) => one.name === template)?.dag;
    if (dag !== undefined) return this.#dag(name, dag.tasks, own, driver, inputsOf(driver, above));
    const pod = `${this.#workflow.metadata.name}-${template}-${hash(name)}`;
    const code = { id: this.#id(name), name, pod };
    const outcome =
      driver !== undefined && template.startsWith("system-container-impl")
        ? await this.#runCode({ ...code, container: this.#container(driver, above) })
        : { phase: "Succeeded" };
    return this.#set(name, outcome, { ...own, type: "Pod" });
  }

  async #dag(name: string, tasks: readonly Task[], more: object, driver: Task | undefined, inputs: Inputs) {
    const phases = new Map<string, string>();
    // As often as there are tasks, so that each comes after those that it waits for.
    for (const { task } of tasks.flatMap(() => tasks.map((task) => ({ task })))) {
      const turn = turnOf(task, phases);
      if (turn === "wait" || phases.has(task.name)) continue;
      const [path, own] = [`${name}.${task.name}`, { displayName: task.name, boundaryID: this.#id(name) }];
      const beside = tasks.find((other) => other.name === `${task.name}-driver`) ?? driver;
      const phase =
        turn === "now"
          ? await this.#run(path, task.template, own, beside, inputs)
          : this.#set(path, { phase: "Omitted" }, { ...own, templateName: task.template, type: "Skipped" });
      phases.set(task.name, phase);
    }
    const idOf = (task: string): string => this.#id(`${name}.${task}`);
    const failed = [...phases].find(([, phase]) => phase === "Failed" || phase === "Error")?.[0];
    const children = tasks.filter(({ depends }) => depends === "").map((task) => idOf(task.name));
    const dag = { ...more, type: "DAG", children };
    if (phases.size < tasks.length || ![...phases.values()].every(hasEnded))
      return this.#set(name, { phase: "Running" }, dag);
    if (failed === undefined) return this.#set(name, { phase: "Succeeded" }, dag);
    return this.#set(name, { phase: "Failed", message: `child '${idOf(failed)}' failed` }, dag);
  }

  #set(name: string, outcome: Outcome, more: object): string {
    const id = this.#id(name);
    const old = this.#workflow.status.nodes[id];
    const finishedAt = hasEnded(outcome.phase) ? (old?.finishedAt ?? this.#now) : null;
    this.nodes[id] = { id, name, ...more, startedAt: old?.startedAt ?? this.#now, finishedAt, ...outcome };
    return outcome.phase;
  }

  #id(name: string): string {
    const own = this.#workflow.metadata.name;
    return name === own ? name : `${own}-${hash(name)}`;
  }

  /** The compiler keeps it in an annotation, which the driver's argument names. */
  #container(driver: Task, inputs: Inputs): object {
    const place = argument(driver, "container").replace(/^\{\{workflow\.annotations\.|\}\}$/g, "");
    const fill = (text: string): string =>
      text.replace(/\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}/g, (placeholder, name: string) => {
        const found = inputs[name] ?? placeholder;
        return typeof found === "string" ? found : JSON.stringify(found);
      });
    const kept = this.#workflow.metadata.annotations[place] ?? "{}";
    const filled: unknown = JSON.parse(kept, (_, part: unknown) => (typeof part === "string" ? fill(part) : part));
    return v.parse(v.looseObject({}), filled);
  }
}

/** FNV-1a, 32 bits: Argo's hash of a node's name. */
function hash(name: string): number {
  let sum = 0x811c9dc5;
  for (const byte of Buffer.from(name)) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  return sum;
}

function argument(task: Task | undefined, name: string): string {
  return task?.arguments.parameters.find((one) => one.name === name)?.value ?? "";
}

const RunConfig = v.looseObject({ parameterValues: v.optional(v.record(v.string(), v.unknown()), {}) });
const Source = v.looseObject({
  componentInputParameter: v.optional(v.string(), ""),
  runtimeValue: v.optional(v.looseObject({ constant: v.unknown() })),
});
const TaskInputs = v.optional(v.looseObject({ parameters: v.optional(v.record(v.string(), Source), {}) }), {});
const TaskSpec = v.looseObject({ inputs: TaskInputs });

function inputsOf(driver: Task | undefined, above: Inputs): Inputs {
  const config: unknown = JSON.parse(argument(driver, "runtime-config") || "{}");
  const spec: unknown = JSON.parse(argument(driver, "task") || "{}");
  const own = Object.entries(v.parse(TaskSpec, spec).inputs.parameters).map(
    ([name, from]) => [name, from.runtimeValue?.constant ?? above[from.componentInputParameter]] as const,
  );
  return { ...v.parse(RunConfig, config).parameterValues, ...Object.fromEntries(own) };
}

/** Reads `a.Succeeded && (b.Succeeded || b.Failed)`: of each task that is named, the phases after which this one comes. */
function turnOf({ depends }: Task, phases: ReadonlyMap<string, string>): "now" | "wait" | "never" {
  const fit = new Set([...depends.matchAll(/[\w-]+\.\w+/g)].map(([text]) => text.replace(".Errored", ".Error")));
  const names = new Set([...fit].map((text) => text.slice(0, text.lastIndexOf("."))));
  const open = [...names].filter((name) => !fit.has(`${name}.${phases.get(name) ?? ""}`));
  if (open.length === 0) return "now";
  return open.some((name) => hasEnded(phases.get(name) ?? "")) ? "never" : "wait";
}

/** The pod of a task, as Argo labels it. */
export function podOf(workflow: Workflow, { id, name: node, pod, container }: Code): KubeObject {
  const { name, namespace, uid } = workflow.metadata;
  const { podMetadata, serviceAccountName = "default" } = workflow.spec;
  const own = { "workflows.argoproj.io/node-id": id, "workflows.argoproj.io/node-name": node };
  const owner = { apiVersion: "argoproj.io/v1alpha1", kind: "Workflow", name, uid, controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod,
      namespace,
      labels: { ...podMetadata.labels, "workflows.argoproj.io/workflow": name },
      annotations: { ...podMetadata.annotations, ...own, "kubectl.kubernetes.io/default-container": "main" },
      ownerReferences: [owner],
    },
    spec: {
      restartPolicy: "Never",
      serviceAccountName,
      // Argo ends a task's program itself; the kubelet would wait half a minute for one that does not listen.
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", ...container }],
    },
  };
}
