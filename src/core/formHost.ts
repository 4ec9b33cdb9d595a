// The extension's side of a page with a form that is planned and checked while it is written: the training job's and
// the notebook's. What the form means, what is asked of a cluster and what a button does are the subclass's.
import type { Clock } from "./clock.ts";
import { errorText, isCancelled, type NextStep, UserError } from "./errors.ts";
import { label } from "./sanitize.ts";

/** What is said about a field, or about all of it. */
export interface FormFinding<Field extends string> {
  readonly field: Field | "form";
  /** `unknown`: it cannot be told, as where something may not be read. */
  readonly level: "ok" | "unknown" | "warning" | "problem";
  readonly text: string;
  /** More of it, a line each. */
  readonly lines: readonly string[];
  /** Title of the button; "" where there is none. */
  readonly next: string;
}

export interface FormPreview<Field extends string> {
  /** What cannot be read or would be refused for certain; then nothing can be sent. */
  readonly problems: readonly FormFinding<Field>[];
}

export interface FormOption {
  readonly value: string;
  readonly label: string;
}

/** What fields may hold, as far as it is known. `More`: what else can be picked and is no field of its own. */
export type FormChoices<Field extends string, More extends string = never> = Readonly<
  Partial<Record<Field | More, readonly FormOption[]>>
> & {
  /** Fields that may hold more than is listed. */
  readonly partial?: readonly Field[];
};

/** To the page. */
export type FormMessage<Field extends string, Preview> =
  | { readonly type: "preview"; readonly seq: number; readonly preview: Preview }
  /** What the cluster says of it so far; `checking`: more will come. */
  | { readonly type: "findings"; readonly findings: readonly FormFinding<Field>[]; readonly checking: boolean }
  /** It is being sent, and the page waits. */
  | { readonly type: "busy"; readonly busy: boolean };

/** A finding with what its button does. */
export interface FoundInForm<Field extends string> extends Omit<FormFinding<Field>, "lines" | "next"> {
  readonly lines?: readonly string[];
  readonly next?: { readonly title: string; readonly press: () => Promise<void> };
}

/** A sentence about a field. */
export interface FieldProblem<Field extends string> {
  readonly field: Field;
  readonly text: string;
}

export interface PlannedForm<Choice, Plan> {
  readonly plan: Plan;
  readonly choice: Choice;
}

/** A person who types is let type; ms. */
const PLAN_AFTER_MS = 120;
const CHECK_AFTER_MS = 700;
const MOST_TEXT = 400;

export abstract class FormHost<
  Form,
  Choice,
  Plan,
  Field extends string,
  Preview extends FormPreview<Field>,
  To extends { readonly type: string },
