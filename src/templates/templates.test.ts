import assert from "node:assert/strict";
import { stringify } from "yaml";
import { assertGolden as assertGoldenText } from "../core/testing/golden.ts";
import { buildManifests, type RunPlan } from "../jobs/index.ts";
import { record } from "../kubeflow/read.ts";
import { EXPERIMENT_TEMPLATE } from "./experiment.ts";
import type { Answers } from "./fields.ts";
import { LLM_TEMPLATE, MODEL_TEMPLATE } from "./inferenceService.ts";
import { readParameters } from "./parameters.ts";
import { RAY_TEMPLATE } from "./rayJob.ts";
import type { Template, TemplateFacts } from "./template.ts";
import { PLAN, TRAIN_PLAN } from "./testing/plan.ts";
import { trialOf } from "./trial.ts";

const FACTS: TemplateFacts = { id: "4f2a", source: "train", size: "1 node" };
const jobOf = async ({ spec, snapshot }: RunPlan) =>
  record((await buildManifests({ ...spec, name: "search" }, snapshot, "0.1.0")).job);
const PYTORCH = await jobOf(PLAN);
const TRAIN = await jobOf(TRAIN_PLAN);

/** What a person gives; the rest stays as it is offered. */
function answered(template: Template, given: Answers): Answers {
  const answers: Record<string, string> = {};
  for (;;) {
    const field = template.fields(FACTS, answers)[Object.keys(answers).length];
    if (field === undefined) return answers;
    const value = given[field.key] ?? field.initial;
    assert.equal(field.check?.(value), undefined, field.key);
    assert.ok(field.choices === undefined || field.choices.some((choice) => choice.value === value), field.key);
    answers[field.key] = value;
  }
}

/** What is said of an answer. */
function said(template: Template, key: string, value: string, answers: Answers = {}): string | undefined {
  const field = template.fields(FACTS, answers).find((one) => one.key === key);
  assert.ok(field !== undefined);
  return field.check?.(value);
}

function assertGolden(name: string, value: unknown): void {
  assertGoldenText(`template-${name}`, stringify(value, { aliasDuplicateObjects: false }));
}

