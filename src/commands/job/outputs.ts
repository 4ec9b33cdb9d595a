import { access } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { label } from "../../core/sanitize.ts";
import { bytes, plural } from "../../core/text.ts";
import { pickFolder } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { pickLaunch, referenceOf } from "./jobs.ts";

/** Copies what a job has written to its OUTPUT_DIR into a new folder, whether its pods are still there or not. */
export async function downloadOutputs(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const { context, jobKind: kind, namespace, name, uid } = referenceOf(deps, target) ?? (await pickLaunch(engine));
  const parent = await pickFolder(vscode.l10n.t("Folder for the results of {0}", label(name)), vscode.l10n.t("Choose"));
  if (parent === undefined) return;
  const into = await freeFolder(parent, `${name}-outputs`);
  const taken = await withProgress(vscode.l10n.t("Downloading the results of {0}", label(name)), (signal, report) =>
    engine.downloadOutputs(context, { kind, namespace, name, uid }, into, report, signal),
  );
  const left =
    taken.leftOut === 0
      ? ""
      : ` ${vscode.l10n.t("{0} were left out.", plural(taken.leftOut, "link", "links or the like"))}`;
  const here = vscode.l10n.t(
    "{0}, {1} of {2} are in {3}.",
    plural(taken.files, "file"),
    bytes(taken.bytes),
    name,
    into,
  );
  const show = { title: vscode.l10n.t("Show"), command: "revealFileInOS", args: [vscode.Uri.file(into)] };
  const written = names(taken.changed);
  const meanwhile = written === "" ? "" : ` ${vscode.l10n.t("Written while they were read: {0}.", written)}`;
  if (taken.missing.length === 0) deps.notify.info(here + left + meanwhile, show);
  else {
    const why = vscode.l10n.t("removed, written anew or not readable meanwhile");
    const missing = vscode.l10n.t("Not taken ({0}): {1}. Download again to have them.", why, names(taken.missing));
    deps.notify.warning(`${here}${left} ${missing}${meanwhile}`, show);
  }
}

function names(all: readonly string[]): string {
  const more = all.length > 4 ? [vscode.l10n.t("{0} more", all.length - 4)] : [];
  return [...all.slice(0, 4).map((name) => label(name, 80)), ...more].join(", ");
}

/** What was downloaded before stays as it is. */
async function freeFolder(parent: string, name: string): Promise<string> {
  for (let round = 1; ; round++) {
    const folder = path.join(parent, round === 1 ? name : `${name}-${round}`);
    try {
      await access(folder);
    } catch {
      return folder; // It is not there yet.
    }
  }
}
