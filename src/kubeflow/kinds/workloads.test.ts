import assert from "node:assert/strict";
import type { KubeObject } from "../../kube/objects.ts";
import { projectExperiment } from "./experiment.ts";
import { projectInferenceService } from "./inferenceService.ts";
import { projectRayJob } from "./rayJob.ts";
import type { Workload } from "./workload.ts";

function object(spec: object, status: object, metadata: object = {}): KubeObject {
  return { metadata: { name: "a", namespace: "team-a", uid: "u", ...metadata }, ...{ spec, status } };
}

const words = ({ state, detail, said }: Workload): string => [state, detail, said].filter(Boolean).join(" · ");
const holds = (type: string, more: object = {}): object => ({ type, status: "True", ...more });

describe("an experiment", () => {
  const spec = { maxTrialCount: 12, objective: { type: "minimize", objectiveMetricName: "loss" } };
  const read = (status: object, metadata?: object): Workload => projectExperiment(object(spec, status, metadata));

  it("says how many trials are done of how many, and the best so far by its own rule", () => {
    assert.equal(words(read({})), "Waiting · 0 of 12 trials done");
    assert.equal(read({}).hasStatus, false);
    assert.equal(words(read({ conditions: [holds("Created")] })), "Starting · 0 of 12 trials done");
    const running = {
      conditions: [holds("Created"), holds("Running")],
      ...{ trialsSucceeded: 3, trialsEarlyStopped: 1, trialsRunning: 2, trialsFailed: 1, trialsPending: 1 },
      currentOptimalTrial: {
        bestTrialName: "a-x7",
        parameterAssignments: [{ name: "lr", value: "0.01" }],
        observation: { metrics: [{ name: "loss", min: "0.31", max: "2.3", latest: "0.4" }] },
      },
    };
    assert.equal(
      words(read(running)),
      "Running · 4 of 12 trials done · 2 running · 1 waiting · 1 failed · best loss 0.31",
    );
    assert.deepEqual(read(running).facts, ["Best trial: a-x7", "lr=0.01"]);
    assert.deepEqual(read(running).pods, ["katib.kubeflow.org/experiment=a"]);
  });

  it("has ended when Katib says so, and says why it failed", () => {
    const conditions = [
      holds("Created"),
      holds("Running", { status: "False" }),
      holds("Failed", { message: "too many" }),
    ];
    const failed = read({ conditions, completionTime: "2026-11-22T10:00:00Z", trialsFailed: 3 });
    assert.equal(words(failed), "Failed · 0 of 12 trials done · 3 failed · too many");
    assert.deepEqual([failed.hasEnded, failed.since], [true, Date.parse("2026-11-22T10:00:00Z")]);
    assert.equal(read({ conditions: [holds("Succeeded")] }).state, "Succeeded");
    assert.equal(
      words(read({ conditions }, { deletionTimestamp: "2026-11-22T10:00:00Z" })),
      "Stopping · being deleted",
    );
  });
});

describe("a model server", () => {
  const spec = { predictor: { model: { modelFormat: { name: "sklearn" }, storageUri: "s3://m/iris" } } };
  const read = (status: object): Workload => projectInferenceService(object(spec, status));

  it("is ready at its address, or says what it waits for", () => {
    assert.equal(words(read({})), "Waiting");
    const no = { type: "PredictorReady", status: "False", reason: "PodsPending", message: "1 pod waits" };
    const ready = { type: "Ready", status: "False", reason: "PredictorNotReady" };
    assert.equal(words(read({ conditions: [no, ready] })), "Starting · PodsPending · 1 pod waits");
    const url = "http://a.team-a.example.com";
    const live = read({ url, conditions: [holds("PredictorReady"), holds("Ready")] });
    assert.equal(words(live), `Ready · ${url}`);
    assert.deepEqual(live.facts, ["Model: sklearn from s3://m/iris", `URL: ${url}`]);
    assert.equal(read({ conditions: [holds("Stopped"), ready] }).state, "Stopped");
  });

  it("has failed where its model does not load, or its revision cannot come about", () => {
    const lastFailureInfo = { reason: "ModelLoadFailed", message: "no such bucket" };
    const blocked = { modelStatus: { transitionStatus: "BlockedByFailedLoad", lastFailureInfo } };
    assert.equal(words(read(blocked)), "Failed · ModelLoadFailed · no such bucket");
    const gone = { type: "PredictorReady", status: "False", reason: "ProgressDeadlineExceeded", message: "late" };
    assert.equal(
      words(read({ conditions: [gone, { type: "Ready", status: "False" }] })),
      "Failed · ProgressDeadlineExceeded · late",
    );
    const llm = { predictor: { model: { modelFormat: { name: "huggingface" }, args: ["--model_id=o/m"] } } };
    assert.deepEqual(projectInferenceService(object(llm, {})).facts, ["Model: huggingface from o/m"]);
  });
});

describe("a Ray job", () => {
  const resources = { limits: { "nvidia.com/gpu": "2" } };
  const group = { replicas: 2, template: { spec: { containers: [{ resources }] } } };
  const spec = { entrypoint: "python x.py", rayClusterSpec: { workerGroupSpecs: [group] } };
  const read = (status: object): Workload => projectRayJob(object(spec, status));

  it("says how it stands with its cluster, then with what runs in it", () => {
    assert.equal(words(read({})), "Waiting · 2 workers · 4 GPUs");
    const states: readonly (readonly [object, string])[] = [
      [{ jobDeploymentStatus: "Initializing" }, "Starting"],
      [{ jobDeploymentStatus: "Running" }, "Starting"],
      [{ jobDeploymentStatus: "Running", jobStatus: "RUNNING" }, "Running"],
      [{ jobDeploymentStatus: "Complete", jobStatus: "SUCCEEDED" }, "Succeeded"],
      [{ jobDeploymentStatus: "Complete", jobStatus: "STOPPED" }, "Stopped"],
      [{ jobDeploymentStatus: "Complete", jobStatus: "FAILED" }, "Failed"],
      [{ jobDeploymentStatus: "Suspended" }, "Suspended"],
      [{ jobDeploymentStatus: "Retrying" }, "Restarting"],
      [{ jobDeploymentStatus: "constructor", jobStatus: "toString" }, "Starting"],
    ];
    for (const [status, state] of states) assert.equal(read(status).state, state);
    const failed = {
      jobDeploymentStatus: "Failed",
      reason: "AppFailed",
      message: "exit code 1",
      rayClusterName: "a-raycluster",
    };
    assert.equal(words(read(failed)), "Failed · AppFailed · exit code 1");
    assert.deepEqual(read(failed).pods, ["job-name=a", "ray.io/cluster=a-raycluster"]);
  });

  it("is read whatever it says", () => {
    for (const odd of [null, 1, "x", [], { conditions: 1, jobStatus: {}, modelStatus: [], currentOptimalTrial: "x" }])
      for (const project of [projectExperiment, projectInferenceService, projectRayJob])
        assert.equal(project({ metadata: { name: "a b,c" }, ...{ spec: odd, status: odd } }).state, "Waiting");
  });
});
