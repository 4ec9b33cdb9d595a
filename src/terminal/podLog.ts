import * as vscode from "vscode";
import { systemClock } from "../core/clock.ts";
import { errorText, isCancelled } from "../core/errors.ts";
import { label, terminalLine } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import type { LogEvent } from "../kube/logStream.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import { Pacer } from "./pacer.ts";
import { gapText, renderStep, renderWarning } from "./render.ts";

const CTRL_C = "\u0003";
/** A log that is opened begins with its last lines: what runs for weeks has too many. */
const TAIL_LINES = 5_000;

export interface PodLogOptions extends ContainerRef {
  /** Its last so many lines, and what comes after them; `onWait` hears what keeps it from its start, empty where nothing. */
  readonly follow: (
    tailLines: number,
    signal: AbortSignal,
    onWait: (why: string) => void,
  ) => AsyncIterable<readonly LogEvent[]>;
}

/** A terminal with the log of one container, from its last lines on, until it ends or the terminal is closed. */
export class PodLog implements vscode.Pseudoterminal {
  readonly #options: PodLogOptions;
  readonly #writes = new vscode.EventEmitter<string>();
  readonly #closes = new vscode.EventEmitter<number>();
  readonly #stop = new AbortController();
  readonly #pacer: Pacer;
  /** A kubelet turns to and fro between two ways to say it. */
  readonly #waits = new Set<string>();

  readonly onDidWrite = this.#writes.event;
  readonly onDidClose = this.#closes.event;

  constructor(options: PodLogOptions) {
    this.#options = options;
    const mark = (lines: number): string =>
      renderWarning(vscode.l10n.t("{0} were left out: this terminal was hidden", plural(lines, "line")));
    this.#pacer = new Pacer((text) => this.#writes.fire(text), mark, systemClock);
  }

  open(): void {
    const { pod, container } = this.#options;
    this.#pacer.send(renderStep(vscode.l10n.t("log of {0} / {1}; Ctrl+C ends it", label(pod), label(container))));
    this.#run().then(
      () => this.#end(vscode.l10n.t("the log is over"), 0),
      (error: unknown) =>
        isCancelled(error) || this.#stop.signal.aborted
          ? this.#end(vscode.l10n.t("no longer following"), 0)
          : this.#end(label(errorText(error), 600), 1),
    );
  }

  close(): void {
    this.#stop.abort();
  }

  handleInput(data: string): void {
    const typed = this.#pacer.receive(data);
    if (typed.includes(CTRL_C)) this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for await (const batch of this.#options.follow(TAIL_LINES, signal, (why) => this.#say(why))) {
      for (const event of batch) {
        if (event.type === "line") this.#pacer.send(`${terminalLine(event.text)}\r\n`);
        else if (event.type === "gap")
          this.#pacer.send(renderWarning(gapText(this.#options.container, event.after, event.before)));
        else if (event.attempt === 1) this.#pacer.send(renderStep(label(event.why, 200)));
      }
      await this.#pacer.ready(signal);
    }
  }

  #say(why: string): void {
    if (this.#waits.has(why)) return;
    this.#waits.add(why);
    this.#pacer.send(renderStep(why === "" ? vscode.l10n.t("it has not started yet") : why));
  }

  #end(text: string, code: number): void {
    this.#pacer.send(code === 0 ? renderStep(text) : renderWarning(text));
    this.#pacer.flush();
    if (this.#stop.signal.aborted) this.#closes.fire(code);
  }
}
