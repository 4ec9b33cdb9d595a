// The extension's side of the page of a job: keeps the form, plans what it says, asks the cluster, and launches.
import type { FromJobForm, JobChoices, JobField, JobForm, JobPreview, ToJobForm } from "../../contract/jobForm.ts";
import type { Clock } from "../../core/clock.ts";
import { type NextStep, UserError } from "../../core/errors.ts";
import { FormHost, type FoundInForm, type PlannedForm } from "../../core/formHost.ts";
import type { RunChoice, RunPlan } from "../desk.ts";
import { type FormProblem, readForm, toForm } from "./form.ts";

/** A finding of the cluster's, with what its button does. */
export type FoundForForm = FoundInForm<JobField>;

/** What the page needs of the rest. They reject with UserError, ConnectError or CancelledError. */
export interface FormPorts {
  /** Contexts of the kubeconfig. */
  readonly contexts: () => readonly string[];
  /** Namespaces, kinds and all else that can be picked, as it becomes known. */
  readonly choices: (
    at: { readonly context: string; readonly namespace: string },
    report: (choices: JobChoices) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly plan: (choice: RunChoice, signal: AbortSignal, like?: Planned) => Promise<RunPlan>;
  /** What the cluster says of it, as it becomes known; `anew`: also what was read a moment ago. */
  readonly check: (
    plan: RunPlan,
    report: (finding: FoundForForm) => void,
    signal: AbortSignal,
    anew: boolean,
  ) => Promise<void>;
  readonly words: (plan: RunPlan) => Promise<Pick<JobPreview, "manifest" | "summary" | "price" | "files">>;
  /** Whatever of the code is on the screen alone is on the disk then. */
  readonly prepare: (choice: RunChoice) => Promise<void>;
  /** Resolves once it is sent, or the person has decided otherwise. */
  readonly run: (plan: RunPlan, choice: RunChoice) => Promise<void>;
  readonly open: (what: "manifest" | "files", plan: RunPlan) => Promise<void>;
  readonly save: (choice: RunChoice) => Promise<void>;
  /** Does what an error offers. */
  readonly press: (next: NextStep) => Promise<void>;
  /** The form as it is now, to be found again after a reload. */
  readonly keep: (form: JobForm, isEdited: boolean) => void;
  /** What a press of a button led to, where that failed. */
  readonly onError: (error: unknown) => void;
}

type Planned = PlannedForm<RunChoice, RunPlan>;

const NOTHING: JobPreview = { problems: [], manifest: "", summary: "", price: "", files: "" };
/** Arrow keys pass over clusters that nobody means: one is spoken to only once it stays chosen; ms. */
const CLUSTER_AFTER_MS = 1_200;

export class JobFormHost extends FormHost<JobForm, RunChoice, RunPlan, JobField, JobPreview, ToJobForm> {
  readonly #file: string;
  readonly #ports: FormPorts;
  /** The last one without problems. */
  #sound: RunChoice;
  #choices: JobChoices = {};
  #choicesFor = "";
  #reading = new AbortController();

  /** `form`: what the page held before the window was reloaded. `name`: of the file, to be shown. */
  constructor(name: string, choice: RunChoice, ports: FormPorts, clock: Clock, form: JobForm = toForm(choice)) {
    super(form, NOTHING, clock);
    this.#file = name;
    this.#sound = choice;
    this.#ports = ports;
  }

