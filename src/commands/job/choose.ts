import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import type { CodeChoice, Finding, LaunchKind, Output, RunChoice, RunPlan, Size } from "../../jobs/index.ts";
import { askText, type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { askContext, askNamespace, kindFor, type Step, steps } from "./askPlace.ts";
import {
  codeWords,
  confirmLine,
  filesWords,
  imageWords,
  kindWords,
  outputWords,
  requirementsWords,
  shortImage,
  worstOf,
} from "./words.ts";

/** What the settings and earlier runs say of a run. */
export interface Wants {
  /** Undefined where that is left to the cluster. */
  readonly kind: LaunchKind | undefined;
  readonly image: (kind: LaunchKind) => string;
}

/** The questions of a first run: cluster, namespace, size; each with an answer that Enter takes. */
export async function askRun(engine: Engine, file: string, wants: Wants): Promise<RunChoice> {
  const title = vscode.l10n.t("Run {0}", path.basename(file));
  const last = engine.jobs.lastRuns.get(file) ?? engine.jobs.lastRuns.latest();
  // One cluster is no question.
  const questions = engine.contexts().length === 1 ? 2 : 3;
  const context = await askContext(engine, title, last?.context, [1, questions]);
  const known = last?.context === context ? last.namespace : undefined;
  const namespace = await askNamespace(engine, title, context, known, [questions - 1, questions]);
  const size = await askSize(engine, title, last?.size, [questions, questions]);
  const kind = await kindFor(engine, context, wants.kind);
  const args = engine.jobs.lastRuns.get(file)?.args ?? [];
  return { kind, context, namespace, size, image: wants.image(kind), args };
}

/** One process, without a GPU. */
export const ONE: Size = { nodes: 1, gpusPerNode: 0, processesPerNode: 1 };

/** The same for who is asked all else on a page: one process in the namespace of the context. */
export async function firstChoice(engine: Engine, file: string, wants: Wants): Promise<RunChoice> {
  const last = engine.jobs.lastRuns.latest();
  const context = await askContext(engine, vscode.l10n.t("Train {0}", path.basename(file)), last?.context);
  const namespace = last?.context === context ? last.namespace : engine.context(context).namespace;
  const kind = await kindFor(engine, context, wants.kind);
  return { kind, context, namespace, size: ONE, image: wants.image(kind), args: [] };
}

async function askSize(engine: Engine, title: string, last: Size | undefined, step?: Step): Promise<Size> {
  const { describeSize, parseCustomSize, SIZES } = engine.jobs.sizes;
  const custom = "custom";
  const sizes =
    last === undefined || SIZES.some((size) => describeSize(size) === describeSize(last)) ? SIZES : [last, ...SIZES];
  const items: Choice<Size | typeof custom>[] = [
    ...sizes.map((size) => ({ label: describeSize(size), description: sizeWords(size), value: size })),
    {
      label: vscode.l10n.t("custom…"),
      description: vscode.l10n.t("nodes, GPUs and processes of your own"),
      value: custom,
    },
  ];
  const active = last && items.find((item) => item.label === describeSize(last));
  const choice = await pickOne({
    title,
    placeholder: vscode.l10n.t("How large (nodes × GPUs of each)?"),
    items,
    active,
    ...steps(step),
  });
  if (choice !== custom) return choice;
  const check = (text: string): string | undefined => {
    const size = parseCustomSize(text);
    return typeof size === "string" ? size : undefined;
  };
  const text = await askText({
    title,
    prompt: vscode.l10n.t("Nodes × GPUs of each, such as 4x2, or 2 nodes 4 processes"),
    value: "2x1",
    check,
  });
  const size = parseCustomSize(text);
  if (typeof size === "string") throw new UserError("bad-size", size);
  return size;
}

function sizeWords(size: Size): string {
  const program = size.nodes === 1 && size.processesPerNode === 1 ? "python" : "torchrun";
  return program === "python"
    ? vscode.l10n.t("one process, python")
    : vscode.l10n.t("{0}, torchrun", plural(size.nodes * size.processesPerNode, "process", "processes"));
}

/** A volume of the namespace, an address of a bucket that is typed, or no place. */
async function askOutput(
  engine: Engine,
  title: string,
  { context, namespace, output }: RunChoice,
): Promise<Output | undefined> {
  const claims = await withProgress(vscode.l10n.t("Reading the volumes of {0}", namespace), (signal) =>
    engine.claims(context, namespace, signal),
  );
  const items: Choice<Output | undefined>[] = [
    ...claims.map(({ name, words }) => ({
      label: pickLabel(name),
      description: pickLabel(words),
      value: { claim: name },
    })),
    { label: vscode.l10n.t("Nowhere"), description: outputWords(undefined), value: undefined },
  ];
  const active = items.find(({ value }) => outputWords(value) === outputWords(output));
  return pickOne<Output | undefined>({
    title,
    placeholder: vscode.l10n.t("Where does OUTPUT_DIR lead? A volume, or type an address such as s3://bucket/folder"),
    items,
    active,
    typed: (uri) =>
      engine.jobs.outputProblem({ uri }) === undefined
        ? { label: uri, description: vscode.l10n.t("given to the script as typed"), value: { uri } }
        : undefined,
  });
}

function askCode(title: string, choice: RunChoice): Promise<CodeChoice> {
  const items = (["imports", "folder"] as const).map((value) => ({
    label: codeWords({ ...choice, code: value }),
    description:
      value === "imports"
        ? vscode.l10n.t("no data, nothing that is not imported")
        : vscode.l10n.t("without what .gitignore and .trainyardignore name, environments, data and secrets"),
    value,
  }));
  const active = items.find(({ value }) => value === (choice.code ?? "imports"));
  return pickOne<CodeChoice>({ title, placeholder: vscode.l10n.t("What is sent?"), items, active });
}

/** Of either kind; a TrainJob by its runtime. */
async function askKind(
  engine: Engine,
  title: string,
  { context, namespace, kind, runtime }: RunChoice,
): Promise<Pick<RunChoice, "kind" | "runtime">> {
  type Chosen = Pick<RunChoice, "kind" | "runtime">;
  const items = await withProgress(vscode.l10n.t("Reading the runtimes of {0}", label(context)), async (signal) => {
    const kinds = await engine.launchKinds(context, signal);
    const { client } = engine.cluster(context).connection;
    const runtimes = kinds.includes("TrainJob") ? await engine.jobs.listRuntimes(client, namespace, signal) : [];
    return [
      ...(kinds.includes("PyTorchJob")
        ? [
            {
              label: "PyTorchJob",
              description: vscode.l10n.t("Training Operator"),
              value: { kind: "PyTorchJob" as const },
            },
          ]
        : []),
      ...runtimes.map(({ name, kind: scope, framework = "", image = "" }): Choice<Chosen> => {
        const chosen = { kind: "TrainJob" as const, runtime: { kind: scope, name } };
        const words = [framework, shortImage(label(image))].filter((word) => word !== "").join(" · ");
        return { label: pickLabel(kindWords(chosen)), description: pickLabel(words), value: chosen };
      }),
    ];
  });
  const active = items.find(
    ({ value }) => value.kind === kind && (runtime === undefined || value.runtime?.name === runtime.name),
  );
  return pickOne<Chosen>({ title, placeholder: vscode.l10n.t("As which kind of job?"), items, active });
}

function omitRuntime(choice: RunChoice): Omit<RunChoice, "runtime"> {
  const rest = { ...choice };
  delete rest.runtime;
  return rest;
}

/** The image that stays, or that the other kind begins with. */
function imageOf(choice: RunChoice, kind: LaunchKind, wants: Wants): string {
  return kind === choice.kind ? choice.image : wants.image(kind);
}

export type Confirmation =
  "run" | "change" | "results" | "files" | "checks" | "gpu-node" | "save" | "manifest" | "page";

/** The one line that a person confirms before anything is sent. */
export function confirmRun(engine: Engine, plan: RunPlan, findings: readonly Finding[]): Promise<Confirmation> {
  const items: Choice<Confirmation>[] = [
    { label: `$(rocket) ${vscode.l10n.t("Run")}`, detail: confirmLine(engine, plan), value: "run" },
    {
      label: `$(edit) ${vscode.l10n.t("Change…")}`,
      detail: vscode.l10n.t("Cluster, namespace, size, kind, image, code or arguments"),
      value: "change",
    },
    {
      label: `$(settings-gear) ${vscode.l10n.t("Configure…")}`,
      detail: vscode.l10n.t("All of it on a page: variables, volumes, nodes, queue, limits"),
      value: "page",
    },
    {
      label: `$(list-tree) ${vscode.l10n.t("Files…")}`,
      detail: filesWords(plan),
      value: "files",
    },
    {
      label: `$(save) ${vscode.l10n.t("Results…")}`,
      detail: outputWords(plan.spec.output),
      value: "results",
    },
    {
      label: `$(bookmark) ${vscode.l10n.t("Save as configuration…")}`,
      detail: vscode.l10n.t("Under a name, for everyone with this folder"),
      value: "save",
    },
    {
      label: `$(file-code) ${vscode.l10n.t("Manifest…")}`,
      detail: vscode.l10n.t("The job as YAML, to be edited and launched"),
      value: "manifest",
    },
  ];
  const worst = worstOf(findings);
  const node = findings.find(({ next }) => next?.what === "gpu-node")?.next;
  if (worst !== undefined) {
    const icon = worst.level === "problem" ? "error" : "warning";
    items.splice(1, 0, {
      ...{ label: `$(${icon}) ${vscode.l10n.t("Checks…")}`, detail: pickLabel(worst.text, 300), value: "checks" },
    });
  }
  if (node !== undefined) {
    const detail = vscode.l10n.t("Asks for how many first; the job starts when a node is there");
    items.splice(2, 0, { label: `$(server) ${node.title}`, detail, value: "gpu-node" });
  }
  const title = vscode.l10n.t("Run {0}", path.basename(plan.file));
  return pickOne({
    title,
    placeholder: vscode.l10n.t("The code is readable by everyone who may read ConfigMaps in the namespace"),
    items,
  });
}

/** Where the script's results are to go. */
export async function changeResults(engine: Engine, file: string, choice: RunChoice): Promise<RunChoice> {
  const output = await askOutput(engine, vscode.l10n.t("Run {0}", path.basename(file)), choice);
  return { ...choice, output };
}

/** Changes one thing of a run; `configure` takes all of it from a configuration. */
export async function changeRun(
  engine: Engine,
  file: string,
  choice: RunChoice,
  wants: Wants,
  configure: (choice: RunChoice) => Promise<RunChoice>,
): Promise<RunChoice> {
  const title = vscode.l10n.t("Run {0}", path.basename(file));
  const { describeSize } = engine.jobs.sizes;
  const field = await pickOne<
    Exclude<keyof RunChoice, "runtime" | "project" | "output" | "cpu" | "memory" | "env" | "needs"> | "configuration"
  >({
    title,
    placeholder: vscode.l10n.t("What to change?"),
    items: [
      { label: vscode.l10n.t("Size"), description: describeSize(choice.size), value: "size" },
      { label: vscode.l10n.t("Kind"), description: kindWords(choice), value: "kind" },
      { label: vscode.l10n.t("Image"), description: imageWords(choice.image), value: "image" },
      { label: vscode.l10n.t("Arguments"), description: choice.args.join(" "), value: "args" },
      { label: vscode.l10n.t("Code"), description: codeWords(choice), value: "code" },
      {
        label: vscode.l10n.t("Requirements"),
        description: requirementsWords(choice.installs !== false),
        value: "installs",
      },
      { label: vscode.l10n.t("Namespace"), description: choice.namespace, value: "namespace" },
      { label: vscode.l10n.t("Cluster"), description: label(choice.context), value: "context" },
      {
        label: vscode.l10n.t("Configuration"),
        description: vscode.l10n.t("everything, as .vscode/trainyard.json names it"),
        value: "configuration",
      },
    ],
  });
  switch (field) {
    case "size":
      return { ...choice, size: await askSize(engine, title, choice.size) };
    case "namespace":
      return { ...choice, namespace: await askNamespace(engine, title, choice.context, choice.namespace) };
    case "context": {
      const context = await askContext(engine, title, choice.context);
      const namespace = await askNamespace(engine, title, context, undefined);
      // A runtime is the other cluster's.
      const { runtime } = choice;
      const kind = await kindFor(engine, context, choice.kind);
      const kept = runtime !== undefined && context === choice.context ? { runtime } : {};
      return { ...omitRuntime(choice), ...kept, kind, context, namespace, image: imageOf(choice, kind, wants) };
    }
    case "kind": {
      const chosen = await askKind(engine, title, choice);
      // A PyTorchJob has none, and a TrainJob is chosen with its own.
      return { ...omitRuntime(choice), ...chosen, image: imageOf(choice, chosen.kind, wants) };
    }
    case "image": {
      const check = engine.jobs.imageProblem;
      return {
        ...choice,
        image: await askText({
          title,
          prompt:
            choice.kind === "TrainJob"
              ? vscode.l10n.t("Image with Python and what the script imports; empty for the runtime’s own")
              : vscode.l10n.t("Image with Python and PyTorch"),
          value: choice.image,
          check: (text) => (choice.kind === "TrainJob" && text === "" ? undefined : check(text)),
        }),
      };
    }
    case "configuration":
      return configure(choice);
    case "code":
      return { ...choice, code: await askCode(title, choice) };
    case "installs":
      return { ...choice, installs: choice.installs === false };
    case "args": {
      const prompt = vscode.l10n.t("Arguments of the script, as in a shell; quotes group words, nothing is expanded");
      const text = await askText({
        title,
        prompt,
        value: engine.jobs.joinArguments(choice.args),
        check: engine.jobs.argumentsProblem,
      });
      return { ...choice, args: engine.jobs.splitArguments(text) };
    }
  }
}
