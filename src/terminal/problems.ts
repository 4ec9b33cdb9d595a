import * as vscode from "vscode";
import type { Disposable } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Engine } from "../engine.ts";
import type { CodeOfRun, CodePlace, ConfigurationFile, LocalPlace, RaisedException } from "../jobs/index.ts";
import { codeCells } from "./codeCells.ts";
import type { Followed } from "./jobTerminal.ts";
import { comparison } from "./links.ts";
import { TracebackProblems } from "./tracebackProblems.ts";

/** Shows what a job's tracebacks say in VS Code's Problems, on the line of the local file; and what is wrong in a file of configurations. */
export class JobProblems implements vscode.CodeActionProvider, Disposable {
  readonly #problems = new TracebackProblems();
  readonly #shown = vscode.languages.createDiagnosticCollection("trainyard");
  readonly #log: Logger;
  readonly #locate: (code: CodeOfRun, at: CodePlace) => Promise<LocalPlace>;
  /** Reads a file of configurations again, by its path. */
  readonly #again = new Map<string, () => Promise<unknown>>();
  /** Cells that have problems, by their notebook's path. */
  readonly #cells = new Map<string, readonly vscode.Uri[]>();
  readonly #subscriptions: Disposable[] = [];

  /** `locate`: where a line of a run's code stands on this computer; rejects where it is not there. */
  constructor(log: Logger, locate: (code: CodeOfRun, at: CodePlace) => Promise<LocalPlace>) {
    this.#log = log;
    this.#locate = locate;
  }

  /** A run's log is read from its beginning: what an earlier run of the same file said is over. */
  begin({ code }: Followed): void {
    if (code === undefined) return;
    for (const file of this.#problems.begin(code.script)) this.#show(file);
  }

  /** Says nothing of files that are not there any more. */
  add({ code, target }: Followed, raised: RaisedException): void {
    const { path, line, cell } = raised;
    if (code === undefined || path === undefined || line === undefined) return;
    const place = this.#problems.claim(code.script, target.name, raised);
    if (place === undefined) return;
    this.#locate(code, { path, line, ...(cell !== undefined && { cell }) }).then(
      (found) => {
        place(found);
        this.#watch();
        this.#show(found.file);
      },
      (error: unknown) => this.#log.debug(`no problem for ${path}: ${errorText(error)}`),
    );
  }

  /** The runs that the folder names. From then on, saving their file tells anew what is wrong in it. */
  async configurations(engine: Engine, folder: string): Promise<ConfigurationFile> {
    const read = await engine.jobs.configurations.read(folder);
    const isEdited = vscode.workspace.textDocuments.some(({ isDirty, uri }) => isDirty && uri.fsPath === read.file);
    // Its lines are others on the screen. Saving tells anew.
    if (!isEdited) this.#shown.set(vscode.Uri.file(read.file), read.problems.map(diagnosticOf));
    this.#again.set(read.file, () => this.configurations(engine, folder));
    this.#watch();
    return read;
  }

  /** Beside a problem of a file that has changed since: how. */
  provideCodeActions({ uri }: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    return this.#problems.of(uri.fsPath).flatMap(({ line, sent, name }) => {
      if (sent === undefined || line - 1 < range.start.line || line - 1 > range.end.line) return [];
      const title = vscode.l10n.t("Compare with the File as {0} Ran It", name);
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      const { command, args } = comparison(title, sent, uri.fsPath);
      action.command = { title, command, arguments: [...args] };
      return [action];
    });
  }

  dispose(): void {
    this.#shown.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  /** What has to be told anew, once there is anything to tell. */
  #watch(): void {
    if (this.#subscriptions.length > 0) return;
    this.#subscriptions.push(
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        this.#again
          .get(uri.fsPath)?.()
          .catch((error: unknown) => this.#log.warn(errorText(error)));
      }),
      // Its cells have other names each time.
      vscode.workspace.onDidOpenNotebookDocument(({ uri }) => {
        if (this.#cells.has(uri.fsPath)) this.#show(uri.fsPath);
      }),
      vscode.languages.registerCodeActionsProvider({ scheme: "file" }, this, {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    );
  }

  #show(file: string): void {
    if (!/\.ipynb$/i.test(file)) this.#shown.set(vscode.Uri.file(file), this.#problems.of(file).map(diagnosticOf));
    else
      this.#showCells(file).catch((error: unknown) => this.#log.debug(`no problems for ${file}: ${errorText(error)}`));
  }

  async #showCells(file: string): Promise<void> {
    const cells = this.#problems.of(file).length === 0 ? [] : await codeCells(vscode.Uri.file(file));
    for (const uri of this.#cells.get(file) ?? []) this.#shown.delete(uri);
    const uris = cells.map(({ document }) => document.uri);
    this.#cells.set(file, uris);
    for (const [index, uri] of uris.entries()) {
      const own = this.#problems.of(file).filter(({ cell }) => cell === index + 1);
      if (own.length > 0) this.#shown.set(uri, own.map(diagnosticOf));
    }
  }
}

function diagnosticOf({ line, text }: { readonly line: number; readonly text: string }): vscode.Diagnostic {
  // To the end of the line, wherever that is.
  const range = new vscode.Range(line - 1, 0, line - 1, 10_000);
  const diagnostic = new vscode.Diagnostic(range, text, vscode.DiagnosticSeverity.Error);
  diagnostic.source = "Trainyard";
  return diagnostic;
}
