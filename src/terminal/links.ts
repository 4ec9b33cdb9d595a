import * as vscode from "vscode";
import { errorText, UserError } from "../core/errors.ts";
import type { Engine } from "../engine.ts";
import type { Notify } from "../platform/notify.ts";

class CodeLink extends vscode.TerminalLink {
  readonly file: string;
  readonly line: number;

  constructor(startIndex: number, length: number, tooltip: string, file: string, line: number) {
    super(startIndex, length, tooltip);
    this.file = file;
    this.line = line;
  }
}

/**
 * Lines of a traceback lead to the local file. Which folder a job's code came from is known by the terminal's name.
 */
export class TracebackLinks implements vscode.TerminalLinkProvider<CodeLink> {
  readonly #engine: () => Engine | undefined;
  readonly #rootOf: (terminal: string) => string | undefined;
  readonly #notify: Notify;

  /** `engine` answers with undefined while nothing has been launched in this window; `rootOf` for terminals of others. */
  constructor(engine: () => Engine | undefined, rootOf: (terminal: string) => string | undefined, notify: Notify) {
    this.#engine = engine;
    this.#rootOf = rootOf;
    this.#notify = notify;
  }

  provideTerminalLinks(context: vscode.TerminalLinkContext): CodeLink[] {
    const engine = this.#engine();
    const root = this.#rootOf(context.terminal.name);
    if (engine === undefined || root === undefined) return [];
    return engine.jobs.findReferences(context.line).map(({ startIndex, length, path, line }) => {
      const tooltip = vscode.l10n.t("Open {0}, line {1}", path, line);
      return new CodeLink(startIndex, length, tooltip, engine.jobs.localFile(root, { path }), line);
    });
  }

  async handleTerminalLink(link: CodeLink): Promise<void> {
    const at = new vscode.Position(link.line - 1, 0);
    try {
      await vscode.window.showTextDocument(vscode.Uri.file(link.file), { selection: new vscode.Range(at, at) });
    } catch (error) {
      const what = vscode.l10n.t("{0} cannot be opened.", link.file);
      this.#notify.error(new UserError("no-file", what, { why: errorText(error), cause: error }));
    }
  }
}
