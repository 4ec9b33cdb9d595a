import * as vscode from "vscode";
import { errorCode, errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { elapsed, joined } from "../core/text.ts";
import type { Engine } from "../engine.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import { CLAIM } from "../kubeflow/kinds/resources.ts";
import { record } from "../kubeflow/read.ts";
import { COMMANDS } from "../manifest.ts";
import {
  deleteNotebook as deleteFrom,
  keepWords,
  type MountedClaim,
  notebookClaims,
  type NotebookClaims,
  restartNotebook as restartIn,
} from "../notebooks/index.ts";
import type { Notify } from "../platform/notify.ts";
import { pickSome } from "../platform/pick.ts";
import { withProgress } from "../platform/progress.ts";
import type { CommandDeps } from "./deps.ts";
import { rowOf } from "./nodes.ts";

/** In the browser, through a forward of our own that lets nobody else in. */
export async function openNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const at = isUsed(target) ? engine.notebookServers.used.get(target.uid) : notebookOf(deps, target);
  if (at === undefined)
    throw new UserError("no-notebook", vscode.l10n.t("The notebook was not opened."), {
      why: vscode.l10n.t("It was stopped or deleted meanwhile, or its cluster’s entry has changed."),
      hint: vscode.l10n.t("Its row in the Kubeflow view says which."),
    });
  const { context, notebook } = at;
  const opened = await withProgress(vscode.l10n.t("Opening {0}", label(notebook.name)), (signal) =>
    engine.notebookServers.open(context, notebook, signal),
  );
  // Where the editor runs elsewhere, its own tunnel leads here, under a name of its own.
  const outside = await vscode.env.asExternalUri(vscode.Uri.parse(opened.address, true));
  opened.allowHost(outside.authority);
  await vscode.env.openExternal(outside);
}

/** A notebook that this window uses, by its uid: it may have no row. */
export function isUsed(target: unknown): target is { readonly kind: "used-notebook"; readonly uid: string } {
  const { kind, uid } = record(target);
  return kind === "used-notebook" && typeof uid === "string";
}

/** Once for each time without use, where it is used from here. */
export function tellNearCulling(engine: Engine, notify: Notify): void {
  engine.notebookServers.used.onNear(({ notebook, left }) => {
    const name = label(notebook.name);
    const stops =
      left === 0
        ? vscode.l10n.t("{0} is about to be stopped for want of use.", name)
        : vscode.l10n.t("{0} is stopped in {1} for want of use.", name, elapsed(left));
    const args = [{ kind: "used-notebook", uid: notebook.uid }];
    notify.info(`${stops} ${keepWords(notebook)}`, { title: vscode.l10n.t("Open"), command: COMMANDS.open, args });
  });
}

export async function startNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  await withProgress(vscode.l10n.t("Starting {0}", label(notebook.name)), (signal) =>
    engine.startNotebook(context, notebook, signal),
  );
}

export async function stopNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  const question = vscode.l10n.t("Stop {0}?", label(notebook.name));
  const isUsed = engine.notebookServers.isConnected(notebook.uid);
  const used = isUsed ? ` ${vscode.l10n.t("It is in use in this window.")}` : "";
  if (!(await deps.notify.confirm(question, endWords(notebook) + used, vscode.l10n.t("Stop")))) return;
  await withProgress(vscode.l10n.t("Stopping {0}", label(notebook.name)), (signal) =>
    engine.stopNotebook(context, notebook, signal),
  );
}

/** What becomes of what runs in it, and of its files. */
function endWords({ claims }: Notebook): string {
  return claims.length === 0
    ? vscode.l10n.t("What runs in it ends. It mounts no volume claim: what is in its pod is lost.")
    : vscode.l10n.t("What runs in it ends. What is on its volume claims stays, what is elsewhere is lost.");
}

/** Stop, wait, start; where that is cancelled half way it stays stopped, and a button starts it. */
export async function restartNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  if (notebook.stopped) return startNotebook(deps, target);
  const name = label(notebook.name);
  const detail = endWords(notebook);
  if (!(await deps.notify.confirm(vscode.l10n.t("Restart {0}?", name), detail, vscode.l10n.t("Restart")))) return;
  const live = engine.notebooks(context, notebook.namespace);
  const { client } = engine.cluster(context).connection;
  try {
    await withProgress(vscode.l10n.t("Restarting {0}", name), (signal, report) =>
      restartIn(
        { client, live, clock: engine.clock },
        notebook,
        (step) =>
          report(step === "ending" ? vscode.l10n.t("waiting until its pod is gone") : vscode.l10n.t("starting it")),
        signal,
      ),
    );
  } catch (error) {
    if (errorCode(error) !== "left-stopped") throw error;
    const args = [rowOf(deps, target)];
    deps.notify.warning(errorText(error), { title: vscode.l10n.t("Start"), command: COMMANDS.start, args });
  } finally {
    live.dispose();
  }
}

