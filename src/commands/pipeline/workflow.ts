// A workflow for GitHub that ships a pipeline at each push.
import { readFile } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import { unlessMissing, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { writeWhole } from "../../core/wholeFile.ts";
import { gitOutput } from "../../jobs/index.ts";
import { componentsOf, hostOf, PIPELINE_FILE, repositoryOf, workflowOf } from "../../pipelines/index.ts";
import { pickOne } from "../../platform/pick.ts";
import { requireTrust } from "../../platform/trust.ts";
import type { CommandDeps } from "../deps.ts";
import { saveFolder } from "../job/run.ts";
import { askRegistry, githubRepository, namedRegistry } from "./registry.ts";

/** From a `pipeline.py`, another file beside it, or the palette. */
export async function addWorkflow(deps: CommandDeps, target: unknown): Promise<void> {
  requireTrust();
  const folder = await folderOf(target);
  await saveFolder(folder, true);
  const ask = (what: string): Promise<string | undefined> => gitOutput(folder, ["rev-parse", what]);
  const [repository = "", prefix] = await Promise.all(["--show-toplevel", "--show-prefix"].map(ask));
  // The folder may be reached by a link: git alone tells where it is in the repository.
  const below = prefix?.replace(/\/?\r?\n$/, "");
  if (repository.trim() === "" || below === undefined)
    throw notWritten(vscode.l10n.t("{0} is in no git repository.", label(folder)));
  const title = vscode.l10n.t("Add GitHub Workflow");
  const components = await componentsOf(folder);
  const isNeeded = components.some(({ image }) => hostOf(repositoryOf(image)) === undefined);
  const known = isNeeded ? namedRegistry(deps.state, folder) : "";
  const registry = known ?? (await askRegistry(deps.state, folder, title));
  const branch = await branchOf(folder);
  const { path: written, text, pipeline } = await workflowOf({ folder, below, branch, registry });
  const file = path.join(repository.replace(/\r?\n$/, ""), written);
  const before = await readFile(file, "utf8").catch(unlessMissing);
  if (before === undefined || (before !== text && (await mayReplace(deps, title, file, text))))
    await writeWhole(file, text, 0o644);
  else if (before !== text) return;
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false });
  const remote = githubRepository(await gitOutput(folder, ["remote", "get-url", "origin"]));
  const settings = {
    title: vscode.l10n.t("Open Settings on GitHub"),
    command: "vscode.open",
    args: [`https://github.com/${remote ?? ""}/settings/secrets/actions`],
  };
  const done = vscode.l10n.t(
    "Each push to {0} that changes {1} now ships it. The top of {2} names the variables and secrets to set before.",
    ...[branch, pipeline, path.basename(file)],
  );
  deps.notify.info(done, ...(remote === undefined ? [] : [settings]));
}

async function folderOf(target: unknown): Promise<string> {
  const uri = target instanceof vscode.Uri ? target : vscode.window.activeTextEditor?.document.uri;
  const near = uri?.scheme === "file" ? path.dirname(uri.fsPath) : undefined;
  if (near !== undefined && (await componentsOf(near)).length > 0) return near;
  const found = await vscode.workspace.findFiles(`**/${PIPELINE_FILE}`, "**/node_modules/**", 100);
  const folders = found.filter(({ scheme }) => scheme === "file").map(({ fsPath }) => path.dirname(fsPath));
  const items = folders.map((value) => ({ label: vscode.workspace.asRelativePath(value), value }));
  if (items.length > 1)
    return pickOne({
      title: vscode.l10n.t("Add GitHub Workflow"),
      placeholder: vscode.l10n.t("Of which pipeline?"),
      items,
    });
  const only = folders[0] ?? near;
  if (only !== undefined) return only;
  throw notWritten(vscode.l10n.t("There is no {0} in this folder.", PIPELINE_FILE));
}

/** The one that the others are merged into, as far as git knows; else the one that is worked on. */
async function branchOf(folder: string): Promise<string> {
  const head = await gitOutput(folder, ["symbolic-ref", "--short", "refs/remotes/origin/HEAD"]);
  const own = head?.trim().replace(/^origin\//, "") ?? "";
  if (own !== "") return own;
  return (await gitOutput(folder, ["branch", "--show-current"]))?.trim() || "main";
}

/** What stands there is never replaced unseen. */
async function mayReplace(
  { documents, notify }: CommandDeps,
  title: string,
  file: string,
  text: string,
): Promise<boolean> {
  const name = path.basename(file);
  const written = documents.put(["workflow", name], text);
  await vscode.commands.executeCommand("vscode.diff", vscode.Uri.file(file), written, `${title}: ${name}`);
  return notify.ask(
    vscode.l10n.t("{0} is there already. Replace it by what is shown beside it?", name),
    vscode.l10n.t("Replace"),
  );
}

function notWritten(why: string): UserError {
  return new UserError("no-workflow", vscode.l10n.t("The workflow was not written."), { why });
}
