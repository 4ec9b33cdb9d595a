// A training job as the template of an experiment's trials (katib v0.19.0: pkg/webhook/v1beta1, pkg/controller.v1beta1/experiment/manifest).
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { LAUNCH_ID_LABEL, without } from "../jobs/index.ts";
import { PYTORCH_CONTAINER } from "../kubeflow/kinds/pytorchJob.ts";
import { NODE_CONTAINER } from "../kubeflow/kinds/trainJob.ts";
import { type Json, list, record } from "../kubeflow/read.ts";

export interface Trial {
  /** Without a name: each trial has its own. */
  readonly trialSpec: Json;
  /** Whose output Katib reads. */
  readonly container: string;
}

export const NO_EXPERIMENT = "The experiment was not made.";

/** What a shell leaves as it is. */
const PLAIN = /^[\w@%+=:,./-]+$/;
const SHELL = /^(?:.*\/)?(?:[abdz]|ba|da|k)?sh$/;
const PLACE = /\$\{trialParameters\.[^}]+\}/g;

/**
 * The job with the parameters in its arguments: in place of those of their names, else as `--name=value` behind them.
 * `isBatch`: as a Job of one pod, for a cluster without training operators. Throws UserError `no-trial` where Katib could
 * not run it as it is meant. Pure.
 */
export function trialOf(job: Json, parameters: readonly string[], isBatch = false): Trial {
  const own = withoutLaunch(job);
  const { apiVersion, kind } = own;
  const labels = record(record(own["metadata"])["labels"]);
  const metadata = Object.keys(labels).length === 0 ? {} : { metadata: { labels } };
  const spec = record(own["spec"]);
  if (kind === "TrainJob") {
    const trained = { ...without(spec, [["suspend"]]), trainer: placed(record(spec["trainer"]), parameters) };
    return { trialSpec: { apiVersion, kind, ...metadata, spec: trained }, container: NODE_CONTAINER };
  }
  if (kind !== "PyTorchJob")
    throw new UserError("no-trial", NO_EXPERIMENT, { why: "A trial is a PyTorchJob or a TrainJob." });
  const replicas = Object.entries(record(spec["pytorchReplicaSpecs"])).map(
    ([role, replica]) => [role, replicaOf(record(replica), parameters)] as const,
  );
  if (!isBatch) {
    const trained = { ...without(spec, [["runPolicy", "suspend"]]), pytorchReplicaSpecs: Object.fromEntries(replicas) };
    return { trialSpec: { apiVersion, kind, ...metadata, spec: trained }, container: PYTORCH_CONTAINER };
  }
  const template = record(replicas[0]?.[1]["template"]);
  const pod = { ...record(template["spec"]), restartPolicy: "Never" };
  return {
    trialSpec: {
      ...{ apiVersion: "batch/v1", kind: "Job", ...metadata },
      spec: { backoffLimit: 0, template: { ...template, spec: pod } },
    },
    container: PYTORCH_CONTAINER,
  };
}

function replicaOf(replica: Json, parameters: readonly string[]): Json {
  const template = record(replica["template"]);
  const pod = record(template["spec"]);
  const containers = list(pod["containers"]).map((one) =>
    one["name"] === PYTORCH_CONTAINER ? placed(one, parameters) : one,
  );
  return { ...replica, template: { ...template, spec: { ...pod, containers } } };
}

function placed(container: Json, parameters: readonly string[]): Json {
  const [command, args] = [texts(container["command"]), texts(container["args"])];
  const words = [...command, ...args];
  if (command.length > 0 && isScript(words)) return { ...container, ...inScript(words, parameters) };
  for (const name of parameters) {
    const value = `\${trialParameters.${name}}`;
    const holder = [args, command].find((words) => words.some((word) => isFlag(word, name)));
    if (holder === undefined) args.push(`--${name}=${value}`);
    else {
      const at = holder.findIndex((word) => isFlag(word, name));
      if (holder[at] === `--${name}` && at + 1 < holder.length) holder[at + 1] = value;
      else holder[at] = `--${name}=${value}`;
    }
  }
  assertPlain([...command, ...args]);
  return { ...container, ...(command.length > 0 && { command }), args };
}

function isFlag(word: string, name: string): boolean {
  return word === `--${name}` || word.startsWith(`--${name}=`);
}

/** A shell with a text, by whatever flags; one with a file is as any program. */
function isScript([shell = "", ...others]: readonly string[]): boolean {
  const end = others.findIndex((word) => !word.startsWith("-"));
  return SHELL.test(shell) && others.slice(0, end < 0 ? others.length : end).some((flag) => /^-\w*c$/.test(flag));
}

/**
 * Katib leaves a bare `sh -c` or `bash -c` as it is and joins what comes after it, in its first replica alone
 * (pkg/webhook/v1beta1/pod/utils.go): all that a trial does is in that one text.
 */
function inScript(words: readonly string[], parameters: readonly string[]): object {
  const [shell = "", flag = "", script, ...others] = words;
  if (!/^(?:ba)?sh$/.test(shell) || flag !== "-c" || script === undefined || others.length > 0)
    throw new UserError("no-trial", NO_EXPERIMENT, {
      why: "Katib runs a trial’s shell only as sh -c or bash -c, with one text after it.",
      hint: "Write sh without its folder, and all that it does into that text.",
    });
  const text = parameters.reduce((all, name) => {
    const value = `\${trialParameters.${name}}`;
    const option = new RegExp(`(^|\\s)--${name.replaceAll(".", "\\.")}(?:=|\\s+(?!--))[^\\s;&|()]+`, "g");
    const placed = all.replace(option, (_, before: string) => `${before}--${name}=${value}`);
    if (placed.includes(value)) return placed;
    throw new UserError("no-trial", NO_EXPERIMENT, {
      why: `The shell’s text of a trial has no --${name}.`,
      hint: `Write --${name}=0 where the value is to stand.`,
    });
  }, script);
  return { command: [shell, flag], args: [text] };
}

/** Katib joins command and arguments with blanks and runs them by `sh -c`. */
function assertPlain(words: readonly string[]): void {
  const odd = words.find((word) => !PLAIN.test(word.replace(PLACE, "x")));
  if (odd === undefined) return;
  throw new UserError("no-trial", NO_EXPERIMENT, {
    why: `Katib hands a trial’s command to a shell, which would read ${JSON.stringify(label(odd, 60))} otherwise.`,
    hint: "Set that in the script, or rename the file.",
  });
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** A launch is one job, and there are many trials. */
function withoutLaunch(value: Json): Json {
  const visit = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== "object" || part === null) return part;
    const kept = Object.entries(part).filter(([key]) => key !== LAUNCH_ID_LABEL);
    return Object.fromEntries(kept.map(([key, one]) => [key, visit(one)]));
  };
  return record(visit(value));
}
