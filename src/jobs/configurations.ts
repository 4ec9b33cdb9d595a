// Runs that a team has named in `.vscode/trainyard.json`. A file of a workspace holds anything: every field is checked.
// media/trainyard.schema.json says the same to the editor; a test compares the two.
import * as v from "valibot";
import { UserError } from "../core/errors.ts";
import { shorten } from "../core/text.ts";
import { isNamespaceName } from "../kube/names.ts";
import { RUNTIME_KINDS, type RuntimeKind } from "../kubeflow/kinds/runtime.ts";
import type { RunChoice } from "./desk.ts";
import { imageProblem } from "./images.ts";
import { BY_REFERENCE, type Needs, needsProblems } from "./needs.ts";
import { looksSecret, secretArgument } from "./secretValues.ts";
import { QUANTITY } from "../core/formReader.ts";
import { type LaunchKind, LIMITS, outputProblem, placeText, readPlace, size } from "./spec.ts";

const words = (wants: string) => v.pipe(v.string(wants), v.nonEmpty(wants));
const matching = (pattern: RegExp, wants: string) => v.pipe(v.string(wants), v.regex(pattern, wants));
const whole = (least: number, most = Number.MAX_SAFE_INTEGER, wants = `a whole number between ${least} and ${most}`) =>
  v.pipe(v.number(wants), v.integer(wants), v.minValue(least, wants), v.maxValue(most, wants));
const positive = whole(1, undefined, "a whole number of 1 or more");
const either = <const T extends readonly [string, string, ...string[]]>(options: T) =>
  v.picklist(options, options.map((option) => JSON.stringify(option)).join(" or "));
const flag = v.boolean("true or false");
const object = "an object";
const aNamespace = "the name of a namespace";
const uri = words("an address such as hf://org/name");

/** What names a run; the issues' messages are what is wanted. Left out: the default, never what ran last. */
export const ConfigurationSchema = v.strictObject(
  {
    name: matching(/^\S(?:.{0,78}\S)?$/, "a name of at most 80 characters"),
    /** POSIX, relative to the workspace folder, and inside of it. */
    script: matching(
      /^(?!\/)(?![\s\S]*(?:^|\/)\.\.(?:\/|$))[^\\:]+\.(?:[pP][yY]|[iI][pP][yY][nN][bB])$/,
      "a Python file or notebook of this folder, such as src/train.py",
    ),
    kind: v.exactOptional(either(["PyTorchJob", "TrainJob"])),
    /** Of the cluster where it is a name alone. */
    runtime: v.exactOptional(
      v.union(
        [
          words("a name"),
          v.strictObject({ kind: v.picklist(Object.keys(RUNTIME_KINDS) as RuntimeKind[]), name: words("a name") }),
        ],
        'the name of a cluster’s runtime, or { "kind": "TrainingRuntime", "name": … } for one of the namespace',
      ),
    ),
    nodes: v.exactOptional(whole(1, LIMITS.nodes)),
    processesPerNode: v.exactOptional(whole(1, LIMITS.processes)),
    gpusPerNode: v.exactOptional(whole(0, LIMITS.gpus)),
    cpu: v.exactOptional(matching(QUANTITY, "an amount such as 4 or 500m, in quotes")),
    memory: v.exactOptional(matching(QUANTITY, "an amount such as 16Gi, in quotes")),
    image: v.exactOptional(words("the name of an image")),
    args: v.exactOptional(
      v.array(v.string('a text, such as "20" in quotes'), 'a list of texts, such as ["--epochs", "20"]'),
    ),
    env: v.exactOptional(v.record(v.string(), v.string("a text in quotes"), object)),
    secrets: v.exactOptional(
      v.record(
        v.string(),
        v.strictObject({ secret: words("the name of a Secret"), key: words("a key of the Secret") }, object),
        object,
      ),
    ),
    volumes: v.exactOptional(
      v.array(
        v.strictObject(
          {
            claim: words("the name of a volume claim"),
            path: words("a path such as /data"),
            readOnly: v.exactOptional(flag),
          },
          object,
        ),
        "a list of volumes",
      ),
    ),
    dataset: v.exactOptional(uri),
    model: v.exactOptional(uri),
    nodeSelector: v.exactOptional(v.record(v.string(), v.string("a text in quotes"), object)),
    tolerations: v.exactOptional(
      v.array(
        v.strictObject(
          {
            key: v.exactOptional(words("the key of a taint")),
            value: v.exactOptional(v.string("the value of a taint")),
            effect: v.exactOptional(either(["NoSchedule", "PreferNoSchedule", "NoExecute"])),
          },
          object,
        ),
        "a list of tolerations",
      ),
    ),
    serviceAccount: v.exactOptional(words("a name")),
    queue: v.exactOptional(words("a name")),
    priority: v.exactOptional(words("a name")),
    timeLimitSeconds: v.exactOptional(positive),
    retries: v.exactOptional(positive),
    keepForSeconds: v.exactOptional(positive),
    code: v.exactOptional(either(["imports", "folder"])),
    installRequirements: v.exactOptional(flag),
    output: v.exactOptional(words("pvc:// and a volume claim, or an address such as s3://bucket/folder")),
    /** Of the kubeconfig. Used once a person has agreed, as is the namespace. */
    context: v.exactOptional(words("the name of a context")),
    namespace: v.exactOptional(v.pipe(v.string(aNamespace), v.check(isNamespaceName, aNamespace))),
  },
  object,
);

