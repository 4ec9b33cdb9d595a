// New Pipeline from Files…: which scripts, the plan to look at and to change, what would be replaced, the files.
import path from "node:path";
import * as vscode from "vscode";
import { isCancelled, UserError } from "../../core/errors.ts";
import { pickLabel } from "../../core/sanitize.ts";
import { joined, plural } from "../../core/text.ts";
import { COMMANDS } from "../../manifest.ts";
import type { Part, PipelineDraft, RoleWish, Step, WrittenFile } from "../../pipelines/index.ts";
import { type Choice, pickOne, pickSome } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";

/** From the explorer with all files that are selected there, from the palette and a folder of pipelines. */
export async function newPipeline(deps: CommandDeps, target: unknown, selected: unknown): Promise<void> {
  const scripts = await scriptsOf(target, selected);
  const [first] = scripts;
  if (first === undefined) return;
  const engine = await deps.engine();
  await save(scripts);
  // Of folders in one another, the innermost that has them all.
  const tops = scripts.map((script) => vscode.workspace.getWorkspaceFolder(vscode.Uri.file(script))?.uri.fsPath);
  const [top = path.dirname(first)] = tops.filter((one) => one !== undefined).sort((a, b) => a.length - b.length);
  const draft = await withProgress(vscode.l10n.t("Reading {0}", plural(scripts.length, "script")), (signal) =>
    engine.pipelineDesk.draft(engine.compiler.python, scripts, top, signal),
  );
  await review(draft);
  await write(deps, draft);
}

const MAX_SCRIPTS = 2000;
const NO_STEPS = "**/{.*,venv,env,node_modules,site-packages,__pycache__,build,dist,tests,mlruns,wandb}/**";

async function scriptsOf(target: unknown, selected: unknown): Promise<readonly string[]> {
  const uris = (Array.isArray(selected) ? (selected as readonly unknown[]) : [target]).filter(isScript);
  if (uris.length > 1) return uris.map(({ fsPath }) => fsPath);
  const [given = vscode.window.activeTextEditor?.document.uri] = uris;
  const known = given !== undefined && isScript(given) ? given.fsPath : undefined;
  const found = (await vscode.workspace.findFiles("**/*.py", NO_STEPS, MAX_SCRIPTS)).filter(isScript);
  const files = [...new Set([...(known === undefined ? [] : [known]), ...found.map(({ fsPath }) => fsPath)])].sort();
  if (files.length === 0)
    throw new UserError("no-scripts", vscode.l10n.t("No pipeline was written."), {
      why: vscode.l10n.t("No Python script is in the folders that are open."),
      hint: vscode.l10n.t("Open the folder that has a script for each step."),
    });
  const items = files.map((value) => ({
    label: pickLabel(path.basename(value)),
    description: pickLabel(path.dirname(vscode.workspace.asRelativePath(value)).replace(/^\.$/, "")),
    picked: value === known,
    value,
  }));
  return pickSome(
    vscode.l10n.t("New pipeline from files"),
    vscode.l10n.t("Which scripts are its steps? Their order is seen next"),
    items,
  );
}

/** What we or others wrote to bring a pipeline about is no step of one. */
function isScript(target: unknown): target is vscode.Uri {
  return (
    target instanceof vscode.Uri &&
    target.scheme === "file" &&
    /\.py$/i.test(target.path) &&
    !/\/(pipeline|run_step|__init__|setup|conftest)\.py$/.test(target.path)
  );
}

/** What stands on the screen is what is read and replaced. */
async function save(files: readonly string[]): Promise<void> {
  for (const document of vscode.workspace.textDocuments) {
    if (!document.isDirty || !files.includes(document.uri.fsPath) || (await document.save())) continue;
    throw new UserError("not-saved", vscode.l10n.t("{0} could not be saved.", path.basename(document.uri.fsPath)));
  }
}

