import * as vscode from "vscode";
import type { Disposable } from "../core/dispose.ts";
import type { Logger } from "../core/log.ts";
import { redact } from "../core/redact.ts";

/** The extension's output channel as a Logger. Everything is redacted on the way in; it never shows itself. */
export class Output implements Logger, Disposable {
  readonly #channel = vscode.window.createOutputChannel("Kubeflow", { log: true });

  trace(message: string): void {
    this.#channel.trace(redact(message));
  }

  debug(message: string): void {
    this.#channel.debug(redact(message));
  }

  info(message: string): void {
    this.#channel.info(redact(message));
  }

  warn(message: string): void {
    this.#channel.warn(redact(message));
  }

  error(message: string): void {
    this.#channel.error(redact(message));
  }

  show(): void {
    this.#channel.show(true);
  }

  dispose(): void {
    this.#channel.dispose();
  }
}
