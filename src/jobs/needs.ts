// What a job may ask for besides its size and its image, in words that both kinds share.
import { posix } from "node:path";
import { plural } from "../core/text.ts";
import { looksSecret } from "./secretValues.ts";
import type { EnvVar } from "./types.ts";

/** As a pod has it (core/v1 Toleration). Without a value it is of the operator Exists. */
export interface Toleration {
  /** Left out: every taint. */
  readonly key?: string;
  readonly value?: string;
  /** Left out: every effect. */
  readonly effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** An environment variable whose value stays in the cluster. */
export interface SecretVariable {
  readonly name: string;
  readonly secret: string;
  readonly key: string;
}

export interface ClaimMount {
  readonly claim: string;
  /** Absolute path in the container. */
  readonly path: string;
  readonly readOnly: boolean;
}

/** All of it is left out where nobody asked for it. */
export interface Needs {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly serviceAccount?: string;
  /** LocalQueue of Kueue, which then says when the job may run. */
  readonly queue?: string;
  /** PriorityClass of the pods; in a queue WorkloadPriorityClass of the job. */
  readonly priority?: string;
  readonly secrets?: readonly SecretVariable[];
  readonly volumes?: readonly ClaimMount[];
  /** URIs that a TrainJob's initializers fetch, such as `hf://org/name`. */
  readonly dataset?: string;
  readonly model?: string;
  /** Seconds from its start to its end by force. */
  readonly timeLimit?: number;
  /** How often a PyTorchJob's replica is started again after a failure. */
  readonly retries?: number;
  /** Seconds that a PyTorchJob stays after its end, with its pods and logs. */
  readonly keepFor?: number;
}

const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
/** A DNS subdomain (kubernetes apimachinery/util/validation). */
export const OBJECT_NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;
const LABEL_NAME = /^([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?\/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const LABEL_VALUE = /^([a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)?$/;
const SECRET_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
export const URI = /^[a-z][a-z0-9+.-]*:\/\/[^\s]{1,1000}$/;
/** Paths of ours and of the operators, which a volume would hide. */
const TAKEN =
  /^\/(?:dev(?:\/shm)?|etc|proc|sys|usr|s?bin|lib(?:64)?|opt(?:\/trainyard(?:\/.*)?)?|(?:var\/)?run\/secrets(?:\/.*)?)$/;

/** What to do about it, where a secret is written down. */
export const BY_REFERENCE = "Keep it in a Secret of the namespace, and name that instead.";

/** Where in a {@link Needs} something is wrong, and a sentence that says what. */
export interface NeedsProblem {
  readonly field: keyof Needs | "env";
  readonly text: string;
}

/** Everything that the cluster would refuse or misread. Pure. */
export function needsProblems(
  needs: Needs,
  env: readonly EnvVar[],
  { isTrainJob, hasTimeLimit }: { readonly isTrainJob: boolean; readonly hasTimeLimit: boolean },
): readonly NeedsProblem[] {
  const found: NeedsProblem[] = [];
  const say = (field: NeedsProblem["field"], text: string | undefined | false): void => {
    if (typeof text === "string") found.push({ field, text });
  };
  const quote = (text: string): string => JSON.stringify(text);
  const names = [...env.map(({ name }) => name), ...(needs.secrets ?? []).map(({ name }) => name)];
  for (const { name, value } of env) {
    say("env", !ENV_NAME.test(name) && `${quote(name)} is not the name of an environment variable.`);
    say("env", looksSecret({ name, value }) && `${name} holds what looks like a secret. ${BY_REFERENCE}`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  say(
    env.some(({ name }) => name === twice) ? "env" : "secrets",
    twice !== undefined && `${twice} is named more than once.`,
  );
  for (const { name, secret, key } of needs.secrets ?? []) {
    say("secrets", !ENV_NAME.test(name) && `${quote(name)} is not the name of an environment variable.`);
    say("secrets", !OBJECT_NAME.test(secret) && `${quote(secret)} is not the name of a Secret.`);
    say("secrets", !SECRET_KEY.test(key) && `${quote(key)} is not a key of a Secret.`);
  }
  const bare = (path: string): string => path.replace(/\/$/, "");
  const paths = (needs.volumes ?? []).map(({ path }) => bare(path));
  for (const { claim, path } of needs.volumes ?? []) {
    say("volumes", !OBJECT_NAME.test(claim) && `${quote(claim)} is not the name of a volume claim.`);
    const isPath = /^\/[^:\s]+$/.test(path) && posix.normalize(path) === path;
    say("volumes", !isPath && `${quote(path)} is not a path such as /data.`);
    say("volumes", isPath && TAKEN.test(bare(path)) && `${path} holds what the container needs.`);
  }
  say("volumes", new Set(paths).size < paths.length && "Two volumes have the same path.");
  for (const [name, value] of Object.entries(needs.nodeSelector ?? {}))
    say(
      "nodeSelector",
      !(LABEL_NAME.test(name) && LABEL_VALUE.test(value)) && `${quote(`${name}=${value}`)} is not a label.`,
    );
  for (const { key, value } of needs.tolerations ?? []) {
    say("tolerations", key !== undefined && !LABEL_NAME.test(key) && `${quote(key)} is not the key of a taint.`);
    say("tolerations", key === undefined && value !== undefined && "A value needs a key.");
    say("tolerations", value !== undefined && !LABEL_VALUE.test(value) && `${quote(value)} is not a taint’s value.`);
  }
  for (const field of ["serviceAccount", "queue", "priority"] as const) {
    const name = needs[field];
    say(field, name !== undefined && !OBJECT_NAME.test(name) && `${quote(name)} is not a name.`);
    // Kueue is told by labels.
    const isLabel = field === "queue" || (field === "priority" && needs.queue !== undefined);
    say(field, isLabel && (name ?? "").length > 63 && `${quote(name ?? "")} is longer than 63 characters.`);
  }
  for (const field of ["dataset", "model"] as const) {
    const uri = needs[field];
    say(field, uri !== undefined && !URI.test(uri) && `${quote(uri)} is not an address such as hf://org/name.`);
    say(field, uri !== undefined && !isTrainJob && "Only a TrainJob fetches data before it starts.");
  }
  for (const [field, most] of [
    ["timeLimit", 10 * 365 * 86_400],
    ["retries", 1000],
    ["keepFor", 10 * 365 * 86_400],
  ] as const) {
    const amount = needs[field];
    const isWhole = amount === undefined || (Number.isInteger(amount) && amount >= 1 && amount <= most);
    say(field, !isWhole && `It is a whole number between 1 and ${most}.`);
  }
  // JobSet's own rules, which a runtime holds and no job of it can change (trainer v2.3.0: RuntimePatch).
  for (const field of ["retries", "keepFor"] as const)
    say(field, isTrainJob && needs[field] !== undefined && "A TrainJob takes this from its runtime.");
  say(
    "priority",
    isTrainJob && needs.priority !== undefined && needs.queue === undefined && "A TrainJob has one only in a queue.",
  );
  say(
    "timeLimit",
    needs.timeLimit !== undefined && !hasTimeLimit && "This cluster’s Trainer knows none: that came with 2.2.",
  );
  return found;
}

/** `queue team-a`, `2 volumes`: what is not as it usually is, for one line. */
export function needsWords(needs: Needs): readonly string[] {
  const { queue, volumes = [], secrets = [], nodeSelector = {}, timeLimit, retries } = needs;
  const selected = Object.values(nodeSelector);
  return [
    ...(queue === undefined ? [] : [`queue ${queue}`]),
    ...(selected.length === 0 ? [] : [`on ${selected.join(", ")}`]),
    ...(volumes.length === 0 ? [] : [plural(volumes.length, "volume")]),
    ...(secrets.length === 0 ? [] : [plural(secrets.length, "secret")]),
    ...(timeLimit === undefined ? [] : [`at most ${Math.ceil(timeLimit / 60)} min`]),
    ...(retries === undefined ? [] : [plural(retries, "retry", "retries")]),
  ];
}
