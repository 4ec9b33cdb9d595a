// What a person writes into the page of a job, read into a choice; and a choice written so that it can be read again.
import type { JobField, JobForm } from "../../contract/jobForm.ts";
import type { FieldProblem } from "../../core/formHost.ts";
import { FormReader, quoted, readVariables } from "../../core/formReader.ts";
import { argumentsProblem, joinArguments, splitArguments } from "../arguments.ts";
import { isNamespaceName } from "../../kube/names.ts";
import type { RunChoice } from "../desk.ts";
import { imageProblem } from "../images.ts";
import { type ClaimMount, type Needs, needsProblems, type SecretVariable, type Toleration } from "../needs.ts";
import { LIMITS, outputProblem, placeText, readPlace } from "../spec.ts";

export type FormProblem = FieldProblem<JobField>;

export function toForm(choice: RunChoice): JobForm {
  const { size, needs = {}, output, runtime } = choice;
  const { nodes, gpusPerNode, processesPerNode } = size;
  const list = <T>(items: readonly T[] = [], write: (item: T) => string): string => items.map(write).join("\n");
  return {
    context: choice.context,
    namespace: choice.namespace,
    kind: choice.kind,
    runtime: runtime === undefined ? "" : `${runtime.kind}/${runtime.name}`,
    nodes: String(nodes),
    processes: processesPerNode === Math.max(1, gpusPerNode) ? "" : String(processesPerNode),
    gpus: gpusPerNode === 0 ? "" : String(gpusPerNode),
    cpu: choice.cpu ?? "",
    memory: choice.memory ?? "",
    image: choice.image,
    args: joinArguments(choice.args),
    code: choice.code ?? "imports",
    installs: choice.installs !== false,
    output: output === undefined ? "" : placeText(output),
    env: list(choice.env, ({ name, value }) => `${name}=${quoted(value)}`),
    secrets: list(needs.secrets, ({ name, secret, key }) => `${name}=${secret}/${key}`),
    volumes: list(needs.volumes, ({ claim, path, readOnly }) => `${claim}:${path}${readOnly ? ":ro" : ""}`),
    dataset: needs.dataset ?? "",
    model: needs.model ?? "",
    nodeSelector: list(Object.entries(needs.nodeSelector ?? {}), ([name, value]) => `${name}=${value}`),
    tolerations: list(needs.tolerations, writeToleration),
    serviceAccount: needs.serviceAccount ?? "",
    queue: needs.queue ?? "",
    priority: needs.priority ?? "",
    timeLimit: amountText(needs.timeLimit, 60),
    retries: needs.retries === undefined ? "" : String(needs.retries),
    keepFor: amountText(needs.keepFor, 3600),
  };
}

/**
 * Reads the form into what was chosen before. What of it cannot be read keeps its old value and is told among the
 * problems; a run with problems is not sent. `hasTimeLimit`: false where the cluster's Trainer knows none.
 */
