import { PYTORCH_CONTAINER } from "../../kubeflow/kinds/pytorchJob.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { LaunchSpec } from "../spec.ts";
import type { Container, PyTorchJob, ReplicaSpec } from "../types.ts";
import {
  environment,
  isStarted,
  literal,
  metadata,
  modulePaths,
  podLabels,
  podNeeds,
  resources,
  rootLabels,
  runner,
  scriptFolder,
  scriptName,
  starter,
  volumeMounts,
  volumes,
} from "./parts.ts";

/**
 * The job, suspended. `version` is the extension's. Pure.
 *
 * `restartPolicy: Never`: a script that raises ends Failed, with its traceback once. The operator's default,
 * OnFailure, would run it again and again and bury that traceback; it is for those who ask for retries.
 * No `backoffLimit` else: with Never there is nothing to limit, and operators up to v1.9.3 that reach one delete every
 * pod with its log, whatever cleanPodPolicy says (kubeflow/trainer#3419); v1.9.4 reports the limit in place of the replica.
 * `cleanPodPolicy: None`: the pods stay, and with them the logs, until the job is deleted.
 */
export function buildPyTorchJob(spec: LaunchSpec, snapshot: Snapshot, version: string): PyTorchJob {
  const { timeLimit, retries, keepFor } = spec.needs ?? {};
  const common = metadata(spec, snapshot, version);
  const replica = (replicas: number): ReplicaSpec => ({
    // Must be written, and be 1 for the Master: the webhook refuses nil before any default applies.
    replicas,
    restartPolicy: retries === undefined ? "Never" : "OnFailure",
    template: {
      metadata: { labels: podLabels(spec) },
      spec: { ...podNeeds(spec), containers: [container(spec, snapshot)], volumes: volumes(spec, snapshot) },
    },
  });
  return {
    apiVersion: "kubeflow.org/v1",
    kind: "PyTorchJob",
    metadata: { name: spec.name, ...common, labels: { ...common.labels, ...rootLabels(spec) } },
    spec: {
      // A string in this API. The operator hands it to torchrun as PET_NPROC_PER_NODE.
      nprocPerNode: String(spec.processesPerNode),
      runPolicy: {
        suspend: true,
        cleanPodPolicy: "None",
        ...(timeLimit !== undefined && { activeDeadlineSeconds: timeLimit }),
        ...(retries !== undefined && { backoffLimit: retries }),
        ...(keepFor !== undefined && { ttlSecondsAfterFinished: keepFor }),
      },
      pytorchReplicaSpecs: { Master: replica(1), ...(spec.nodes > 1 && { Worker: replica(spec.nodes - 1) }) },
    },
  };
}

function container(spec: LaunchSpec, snapshot: Snapshot): Container {
  const amounts = resources(spec);
  const isOurs = isStarted(spec, snapshot);
  const paths = isOurs ? [] : modulePaths(spec, snapshot);
  const env = [...environment(spec), ...(paths.length > 0 ? [{ name: "PYTHONPATH", value: paths.join(":") }] : [])];
  return {
    // The operator's webhook refuses a job without a container of this name (training-operator v1.9.4: pkg/webhooks/pytorch).
    name: PYTORCH_CONTAINER,
    image: spec.image,
    command: [...starter(spec, snapshot), ...runner(spec), scriptName(snapshot)].map(literal),
    ...(spec.args.length > 0 && { args: spec.args.map(literal) }),
    // A folder that is not there yet would be made by the runtime, as another user.
    ...(!isOurs && { workingDir: scriptFolder(snapshot) }),
    ...(env.length > 0 && { env }),
    ...(amounts !== undefined && { resources: amounts }),
    volumeMounts: volumeMounts(spec, snapshot),
  };
}
