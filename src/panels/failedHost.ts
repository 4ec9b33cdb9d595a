import type { FromPipeline, ToPipeline } from "../contract/pipeline.ts";
import { errorText, isCancelled, isUserError, type NextStep } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";

export interface FailedPorts {
  /** Resolves when the tab has its own page again, or is closed. */
  readonly again: () => Promise<void>;
  readonly press: (next: NextStep) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

const MOST_TEXT = 600;
const WORDS = { what: "This page was not brought back.", cancelled: "It was left off.", again: "Try Again" };

/** A page that could not come back after a reload says why, and tries again when asked. Drawn by the page of a pipeline. */
export class FailedHost {
  readonly #title: string;
  readonly #ports: FailedPorts;
  #error: unknown;
  #isTrying = false;
  #send: (message: ToPipeline) => void = () => undefined;

  constructor(title: string, error: unknown, ports: FailedPorts) {
    this.#title = title;
    this.#error = error;
    this.#ports = ports;
  }

  start(send: (message: ToPipeline) => void): void {
    this.#send = send;
  }

  async receive(message: FromPipeline): Promise<void> {
    if (message.type === "ready") {
      this.#send({ type: "graph", file: this.#title, names: [], shown: "", graph: null, hasSource: false });
      this.#tell();
    }
    if (message.type !== "press" || this.#isTrying) return;
    const next = message.step === 0 ? undefined : this.#next[message.step - 1];
    try {
      if (next !== undefined) await this.#ports.press(next);
      else if (message.step === 0) await this.#again();
    } catch (error) {
      this.#ports.onError(error);
    }
  }

  dispose(): void {
    this.#send = () => undefined;
  }

  async #again(): Promise<void> {
    this.#isTrying = true;
    this.#tell();
    try {
      await this.#ports.again();
    } catch (error) {
      this.#error = error;
      this.#isTrying = false;
      this.#tell();
    }
  }

  get #next(): readonly NextStep[] {
    return isUserError(this.#error) ? this.#error.next : [];
  }

  #tell(): void {
    const why = isCancelled(this.#error) ? WORDS.cancelled : label(errorText(this.#error), MOST_TEXT);
    const steps = [WORDS.again, ...this.#next.map(({ title }) => title)];
    const failed = { kind: "failed", text: `${WORDS.what} ${why}`, steps } as const;
    this.#send({ type: "status", status: this.#isTrying ? { kind: "working", text: "Reading…", steps: [] } : failed });
  }
}