/** Asks first: with its volume claims, where nobody else mounts them, or without. */
export async function deleteNotebook(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { context, notebook } = notebookOf(deps, target);
  const name = label(notebook.name);
  const { connection, rights } = engine.cluster(context);
  const { client } = connection;
  const right = { verb: "delete", group: CLAIM.group, resource: CLAIM.plural };
  const [known, may] = await withProgress(vscode.l10n.t("Reading the volumes of {0}", name), (signal) =>
    Promise.all([notebookClaims(client, notebook, signal), rights.in(notebook.namespace).ask(right, signal)]),
  );
  const mayDelete = may !== "no";
  const own = mayDelete && known.unseen.length === 0 ? known.claims.filter(mayGo) : [];
  const [only, withVolumes] = [vscode.l10n.t("Delete"), vscode.l10n.t("Delete with Volumes")];
  const answer = await deps.notify.choose(
    vscode.l10n.t("Delete {0}?", name),
    volumeLines(known, own, mayDelete),
    ...(own.length === 0 ? [only] : [only, withVolumes]),
  );
  if (answer === undefined) return;
  const going = answer === withVolumes ? await chooseClaims(name, own) : [];
  await withProgress(vscode.l10n.t("Deleting {0}", name), (signal) =>
    deleteFrom(client, notebook, going, signal).finally(() => engine.notebookServers.close(notebook.uid)),
  );
}

/** Of several: the ones that were made for it stand ticked. Rejects with CancelledError where none is chosen. */
async function chooseClaims(name: string, claims: readonly MountedClaim[]): Promise<readonly MountedClaim[]> {
  if (claims.length === 1) return claims;
  return pickSome(
    vscode.l10n.t("Delete {0} with Volumes", name),
    vscode.l10n.t("Which of them go, with what is on them?"),
    claims.map((value) => ({ label: label(value.name, 63), description: value.size, picked: value.isOwn, value })),
  );
}

function mayGo({ others, goes }: MountedClaim): boolean {
  return others.length === 0 && !goes;
}

/** What becomes of each claim; `own` are those that may go with it. */
function volumeLines({ claims, unseen }: NotebookClaims, own: readonly MountedClaim[], mayDelete: boolean): string[] {
  const words = ({ name, size }: MountedClaim): string =>
    size === "" ? label(name, 63) : `${label(name, 63)} (${label(size, 20)})`;
  const names = (some: readonly MountedClaim[]): string => joined(some.map(words), ", ");
  const going = claims.filter(({ goes }) => goes);
  const kept = claims.filter((claim) => !claim.goes && !own.includes(claim));
  return [
    vscode.l10n.t("Its pod goes, with all that is on no volume."),
    ...(claims.length === 0 ? [vscode.l10n.t("It mounts no volume claim.")] : []),
    ...(own.length === 0
      ? []
      : [
          vscode.l10n.t("Its volume claims stay, unless you delete them with what is on them: {0}.", names(own)),
          vscode.l10n.t("No other pod or notebook mounts them now."),
        ]),
    ...(going.length === 0 ? [] : [vscode.l10n.t("These belong to it and go in any case: {0}.", names(going))]),
    ...kept.map((claim) =>
      claim.others.length === 0
        ? vscode.l10n.t("{0} stays.", words(claim))
        : vscode.l10n.t("{0} stays: also mounted by {1}.", words(claim), label(claim.others.join(", "), 200)),
    ),
    ...(claims.length > 0 && unseen.length > 0
      ? [vscode.l10n.t("Who else mounts them cannot be seen: you may not list {0} here.", unseen.join(", "))]
      : []),
    ...(claims.length > 0 && !mayDelete ? [vscode.l10n.t("You may not delete persistentvolumeclaims here.")] : []),
  ];
}

function notebookOf(
  deps: Pick<CommandDeps, "tree">,
  target: unknown,
): { readonly context: string; readonly notebook: Notebook } {
  const row = rowOf(deps, target);
  const folder = deps.tree.folder(row);
  const notebook = folder?.notebook?.(row);
  if (folder === undefined || notebook === undefined)
    throw new UserError("no-notebook", vscode.l10n.t("Select a notebook in the Kubeflow view first."));
  return { context: folder.cluster.connection.context.name, notebook };
}
