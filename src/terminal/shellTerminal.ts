import * as vscode from "vscode";
import { errorText, isCancelled } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { Shell, ShellTarget, TerminalSize } from "../kube/streams/index.ts";
import { renderStep, renderWarning } from "./render.ts";

/** Which container of which cluster. */
export interface ShellPlace {
  readonly context: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** What opens shells: the engine. */
export interface ShellSource {
  openShell(context: string, target: Omit<ShellTarget, "connection">): Promise<Shell>;
}

/** Opens a terminal with a shell in a container, and shows it. Failures are told in it. */
export function openShellTerminal(source: () => Promise<ShellSource>, place: ShellPlace): vscode.Terminal {
  const terminal = vscode.window.createTerminal({
    name: label(place.pod, 63),
    iconPath: new vscode.ThemeIcon("terminal"),
    pty: new ShellTerminal(source, place),
    // After a reload nothing is behind it any more.
    isTransient: true,
  });
  terminal.show();
  return terminal;
}

/** What the container writes goes to the terminal as it is: it is the shell that the person asked for. */
class ShellTerminal implements vscode.Pseudoterminal {
  readonly #source: () => Promise<ShellSource>;
  readonly #place: ShellPlace;
  readonly #writes = new vscode.EventEmitter<string>();
  readonly #closes = new vscode.EventEmitter<void>();
  readonly #ending = new AbortController();
  #size: TerminalSize = { columns: 80, rows: 24 };
  #shell: Shell | undefined;
  /** Typed before the shell was there. */
  #typed = "";
  #isOver = false;

  readonly onDidWrite = this.#writes.event;
  readonly onDidClose = this.#closes.event;

  constructor(source: () => Promise<ShellSource>, place: ShellPlace) {
    this.#source = source;
    this.#place = place;
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    this.#size = size ?? this.#size;
    this.#run().then(
      (code) => this.#ended(code),
      (error: unknown) => this.#failed(error),
    );
  }

  /** Closing the terminal ends the connection, and with it the shell. */
  close(): void {
    this.#isOver = true;
    this.#ending.abort();
    this.#writes.dispose();
    this.#closes.dispose();
  }

  setDimensions(size: vscode.TerminalDimensions): void {
    this.#size = size;
    this.#shell?.resize(size);
  }

  handleInput(data: string): void {
    if (this.#isOver) this.#closes.fire();
    else if (this.#shell === undefined) this.#typed += data;
    else this.#shell.input(data);
  }

  async #run(): Promise<number> {
    const { context, namespace, pod, container } = this.#place;
    this.#writes.fire(renderStep(vscode.l10n.t("opening a shell in {0}, container {1}", label(pod), label(container))));
    const source = await this.#source();
    const size = this.#size;
    const shell = await source.openShell(context, {
      namespace,
      pod,
      container,
      size,
      onOutput: (text) => this.#writes.fire(text),
      signal: this.#ending.signal,
    });
    if (this.#size !== size) shell.resize(this.#size);
    if (this.#typed !== "") shell.input(this.#typed);
    this.#shell = shell;
    return shell.exit;
  }

  #ended(code: number): void {
    if (code === 0) this.#closes.fire();
    else this.#last(renderStep(vscode.l10n.t("the shell ended with exit code {0}; press any key to close", code)));
  }

  #failed(error: unknown): void {
    if (isCancelled(error)) this.#closes.fire();
    else {
      const text = vscode.l10n.t("{0} Press any key to close.", label(errorText(error), 600));
      this.#last(renderWarning(text));
    }
  }

  /** What stays to be read until the person closes it. */
  #last(text: string): void {
    this.#isOver = true;
    this.#writes.fire(`\r\n${text}`);
  }
}
