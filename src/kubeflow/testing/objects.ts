import type { ContainerState, JobEvent, JobPod, TrainingJob } from "../model.ts";

/** A running PyTorchJob of two nodes, created at 0; change what matters. */
export function job(change: Partial<TrainingJob> = {}): TrainingJob {
  return {
    kind: "PyTorchJob",
    uid: "u1",
    name: "bert",
    namespace: "team-a",
    created: 0,
    started: 1000,
    finished: undefined,
    deleting: false,
    suspended: false,
    queue: undefined,
    condition: "Running",
    reason: "PyTorchJobRunning",
    message: undefined,
    replicas: [
      { role: "Master", count: 1, gpus: 1, firstRank: 0 },
      { role: "Worker", count: 1, gpus: 1, firstRank: 1 },
    ],
    launchId: undefined,
    owner: undefined,
    script: undefined,
    ...change,
  };
}

export function container(change: Partial<ContainerState> = {}): ContainerState {
  return {
    name: "pytorch",
    init: false,
    restarts: 0,
    state: "running",
    reason: undefined,
    message: undefined,
    exitCode: undefined,
    ended: undefined,
    last: undefined,
    image: undefined,
    memoryLimit: undefined,
    ...change,
  };
}

/** A running pod of rank 0 (`master`) or, with `worker`, of rank index + 1. */
export function pod(change: Partial<JobPod> = {}): JobPod {
  const role = change.role ?? "master";
  const index = change.index ?? 0;
  return {
    uid: `pod-${role}-${index}`,
    name: `bert-${role}-${index}`,
    namespace: "team-a",
    kind: "PyTorchJob",
    job: "bert",
    owner: undefined,
    role,
    index,
    created: 500,
    deleting: false,
    phase: "Running",
    node: "gpu-1",
    unschedulable: undefined,
    needs: undefined,
    reason: undefined,
    message: undefined,
    disruption: undefined,
    containers: [container()],
    ...change,
  };
}

export function warning(message: string, change: Partial<JobEvent> = {}): JobEvent {
  return {
    uid: "e1",
    namespace: "team-a",
    aboutKind: "PyTorchJob",
    aboutName: "bert",
    aboutUid: "u1",
    type: "Warning",
    reason: "FailedCreatePod",
    message,
    time: 1,
    ...change,
  };
}
