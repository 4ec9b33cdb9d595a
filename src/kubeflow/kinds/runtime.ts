// Runtimes of Kubeflow Trainer: templates that a TrainJob is made after (trainer v2.3.0: pkg/apis/trainer/v1alpha1).
import type { KubeObject, ResourceKind } from "../../kube/objects.ts";
import { TRAINJOB_STEP_LABEL } from "../labels.ts";
import { type Json, list, number, record, text } from "../read.ts";
import { NODE_CONTAINER, TRAIN_JOB } from "./trainJob.ts";

export type RuntimeKind = "ClusterTrainingRuntime" | "TrainingRuntime";

export const RUNTIME_KINDS: Readonly<Record<RuntimeKind, ResourceKind>> = {
  ClusterTrainingRuntime: {
    ...TRAIN_JOB,
    plural: "clustertrainingruntimes",
    kind: "ClusterTrainingRuntime",
    namespaced: false,
  },
  TrainingRuntime: { ...TRAIN_JOB, plural: "trainingruntimes", kind: "TrainingRuntime" },
};

const FRAMEWORK_LABEL = "trainer.kubeflow.org/framework";
const SUPPORT_LABEL = "trainer.kubeflow.org/support";
const MAX_PARTS = 20;

export interface Runtime {
  readonly kind: RuntimeKind;
  readonly name: string;
  /** As its label says: torch, deepspeed, mlx, jax, xgboost, torchtune. */
  readonly framework: string | undefined;
  readonly isDeprecated: boolean;
  /** Which of Trainer's plugins sets it up; `plain` where none that we know. */
  readonly policy: "torch" | "mpi" | "plain";
  readonly nodes: number | undefined;
  /** Image of what trains. */
  readonly image: string | undefined;
  /** Replicated jobs in which a person's code runs. */
  readonly targets: readonly string[];
  /** Steps that fetch a dataset or a model before. */
  readonly initializers: readonly ("dataset-initializer" | "model-initializer")[];
  /** It brings a command of its own, and trains without a script. */
  readonly hasCommand: boolean;
}

export function projectRuntime(kind: RuntimeKind, object: KubeObject): Runtime {
  const { labels } = object.metadata;
  const spec = record(record(object)["spec"]);
  const policy = record(spec["mlPolicy"]);
  const parts = partsOf(spec);
  const nodes = parts.filter((part) => nodeOf(part) !== undefined);
  const { container } = runtimePod(object);
  return {
    kind,
    name: object.metadata.name,
    framework: text(labels?.[FRAMEWORK_LABEL]),
    isDeprecated: labels?.[SUPPORT_LABEL] === "deprecated",
    policy: "torch" in policy ? "torch" : "mpi" in policy ? "mpi" : "plain",
    nodes: number(policy["numNodes"]),
    image: text(container["image"]),
    targets: nodes.flatMap((part) => text(part["name"]) ?? []),
    initializers: (["dataset-initializer", "model-initializer"] as const).filter((step) =>
      parts.some((part) => stepOf(part) === step),
    ),
    hasCommand: Array.isArray(container["command"]),
  };
}

/** The pods that train as the runtime has them, and their container that a person's code runs in; empty where it has none. */
export function runtimePod(object: KubeObject): { readonly pod: Json; readonly container: Json } {
  const nodes = partsOf(record(record(object)["spec"])).filter((part) => nodeOf(part) !== undefined);
  const trains = nodes.find((part) => stepOf(part) === "trainer") ?? nodes[0] ?? {};
  return { pod: podOf(trains), container: nodeOf(trains) ?? {} };
}

/** True where a pod beside the nodes starts what they run (trainer v2.3.0: pkg/runtime/framework/plugins/mpi). */
export function hasOwnLauncher(object: KubeObject): boolean {
  const { mpi } = record(record(record(object)["spec"])["mlPolicy"]);
  return mpi !== undefined && record(mpi)["runLauncherAsNode"] !== true;
}

function partsOf(spec: Json): readonly Json[] {
  return list(record(record(spec["template"])["spec"])["replicatedJobs"]).slice(0, MAX_PARTS);
}

function stepOf(part: Json): unknown {
  return record(record(record(part["template"])["metadata"])["labels"])[TRAINJOB_STEP_LABEL];
}

/** The container that a person's code runs in. */
function nodeOf(part: Json): Json | undefined {
  return list(podOf(part)["containers"]).find(({ name }) => name === NODE_CONTAINER);
}

function podOf(part: Json): Json {
  return record(record(record(record(part["template"])["spec"])["template"])["spec"]);
}
