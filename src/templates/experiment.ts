import { toJobName } from "../kube/names.ts";
import { parseCustomSize } from "../jobs/index.ts";
import { answer, type Answers, countField, type Field, nameField } from "./fields.ts";
import { PARAMETERS_HELP, readParameters } from "./parameters.ts";
import type { Template, TemplateFacts, TemplateObject } from "./template.ts";
import type { Trial } from "./trial.ts";

/** Katib's webhook takes no longer one (katib v0.19.0: pkg/webhook/v1beta1/experiment/validator). */
const MAX_NAME = 40;
/** What is better the smaller it is. */
const SMALLER = /loss|err|mse|mae|perplexity/i;

const ALGORITHMS = [
  { value: "random", label: "Random", detail: "Any mix of parameters; never a bad start." },
  { value: "tpe", label: "TPE", detail: "Learns from trials that have ended; for 20 trials and more." },
  { value: "bayesianoptimization", label: "Bayesian optimization", detail: "For few, costly trials of numbers." },
  { value: "cmaes", label: "CMA-ES", detail: "For ranges of numbers alone, two at least." },
  { value: "sobol", label: "Sobol", detail: "Spreads trials evenly." },
  { value: "grid", label: "Grid", detail: "Every combination; ranges of decimals need a step, such as 0.1..0.5/0.1." },
];

export const EXPERIMENT_TEMPLATE: Template = {
  id: "experiment",
  title: "Katib experiment",
  detail: "Tries a training job with many parameters, and finds the best",
  kind: "Experiment",
  what: "experiments",
  part: { name: "Katib", isShipped: true, isIn: ({ katib }) => katib },
  fields,
  build,
};

function fields({ source = "", id, size, isBatch = false }: TemplateFacts, answers: Answers): readonly Field[] {
  const metric = answer(answers, "metric");
  const most = Number(answer(answers, "trials")) || 12;
  return [
    nameField("experiment", `${toJobName(source, MAX_NAME - 5)}-${id}`, MAX_NAME),
    {
      ...{ key: "parameters", name: "Parameters", help: PARAMETERS_HELP, initial: "" },
      check: (text) => {
        const read = readParameters(text);
        return typeof read === "string" ? read : undefined;
      },
    },
    {
      // By Katib's own filter (katib v0.19.0: pkg/metricscollector/v1beta1/common/const.go).
      ...{ key: "metric", name: "Metric", initial: "loss" },
      help: "The number that counts. The script prints it as name=value, such as loss=0.31.",
      check: (text) =>
        /^[\w-]+$/.test(text) ? undefined : "A name of letters, digits, _ and hyphens: Katib reads no other.",
    },
    {
      ...{ key: "goal", name: "Goal", help: `What is better of ${metric}?` },
      initial: SMALLER.test(metric) ? "minimize" : "maximize",
      choices: [
        { value: "minimize", label: "Smaller" },
        { value: "maximize", label: "Larger" },
      ],
    },
    {
      ...{ key: "algorithm", name: "Algorithm", help: "How are the next parameters chosen?", initial: "random" },
      choices: ALGORITHMS,
    },
    countField({ key: "trials", name: "Trials", help: "How many trials at most?", initial: "12" }, 1, 10_000),
    countField(
      { key: "parallel", name: "At a time", help: "How many trials at a time?", initial: String(Math.min(3, most)) },
      1,
      most,
    ),
    ...(size === undefined ? [] : [sizeField(size, isBatch)]),
  ];
}

function sizeField(initial: string, isBatch: boolean): Field {
  return {
    ...{ key: "size", name: "Size", help: "Size of each trial: nodes × GPUs of each, such as 1x1.", initial },
    check: (text) => {
      const size = parseCustomSize(text);
      if (typeof size === "string") return size;
      return isBatch && size.nodes > 1 ? "This cluster runs no training jobs of several nodes: one node." : undefined;
    },
  };
}

function build(answers: Answers, namespace: string, trial?: Trial): TemplateObject {
  const read = readParameters(answer(answers, "parameters"));
  const parameters = typeof read === "string" ? [] : read;
  const most = Number(answer(answers, "trials"));
  return {
    apiVersion: "kubeflow.org/v1beta1",
    kind: "Experiment",
    metadata: { name: answer(answers, "name"), namespace },
    spec: {
      objective: { type: answer(answers, "goal"), objectiveMetricName: answer(answers, "metric") },
      algorithm: { algorithmName: answer(answers, "algorithm") },
      maxTrialCount: most,
      parallelTrialCount: Number(answer(answers, "parallel")),
      maxFailedTrialCount: Math.min(3, most),
      parameters,
      trialTemplate: {
        // Its jobs stay with their logs until the experiment is deleted.
        retain: true,
        primaryContainerName: trial?.container ?? "",
        trialParameters: parameters.map(({ name }) => ({ name, reference: name })),
        trialSpec: trial?.trialSpec ?? {},
      },
    },
  };
}