/** Shows the plan until it is agreed to. */
async function review(draft: PipelineDraft): Promise<void> {
  for (;;) {
    const { name, steps } = draft.plan;
    const files = await draft.files();
    const differ = files.filter(isOther).length;
    const isNew = files.filter(({ before }) => before === undefined).length;
    const about = [
      isNew === 0 ? "" : vscode.l10n.t("{0} new", isNew),
      differ === 0 ? "" : vscode.l10n.t("{0} to compare with yours", differ),
      vscode.l10n.t("in {0}", folderWords(draft.folder)),
    ];
    const agree: Choice<Step | undefined> = {
      label: `$(check) ${vscode.l10n.t("Write Files")}`,
      description: pickLabel(joined(about)),
      value: undefined,
    };
    const step = await pickOne<Step | undefined>({
      title: vscode.l10n.t("New pipeline {0}", name),
      placeholder: vscode.l10n.t("Write it, or choose a step to change it"),
      items: [agree, ...steps.map((each, at) => stepItem(each, at))],
      active: agree,
    });
    if (step === undefined) return;
    // Who turns away from a step is back at the plan, with what was changed before.
    await changeStep(draft, step).catch((error: unknown) => {
      if (!isCancelled(error)) throw error;
    });
  }
}

/** A folder that is open has no path relative to itself. */
function folderWords(folder: string): string {
  const open = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(folder));
  return open?.uri.fsPath === folder ? open.name : vscode.workspace.asRelativePath(folder);
}

function stepItem(step: Step, at: number): Choice<Step> {
  const { script, parts, after } = step;
  const names = (kind: Part["role"]["kind"]): string =>
    parts.flatMap(({ name, role }) => (role.kind === kind ? [name] : [])).join(", ");
  const takes = parts.flatMap(({ name, role }) =>
    role.kind === "input"
      ? [name === role.output ? `${role.from}.${name}` : `${name} = ${role.from}.${role.output}`]
      : [],
  );
  const lines: readonly (readonly [string, string])[] = [
    [vscode.l10n.t("takes"), takes.join(", ")],
    [vscode.l10n.t("makes"), joined([names("output"), names("result")], ", ")],
    [vscode.l10n.t("asks for"), names("parameter")],
    [vscode.l10n.t("waits for"), after.join(", ")],
    [vscode.l10n.t("leaves to the script"), names("left")],
    [script.notes.includes("commands") ? vscode.l10n.t("its sub-commands are not read") : "", " "],
    [script.notes.includes("object") ? vscode.l10n.t("its function takes what only Python has") : "", " "],
  ];
  const detail = lines.flatMap(([what, list]) => (what === "" || list === "" ? [] : [`${what} ${list}`.trim()]));
  return {
    label: pickLabel(`${at + 1}  ${step.id}`),
    description: pickLabel(script.script),
    detail: pickLabel(joined(detail), 400),
    value: step,
  };
}

type Change = "earlier" | "later" | "out" | Part;

async function changeStep(draft: PipelineDraft, step: Step): Promise<void> {
  const { steps } = draft.plan;
  const at = steps.indexOf(step);
  const items: Choice<Change>[] = [];
  if (at > 0) items.push({ label: `$(arrow-up) ${vscode.l10n.t("Run it earlier")}`, value: "earlier" });
  if (at < steps.length - 1) items.push({ label: `$(arrow-down) ${vscode.l10n.t("Run it later")}`, value: "later" });
  if (steps.length > 1) items.push({ label: `$(close) ${vscode.l10n.t("Leave it out")}`, value: "out" });
  for (const part of step.parts.filter(({ role }) => role.kind !== "result"))
    items.push({
      label: pickLabel(part.argument?.flag || part.key),
      description: pickLabel(roleWords(part)),
      value: part,
    });
  const change = await pickOne<Change>({
    title: vscode.l10n.t("Step {0}", step.id),
    placeholder: vscode.l10n.t("What is to be otherwise?"),
    items,
  });
  if (change === "out") draft.leaveOut(step);
  else if (change === "earlier" || change === "later") draft.move(step, change === "earlier" ? -1 : 1);
  else draft.setRole(step, change, await askRole(draft, step, change));
}

