import * as vscode from "vscode";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Engine } from "../engine.ts";

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
 * Lines of a traceback lead to the local file. Which folder a job's code came from is known by the job's name, which
 * is the terminal's.
 */
export class TracebackLinks implements vscode.TerminalLinkProvider<CodeLink> {
  readonly #engine: () => Engine | undefined;
  readonly #log: Logger;

  /** `engine` answers with undefined while nothing has been launched in this window. */
  constructor(engine: () => Engine | undefined, log: Logger) {
    this.#engine = engine;
    this.#log = log;
  }

  async provideTerminalLinks(context: vscode.TerminalLinkContext): Promise<CodeLink[]> {
    const engine = this.#engine();
    if (engine === undefined) return [];
    const root = await engine.jobs.rootOf(context.terminal.name);
    if (root === undefined) return [];
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
      this.#log.warn(`${link.file} could not be opened: ${errorText(error)}`);
    }
  }
}
