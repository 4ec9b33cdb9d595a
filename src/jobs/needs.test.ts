import assert from "node:assert/strict";
import { type Needs, needsProblems, type NeedsProblem } from "./needs.ts";
import type { EnvVar } from "./types.ts";

const PYTORCH = { isTrainJob: false, hasTimeLimit: true };
const TRAIN = { isTrainJob: true, hasTimeLimit: true };

function fields(needs: Needs, how = PYTORCH, env: EnvVar[] = []): NeedsProblem["field"][] {
  return needsProblems(needs, env, how).map(({ field }) => field);
}

describe("what a job asks for besides its size", () => {
  it("is taken where a cluster takes it", () => {
    const needs: Needs = {
      nodeSelector: { "cloud.google.com/gke-accelerator": "nvidia-l4", spot: "" },
      tolerations: [{}, { key: "nvidia.com/gpu" }, { key: "team", value: "a", effect: "NoExecute" }],
      serviceAccount: "trainer",
      priority: "high",
      secrets: [{ name: "HF_TOKEN", secret: "hf", key: "token.txt" }],
      volumes: [{ claim: "data.v1", path: "/data/in", readOnly: true }],
      timeLimit: 60,
      retries: 1,
      keepFor: 60,
    };
    assert.deepEqual(fields(needs), []);
    assert.deepEqual(fields({ queue: "team-a", priority: "high", dataset: "hf://a/b", model: "s3://b/c" }, TRAIN), []);
  });

  it("names the field of each thing that it does not", () => {
    const odd: readonly [Needs, NeedsProblem["field"]][] = [
      [{ nodeSelector: { "a b": "c" } }, "nodeSelector"],
      [{ nodeSelector: { a: "b/c" } }, "nodeSelector"],
      [{ tolerations: [{ key: "-" }] }, "tolerations"],
      [{ tolerations: [{ value: "a" }] }, "tolerations"],
      [{ serviceAccount: "../x" }, "serviceAccount"],
      [{ queue: "A" }, "queue"],
      [{ priority: "a_b" }, "priority"],
      [{ secrets: [{ name: "A=B", secret: "s", key: "k" }] }, "secrets"],
      [{ secrets: [{ name: "A", secret: "S", key: "k" }] }, "secrets"],
      [{ secrets: [{ name: "A", secret: "s", key: "" }] }, "secrets"],
      [{ volumes: [{ claim: "c", path: "data", readOnly: true }] }, "volumes"],
      [{ volumes: [{ claim: "c", path: "/", readOnly: true }] }, "volumes"],
      [{ volumes: [{ claim: "c", path: "/dev/shm/", readOnly: true }] }, "volumes"],
      [{ volumes: [{ claim: "c", path: "/opt/trainyard/code", readOnly: true }] }, "volumes"],
      [{ queue: "q".repeat(64) }, "queue"],
      [{ queue: "q", priority: "p".repeat(64) }, "priority"],
      [{ dataset: "hf://a/b" }, "dataset"],
      [{ timeLimit: 0 }, "timeLimit"],
      [{ retries: 1.5 }, "retries"],
      [{ keepFor: NaN }, "keepFor"],
    ];
    for (const [needs, field] of odd) assert.deepEqual(fields(needs), [field], JSON.stringify(needs));
    const data = { claim: "c", path: "/data", readOnly: true };
    for (const path of ["/data", "/data/"])
      assert.deepEqual(fields({ volumes: [data, { ...data, claim: "d", path }] }), ["volumes"]);
    const taken = ["/opt", "/lib", "/lib64/", "/sbin", "/var/run/secrets/a", "/run/secrets"];
    for (const path of ["//", "/data/../etc", "/./etc", "/data//in", "/data/..", ...taken])
      assert.deepEqual(fields({ volumes: [{ ...data, path }] }), ["volumes"], path);
    for (const path of ["/data/in/", "/opt/data", "/library", "/mnt/..a"])
      assert.deepEqual(fields({ volumes: [{ ...data, path }] }), [], path);
    assert.deepEqual(fields({ priority: "p".repeat(64) }), [], "a PriorityClass is no label");
    assert.deepEqual(fields({ secrets: [{ name: "A", secret: "s", key: "k" }] }, PYTORCH, [{ name: "A", value: "" }]), [
      "env",
    ]);
  });

  it("keeps secrets by reference only", () => {
    const [problem, ...others] = needsProblems({}, [{ name: "HF_TOKEN", value: "hf_abc" }], TRAIN);
    assert.deepEqual([problem?.field, others], ["env", []]);
    assert.equal(
      problem?.text,
      "HF_TOKEN holds what looks like a secret. Keep it in a Secret of the namespace, and name that instead.",
    );
    assert.deepEqual(fields({}, PYTORCH, [{ name: "MAX_TOKENS", value: "512" }]), []);
  });

  it("says what a TrainJob takes from its runtime, or its Trainer does not know", () => {
    assert.deepEqual(fields({ retries: 1, keepFor: 60, priority: "high" }, TRAIN), ["retries", "keepFor", "priority"]);
    assert.deepEqual(fields({ timeLimit: 60 }, { isTrainJob: true, hasTimeLimit: false }), ["timeLimit"]);
    assert.deepEqual(fields({ model: "models" }, TRAIN), ["model"]);
  });
});
