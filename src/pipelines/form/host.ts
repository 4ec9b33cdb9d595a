// The extension's side of the page of a run: keeps the form, says what comes of it, and has it sent once.
import type { FromRunForm, RunChoices, RunForm, RunPreview, RunSubject, ToRunForm } from "../../contract/runForm.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText, isCancelled } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { RunWish, Schedule } from "../runs.ts";
import { nextTimes, triggerWords } from "../schedule.ts";
import type { PipelineInput } from "../spec/model.ts";
import { readRunForm } from "./form.ts";

export interface RunFormPorts {
  readonly choices: (signal: AbortSignal) => Promise<RunChoices>;
  /** Sends it; resolves with what is to be said of it. Rejects with UserError, ConnectError or CancelledError. */
  readonly start: (
    wish: Omit<RunWish, "source">,
    schedule: Schedule | undefined,
    caching: RunForm["caching"],
    signal: AbortSignal,
  ) => Promise<string>;
  readonly graph: () => Promise<void>;
  /** A moment as the person's clock has it. */
  readonly time: (ms: number) => string;
  /** The form as it is now, to be found again after a reload. */
  readonly keep: (form: RunForm) => void;
  readonly onError: (error: unknown) => void;
}

const MOST_TEXT = 400;

export class RunFormHost {
  readonly #subject: RunSubject;
  readonly #inputs: readonly PipelineInput[];
  readonly #notes: readonly string[];
  readonly #ports: RunFormPorts;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  #send: (message: ToRunForm) => void = () => undefined;
  #form: RunForm;
  #seq = -1;
  #choices: RunChoices | undefined;
  #isBusy = false;

  /** `notes`: what a start does besides. */
  constructor(
    subject: RunSubject,
    inputs: readonly PipelineInput[],
    form: RunForm,
    notes: readonly string[],
    ports: RunFormPorts,
    clock: Clock,
  ) {
    this.#subject = subject;
    this.#inputs = inputs;
    this.#form = form;
    this.#notes = notes;
    this.#ports = ports;
    this.#clock = clock;
  }

  start(send: (message: ToRunForm) => void): void {
    this.#send = send;
  }

  async receive(message: FromRunForm): Promise<void> {
    switch (message.type) {
      case "ready":
        this.#send({ type: "init", subject: this.#subject, form: this.#form, preview: this.#preview() });
        this.#send({ type: "busy", busy: this.#isBusy });
        return this.#tellChoices();
      case "change":
        this.#form = message.form;
        this.#seq = message.seq;
        this.#ports.keep(message.form);
        this.#send({ type: "preview", seq: this.#seq, preview: this.#preview() });
        return;
      case "start":
        return this.#start();
      case "graph":
        await this.#ports.graph().catch((error: unknown) => this.#ports.onError(error));
    }
  }

  /** What is being sent is heard to its end: its outcome is told elsewhere. */
  dispose(): void {
    if (!this.#isBusy) this.#over.abort();
  }

  #preview(): RunPreview {
    const { problems, schedule } = readRunForm(this.#form, this.#inputs);
    if (schedule === undefined) return { problems, schedule: "", next: [], notes: this.#notes };
    const times = nextTimes(schedule.trigger, this.#clock.now());
    const words = triggerWords(schedule.trigger);
    return { problems, schedule: words, next: times.map((time) => this.#ports.time(time)), notes: this.#notes };
  }

  async #tellChoices(): Promise<void> {
    try {
      this.#choices ??= await this.#ports.choices(this.#over.signal);
      this.#send({ type: "choices", choices: this.#choices });
    } catch (error) {
      // Names can be typed; that nothing is offered is said, and no more.
      if (isCancelled(error)) return;
      this.#send({ type: "said", text: label(errorText(error), MOST_TEXT), isError: true });
    }
  }

  /** One at a time: a second press while it is sent is none. */
  async #start(): Promise<void> {
    const { wish, schedule, problems } = readRunForm(this.#form, this.#inputs);
    if (this.#isBusy || problems.length > 0) return;
    this.#busy(true);
    this.#send({ type: "said", text: "", isError: false });
    try {
      const text = await this.#ports.start(wish, schedule, this.#form.caching, this.#over.signal);
      this.#send({ type: "said", text, isError: false });
    } catch (error) {
      if (!isCancelled(error)) this.#say(error);
    } finally {
      this.#busy(false);
    }
  }

  /** On the page, and with what can be pressed as any failure. */
  #say(error: unknown): void {
    this.#send({ type: "said", text: label(errorText(error), MOST_TEXT), isError: true });
    this.#ports.onError(error);
  }

  #busy(busy: boolean): void {
    this.#isBusy = busy;
    this.#send({ type: "busy", busy });
  }
}
