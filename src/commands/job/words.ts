// What a run is, in words: the line that is confirmed, what can be changed of it, and what travels.
import path from "node:path";
import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import { bytes, plural, shorten, wrap } from "../../core/text.ts";
import type { Engine } from "../../engine.ts";
import type { Finding, LaunchKind, Output, RunChoice, RunPlan } from "../../jobs/index.ts";

export function codeWords({ code, project }: RunChoice): string {
  if (code !== "folder") return vscode.l10n.t("the file with its imports");
  return project === undefined
    ? vscode.l10n.t("its whole folder")
    : vscode.l10n.t("the whole folder {0}", path.basename(project));
}

export function requirementsWords(isInstalled: boolean): string {
  return isInstalled ? vscode.l10n.t("installed at the start") : vscode.l10n.t("not installed: the image has them");
}

/** What travels, and what is left though it is imported. */
export function filesWords({ snapshot }: RunPlan): string {
  const { files, bytes: size, missing, left } = snapshot;
  const travels = `${plural(files.length, "file")}, ${bytes(size)}`;
  if (missing.length > 0)
    return vscode.l10n.t("{0}; {1} is imported and stays here", travels, label(missing.slice(0, 3).join(", "), 60));
  return left.length === 0 ? travels : vscode.l10n.t("{0}; {1} stay here", travels, plural(left.length, "other"));
}

/** Everything that is sent, largest first, and what is not, with the reason. */
export function filesText(plan: RunPlan): string {
  const { root, files, bytes: size, hash, missing, left, requirements } = plan.snapshot;
  const rows = [...files]
    .sort((a, b) => b.bytes - a.bytes)
    .map((file) => `${bytes(file.bytes).padStart(9)}  ${file.path}`);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
  return [
    vscode.l10n.t("{0} of {1}, {2}", plural(files.length, "file"), root, bytes(size)),
    `sha256 ${hash}`,
    ...(requirements === undefined ? [] : [vscode.l10n.t("What {0} names is installed at the start", requirements)]),
    "",
    ...rows,
    ...section(vscode.l10n.t("Imported, and not sent:"), missing),
    ...section(
      vscode.l10n.t("Not sent:"),
      left.map(({ path: name, why }) => `${name}: ${why}`),
    ),
    "",
  ].join("\n");
}

/** The first of the worst that was found; undefined where nothing is wrong. */
export function worstOf(findings: readonly Finding[]): Finding | undefined {
  const first = (wanted: Finding["level"]): Finding | undefined => findings.find(({ level }) => level === wanted);
  return first("problem") ?? first("warning");
}

/** All that was found, the worst first. */
export function checksText(findings: readonly Finding[]): string {
  const titles = {
    problem: vscode.l10n.t("In the way:"),
    warning: vscode.l10n.t("To be looked at:"),
    unknown: vscode.l10n.t("Not known:"),
    ok: vscode.l10n.t("In order:"),
  };
  return (["problem", "warning", "unknown", "ok"] as const)
    .map((wanted) => [wanted, findings.filter(({ level }) => level === wanted)] as const)
    .filter(([, found]) => found.length > 0)
    .map(([wanted, found]) => {
      const lines = found.flatMap(({ text, lines: more = [] }) => [
        wrap(text, "  "),
        ...more.map((line) => `    ${line}`),
      ]);
      return [titles[wanted], ...lines, ""].join("\n");
    })
    .join("\n");
}

/** `PyTorchJob`, `TrainJob torch-distributed`. */
export function kindWords({
  kind,
  runtime,
}: {
  readonly kind: LaunchKind;
  readonly runtime?: { readonly name: string };
}): string {
  return runtime === undefined ? kind : `${kind} ${label(runtime.name)}`;
}

export function imageWords(image: string): string {
  return image === "" ? vscode.l10n.t("the runtime’s image") : image;
}

/** `PyTorchJob · team-a / alice · 2 nodes × 1 GPU · pytorch:2.11 · 12 files, 84 KB`: short enough to be read whole. */
export function confirmLine(engine: Engine, plan: RunPlan): string {
  const { spec, snapshot } = plan;
  const { requirements, missing } = snapshot;
  const args = label(engine.jobs.joinArguments(spec.args));
  return [
    kindWords(spec),
    `${shorten(label(spec.context), 30)} / ${spec.namespace}`,
    engine.jobs.sizes.describeSize(spec),
    ...(spec.cpu === undefined ? [] : [vscode.l10n.t("{0} CPU", spec.cpu)]),
    ...(spec.memory === undefined ? [] : [vscode.l10n.t("{0} memory", spec.memory)]),
    ...engine.jobs.needsWords(spec.needs ?? {}).map((word) => label(word, 40)),
    spec.image === "" ? imageWords("") : shortImage(label(spec.image)),
    `${plural(snapshot.files.length, "file")}, ${bytes(snapshot.bytes)}`,
    ...(spec.installs && requirements !== undefined ? [vscode.l10n.t("installs {0}", requirements)] : []),
    ...(missing.length === 0 ? [] : [vscode.l10n.t("⚠ {0} stays here", label(missing[0] ?? "", 40))]),
    ...(spec.output === undefined ? [] : [outputWords(spec.output)]),
    ...(args === "" ? [] : [shorten(args, 30)]),
  ].join(" · ");
}

/** An image without its registry and path, which *Change…* shows whole: `pytorch:2.11.0-cuda12.8-cud…`. */
export function shortImage(image: string): string {
  return shorten(image.slice(image.lastIndexOf("/") + 1), 28);
}

export function outputWords(output: Output | undefined): string {
  if (output === undefined) return vscode.l10n.t("No place is named: files that the script writes are lost");
  return "claim" in output
    ? vscode.l10n.t("results on {0}", output.claim)
    : vscode.l10n.t("results in {0}", output.uri);
}
