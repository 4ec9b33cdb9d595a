import type { Step } from "../contract/preview.ts";
import type { Clock } from "../core/clock.ts";
import { errorText, isCancelled } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import { redact } from "../core/redact.ts";
import { label } from "../core/sanitize.ts";

/** The steps of one piece of work, in order; each change of one is told. */
export class Timeline {
  readonly #clock: Clock;
  readonly #changed = new Emitter<void>();
  #steps: readonly Step[] = [];
  readonly onDidChange = this.#changed.event;

  constructor(clock: Clock, steps: readonly (readonly [id: string, label: string])[]) {
    this.#clock = clock;
    this.reset(steps);
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Begins anew with other steps. */
  reset(steps: readonly (readonly [id: string, label: string])[]): void {
    this.#steps = steps.map(([id, name]) => ({ id, label: name, state: "waiting", detail: "" }));
    this.#changed.fire();
  }

  /** Puts steps in the place of those that stand below one, whose ids begin with its own. */
  putBelow(id: string, steps: readonly Step[]): void {
    const others = this.#steps.filter((step) => !step.id.startsWith(`${id}-`));
    this.#steps = others.flatMap((step) => (step.id === id ? [step, ...steps] : [step]));
    this.#changed.fire();
  }

  put(id: string, change: Partial<Step>): void {
    this.#steps = this.#steps.map((step) => (step.id === id ? { ...step, ...change, id } : step));
    this.#changed.fire();
  }

  /** Carries a step out; `work` tells what it does and resolves with what came of it. Rejects as it does. */
  async run(id: string, work: (tell: (detail: string) => void) => Promise<string>): Promise<void> {
    await this.result(id, async (tell) => [await work(tell), undefined] as const);
  }

  /** As `run`, of work that resolves with its words and with what it is for. */
  async result<T>(
    id: string,
    work: (tell: (detail: string) => void) => Promise<readonly [detail: string, result: T]>,
  ): Promise<T> {
    return this.begin(id, async () => {
      const [detail, result] = await work((words) => this.put(id, { detail: words }));
      this.put(id, { state: "done", detail, endedAt: this.#clock.now() });
      return result;
    });
  }

  /** Begins a step that somebody else tells the end of, unless `work` rejects. */
  async begin<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.put(id, { state: "running", startedAt: this.#clock.now() });
    try {
      return await work();
    } catch (error) {
      const state = isCancelled(error) ? "cancelled" : "failed";
      // A step that was told from elsewhere, such as by Terraform's stream, has said more.
      const known = this.#steps.find((step) => step.id === id);
      const detail = isCancelled(error) ? "Cancelled." : label(redact(errorText(error)), 400);
      this.put(id, known?.state === state ? {} : { state, detail, endedAt: this.#clock.now() });
      throw error;
    }
  }
}
