import path from "node:path";
import * as vscode from "vscode";
import { errorText, type NextStep, UserError } from "../core/errors.ts";
import type { Engine } from "../engine.ts";
import type { CodeOfRun, CodePlace } from "../jobs/index.ts";
import type { Notify } from "../platform/notify.ts";
import { codeCells } from "./codeCells.ts";

class CodeLink extends vscode.TerminalLink {
  readonly code: CodeOfRun;
  readonly place: CodePlace;

  constructor(startIndex: number, length: number, tooltip: string, code: CodeOfRun, place: CodePlace) {
    super(startIndex, length, tooltip);
    this.code = code;
    this.place = place;
  }
}

/** Lines of a traceback lead to the local file. Which code a job ran is known by the terminal's name. */
export class TracebackLinks implements vscode.TerminalLinkProvider<CodeLink> {
  readonly #engine: () => Engine | undefined;
  readonly #codeOf: (terminal: string) => CodeOfRun | undefined;
  readonly #notify: Notify;

  /** `engine` answers with undefined while nothing has been launched in this window; `codeOf` for terminals of others. */
  constructor(engine: () => Engine | undefined, codeOf: (terminal: string) => CodeOfRun | undefined, notify: Notify) {
    this.#engine = engine;
    this.#codeOf = codeOf;
    this.#notify = notify;
  }

  provideTerminalLinks(context: vscode.TerminalLinkContext): CodeLink[] {
    const engine = this.#engine();
    const code = this.#codeOf(context.terminal.name);
    if (engine === undefined || code === undefined) return [];
    return engine.jobs.findReferences(context.line).map(({ startIndex, length, ...place }) => {
      const { path: file, line, cell } = place;
      const tooltip =
        cell === undefined
          ? vscode.l10n.t("Open {0}, line {1}", file, line)
          : vscode.l10n.t("Open {0}, code cell {1}, line {2}", file, cell, line);
      return new CodeLink(startIndex, length, tooltip, code, place);
    });
  }

  /** Opens the line where it stands by now; says so where its file has changed, and offers how. */
  async handleTerminalLink({ code, place }: CodeLink): Promise<void> {
    try {
      const found = await this.#engine()?.jobs.history.place(code, place);
      if (found === undefined) return;
      const { file, line, cell, hasChanged, sent } = found;
      const at = new vscode.Position(line - 1, 0);
      const selection = new vscode.Range(at, at);
      if (cell === undefined) await vscode.window.showTextDocument(vscode.Uri.file(file), { selection });
      else await showCell(vscode.Uri.file(file), cell, selection);
      if (!hasChanged) return;
      this.#notify.info(
        vscode.l10n.t("{0} has changed since this run was launched.", path.basename(file)),
        ...(sent === undefined ? [] : [comparison(vscode.l10n.t("Compare"), sent, file)]),
      );
    } catch (error) {
      const what = vscode.l10n.t("{0} cannot be opened.", place.path);
      this.#notify.error(new UserError("no-file", what, { why: errorText(error), cause: error }));
    }
  }
}

/** Opens the two files beside each other: as it was sent, and as it is. */
export function comparison(title: string, sent: string, file: string): Required<NextStep> {
  const names = vscode.l10n.t("{0}: as it was sent ↔ as it is", path.basename(file));
  return { title, command: "vscode.diff", args: [vscode.Uri.file(sent), vscode.Uri.file(file), names] };
}

/** Shows a place in a notebook's code cell, `cell` counted from 1 among those; the notebook alone where it has gone. */
async function showCell(uri: vscode.Uri, cell: number, selection: vscode.Range): Promise<void> {
  const found = (await codeCells(uri))[cell - 1];
  if (found === undefined) await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(uri));
  // The editor shows a cell in its notebook only to who opens it so.
  else await vscode.commands.executeCommand("vscode.open", found.document.uri, { selection });
}