export type Configuration = v.InferOutput<typeof ConfigurationSchema>;

/** Where in a configuration something is wrong, and a sentence that says what is expected. */
interface Problem {
  readonly path: readonly unknown[];
  readonly text: string;
}

/** The configuration, where there is nothing wrong with it. Pure. */
export function readConfiguration(value: unknown): Configuration | readonly Problem[] {
  const read = v.safeParse(ConfigurationSchema, value);
  const problems = read.success ? meaningProblems(read.output) : read.issues.map(shapeProblem);
  return read.success && problems.length === 0 ? read.output : problems;
}

function shapeProblem(issue: v.BaseIssue<unknown>): Problem {
  const path = (issue.path ?? []).map(({ key }) => key);
  const name = path.length === 0 ? "A configuration" : path.join(".");
  if (issue.type === "strict_object" && issue.expected === "never") return { path, text: `${name} is not known here.` };
  if (issue.input === undefined) return { path, text: `${name} is missing.` };
  return { path, text: `${name} must be ${issue.message}; it is ${shorten(JSON.stringify(issue.input), 60)}.` };
}

/** What has the right shape and would still be refused by the cluster, or misread. */
function meaningProblems(configuration: Configuration): readonly Problem[] {
  const { image, output, runtime, kind } = configuration;
  const { env, needs } = asked(configuration);
  const fixed = kindOf(configuration);
  // Of a kind that the cluster chooses, only what is wrong with both.
  const [found = [], ...others] = (fixed === undefined ? ([true, false] as const) : [fixed === "TrainJob"]).map(
    (isTrainJob) => needsProblems(needs, env, { isTrainJob, hasTimeLimit: true }),
  );
  const sure = found.filter(({ text }) => others.every((other) => other.some((problem) => problem.text === text)));
  const own: readonly (readonly [keyof Configuration, string | undefined])[] = [
    ["image", image === undefined ? undefined : imageProblem(image)],
    ["output", output === undefined ? undefined : outputProblem(readPlace(output))],
    ["runtime", kind === "PyTorchJob" && runtime !== undefined ? "Only a TrainJob has a runtime." : undefined],
  ];
  return [
    ...own.flatMap(([field, text]) => (text === undefined ? [] : [{ path: [field], text }])),
    ...sure.map(({ field, text }) => ({ path: [NAMES[field] ?? field], text })),
  ];
}

/** What is called otherwise in the file, where it says its unit. */
const NAMES: Readonly<Partial<Record<keyof Needs | "env", keyof Configuration>>> = {
  timeLimit: "timeLimitSeconds",
  keepFor: "keepForSeconds",
};

/** The kind that the configuration says; undefined where it leaves that to the cluster. */
export function kindOf({ kind, runtime }: Configuration): LaunchKind | undefined {
  return kind ?? (runtime === undefined ? undefined : "TrainJob");
}

