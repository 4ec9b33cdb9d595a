// One cluster that is being made, changed or destroyed: from its plan to its end, through reloads of the window.
import type { PlanWords, Step } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import type { CancelWords, WizardPhase, WizardState } from "../../contract/wizard.ts";
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, errorText, isCancelled } from "../../core/errors.ts";
import { Emitter } from "../../core/events.ts";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";
import { inspect, type Inspection } from "../terraform/apply.ts";
import { failuresOf } from "../terraform/failures.ts";
import type { RunEnd } from "../terraform/runEnd.ts";
import type { Run } from "../terraform/runs.ts";
import { afterApply, failureButtons, importText } from "./afterwards.ts";
import { failureContext, foundTerraform, placeOf } from "./cloudSteps.ts";
import { CloudJob } from "./cloudJob.ts";
import { type Button, type Ending, type Job, type JobPlanOptions, Question } from "./job.ts";
import { LocalJob } from "./localJob.ts";
import type { MakingPorts } from "./ports.ts";
import type { MadeRecord, Mode } from "./record.ts";
import type { Timeline } from "../../install/index.ts";

/** Ids under which the page presses buttons that belong to no step. */
const PLAN = "plan";
const OUTCOME = "outcome";
/** Failures after which everything is as it was before the apply. */
const NOTHING_DONE: ReadonlySet<string> = new Set(["stale-plan", "state-locked", "not-started"]);
const NOTHING_RUNS: CancelWords = { possible: false, meaning: "Nothing is under way." };

export class Making implements Disposable {
  readonly #ports: MakingPorts;
  readonly #changed = new Emitter<void>();
  readonly #wished = new Emitter<Wish>();
  #mode: Mode;
  #record: MadeRecord | undefined;
  #phase: WizardPhase = "form";
  #job: Job | undefined;
  #abort = new AbortController();
  #plan: PlanWords | undefined;
  #planFailure: string | undefined;
  #outcome: { readonly good: boolean; readonly message: string } | undefined;
  readonly #buttons = new Map<string, readonly Button[]>();
  /** A button is at work. */
  #pressed = false;
  /** Anything of `state`. */
  readonly onDidChange = this.#changed.event;
  /** What a person pressed has changed the wish, such as another zone after a stock-out. */
  readonly onDidWish = this.#wished.event;
  /** Somebody has this on the screen: the end needs no message of its own. */
  isWatched: () => boolean = () => false;

  constructor(ports: MakingPorts, mode: Mode, record?: MadeRecord) {
    this.#ports = ports;
    this.#mode = mode;
    this.#record = record;
  }

  get record(): MadeRecord | undefined {
    return this.#record;
  }

  get isBusy(): boolean {
    return this.#phase === "planning" || this.#phase === "running";
  }