  async receive(message: FromJobForm): Promise<void> {
    switch (message.type) {
      case "ready":
        if (this.planned === undefined) this.#ports.keep(this.form, false);
        return this.drawn([
          { type: "init", file: this.#file, form: this.form, preview: this.preview },
          { type: "choices", choices: this.#choices },
        ]);
      case "change": {
        const isOther = this.planned?.choice.context !== message.form.context;
        const changing = this.edited(message.form, message.seq, isOther ? CLUSTER_AFTER_MS : undefined);
        this.#ports.keep(this.#withoutSecrets(), true);
        return changing;
      }
      case "check":
        // The code may have been mended meanwhile.
        this.planned = undefined;
        return this.change(0, true);
      case "run":
        return this.pressed(() => this.#run(), true);
      case "open":
        return this.pressed(async () => this.#ports.open(message.what, (await this.#fresh()).plan));
      case "save":
        return this.pressed(() => this.#ports.save(this.soundNow()));
      case "next":
        return this.pressFinding(message.finding);
    }
  }

  override dispose(): void {
    super.dispose();
    this.#reading.abort();
  }

  protected override read(): ReturnType<typeof readForm> {
    const { kind, context } = this.form;
    const { plan, choice } = this.planned ?? {};
    const isOld = plan?.spec.runtime?.patches === "podTemplateOverrides" && choice?.context === context;
    const read = readForm(this.form, this.#sound, !(kind === "TrainJob" && isOld));
    const isThere = this.#ports.contexts().includes(context);
    const gone: FormProblem = { field: "context", text: "The kubeconfig has no such context." };
    if (!isThere) return { ...read, problems: [gone, ...read.problems] };
    if (read.problems.length === 0) this.#sound = read.choice;
    return read;
  }

  protected override begun(): void {
    void this.#readChoices();
  }

  protected override async plan(
    choice: RunChoice,
    signal: AbortSignal,
  ): Promise<{ readonly plan: RunPlan; readonly preview: JobPreview }> {
    const plan = await this.#ports.plan(choice, signal, this.planned);
    return { plan, preview: { problems: [], ...(await this.#ports.words(plan)) } };
  }

  protected override check(
    plan: RunPlan,
    report: (finding: FoundForForm) => void,
    signal: AbortSignal,
    anew: boolean,
  ): Promise<void> {
    return this.#ports.check(plan, report, signal, anew);
  }

  protected override press(next: NextStep): Promise<void> {
    return this.#ports.press(next);
  }

  protected override failed(error: unknown): void {
    this.#ports.onError(error);
  }

  /** Where a failure belongs, by its code. */
  protected override fieldOf(error: unknown): JobField | "form" {
    return (error instanceof UserError ? FIELDS[error.code] : undefined) ?? "form";
  }

  /** Variables that are refused may be secrets: those are not kept. */
  #withoutSecrets(): JobForm {
    const isRefused = this.read().problems.some(({ field }) => field === "env");
    return isRefused ? { ...this.form, env: "" } : this.form;
  }

  /** The form as it stands, its code read anew. */
  async #fresh(): Promise<Planned> {
    const choice = this.soundNow();
    await this.#ports.prepare(choice);
    const plan = await this.#ports.plan(choice, this.over.signal);
    return { plan, choice };
  }

  async #run(): Promise<void> {
    const { plan, choice } = await this.#fresh();
    await this.#ports.run(plan, choice);
    // Another run of the same form is another launch.
    this.planned = undefined;
    if (!this.over.signal.aborted) void this.change(0);
  }

  /** Once for each cluster and namespace. What the cluster has whatever the namespace stays until it is told anew. */
  async #readChoices(): Promise<void> {
    const { context, namespace } = this.form;
    const at = `${context}\n${namespace}`;
    if (at === this.#choicesFor) return;
    const isSameCluster = this.#choicesFor.startsWith(`${context}\n`);
    this.#choicesFor = at;
    this.#reading.abort();
    const { signal } = (this.#reading = new AbortController());
    const contexts = this.#ports.contexts().map((value) => ({ value, label: value }));
    this.#choices = { ...(isSameCluster ? this.#choices : {}), context: contexts };
    const report = ({ partial = [], ...choices }: JobChoices): void => {
      if (signal.aborted) return;
      const listed = Object.keys(choices);
      const before = (this.#choices.partial ?? []).filter((field) => !listed.includes(field));
      this.#choices = { ...this.#choices, ...choices, partial: [...new Set([...before, ...partial])] };
      this.send({ type: "choices", choices: this.#choices });
    };
    report({});
    try {
      await this.#ports.choices({ context, namespace }, report, signal);
    } catch {
      // Asked again with the next change; the plan and its checks say what is wrong.
      if (!signal.aborted) this.#choicesFor = "";
    }
  }
}

const FIELDS: Readonly<Record<string, JobField>> = {
  "no-runtime": "runtime",
  "trainer-too-old": "kind",
  "no-operator": "kind",
  "no-namespace": "namespace",
  "no-file": "code",
};
