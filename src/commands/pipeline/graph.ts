// The graph of a pipeline beside its file: compiled anew when it is saved, and there again after a reload.
import path from "node:path";
import * as vscode from "vscode";
import { isUserError, type NextStep } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import {
  type CodePlace,
  type CompileError,
  graphOf,
  GraphHost,
  type InstallSdk,
  isCompileError,
  parsePipeline,
  type ReadPipelines,
  specOf,
  taskPlace,
} from "../../pipelines/index.ts";
import type { GraphPages, Served } from "../../panels/pipelinePages.ts";
import { requireTrust } from "../../platform/trust.ts";
import type { CommandDeps } from "../deps.ts";
import { pipelineFile, textOf } from "./compiled.ts";
import { factsOf, isServed, servedOf } from "./run.ts";

/** Right-click, editor, palette. Also what the buttons after a missing SDK do. */
export async function showGraph(deps: CommandDeps, target: unknown): Promise<void> {
  if (isInstall(target)) return install(deps, target);
  const served = isServed(target) ? target : servedOf(deps, target);
  if (served !== undefined) return openServed(deps, served);
  const file = pipelineFile(target);
  if (isPython(file)) requireTrust();
  const panels = await deps.graphs();
  if (panels.reveal(file)) return;
  panels.keep({ kind: "file", file, name: "" });
  await open(deps, panels, file, "");
}

/** Shows the graph again that was there before the window was reloaded. */
export async function restoreGraph(
  deps: CommandDeps,
  panel: vscode.WebviewPanel,
  shown: NonNullable<GraphPages["shown"]>,
): Promise<void> {
  if (shown.kind === "file") await open(deps, await deps.graphs(), shown.file, shown.name, panel);
  else {
    await (await deps.engine()).load();
    await openServed(deps, shown, panel);
  }
}

/** Of what is at a server: it does not change. */
async function openServed(deps: CommandDeps, served: Served, kept?: vscode.WebviewPanel): Promise<void> {
  const panels = await deps.graphs();
  const key = `${served.context}/${served.id}`;
  if (kept === undefined && panels.reveal(key)) return;
  panels.keep(served);
  const engine = await deps.engine();
  const name = label(served.name);
  const read = async (signal: AbortSignal): Promise<ReadPipelines> => {
    const { spec, detail } = await factsOf(engine, served, served, signal);
    return { words: detail, pipelines: [{ name: spec.name, graph: graphOf(spec) }] };
  };
  const ports = {
    isCompiled: false,
    read,
    tell: (error: unknown) => (isUserError(error) ? error.next : []),
    press: async ({ command, args = [] }: NextStep) => {
      await vscode.commands.executeCommand(command, ...args);
    },
    keep: () => undefined,
    onError: (error: unknown) => deps.notify.error(error),
  };
  const host = new GraphHost(name, ports, engine.clock);
  panels.open(key, vscode.l10n.t("Graph of {0}", name), host, undefined, kept);
}

function isPython(file: string): boolean {
  return /\.py$/i.test(file);
}

async function open(
  deps: CommandDeps,
  panels: GraphPages,
  file: string,
  name: string,
  kept?: vscode.WebviewPanel,
): Promise<void> {
  const engine = await deps.engine();
  // They stay until it is compiled again: an edit alone mends nothing.
  const problems = vscode.languages.createDiagnosticCollection("trainyard-pipeline");
  let needsSdk = false;
  const host: GraphHost = new GraphHost(
    path.basename(file),
    {
      isCompiled: isPython(file),
      read: (signal) => (isPython(file) ? compiled(engine, file, signal) : read(file)),
      tell: (error) => {
        problems.clear();
        needsSdk = isUserError(error) && /^(?:sdk|python)-/.test(error.code);
        if (!isCompileError(error)) return isUserError(error) ? error.next : [];
        problems.set(vscode.Uri.file(error.place.file), [problemOf(error)]);
        return [goTo(error.place)];
      },
      press: async ({ command, args = [] }) => {
        await vscode.commands.executeCommand(command, ...args);
      },
      keep: (shown) => panels.keep({ kind: "file", file, name: shown }),
      onError: (error) => deps.notify.error(error),
    },
    engine.clock,
    name,
  );
  const held = watched(file, () => host.changed());
  // What a terminal has done may have been the installation.
  const mayHave = (): void => {
    if (needsSdk) host.changed();
  };
  const terminals = vscode.Disposable.from(
    vscode.window.onDidEndTerminalShellExecution(mayHave),
    vscode.window.onDidCloseTerminal(mayHave),
  );
  const title = vscode.l10n.t("Graph of {0}", path.basename(file));
  // A page that came back in Restricted Mode is compiled once the folder is trusted.
  const trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => host.changed());
  panels.open(file, title, host, vscode.Disposable.from(held, terminals, trusted, problems), kept);
}

