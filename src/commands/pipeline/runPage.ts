// The page of a run: its graph as it goes, logs, what went in and came out, and what can be done with it.
import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel, plainLine } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import { COMMANDS } from "../../manifest.ts";
import { FailedHost } from "../../panels/failedHost.ts";
import type { ShownRun } from "../../panels/pipelinePages.ts";
import {
  type RunArtifact,
  type RunDeedChoice,
  type RunDetails,
  RunPageHost,
  type RunPagePorts,
  type RunReader,
} from "../../pipelines/index.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { PodTerminals } from "../../terminal/podTerminals.ts";
import type { CommandDeps } from "../deps.ts";
import { isNode } from "../nodes.ts";
import { retry, stopRun } from "./deeds.ts";
import { accessOf, placeWords } from "./place.ts";

const terminals = new PodTerminals();

/** Of a run's row, or of a task's below it. */
export async function openRunPage(deps: CommandDeps, target: unknown): Promise<void> {
  const row = isNode(target, "pipeline") && target.what === "task" ? target.parent : target;
  const folder = isNode(row, "pipeline") ? deps.tree.folder(row) : undefined;
  const found = isNode(row, "pipeline") ? folder?.pipeline?.(row) : undefined;
  if (folder === undefined || found?.item.kind !== "run")
    throw new UserError("no-run", vscode.l10n.t("Select a run in the Kubeflow view first."));
  const { item, namespace } = found;
  const { name: context } = folder.cluster.connection.context;
  await openRun(deps, { context, namespace, id: item.id, name: label(item.name) });
}

export async function openRun(
  deps: CommandDeps,
  run: ShownRun,
  kept?: vscode.WebviewPanel,
  isWanted: () => boolean = () => true,
): Promise<void> {
  const panels = await deps.runs();
  if (kept === undefined && panels.reveal(run.id)) return;
  const engine = await deps.engine();
  const { context, namespace } = run;
  const place = { context, namespace, access: await accessOf(engine, context) };
  if (!isWanted()) return;
  const reader = engine.pipelineDesk.of(context).openRun(run.id, namespace);
  const ports = portsOf(deps, engine, run, reader);
  // A connection that is made anew has readers of its own.
  const replaced = engine.pipelineDesk.onDidReplace((name) => {
    if (name !== context) return;
    panels.close();
    // A page that is opened meanwhile stays.
    openRun(deps, run, undefined, () => !panels.isOpen).catch((error: unknown) => {
      if (!panels.isOpen) panels.open("", run.name, failed(deps, run, error));
    });
  });
  panels.keep(run);
  panels.open(run.id, run.name, new RunPageHost(placeWords(place), reader, ports, engine.clock), replaced, kept);
}

/** Shows the page again as it was before the window was reloaded. */
export async function restoreRun(deps: CommandDeps, panel: vscode.WebviewPanel, shown: ShownRun): Promise<void> {
  await (await deps.engine()).load();
  await openRun(deps, shown, panel);
}

/** In the place of a page that was open. */
function failed(deps: CommandDeps, run: ShownRun, error: unknown): FailedHost {
  return new FailedHost(run.name, error, {
    again: () => openRun(deps, run),
    press: async ({ command, args = [] }) => {
      await vscode.commands.executeCommand(command, ...args);
    },
    onError: (other) => deps.notify.error(other),
  });
}

function portsOf(deps: CommandDeps, engine: Engine, run: ShownRun, reader: RunReader): RunPagePorts {
  return {
    deeds: (details) => deedsOf(deps, engine, run, details),
    logs: (task) => showLog(deps, engine, run, reader, task),
    save: (artifact) => save(deps, reader, artifact),
    onError: (error) => deps.notify.error(error),
    onNote: (text) => deps.output.debug(text),
  };
}

function deedsOf(deps: CommandDeps, engine: Engine, run: ShownRun, { run: now }: RunDetails): readonly RunDeedChoice[] {
  const { context, namespace, id, name } = run;
  const again = async (): Promise<void> => {
    const subject = { kind: "run", context, namespace, id, parent: "", name } as const;
    await vscode.commands.executeCommand(COMMANDS.runPipeline, subject);
  };
  const canStop = now.state === "Running" || now.state === "Waiting";
  const canRetry = now.state === "Failed" || now.state === "Stopped";
  return [
    ...(canStop ? [{ title: vscode.l10n.t("Stop"), press: () => stopRun(deps, engine, run) }] : []),
    ...(canRetry ? [{ title: vscode.l10n.t("Retry Failed Steps"), press: () => retry(engine, run) }] : []),
    { title: vscode.l10n.t("Run Again…"), press: again },
  ];
}

/** Followed where its pod is there, else read as the server has it. */
async function showLog(
  deps: CommandDeps,
  engine: Engine,
  { context, namespace }: ShownRun,
  reader: RunReader,
  task: string,
): Promise<void> {
  const name = label(task.split("/").at(-1) ?? task);
  const found = await withProgress(vscode.l10n.t("Looking for the logs of {0}", name), (signal) =>
    reader.logs(task, signal),
  );
  const [only] = found;
  if (only === undefined)
    throw new UserError("no-log", vscode.l10n.t("There is no log of {0}.", name), {
      why: vscode.l10n.t("It has no pod, and the server knows of none."),
    });
  const items = found.map((value) => ({ label: pickLabel(value.task), description: pickLabel(value.pod), value }));
  const title = vscode.l10n.t("Logs of {0}", name);
  const log = found.length === 1 ? only : await pickOne({ title, placeholder: vscode.l10n.t("Choose a pod"), items });
  if (log.container !== undefined) {
    terminals.logs(engine, context, log.container);
    return;
  }
  const text = await withProgress(vscode.l10n.t("Reading the log of {0}", name), log.read);
  const file = `${label(log.task, 60).replace(/[^\w.-]+/g, "-")}-${log.pod.slice(-8)}.log.txt`;
  await deps.documents.show([context, namespace, "pipeline", file], text.split("\n").map(plainLine).join("\n"));
}

async function save(deps: CommandDeps, reader: RunReader, artifact: RunArtifact): Promise<void> {
  const name =
    artifact.uri
      .split("/")
      .at(-1)
      ?.replace(/[^\w.-]+/g, "-") ?? "";
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const suggested = path.posix.basename(name) || "artifact";
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t("Download {0}", label(artifact.name)),
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, suggested) }),
  });
  if (uri === undefined) return;
  await withProgress(vscode.l10n.t("Downloading {0}", label(artifact.name)), (signal) =>
    reader.download(artifact, uri.fsPath, () => undefined, signal),
  );
  const open = { title: vscode.l10n.t("Open"), command: "vscode.open", args: [uri] };
  deps.notify.info(vscode.l10n.t("{0} was downloaded.", label(artifact.name)), open);
}