export function readForm(
  form: JobForm,
  before: RunChoice,
  hasTimeLimit = true,
): { readonly choice: RunChoice; readonly problems: readonly FormProblem[] } {
  const problems: FormProblem[] = [];
  const say = (field: JobField, text: string | undefined): void => {
    if (text !== undefined) problems.push({ field, text });
  };
  const reader = new FormReader<JobField>(form, say);
  const nodes = reader.count("nodes", 1, LIMITS.nodes) ?? 1;
  const gpusPerNode = reader.count("gpus", 0, LIMITS.gpus) ?? 0;
  const processesPerNode = reader.count("processes", 1, LIMITS.processes) ?? Math.max(1, gpusPerNode);
  if (form.nodes.trim() === "") say("nodes", "A job has at least one node.");
  const isTrainJob = form.kind === "TrainJob";
  const image = form.image.trim();
  if (!(isTrainJob && image === "")) say("image", imageProblem(image));
  const argumentsAre = argumentsProblem(form.args);
  say("args", argumentsAre);
  say("namespace", namespaceProblem(form.namespace.trim()));
  const env = readVariables(reader, "env");
  const needs = readNeeds(reader);
  for (const { field, text } of needsProblems(needs, env, { isTrainJob, hasTimeLimit })) say(field, text);
  const [cpu, memory, output] = [
    reader.quantity("cpu", "4 or 500m"),
    reader.quantity("memory", "16Gi"),
    readOutputPlace(form.output, say),
  ];
  const runtime = readRuntime(form);
  const { project } = before;
  const choice: RunChoice = {
    ...{ kind: form.kind, context: form.context, namespace: form.namespace.trim(), image, env },
    size: { nodes, gpusPerNode, processesPerNode },
    args: argumentsAre === undefined ? splitArguments(form.args) : before.args,
    ...{ code: form.code, installs: form.installs },
    ...(Object.keys(needs).length === 0 ? {} : { needs }),
    ...(project === undefined ? {} : { project }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(output === undefined ? {} : { output }),
    ...(runtime === undefined || !isTrainJob ? {} : { runtime }),
  };
  return { choice, problems };
}

/** Seconds in a larger unit, so that they can be read back to the second. */
function amountText(seconds: number | undefined, unit: number): string {
  return seconds === undefined ? "" : String(Number((seconds / unit).toFixed(6)));
}

function readNeeds(reader: FormReader<JobField>): Needs {
  const secrets = reader
    .entries("secrets", /^([^=\s]+)\s*=\s*([^/\s]+)\/(\S+)$/, "NAME=secret/key")
    .map(([, name = "", secret = "", key = ""]): SecretVariable => ({ name, secret, key }));
  const volumes = reader
    .entries("volumes", /^([^:\s]+):(\/[^:]*)(?::(ro|rw))?$/, "claim:/path, with :ro where it is only read")
    .map(([, claim = "", path = "", mode]): ClaimMount => ({ claim, path, readOnly: mode === "ro" }));
  const selected = reader
    .entries("nodeSelector", /^([^=\s]+)\s*=\s*(\S*)$/, "label=value")
    .map(([, name = "", value = ""]) => [name, value] as const);
  const twice = selected.find(([name], index) => selected.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) reader.say("nodeSelector", `${twice[0]} is named more than once.`);
  const tolerations = reader
    .entries("tolerations", TOLERATION, "key, key=value, or key=value:NoSchedule")
    .map(([, key = "", value, effect]): Toleration => {
      const named = key === "*" ? {} : { key };
      const known = EFFECTS.find((one) => one === effect);
      return { ...named, ...(value === undefined ? {} : { value }), ...(known === undefined ? {} : { effect: known }) };
    });
  const names = Object.fromEntries(
    (["serviceAccount", "queue", "priority", "dataset", "model"] as const).flatMap((field) => {
      const text = reader.text(field);
      return text === undefined ? [] : [[field, text]];
    }),
  );
  const timeLimit = reader.seconds("timeLimit", 60);
  const retries = reader.count("retries", 1, 1000);
  const keepFor = reader.seconds("keepFor", 3600);
  return {
    ...names,
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(selected.length === 0 ? {} : { nodeSelector: Object.fromEntries(selected) }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(timeLimit === undefined ? {} : { timeLimit }),
    ...(retries === undefined ? {} : { retries }),
    ...(keepFor === undefined ? {} : { keepFor }),
  };
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;
/** `*` stands for every key. */
const TOLERATION = new RegExp(`^([^=:\\s]+)(?:=([^:\\s]*))?(?::(${EFFECTS.join("|")}))?$`);

function writeToleration({ key = "*", value, effect }: Toleration): string {
  return `${key}${value === undefined ? "" : `=${value}`}${effect === undefined ? "" : `:${effect}`}`;
}

function readOutputPlace(
  written: string,
  say: (field: JobField, text: string | undefined) => void,
): RunChoice["output"] {
  const text = written.trim();
  if (text === "") return undefined;
  const output = readPlace(text);
  const problem = outputProblem(output);
  say("output", problem);
  return problem === undefined ? output : undefined;
}

function readRuntime({ runtime }: JobForm): RunChoice["runtime"] {
  const [, kind, name] = /^(ClusterTrainingRuntime|TrainingRuntime)\/(.+)$/.exec(runtime) ?? [];
  if (name === undefined) return undefined;
  return { kind: kind === "TrainingRuntime" ? kind : "ClusterTrainingRuntime", name };
}

function namespaceProblem(name: string): string | undefined {
  return isNamespaceName(name) ? undefined : `${JSON.stringify(name)} is not a namespace.`;
}