describe("templates", () => {
  it("an experiment around each kind of job", () => {
    const answers = answered(EXPERIMENT_TEMPLATE, {
      parameters: "lr=0.0001..0.1:log batch-size=16,32,64 epochs=1..9/2 optimizer=adam,sgd",
      metric: "accuracy",
    });
    assert.deepEqual([answers["name"], answers["goal"], answers["parallel"]], ["train-4f2a", "maximize", "3"]);
    const names = ["lr", "batch-size", "epochs", "optimizer"];
    const build = (...of: Parameters<typeof trialOf>) => EXPERIMENT_TEMPLATE.build(answers, "alice", trialOf(...of));
    assertGolden("experiment-pytorchjob", build(PYTORCH, names));
    assertGolden("experiment-trainjob", build(TRAIN, names));
    assertGolden("experiment-job", build(PYTORCH, names, true));
  });

  it("a model server, a language model by vLLM, and a Ray job", () => {
    const model = { uri: "s3://models/iris", account: "s3-reader", name: "iris" };
    assertGolden("model", MODEL_TEMPLATE.build(answered(MODEL_TEMPLATE, model), "alice"));
    const llm = answered(LLM_TEMPLATE, { model: "Qwen/Qwen3-8B", gpus: "2", token: "hf", length: "8192" });
    assert.equal(llm["name"], "qwen3-8b-4f2a");
    assertGolden("llm", LLM_TEMPLATE.build(llm, "alice"));
    const ray = { workers: "2", gpus: "1", folder: "s3://code/train.zip", packages: "torch==2.9.1, pandas" };
    assertGolden("rayjob", RAY_TEMPLATE.build(answered(RAY_TEMPLATE, ray), "alice"));
    const small = RAY_TEMPLATE.build(answered(RAY_TEMPLATE, { workers: "0" }), "alice");
    assert.doesNotMatch(JSON.stringify(small), /workerGroupSpecs|runtimeEnv/);
  });

  it("reads ranges and choices, and says what is none", () => {
    const types = (text: string) => {
      const read = readParameters(text);
      return typeof read === "string" ? read : read.map(({ name, parameterType }) => `${name} ${parameterType}`);
    };
    assert.deepEqual(types(" --lr=1e-5..1e-1  n=1..10 p=0..1/0.1 b=16,32 o=adam,sgd"), [
      "lr double",
      "n int",
      "p double",
      "b discrete",
      "o categorical",
    ]);
    assert.match(String(types("")), /^Write ranges/);
    assert.match(String(types("lr")), /^lr: a parameter is name=values\./);
    assert.equal(types("lr=2..1"), "lr: 2 is not below 1.");
    assert.equal(types("lr=0..1:log"), "lr: a logarithmic range begins above 0.");
    assert.equal(types("lr=1..2/0"), "lr: a step is above 0.");
    assert.equal(types("lr=1..2 lr=1,2"), "lr is there twice.");
    assert.equal(types("lr=1"), "lr: give a range such as 1..10, or two values at least, with commas.");
    assert.equal(types("o=a;b,c"), "o: a;b has characters that a shell would read otherwise.");
  });

  it("says in a sentence what is no answer", () => {
    assert.match(said(MODEL_TEMPLATE, "name", "Iris") ?? "", /^A name has at most 40 lower-case/);
    assert.match(said(MODEL_TEMPLATE, "uri", "models/iris") ?? "", /^An address such as/);
    assert.match(said(MODEL_TEMPLATE, "memory", "8") ?? "", /its unit/);
    assert.match(said(LLM_TEMPLATE, "token", "hf_AbC123") ?? "", /Not the token itself\.$/);
    assert.match(said(MODEL_TEMPLATE, "memory", "8K") ?? "", /its unit/);
    assert.equal(said(MODEL_TEMPLATE, "memory", "8k"), undefined);
    assert.match(said(EXPERIMENT_TEMPLATE, "metric", "val.loss") ?? "", /Katib reads no other/);
    assert.equal(said(LLM_TEMPLATE, "gpus", "0"), "A whole number from 1 to 16.");
    assert.match(said(RAY_TEMPLATE, "folder", "./src") ?? "", /^The address of a \.zip/);
    assert.equal(said(EXPERIMENT_TEMPLATE, "parallel", "5", { trials: "4" }), "A whole number from 1 to 4.");
    assert.match(said(EXPERIMENT_TEMPLATE, "size", "x") ?? "", /^Write nodes × GPUs/);
  });

  it("refuses a trial that a shell would read otherwise than it is written, and what is no training job", () => {
    const job = PYTORCH;
    const odd = JSON.parse(JSON.stringify(job).replace('"--seed"', '"a b"')) as typeof job;
    assert.throws(() => trialOf(odd, ["lr"]), {
      code: "no-trial",
      message: /hands a trial’s command to a shell.*"a b"/,
    });
    assert.throws(() => trialOf({ kind: "TFJob" }, []), { code: "no-trial" });
    // Who wrote a shell's text meant a shell.
    const by = (command: readonly string[], names: readonly string[], args: readonly string[] = []): string => {
      const shell = JSON.stringify(job).replaceAll(/"command":\[[^\]]*\]/g, `"command":${JSON.stringify(command)}`);
      const own = shell.replaceAll(/"args":\[[^\]]*\]/g, `"args":${JSON.stringify(args)}`);
      return JSON.stringify(trialOf(JSON.parse(own) as typeof job, names).trialSpec);
    };
    const trial = by(["sh"], ["lr", "n.x"], ["-c", "prepare; train --lr 0.1 --n.x='2'; echo ok"]);
    const placed = "prepare; train --lr=${trialParameters.lr} --n.x=${trialParameters.n.x}; echo ok";
    assert.equal(trial.split(JSON.stringify(placed)).length, 3);
    assert.match(by(["bash", "-c", "LR=${trialParameters.lr} train"], ["lr"]), /"LR=/);
    for (const command of [
      ["/bin/sh", "-c", "train --lr=1"],
      ["bash", "-e", "-c", "train"],
      ["sh", "-c", "train --lr=1", "x"],
    ])
      assert.throws(() => by(command, ["lr"]), { code: "no-trial", message: /only as sh -c or bash -c/ });
    assert.match(by(["bash", "train.sh", "-c", "x"], ["lr"]), /"--lr=\$\{trialParameters\.lr\}"/);
    assert.throws(() => by(["sh", "-c", "train --lrs=1"], ["lr"]), { message: /has no --lr\. Write --lr=0 where/ });
  });
});
