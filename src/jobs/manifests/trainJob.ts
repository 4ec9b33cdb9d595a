import { NODE_CONTAINER } from "../../kubeflow/kinds/trainJob.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { LaunchSpec, RuntimeUse } from "../spec.ts";
import type { TrainJob } from "../types.ts";
import {
  environment,
  literal,
  metadata,
  podLabels,
  podNeeds,
  resources,
  rootLabels,
  runner,
  scriptName,
  starter,
  volumeMounts,
  volumes,
} from "./parts.ts";

/** Whose entry of `runtimePatches` it is (trainer v2.3.0: pkg/apis/trainer/v1alpha1, RuntimePatch). */
const MANAGER = "trainyard/launch";

/**
 * The job, suspended. `version` is the extension's. Pure. `spec.trainer` is always written: without it Trainer 2.2.0 and
 * 2.3.0 set none of torchrun's variables.
 */
export function buildTrainJob(spec: LaunchSpec, runtime: RuntimeUse, snapshot: Snapshot, version: string): TrainJob {
  const amounts = resources(spec);
  const env = environment(spec);
  const { timeLimit, dataset, model } = spec.needs ?? {};
  const common = metadata(spec, snapshot, version);
  return {
    apiVersion: "trainer.kubeflow.org/v1alpha1",
    kind: "TrainJob",
    metadata: { name: spec.name, ...common, labels: { ...common.labels, ...rootLabels(spec) } },
    spec: {
      suspend: true,
      runtimeRef: { apiGroup: "trainer.kubeflow.org", kind: runtime.kind, name: runtime.name },
      trainer: {
        ...(spec.image !== "" && { image: spec.image }),
        command: command(spec, runtime, snapshot).map(literal),
        ...(spec.args.length > 0 && { args: spec.args.map(literal) }),
        ...(env.length > 0 && { env }),
        numNodes: spec.nodes,
        // Only these know processes of a node (pkg/runtime/framework/plugins).
        ...((runtime.policy === "torch" || runtime.policy === "mpi") && { numProcPerNode: spec.processesPerNode }),
        ...(amounts !== undefined && { resourcesPerNode: amounts }),
      },
      ...((dataset !== undefined || model !== undefined) && {
        initializer: {
          ...(dataset !== undefined && { dataset: { storageUri: dataset } }),
          ...(model !== undefined && { model: { storageUri: model } }),
        },
      }),
      ...(timeLimit !== undefined && { activeDeadlineSeconds: timeLimit }),
      ...patches(spec, runtime, snapshot),
    },
  };
}

function command(spec: LaunchSpec, { policy }: RuntimeUse, snapshot: Snapshot): readonly string[] {
  const script = scriptName(snapshot);
  const start = starter(spec, snapshot);
  if (policy === "torch") return [...start, ...runner(spec), script];
  // Each process of the launcher's begins in its node's own folder, and with none of its variables.
  if (policy === "mpi") {
    const forwarded = environment(spec).flatMap(({ name }) => ["-x", name]);
    return ["mpirun", "--hostfile", "/etc/mpi/hostfile", ...forwarded, ...start, "python3", "-u", script];
  }
  return [...start, "python3", "-u", script];
}

/** What the trainer's fields do not carry: volumes, and labels of pods. */
function patches(spec: LaunchSpec, runtime: RuntimeUse, snapshot: Snapshot): Partial<TrainJob["spec"]> {
  const pod = {
    ...podNeeds(spec),
    volumes: volumes(spec, snapshot),
    containers: [{ name: NODE_CONTAINER, volumeMounts: volumeMounts(spec, snapshot) }],
  };
  return patchPods(runtime, { labels: podLabels(spec) }, pod);
}

/** Changes of the pods of a runtime in which a person's code runs. Called otherwise before Trainer 2.2. */
export function patchPods(runtime: RuntimeUse, metadata: object, pod: object): Partial<TrainJob["spec"]> {
  if (runtime.patches === "podTemplateOverrides") {
    const targetJobs = runtime.targets.map((name) => ({ name }));
    return { podTemplateOverrides: [{ targetJobs, metadata, spec: pod }] };
  }
  const template = { metadata, spec: pod };
  const replicatedJobs = runtime.targets.map((name) => ({ name, template: { spec: { template } } }));
  return {
    runtimePatches: [{ manager: MANAGER, trainingRuntimeSpec: { template: { spec: { replicatedJobs } } } }],
  };
}