async function compiled(engine: Engine, file: string, signal: AbortSignal): Promise<ReadPipelines> {
  requireTrust();
  const { sdk, pipelines } = await engine.compiler.compile(file, signal);
  return {
    words: vscode.l10n.t("Compiled with kfp {0}.", sdk),
    pipelines: pipelines.map(({ name, document, place, places }) => ({
      name,
      graph: graphOf(specOf(document)),
      open: (task, stay) => reveal(places.get(task) ?? place, stay),
    })),
  };
}

async function read(file: string): Promise<ReadPipelines> {
  const spec = specOf(parsePipeline(await textOf(file)));
  const words = spec.sdk === "" ? "" : vscode.l10n.t("Compiled with {0}.", spec.sdk);
  const show = async (task: string, stay: boolean): Promise<void> => {
    const { line = 0, column = 0 } = taskPlace(await textOf(file), task) ?? {};
    await reveal({ file, line, from: column, to: undefined }, stay);
  };
  return { words, pipelines: [{ name: spec.name, graph: graphOf(spec), open: show }] };
}

/** Tells of the file and, of a Python one, of those beside it and below, which it may import. */
function watched(file: string, changed: () => void): vscode.Disposable {
  const folder = path.dirname(file);
  const counts = ({ fsPath }: vscode.Uri): boolean =>
    fsPath === file || (isPython(file) && isPython(fsPath) && fsPath.startsWith(folder + path.sep));
  const tell = (uri: vscode.Uri): void => {
    if (counts(uri)) changed();
  };
  const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), "*.{py,yaml,yml,json}");
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(tell),
    watcher.onDidCreate(tell),
    watcher.onDidDelete(tell),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => tell(uri)),
  );
}

function rangeOf({ line, from, to }: CodePlace): vscode.Range {
  return new vscode.Range(line, from, line, to ?? 10_000);
}

async function reveal(place: CodePlace, stay: boolean): Promise<void> {
  const uri = vscode.Uri.file(place.file);
  const open = vscode.window.visibleTextEditors.find(({ document }) => document.uri.fsPath === uri.fsPath);
  const { line, from } = place;
  await vscode.window.showTextDocument(uri, {
    viewColumn: open?.viewColumn ?? vscode.ViewColumn.One,
    preserveFocus: stay,
    selection: new vscode.Range(line, from, line, from),
  });
}

function goTo(place: CodePlace): NextStep {
  const args = [vscode.Uri.file(place.file), { selection: rangeOf(place), viewColumn: vscode.ViewColumn.One }];
  return { title: vscode.l10n.t("Go to Line {0}", place.line + 1), command: "vscode.open", args };
}

function problemOf({ why, place }: CompileError): vscode.Diagnostic {
  const problem = new vscode.Diagnostic(rangeOf(place), why);
  problem.source = "kfp";
  return problem;
}

function isInstall(target: unknown): target is InstallSdk {
  return typeof target === "object" && target !== null && "kind" in target && target.kind === "install-sdk";
}

async function install(deps: CommandDeps, { how, commands, folder }: InstallSdk): Promise<void> {
  const lines = commands.map(shellLine);
  if (how === "copy") {
    await vscode.env.clipboard.writeText(lines.join("\n"));
    deps.notify.info(vscode.l10n.t("On the clipboard: {0}", lines.join(" · ")));
    return;
  }
  requireTrust();
  for (const [program = "", ...args] of commands) {
    // What was made by the line before stands in the folder.
    const file = program.startsWith(".") ? path.resolve(folder, program) : program;
    if ((await inTerminal(vscode.l10n.t("Install kfp"), file, args, folder)) !== 0) return;
  }
  deps.notify.info(vscode.l10n.t("kfp was installed."));
}

/** By argv, and by no shell. Resolves with its exit code once its terminal has closed: where it failed, a person does that. */
function inTerminal(
  name: string,
  shellPath: string,
  args: readonly string[],
  cwd: string,
): Promise<number | undefined> {
  const terminal = vscode.window.createTerminal({ name, shellPath, shellArgs: [...args], cwd, isTransient: true });
  terminal.show();
  return new Promise((resolve) => {
    const closed = vscode.window.onDidCloseTerminal((one) => {
      if (one !== terminal) return;
      closed.dispose();
      resolve(one.exitStatus?.code);
    });
  });
}

/** For the clipboard: as bash, zsh, fish, cmd and PowerShell read it. */
function shellLine([program = "", ...args]: readonly string[]): string {
  const quoted = (word: string): string => (/^[\w./:\\@=+-]+$/.test(word) ? word : `"${word}"`);
  const called = quoted(program);
  // PowerShell takes a quoted word for a text.
  const call = process.platform === "win32" && called.startsWith('"') ? `& ${called}` : called;
  return [call, ...args.map(quoted)].join(" ");
}
