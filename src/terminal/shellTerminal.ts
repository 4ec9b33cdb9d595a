import * as vscode from "vscode";
import { errorText, isCancelled } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import type { Shell, TerminalSize } from "../kube/streams/index.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import { renderStep, renderWarning } from "./render.ts";

/** What the container writes goes to the terminal as it is: it is the shell that the person asked for. */
export class ShellTerminal implements vscode.Pseudoterminal {
  readonly #engine: Engine;
  readonly #context: string;
  readonly #place: ContainerRef;
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

  constructor(engine: Engine, context: string, place: ContainerRef) {
    this.#engine = engine;
    this.#context = context;
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
    const { pod, container } = this.#place;
    this.#writes.fire(renderStep(vscode.l10n.t("opening a shell in {0}, container {1}", label(pod), label(container))));
    const size = this.#size;
    const shell = await this.#engine.openShell(this.#context, {
      ...this.#place,
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