> {
  protected form: Form;
  protected readonly clock: Clock;
  protected readonly over = new AbortController();
  protected planned: PlannedForm<Choice, Plan> | undefined;
  protected preview: Preview;
  protected findings: readonly FoundInForm<Field>[] = [];
  protected send: (message: To | FormMessage<Field, Preview>) => void = () => undefined;
  readonly #nothing: Preview;
  /** Number of the last edit, as the page counts; -1 for a form that the page did not edit since it was drawn. */
  #seq = -1;
  #checking = false;
  /** Ends what was begun for an older form. */
  #turn = new AbortController();
  #isPressed = false;
  #isBusy = false;

  /** `nothing`: the preview where there is none. */
  constructor(form: Form, nothing: Preview, clock: Clock) {
    this.form = form;
    this.preview = this.#nothing = nothing;
    this.clock = clock;
  }

  start(send: (message: To | FormMessage<Field, Preview>) => void): void {
    this.send = send;
  }

  dispose(): void {
    this.over.abort();
    this.#turn.abort();
  }

  /** What of the form cannot be read keeps its old value, and is told among the problems. */
  protected abstract read(): { readonly choice: Choice; readonly problems: readonly FieldProblem<Field>[] };
  protected abstract plan(
    choice: Choice,
    signal: AbortSignal,
  ): Promise<{ readonly plan: Plan; readonly preview: Preview }>;
  /** What the cluster says of it, as it becomes known; `anew`: also what was read a moment ago. */
  protected abstract check(
    plan: Plan,
    report: (finding: FoundInForm<Field>) => void,
    signal: AbortSignal,
    anew: boolean,
  ): Promise<void>;
  protected abstract fieldOf(error: unknown): Field | "form";
  /** Does what an error offers. */
  protected abstract press(next: NextStep): Promise<void>;
  /** What a press of a button led to, where that failed. */
  protected abstract failed(error: unknown): void;

  /** The form can be read, and is about to be planned. */
  protected begun(): void {
    // Most forms have nothing to do then.
  }

  /** The page is there, or is there again: what is under way answers it, as it answered no edit of its. */
  protected drawn(init: readonly To[]): Promise<void> | undefined {
    this.#seq = -1;
    for (const message of init) this.send(message);
    if (this.#isBusy) this.send({ type: "busy", busy: true });
    this.#tellFindings();
    return this.planned === undefined ? this.change(0) : undefined;
  }

  /** The page has edited it. */
  protected edited(form: Form, seq: number, waitMs = PLAN_AFTER_MS): Promise<void> {
    this.form = form;
    this.#seq = seq;
    return this.change(waitMs);
  }

  /** Says what comes of the form, once nothing has changed for so many ms. */
  protected async change(waitMs: number, anew = false): Promise<void> {
    this.#turn.abort();
    const turn = (this.#turn = new AbortController());
    const { signal } = turn;
    const { choice, problems } = this.read();
    // What was found is of another form.
    this.#found([], problems.length === 0);
    if (problems.length > 0) {
      this.#show({ ...this.preview, problems: problems.map(asFinding) });
      return;
    }
    try {
      if (waitMs > 0) await this.clock.sleep(waitMs, signal);
      this.begun();
      const { plan, preview } = await this.plan(choice, signal);
      if (signal.aborted) return;
      this.planned = { plan, choice };
      this.#show(preview);
      if (!anew) await this.clock.sleep(CHECK_AFTER_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.planned = undefined;
      this.#show(this.#nothing);
      this.#found([this.#failure(error)], false);
      return;
    }
    await this.#check(signal, anew);
  }

  /** The form as it stands. Throws UserError `form` where something in it cannot be read. */
  protected soundNow(): Choice {
    const { choice, problems } = this.read();
    const [first] = problems;
    if (first !== undefined) throw new UserError("form", "The form has problems.", { why: first.text });
    return choice;
  }

  /** Says this of the form until it changes. */
  protected say(finding: FoundInForm<Field>): void {
    this.#turn.abort();
    this.#turn = new AbortController();
    this.#found([finding], false);
  }

  protected pressFinding(index: number): Promise<void> {
    return this.pressed(async () => this.findings[index]?.next?.press());
  }

  /** One at a time. `isRun`: the page waits for it. */
  protected async pressed(work: () => Promise<void>, isRun = false): Promise<void> {
    if (this.#isPressed) return;
    this.#isPressed = true;
    this.#isBusy = isRun;
    if (isRun) this.send({ type: "busy", busy: true });
    try {
      await work();
    } catch (error) {
      if (!isCancelled(error)) this.failed(error);
    } finally {
      this.#isPressed = this.#isBusy = false;
      if (isRun) this.send({ type: "busy", busy: false });
    }
  }

  async #check(signal: AbortSignal, anew: boolean): Promise<void> {
    const { planned } = this;
    if (planned === undefined || signal.aborted) return;
    const found: FoundInForm<Field>[] = [];
    const report = (finding: FoundInForm<Field>): void => {
      if (signal.aborted) return;
      found.push(finding);
      this.#found(found, true);
    };
    try {
      await this.check(planned.plan, report, signal, anew);
    } catch (error) {
      report(this.#failure(error));
    }
    // A newer form has findings of its own.
    if (this.#turn.signal === signal) this.#found(found, false);
  }

  /** A failure at its field, with the button that it offers. */
  #failure(error: unknown): FoundInForm<Field> {
    // Nobody asked for it: the connection was made anew under our hands.
    if (isCancelled(error)) return { field: "form", level: "problem", text: "The connection was made anew meanwhile." };
    const [next] = error instanceof UserError ? error.next : [];
    const press = next && { title: next.title, press: () => this.press(next) };
    const text = label(errorText(error).replace(/^The (?:job|notebook) was not created\. /, ""), MOST_TEXT);
    return { field: this.fieldOf(error), level: "problem", text, ...(press !== undefined && { next: press }) };
  }

  #show(preview: Preview): void {
    this.preview = preview;
    this.send({ type: "preview", seq: this.#seq, preview });
  }

  #found(findings: readonly FoundInForm<Field>[], checking: boolean): void {
    this.findings = [...findings];
    this.#checking = checking;
    this.#tellFindings();
  }

  #tellFindings(): void {
    const findings = this.findings.map(({ field, level, text, lines = [], next }) => ({
      ...{ field, level, text, lines },
      next: next?.title ?? "",
    }));
    this.send({ type: "findings", findings, checking: this.#checking });
  }
}

function asFinding<Field extends string>({ field, text }: FieldProblem<Field>): FormFinding<Field> {
  return { field, level: "problem", text, lines: [], next: "" };
}
