import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { bytes, plural, shorten } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import type { RunChoice, RunPlan, Size } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import { askText, type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";

type Step = readonly [step: number, of: number];

/** The questions of a first run: cluster, namespace, size; each with an answer that Enter takes. */
export async function askRun(engine: Engine, file: string, image: string): Promise<RunChoice> {
  const title = vscode.l10n.t("Run {0}", path.basename(file));
  const last = engine.jobs.lastRuns.get(file) ?? engine.jobs.lastRuns.latest();
  // One cluster is no question.
  const questions = engine.contexts().length === 1 ? 2 : 3;
  const context = await askContext(engine, title, last?.context, [1, questions]);
  const known = last?.context === context ? last.namespace : undefined;
  const namespace = await askNamespace(engine, title, context, known, [questions - 1, questions]);
  const size = await askSize(engine, title, last?.size, [questions, questions]);
  return { context, namespace, size, image, args: engine.jobs.lastRuns.get(file)?.args ?? [] };
}

async function askContext(engine: Engine, title: string, last: string | undefined, step?: Step): Promise<string> {
  const contexts = engine.contexts();
  const [only] = contexts;
  if (only === undefined) throw noCluster(engine);
  if (contexts.length === 1) return only.name;
  const items: Choice<string>[] = contexts.map((context) => ({
    label: pickLabel(context.name),
    description: pickLabel(context.server),
    value: context.name,
  }));
  const preferred = last ?? contexts.find((context) => context.isCurrent)?.name;
  const active = items.find((item) => item.value === preferred);
  return pickOne({ title, placeholder: vscode.l10n.t("On which cluster?"), items, active, ...steps(step) });
}

/** There is no cluster to run on, or none that can be read: one sentence with what to press. */
function noCluster(engine: Engine): UserError {
  const add = { title: vscode.l10n.t("Add Cluster…"), command: COMMANDS.addCluster };
  const [problem] = engine.problems();
  if (problem !== undefined) {
    const open = { title: vscode.l10n.t("Open Kubeconfig"), command: COMMANDS.openKubeconfig, args: [problem.file] };
    return new UserError("kubeconfig", vscode.l10n.t("The job was not created."), {
      why: problem.message,
      next: [open, add],
    });
  }
  return new UserError("no-kubeconfig", vscode.l10n.t("The job was not created."), {
    why: vscode.l10n.t("No kubeconfig was found, so there is no cluster to run on."),
    next: [add],
  });
}

async function askNamespace(
  engine: Engine,
  title: string,
  context: string,
  last: string | undefined,
  step?: Step,
): Promise<string> {
  const { names, mayList } = await withProgress(vscode.l10n.t("Connecting to {0}", label(context)), (signal) =>
    engine.allNamespaces(context, signal),
  );
  const items: Choice<string>[] = names.map((name) => ({ label: pickLabel(name), value: name }));
  const preferred = last ?? engine.context(context).namespace;
  return pickOne({
    title,
    placeholder: mayList
      ? vscode.l10n.t("In which namespace of {0}?", label(context))
      : vscode.l10n.t("In which namespace of {0}? You may not list them: type its name.", label(context)),
    items,
    active: items.find((item) => item.value === preferred),
    ...steps(step),
    typed: (text) =>
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
        ? { label: text, description: vscode.l10n.t("as typed"), value: text }
        : undefined,
  });
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

function steps(step: Step | undefined): { readonly step?: Step } {
  return step === undefined ? {} : { step };
}

function sizeWords(size: Size): string {
  const program = size.nodes === 1 && size.processesPerNode === 1 ? "python" : "torchrun";
  return program === "python"
    ? vscode.l10n.t("one process, python")
    : vscode.l10n.t("{0}, torchrun", plural(size.nodes * size.processesPerNode, "process", "processes"));
}

/** `PyTorchJob · team-a / alice · 2 nodes × 1 GPU · pytorch:2.11 · 12 files, 84 KB`: short enough to be read whole. */
export function confirmLine(engine: Engine, plan: RunPlan): string {
  const { spec, snapshot } = plan;
  const size = snapshot.files.reduce((sum, file) => sum + file.bytes, 0);
  const args = label(engine.jobs.joinArguments(spec.args));
  return [
    "PyTorchJob",
    `${shorten(label(spec.context), 30)} / ${spec.namespace}`,
    engine.jobs.sizes.describeSize(spec),
    shortImage(label(spec.image)),
    `${plural(snapshot.files.length, "file")}, ${bytes(size)}`,
    ...(args === "" ? [] : [shorten(args, 30)]),
  ].join(" · ");
}

/** An image without its registry and path, which *Change…* shows whole: `pytorch:2.11.0-cuda12.8-cud…`. */
function shortImage(image: string): string {
  return shorten(image.slice(image.lastIndexOf("/") + 1), 28);
}

export type Confirmation = "run" | "change";

/** The one line that a person confirms before anything is sent. */
export function confirmRun(engine: Engine, plan: RunPlan): Promise<Confirmation> {
  const items: Choice<Confirmation>[] = [
    { label: `$(rocket) ${vscode.l10n.t("Run")}`, detail: confirmLine(engine, plan), value: "run" },
    {
      label: `$(edit) ${vscode.l10n.t("Change…")}`,
      detail: vscode.l10n.t("Cluster, namespace, size, image or arguments"),
      value: "change",
    },
  ];
  const title = vscode.l10n.t("Run {0}", path.basename(plan.file));
  return pickOne({
    title,
    placeholder: vscode.l10n.t("The code is readable by everyone who may read ConfigMaps in the namespace"),
    items,
  });
}

/** Changes one thing of a run. */
export async function changeRun(engine: Engine, file: string, choice: RunChoice): Promise<RunChoice> {
  const title = vscode.l10n.t("Run {0}", path.basename(file));
  const { describeSize } = engine.jobs.sizes;
  const field = await pickOne<keyof RunChoice>({
    title,
    placeholder: vscode.l10n.t("What to change?"),
    items: [
      { label: vscode.l10n.t("Size"), description: describeSize(choice.size), value: "size" },
      { label: vscode.l10n.t("Image"), description: choice.image, value: "image" },
      { label: vscode.l10n.t("Arguments"), description: choice.args.join(" "), value: "args" },
      { label: vscode.l10n.t("Namespace"), description: choice.namespace, value: "namespace" },
      { label: vscode.l10n.t("Cluster"), description: label(choice.context), value: "context" },
    ],
  });
  switch (field) {
    case "size":
      return { ...choice, size: await askSize(engine, title, choice.size) };
    case "namespace":
      return { ...choice, namespace: await askNamespace(engine, title, choice.context, choice.namespace) };
    case "context": {
      const context = await askContext(engine, title, choice.context);
      return { ...choice, context, namespace: await askNamespace(engine, title, context, undefined) };
    }
    case "image": {
      const check = engine.jobs.imageProblem;
      return {
        ...choice,
        image: await askText({
          title,
          prompt: vscode.l10n.t("Image with Python and PyTorch"),
          value: choice.image,
          check,
        }),
      };
    }
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
