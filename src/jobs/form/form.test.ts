import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobField, JobForm } from "../../contract/jobForm.ts";
import type { RunChoice } from "../desk.ts";
import { readForm, toForm } from "./form.ts";

const PLAIN: RunChoice = {
  kind: "PyTorchJob",
  context: "team-a",
  namespace: "alice",
  size: { nodes: 1, gpusPerNode: 0, processesPerNode: 1 },
  image: "python:3.12",
  args: [],
  env: [],
  code: "imports",
  installs: true,
};

const WHOLE: RunChoice = {
  ...PLAIN,
  kind: "TrainJob",
  runtime: { kind: "ClusterTrainingRuntime", name: "torch-distributed" },
  size: { nodes: 2, gpusPerNode: 4, processesPerNode: 1 },
  image: "",
  project: "/home/ada/project",
  cpu: "500m",
  memory: "16Gi",
  args: ["--note", "a b"],
  env: [{ name: "A", value: "1=2 " }].map(({ name, value }) => ({ name, value: value.trim() })),
  output: { claim: "results" },
  needs: {
    serviceAccount: "trainer",
    queue: "team-a",
    priority: "high",
    dataset: "hf://org/data",
    model: "s3://bucket/model",
    secrets: [{ name: "HF_TOKEN", secret: "hf", key: "token" }],
    volumes: [
      { claim: "data", path: "/data", readOnly: true },
      { claim: "scratch", path: "/scratch", readOnly: false },
    ],
    nodeSelector: { "cloud.google.com/gke-accelerator": "nvidia-l4", spot: "" },
    tolerations: [{}, { key: "nvidia.com/gpu" }, { key: "team", value: "a", effect: "NoExecute" }],
    timeLimit: 3600,
  },
};

function fields(change: Partial<JobForm>, base = PLAIN): JobField[] {
  return readForm({ ...toForm(base), ...change }, base).problems.map(({ field }) => field);
}

describe("the form of a job", () => {
  it("reads back what it writes", () => {
    for (const choice of [PLAIN, WHOLE, { ...PLAIN, needs: { retries: 2, keepFor: 600, timeLimit: 100 } }])
      assert.deepEqual(readForm(toForm(choice), choice), { choice, problems: [] });
  });

  it("reads back any arguments and values of variables", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (args, text) => {
        const choice = { ...PLAIN, args, env: [{ name: "A", value: text }] };
        assert.deepEqual(readForm(toForm(choice), choice), { choice, problems: [] });
      }),
    );
  });

  it("says at its field what cannot be read, and keeps the rest", () => {
    const odd: readonly [Partial<JobForm>, JobField][] = [
      [{ nodes: "" }, "nodes"],
      [{ nodes: "two" }, "nodes"],
      [{ nodes: "1001" }, "nodes"],
      [{ gpus: "17" }, "gpus"],
      [{ processes: "0" }, "processes"],
      [{ cpu: "four" }, "cpu"],
      [{ memory: "16 GB" }, "memory"],
      [{ image: "" }, "image"],
      [{ image: "a b" }, "image"],
      [{ args: "'open" }, "args"],
      [{ namespace: "../x" }, "namespace"],
      [{ env: "A=1\nB" }, "env"],
      [{ env: "A=1\nA=2" }, "env"],
      [{ secrets: "A=token" }, "secrets"],
      [{ volumes: "data" }, "volumes"],
      [{ volumes: "data:/etc" }, "volumes"],
      [{ dataset: "hf://a/b" }, "dataset"],
      [{ nodeSelector: "gpu" }, "nodeSelector"],
      [{ tolerations: "a=b:Never" }, "tolerations"],
      [{ queue: "A" }, "queue"],
      [{ timeLimit: "1h" }, "timeLimit"],
      [{ timeLimit: "0" }, "timeLimit"],
      [{ nodeSelector: "a=b\na=c" }, "nodeSelector"],
      [{ output: "results" }, "output"],
      [{ output: "pvc://A" }, "output"],
    ];
    for (const [change, field] of odd) assert.deepEqual(fields(change), [field], JSON.stringify(change));
    const { choice, problems } = readForm({ ...toForm(PLAIN), env: "A=1\n\n  \nB", nodes: "3" }, PLAIN);
    assert.deepEqual(problems, [{ field: "env", text: "Line 4 is not of the form NAME=value." }]);
    assert.deepEqual([choice.size.nodes, choice.env], [3, [{ name: "A", value: "1" }]]);
  });

  it("takes no runtime along into a PyTorchJob, and asks it for an image", () => {
    const { choice, problems } = readForm({ ...toForm(WHOLE), kind: "PyTorchJob" }, WHOLE);
    assert.equal(choice.runtime, undefined);
    assert.deepEqual(
      problems.map(({ field }) => field),
      ["image", "dataset", "model"],
    );
  });
});