  get state(): WizardState {
    const titles = (id: string): readonly string[] => (this.#buttons.get(id) ?? []).map(({ title }) => title);
    // Terraform's stream names its next steps too: those that are pressed are the buttons.
    const steps = (this.#timeline?.steps ?? []).map((step): Step => ({ ...step, next: titles(step.id) }));
    return {
      ...{ phase: this.#phase, mode: this.#mode, maturity: "", steps, cancel: this.#cancelWords() },
      ...(this.#plan !== undefined && { plan: this.#plan }),
      ...(this.#planFailure !== undefined && {
        planFailure: { message: this.#planFailure, next: titles(PLAN) },
      }),
      ...(this.#outcome !== undefined && { outcome: { ...this.#outcome, next: titles(OUTCOME) } }),
    };
  }

  /** The form was changed: what was planned for another wish is void, and so is why that could not be. */
  reopen(): void {
    if (this.isBusy || (this.#phase === "form" && this.#planFailure === undefined)) return;
    this.#reset("form");
    this.#changed.fire();
  }

  /** Plans the wish; the plan is what `create` carries out. What fails is in `state`. */
  async plan(wish: Wish): Promise<void> {
    // What a button does comes first.
    if (!this.#pressed) await this.#planNow(wish);
  }

  async #planNow(wish: Wish, options: JobPlanOptions = {}): Promise<void> {
    if (this.isBusy) return;
    this.#begin("planning");
    const job = this.#jobFor(wish);
    try {
      this.#plan = await job.plan(this.#abort.signal, options);
      this.#record = job.record;
      this.#phase = "planned";
    } catch (error) {
      this.#phase = "form";
      if (!isCancelled(error)) this.#planFailed(error, wish);
    }
    this.#changed.fire();
  }

  /** Carries out the plan that was shown. */
  async create(): Promise<void> {
    const job = this.#job;
    if (this.#phase !== "planned" || job === undefined || this.#pressed) return;
    this.#begin("running");
    await this.#carryOut(job, () => job.carryOut(this.#abort.signal));
  }

  /**
   * Takes up what an earlier window began: attaches to a run that goes on, goes on with what comes after one that has
   * ended, or shows how an earlier attempt ended. Reads files alone unless there is something to take up.
   */
  async resume(): Promise<void> {
    const record = this.#record;
    if (record === undefined || this.isBusy || this.#phase !== "form") return;
    const isOpen = record.phase === "making" || record.phase === "destroying";
    // One that is there may lack what was to come after it: its note says so.
    const isLeft = record.phase === "failed" || (record.phase === "made" && record.note !== undefined);
    if (!isOpen && (!isLeft || this.#mode === "destroy")) return;
    const { run, end } = await this.#lastRun(record);
    const before = record.kubeconfig === undefined ? "new" : "edit";
    this.#mode = record.begun ?? (record.phase === "destroying" ? "destroy" : before);
    const job = this.#jobFor(record.wish);
    if (!isOpen) {
      this.#recall(job, record, run, end);
      return;
    }
    this.#begin("running");
    // What ended before this was begun, or was something else, says nothing of it.
    const ours = run?.kind === (this.#mode === "destroy" ? "destroy" : "apply") && run.startedAt >= record.changedAt;
    this.#carryOut(job, () => job.resume(ours ? run : undefined, this.#abort.signal)).catch((error: unknown) =>
      this.#ports.log.error(errorText(error)),
    );
  }

  /** Asks what is under way to stop; what that means stands in `state.cancel`. */
  async cancel(): Promise<void> {
    if (!this.#cancelWords().possible) return;
    const watch = this.#job?.watch;
    if (watch !== undefined && watch.end === undefined) await watch.cancel();
    else this.#abort.abort();
    this.#changed.fire();
  }

  /** Presses a button of a step, of the plan's failure or of the outcome. */
  async press(step: string, title: string): Promise<void> {
    const button = this.#buttons.get(step)?.find((candidate) => candidate.title === title);
    if (button === undefined || this.isBusy || this.#pressed) return;
    this.#pressed = true;
    try {
      await button.press((ending) => this.#showEnding(this.#outcome?.good ?? true, ending));
    } finally {
      this.#pressed = false;
      this.#changed.fire();
    }
  }

  /** The exact text of the plan that is shown; undefined where there is none. */
  async exactPlan(signal: AbortSignal): Promise<string | undefined> {
    return this.#phase === "planned" ? this.#job?.exactPlan(signal) : undefined;
  }

  /** Leaves a run alone: it goes on, and another window may take it up. */
  dispose(): void {
    if (this.#phase === "planning") this.#abort.abort();
    this.#job?.dispose();
    this.#changed.dispose();
    this.#wished.dispose();
  }

  get #timeline(): Timeline | undefined {
    return this.#job?.timeline;
  }

  #jobFor(wish: Wish): Job {
    const job = new (wish.where === "local" ? LocalJob : CloudJob)(this.#ports, this.#mode, wish, this.#record);
    this.#job?.dispose();
    this.#job = job;
    job.timeline.onDidChange(() => this.#changed.fire());
    return job;
  }

  #begin(phase: WizardPhase): void {
    const plan = this.#plan;
    this.#reset(phase);
    if (phase === "running") this.#plan = plan;
    this.#abort = new AbortController();
    this.#changed.fire();
  }

  #reset(phase: WizardPhase): void {
    this.#phase = phase;
    this.#plan = undefined;
    this.#planFailure = undefined;
    this.#outcome = undefined;
    this.#buttons.clear();
  }

  async #carryOut(job: Job, work: () => Promise<RunEnd | undefined>): Promise<void> {
    try {
      const end = await work();
      this.#record = job.record;
      if (end === undefined || end.kind === "succeeded") await this.#succeeded(job);
      else await this.#applyEnded(job, end);
    } catch (error) {
      await this.#failed(job, error);
    } finally {
      this.#phase = "ended";
      this.#changed.fire();
    }
    if (this.#outcome !== undefined && !this.isWatched())
      this.#ports.desk.tell(this.#outcome.message, this.#outcome.good);
  }

  async #succeeded(job: Job): Promise<void> {
    const { message, buttons } = await job.finish();
    this.#record = job.record;
    const failed = job.timeline.steps.filter(
      ({ id, state }) => /^kubeflow|^dashboard$|^sample$/.test(id) && state === "failed",
    );
    const again: Button = { ...this.#goOn(job, job.watch?.run), title: "Try Again" };
    for (const { id } of failed) this.#buttons.set(id, [again]);
    this.#showEnding(failed.length === 0, { message, buttons: failed.length === 0 ? buttons : [again, ...buttons] });
  }

  #showEnding(good: boolean, { message, buttons }: Ending): void {
    this.#outcome = { good, message };
    this.#buttons.set(OUTCOME, buttons);
  }

  /** Terraform did not come to a good end: what it left, and what to do about it. */
  async #applyEnded(job: Job, end: RunEnd): Promise<void> {
    const { message, imports } = await afterApply(job, end);
    const nothingDone = end.failures.length > 0 && end.failures.every(({ code }) => NOTHING_DONE.has(code));
    this.#record = await job.failed(message, nothingDone);
    const open = { title: "Show Import Commands", press: () => this.#showImports(job, imports) };
    const buttons = [...(imports.length === 0 ? [] : [open]), ...this.#ways(job)];
    const own = new Set(buttons.map(({ title }) => title));
    const steps = this.#buttonsFor(end.failures, job.wish).filter(({ title }) => !own.has(title));
    this.#buttons.set("cloud", steps);
    this.#showEnding(false, { message, buttons });
  }

  /** What can be done after work that came to no good end. */
  #ways(job: Job): readonly Button[] {
    const plan = (mode: Mode) => (): Promise<void> => {
      this.#mode = mode;
      return this.#planNow(job.wish);
    };
    const again: Button = { title: "Plan Again", press: plan(job.mode) };
    if (job.mode === "destroy") return [again];
    const back: Button = { title: "Back to Form", press: () => this.reopen() };
    // It is there: another plan would be of a second one of its name.
    if (job.mode === "new" && this.#record?.phase === "made") return [back];
    // Of one that was there before, a failed change is no reason to destroy it.
    if (job.mode === "edit" || job.wish.where === "local" || this.#record?.phase !== "failed") return [again, back];
    return [again, back, { title: "Plan to Destroy It", press: plan("destroy") }];
  }

  /** How an earlier attempt ended, for a page that is opened later. */
  #recall(job: Job, record: MadeRecord, run: Run | undefined, end: RunEnd | undefined): void {
    this.#phase = "ended";
    job.timeline.reset([]);
    const isThere = record.wish.where === "local" && job.mode === "new" && record.kubeconfig !== undefined;
    const goOn = isThere || end?.kind === "succeeded" ? [this.#goOn(job, run)] : [];
    const ways = [...goOn, ...this.#buttonsFor(end?.failures ?? [], job.wish), ...this.#ways(job)];
    const once = new Map(ways.map((button) => [button.title, button]));
    this.#showEnding(false, { message: record.note ?? "It was not finished.", buttons: [...once.values()] });
    this.#changed.fire();
  }

  /** The cluster was made: what comes after it is done once more. */
  #goOn({ wish, mode }: Job, run: Run | undefined): Button {
    const press = async (): Promise<void> => {
      const phase = mode === "destroy" ? "destroying" : "making";
      // For a window that takes it up; the run that it follows then is one from before.
      const changedAt = run === undefined ? {} : { changedAt: run.startedAt };
      if (this.#record !== undefined)
        this.#record = await this.#ports.made.update(this.#record.id, { phase, begun: mode, ...changedAt });
      this.#begin("running");
      const job = this.#jobFor(wish);
      await this.#carryOut(job, () => job.resume(run, this.#abort.signal));
    };
    return { title: "Go On", press };
  }

  #lastRun(record: MadeRecord): Promise<Pick<Inspection, "run" | "end">> {
    if (record.wish.where === "local") return Promise.resolve({});
    return inspect(placeOf(this.#ports, record), failureContext(record.wish));
  }

  async #failed(job: Job, error: unknown): Promise<void> {
    const cancelled = isCancelled(error);
    const words = cancelled ? "Cancelled." : label(redact(errorText(error)), 600);
    const left = await job.left(words).catch((unknown: unknown) => {
      this.#ports.log.warn(`what is left could not be told: ${errorText(unknown)}`);
      return { message: words, buttons: [] };
    });
    if (!cancelled) this.#ports.log.error(errorText(error));
    this.#showEnding(false, { message: left.message, buttons: left.buttons });
    // A run that may still begin is found by the next look: nothing has failed for certain.
    this.#record = errorCode(error) === "run-not-seen" ? job.record : await job.failed(left.message);
    const buttons = [...left.buttons, ...(job.isThere ? [this.#goOn(job, job.watch?.run)] : []), ...this.#ways(job)];
    this.#showEnding(false, { message: left.message, buttons });
  }

  #planFailed(error: unknown, wish: Wish): void {
    this.#planFailure = label(redact(errorText(error)), 800);
    this.#ports.log.warn(`no plan: ${errorText(error)}`);
    this.#buttons.set(
      PLAN,
      error instanceof Question ? this.#answers(error, wish) : this.#buttonsFor(failuresOf(error), wish),
    );
  }

  #answers({ answers }: Question, wish: Wish): readonly Button[] {
    return answers.map(({ title, sure, options }) => ({
      title,
      press: async () => {
        const { desk } = this.#ports;
        if (sure !== undefined && !(await desk.confirm(sure.question, sure.detail, sure.agree))) return;
        await this.#planNow(wish, options);
      },
    }));
  }

  #buttonsFor(failures: RunEnd["failures"], wish: Wish): readonly Button[] {
    const toForm = (changed?: Wish): void => {
      this.reopen();
      if (changed !== undefined) this.#wished.fire(changed);
    };
    return failureButtons(failures, {
      ...{ ports: this.#ports, wish, planAgain: () => this.#planNow(wish), backToForm: toForm },
      terraform: async (signal) => {
        const { terraform, record = this.#record } = this.#job ?? {};
        if (terraform !== undefined) return terraform;
        if (record === undefined) throw new Error("There is no record yet.");
        return foundTerraform(this.#ports, record, signal);
      },
      edit: (changed) => {
        this.#mode = "edit";
        toForm(changed);
      },
    });
  }

  #showImports(job: Job, imports: readonly string[]): void {
    this.#ports.desk.showText(`import-commands-of-${job.wish.name}.sh`, importText(job, imports));
  }

  #cancelWords(): CancelWords {
    if (!this.isBusy) return NOTHING_RUNS;
    const watch = this.#job?.watch;
    if (watch !== undefined && watch.end === undefined) return watch.cancelWords();
    if (this.#abort.signal.aborted) return STOPPING;
    return { possible: true, meaning: this.#job?.cancelMeaning ?? "" };
  }
}

const STOPPING: CancelWords = { possible: false, meaning: "It is stopping." };