function roleWords({ role }: Part): string {
  switch (role.kind) {
    case "input":
      return vscode.l10n.t("{0} of the step {1}", role.output, role.from);
    case "output":
      return vscode.l10n.t("output of the step, as {0}", role.type);
    case "parameter": {
      const known = role.default?.text ?? "";
      return vscode.l10n.t("asked for when the pipeline is run") + (known === "" ? "" : ` (${known})`);
    }
    case "result":
    case "left":
      return vscode.l10n.t("left to the script");
  }
}

function askRole(draft: PipelineDraft, step: Step, part: Part): Promise<RoleWish> {
  const items: Choice<RoleWish>[] = draft.offered(step).map(({ from, output }) => ({
    label: pickLabel(vscode.l10n.t("{0} of the step {1}", output, from)),
    value: { kind: "input", from, output },
  }));
  items.push({ label: vscode.l10n.t("An output of the step"), value: { kind: "output" } });
  if (part.argument !== undefined)
    items.push({ label: vscode.l10n.t("Asked for when the pipeline is run"), value: { kind: "parameter" } });
  items.push({ label: vscode.l10n.t("Left to the script"), value: { kind: "left" } });
  const { role } = part;
  const isNow = ({ value }: Choice<RoleWish>): boolean =>
    value.kind === role.kind &&
    (value.kind !== "input" || role.kind !== "input" || (value.from === role.from && value.output === role.output));
  return pickOne({
    title: vscode.l10n.t("Step {0}: {1}", step.id, pickLabel(part.argument?.flag || part.key)),
    placeholder: vscode.l10n.t("What is it in the pipeline?"),
    items,
    active: items.find(isNow),
  });
}

function isOther({ text, before }: WrittenFile): boolean {
  return before !== undefined && before !== text;
}

/** Asks about each file that would be replaced, beside its difference; nothing is written before all are answered. */
async function write(deps: CommandDeps, draft: PipelineDraft): Promise<void> {
  const { folder } = draft;
  await save((await draft.files()).map(({ path: file }) => path.join(folder, file)));
  const files = await draft.files();
  const wanted = files.filter(({ before }) => before === undefined);
  const others = files.filter(isOther);
  for (const [at, file] of others.entries()) {
    const answer = await askReplace(deps, folder, file, others.length - at);
    if (answer !== "keep") wanted.push(file);
    if (answer !== "all") continue;
    wanted.push(...others.slice(at + 1));
    break;
  }
  for (const { path: file, text } of wanted)
    await vscode.workspace.fs.writeFile(vscode.Uri.file(path.join(folder, file)), Buffer.from(text));
  const pipeline = vscode.Uri.file(path.join(folder, "pipeline.py"));
  await vscode.window.showTextDocument(pipeline, { preview: false });
  const said =
    wanted.length === 0
      ? vscode.l10n.t("The pipeline {0} is as it was.", draft.plan.name)
      : vscode.l10n.t("The pipeline {0} was written: {1}.", draft.plan.name, plural(wanted.length, "file"));
  const args = [pipeline];
  deps.notify.info(
    said,
    { title: vscode.l10n.t("Open Pipeline Graph"), command: COMMANDS.showGraph, args },
    { title: vscode.l10n.t("Build and Push Image…"), command: COMMANDS.buildImage, args },
  );
}

async function askReplace(
  deps: CommandDeps,
  folder: string,
  { path: file, text }: WrittenFile,
  left: number,
): Promise<"replace" | "keep" | "all"> {
  const proposed = deps.documents.put([folder, file], text, "proposed");
  const title = vscode.l10n.t("{0}: yours ↔ new", file);
  await vscode.commands.executeCommand("vscode.diff", vscode.Uri.file(path.join(folder, file)), proposed, title);
  const items: Choice<"replace" | "keep" | "all">[] = [
    { label: vscode.l10n.t("Keep mine"), value: "keep" },
    { label: vscode.l10n.t("Replace it"), value: "replace" },
  ];
  if (left > 1) items.push({ label: vscode.l10n.t("Replace all {0}", left), value: "all" });
  return pickOne({ title: pickLabel(file), placeholder: vscode.l10n.t("It is there already, and differs"), items });
}