/** `base` has what the configuration may leave out, and where it runs: that is never taken from the file here. */
export function toChoice(
  configuration: Configuration,
  base: Pick<RunChoice, "kind" | "context" | "namespace" | "image" | "project">,
): RunChoice {
  const { nodes = 1, gpusPerNode, processesPerNode, runtime, output, args = [] } = configuration;
  const { cpu, memory, code, installRequirements: installs } = configuration;
  const { context, namespace, project } = base;
  const { env, needs } = asked(configuration);
  return {
    ...{ context, namespace, args, size: size(nodes, gpusPerNode, processesPerNode) },
    kind: kindOf(configuration) ?? base.kind,
    image: configuration.image ?? base.image,
    ...given<RunChoice>({
      ...{ project, cpu, memory, code, installs, env: some(env), needs: some(needs) },
      runtime: typeof runtime === "string" ? { kind: "ClusterTrainingRuntime", name: runtime } : runtime,
      output: output === undefined ? undefined : readPlace(output),
    }),
  };
}

function asked(configuration: Configuration): { readonly env: NonNullable<RunChoice["env"]>; readonly needs: Needs } {
  const { env = {}, secrets = {}, volumes = [], tolerations, nodeSelector } = configuration;
  const { dataset, model, serviceAccount, queue, priority, retries } = configuration;
  return {
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    needs: given<Needs>({
      ...{ nodeSelector: some(nodeSelector), tolerations: some(tolerations), serviceAccount, queue, priority },
      secrets: some(Object.entries(secrets).map(([name, from]) => ({ name, ...from }))),
      volumes: some(volumes.map((volume) => ({ readOnly: false, ...volume }))),
      ...{ dataset, model, retries },
      timeLimit: configuration.timeLimitSeconds,
      keepFor: configuration.keepForSeconds,
    }),
  };
}

/**
 * The choice under a name; only what differs from the defaults is written, the kind and the image always. Left out are
 * context and namespace: the file is shared. Throws UserError `secret` where it holds what looks like one.
 */
export function fromChoice(name: string, script: string, choice: RunChoice): Configuration {
  const { kind, runtime, image, args, cpu, memory, env = [], needs = {}, code, installs, output } = choice;
  const { nodes, gpusPerNode, processesPerNode } = choice.size;
  const { secrets = [], volumes = [], tolerations, nodeSelector, timeLimit, keepFor } = needs;
  const { dataset, model, serviceAccount, queue, priority, retries } = needs;
  const secret = env.find(looksSecret)?.name ?? secretArgument(args);
  if (secret !== undefined) {
    const why = `${secret} holds what looks like a secret, and the file is shared.`;
    throw new UserError("secret", "The configuration was not saved.", { why, hint: BY_REFERENCE });
  }
  return {
    ...{ name, script, kind },
    ...given<Configuration>({
      runtime:
        runtime && (runtime.kind === "TrainingRuntime" ? { kind: runtime.kind, name: runtime.name } : runtime.name),
      nodes: nodes === 1 ? undefined : nodes,
      processesPerNode: processesPerNode === Math.max(1, gpusPerNode) ? undefined : processesPerNode,
      gpusPerNode: gpusPerNode === 0 ? undefined : gpusPerNode,
      ...{ cpu, memory, image: image === "" ? undefined : image, args: some([...args]) },
      env: some(Object.fromEntries(env.map(({ name: variable, value }) => [variable, value]))),
      secrets: some(Object.fromEntries(secrets.map(({ name: variable, ...from }) => [variable, from]))),
      volumes: some(volumes.map(({ readOnly, ...volume }) => (readOnly ? { ...volume, readOnly } : volume))),
      ...{ dataset, model, nodeSelector: some(nodeSelector), tolerations: some(tolerations && [...tolerations]) },
      ...{ serviceAccount, queue, priority, timeLimitSeconds: timeLimit, retries, keepForSeconds: keepFor },
      code: code === "imports" ? undefined : code,
      installRequirements: installs === false ? false : undefined,
      output: output && placeText(output),
    }),
  };
}

/** Without the fields that are undefined. */
function given<T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Undefined for what holds nothing. */
function some<T extends object>(value: T | undefined): T | undefined {
  return value === undefined || Object.keys(value).length === 0 ? undefined : value;
}
