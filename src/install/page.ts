// What answers the wizard's page where it installs Kubeflow in a cluster that is there: the form, the plan with its checks,
// the timeline; and what of it an earlier window began.
import type { Check, PlanWords, Preview } from "../contract/preview.ts";
import type { Wish } from "../contract/wish.ts";
import type { CancelWords, FromWizard, ToWizard, WizardPhase, WizardState } from "../contract/wizard.ts";
import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorCode, errorText, isCancelled, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { label } from "../core/sanitize.ts";
import type { InstallDesk } from "./desk.ts";
import { FLOW_STEPS, type FlowPorts, installInto } from "./flow.ts";
import { choiceOf, type FormFacts, wantedOf } from "./form.ts";
import type { Installer } from "./install.ts";
import type { InstallPlan } from "./plan.ts";
import type { InstallRecord } from "./record.ts";
import type { Release } from "./release.ts";
import { firstWish, previewOf, wishOf } from "./pageWish.ts";
import { storageClasses } from "./roomChecks.ts";
import { Timeline } from "./timeline.ts";
import { allObjects, installWords } from "./words.ts";

export interface InstallPageOptions extends FlowPorts {
  readonly desk: InstallDesk;
  readonly context: string;
  /** Planned at once, as where a row has asked for training. */
  readonly profile: string | undefined;
  /** The window was reloaded while this page installed: it goes on. */
  readonly goOn: boolean;
  /** The page installs from now on, or does no longer; for a window that comes back. */
  readonly onRunning: (isRunning: boolean) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const TAKE_OVER = "Take Over";
const REQUEST = "Copy Request for Your Admin";
const TRY_AGAIN = "Try Again";
const CHOOSE_FOLDER = "Choose Folder…";
/** Where buttons stand that belong to no step. */
const [PLAN, OUTCOME] = ["plan", "outcome"];
/** The release's files were not to be had from where they were looked for. */
const NO_FILES = new Set(["no-network", "download-refused", "no-folder"]);
const CANCEL_MEANS = "What is installed by then stays. It can go on later, or be uninstalled.";

type Press = () => Promise<void> | void;

/** One page about one cluster. */
export class InstallPage implements Disposable {
  readonly #options: InstallPageOptions;
  readonly #release: Release;
  readonly #timeline: Timeline;
  #send: (message: ToWizard) => void = () => undefined;
  #wish: Wish;
  #phase: WizardPhase = "form";
  #facts: FormFacts = {};
  #plan: InstallPlan | undefined;
  #words: PlanWords | undefined;
  #failure: string | undefined;
  #outcome: { readonly good: boolean; readonly message: string } | undefined;
  #checks: readonly Check[] = [];
  #buttons = new Map<string, Press>();
  #abort = new AbortController();
  #isShown = false;
  /** Somebody has filled in the form: what the cluster tells must not change it any more. */
  #isTouched = false;

  constructor(options: InstallPageOptions) {
    const [release] = options.installers.releases;
    if (release === undefined) throw new Error("there is no release");
    this.#options = options;
    this.#release = release;
    const { context, profile = "training" } = options;
    this.#wish = firstWish(context, profile);
    this.#timeline = new Timeline(options.clock, FLOW_STEPS);
    this.#timeline.onDidChange(() => this.#tell());
  }

  get wish(): Wish {
    return this.#wish;
  }

  /** Work is under way: whoever opens the page of this cluster anew is shown this one. */
  get isBusy(): boolean {
    return this.#phase === "planning" || this.#phase === "running";
  }

  /** See panels/wizardPanel.ts. May be called again while it is busy: another tab shows it then. */
  start(send: (message: ToWizard) => void, restored: Wish | undefined): void {
    this.#send = send;
    this.#isShown = true;
    if (this.isBusy) return;
    if (restored?.name === this.#wish.name) this.#wish = restored;
    this.#begin().catch((error: unknown) => this.#options.desk.fail(error));
  }

  isForm(): boolean {
    return false;
  }

  async receive(message: FromWizard): Promise<void> {
    try {
      await this.#receive(message);
    } catch (error) {
      if (!isCancelled(error)) this.#options.desk.fail(error);
    }
  }

  /** An install that is under way goes on, and says its end by a message. */
  dispose(): void {
    this.#isShown = false;
    this.#send = () => undefined;
    if (this.#phase === "planning") this.#abort.abort();
  }

  /** What the cluster tells of itself, and what an earlier window has left unfinished. */
  async #begin(): Promise<void> {
    const { goOn, profile } = this.#options;
    const { signal } = this.#abort;
    const installer = await this.#installer(signal);
    const [classes, begun, own] = await Promise.all([
      storageClasses(await this.#client(signal), signal),
      installer.unfinished(signal),
      goOn ? installer.journalled(signal) : undefined,
    ]);
    this.#facts = { storageClasses: classes };
    if (this.isBusy || this.#phase === "planned") return;
    const known = own ?? begun;
    if (known !== undefined && known.choice.release === this.#release.id && !this.#isTouched)
      this.#wish = { ...this.#wish, kubeflow: wishOf(known, this.#wish.kubeflow, this.#release) };
    // Only what somebody has agreed to at this computer goes on by itself.
    if (goOn && own?.intent === "install") return this.#run(undefined);
    if (begun !== undefined && !this.#isTouched) await this.#askAboutBegun(begun, signal);
    this.#sendWish();
    if (profile !== undefined && begun === undefined && !this.#isTouched) await this.#planNow();
  }

  async #askAboutBegun(begun: InstallRecord, signal: AbortSignal): Promise<void> {
    const own = await (await this.#installer(signal)).journalled(signal);
    const back: readonly [string, Press] = ["Back to Form", () => this.#reopen()];
    const isKnown = begun.choice.release === this.#release.id;
    if (own !== undefined && isKnown)
      this.#end(false, "An install in this cluster was begun and not finished.", [
        ["Go On", () => this.#run(undefined)],
        back,
      ]);
    else if (isKnown)
      // Its plan was shown to somebody else.
      this.#end(
        false,
        "An install in this cluster was begun on another computer and not finished. Plan it to see what it does.",
        [["Plan", () => this.#planNow()], back],
      );
    else
      this.#end(
        false,
        `An install of Kubeflow ${label(begun.choice.release, 40)} was begun here and not finished; this version knows ${this.#release.id}.`,
        [back],
      );
  }

  async #receive(message: FromWizard): Promise<void> {
    const { desk } = this.#options;
    switch (message.type) {
      case "ready":
        this.#send({ type: "init", wish: this.#wish, preview: this.#preview(), state: this.#state() });
        this.#sendChecks();
        return;
      case "change":
        if (this.isBusy) return;
        this.#isTouched = true;
        this.#wish = { ...this.#wish, kubeflow: message.wish.kubeflow };
        this.#reopen();
        this.#send({ type: "preview", seq: message.seq, preview: this.#preview() });
        return;
      case "check":
        await this.#look();
        return;
      case "plan":
        return this.#planNow();
      case "fix":
        return this.#fix(message.check);
      case "create":
        if (this.#phase === "planned" && this.#plan !== undefined) await this.#run(this.#plan);
        return;
      case "cancel":
        this.#abort.abort();
        this.#tell();
        return;
      case "next":
        await this.#buttons.get(`${message.step} ${message.next}`)?.();
        return;
      case "openPlan":
        if (this.#plan !== undefined) desk.showText(`kubeflow-in-${this.#wish.name}.yaml`, allObjects(this.#plan));
        return;
      case "pickFolder":
        await this.#pickFolder();
        return;
      case "openFile":
      case "exportFolder":
        // The page offers neither here.
        return;
    }
  }

  /** Undefined where none was chosen. */
  async #pickFolder(): Promise<string | undefined> {
    const folder = await this.#options.desk.pickFolder("Folder with the Release’s Files");
    if (folder === undefined || this.isBusy) return undefined;
    this.#wish = { ...this.#wish, kubeflow: { ...this.#wish.kubeflow, folder } };
    this.#reopen();
    this.#sendWish();
    return folder;
  }

  async #planFromFolder(): Promise<void> {
    if ((await this.#pickFolder()) !== undefined) await this.#planNow();
  }

  /** Plans, and shows what the cluster says of it. Undefined where there is no plan. */
  async #look(): Promise<InstallPlan | undefined> {
    if (this.isBusy) return undefined;
    if (this.#phase === "ended") this.#reopen();
    this.#buttons.clear();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#become("planning");
    this.#timeline.reset([["plan", "Plan"]]);
    try {
      const plan = await this.#timeline.result("plan", async (tell) => {
        const installer = await this.#installer(signal);
        const [wrong] = this.#preview().findings.filter(({ severity }) => severity === "error");
        if (wrong !== undefined || wantedOf(this.#wish.kubeflow).length === 0)
          throw new UserError("wish-invalid", "There is no plan.", {
            why: wrong?.message ?? "Nothing of Kubeflow was chosen.",
          });
        const choice = choiceOf(this.#wish.kubeflow, this.#release, await installer.platform(signal));
        return ["", await installer.plan(choice, signal, { onStep: tell })] as const;
      });
      this.#checks = plan.checks;
      this.#plan = plan;
      return plan;
    } catch (error) {
      if (!isCancelled(error)) this.#failure = words(error);
      if (NO_FILES.has(errorCode(error) ?? ""))
        this.#buttons.set(`${PLAN} ${CHOOSE_FOLDER}`, () => this.#planFromFolder());
      return undefined;
    } finally {
      this.#become("form");
      this.#sendChecks();
    }
  }

  async #planNow(): Promise<void> {
    this.#failure = undefined;
    const plan = await this.#look();
    if (plan === undefined) return;
    if (plan.blocked) {
      const failed = plan.checks.filter(({ state }) => state === "failed");
      this.#failure = failed.map((check) => `${check.label}: ${check.detail}`).join(" ");
      this.#become("form");
      return;
    }
    this.#words = installWords(plan);
    this.#become("planned");
  }

  async #fix(check: string): Promise<void> {
    const title = this.#checks.find(({ id }) => id === check)?.fix;
    const { context, desk } = this.#options;
    if (title === REQUEST && this.#plan !== undefined) desk.copy(this.#plan.adminText({ context, user: undefined }));
    if (title !== TAKE_OVER || this.isBusy) return;
    const adopt = [...new Set([...this.#wish.kubeflow.adopt, check.replace(/^existing-/, "")])];
    this.#wish = { ...this.#wish, kubeflow: { ...this.#wish.kubeflow, adopt } };
    this.#reopen();
    this.#sendWish();
    await this.#planNow();
  }

  /** Installs what was planned; without a plan, goes on with what was begun. */
  async #run(plan: InstallPlan | undefined): Promise<void> {
    const { context, desk, log } = this.#options;
    this.#reopen();
    this.#abort = new AbortController();
    this.#timeline.reset(FLOW_STEPS);
    this.#become("running");
    this.#options.onRunning(true);
    const target = {
      context,
      wish: this.#wish.kubeflow,
      plan,
      held: plan === undefined ? await this.#pin() : undefined,
    };
    try {
      await installInto(this.#options, this.#timeline, target, this.#abort.signal);
      const isDone = (step: string): boolean =>
        this.#timeline.steps.some(({ id, state }) => id === step && state === "done");
      const next = isDone(`kubeflow-${this.#release.sample}`) ? " Right-click a Python file to run it there." : "";
      const open: readonly [string, Press] = ["Open Dashboard", () => desk.openDashboard(context)];
      this.#end(true, `Kubeflow is ready in ${label(context, 60)}.${next}`, isDone("dashboard") ? [open] : []);
    } catch (error) {
      if (!isCancelled(error)) log.error(errorText(error));
      const message = isCancelled(error) ? `Cancelled. ${CANCEL_MEANS}` : words(error);
      this.#end(false, message, [
        ["Go On", () => this.#run(undefined)],
        ["Back to Form", () => this.#reopen()],
      ]);
    }
    this.#options.onRunning(false);
    if (!this.#isShown && this.#outcome !== undefined) desk.tell(this.#outcome.message, this.#outcome.good);
  }

  /** The very files with which it was begun here. */
  async #pin(): Promise<InstallRecord["pin"] | undefined> {
    try {
      const { signal } = this.#abort;
      return (await (await this.#installer(signal)).journalled(signal))?.pin;
    } catch (error) {
      // The run asks the cluster itself, and says why it does not answer.
      this.#options.log.warn(`the record of the install was not read: ${errorText(error)}`);
      return undefined;
    }
  }

  #end(good: boolean, message: string, buttons: readonly (readonly [title: string, press: Press])[]): void {
    this.#outcome = { good, message };
    this.#buttons = new Map(buttons.map(([title, press]) => [`${OUTCOME} ${title}`, press]));
    const again = (): Promise<void> => this.#run(undefined);
    for (const { id, state } of this.#timeline.steps)
      if (state === "failed") this.#buttons.set(`${id} ${TRY_AGAIN}`, again);
    this.#become("ended");
  }

  /** The form has changed, or is wanted again: what was planned is void. */
  #reopen(): void {
    if (this.isBusy) return;
    this.#plan = this.#words = this.#failure = this.#outcome = undefined;
    this.#buttons.clear();
    if (this.#checks.length > 0) {
      this.#checks = [];
      this.#sendChecks();
    }
    this.#become("form");
  }

  #become(phase: WizardPhase): void {
    this.#phase = phase;
    this.#tell();
  }

  #tell(): void {
    this.#send({ type: "state", state: this.#state() });
  }

  #sendWish(): void {
    this.#send({ type: "wish", wish: this.#wish, preview: this.#preview() });
  }

  #sendChecks(): void {
    this.#send({ type: "checks", checks: this.#checks });
  }

  #preview(): Preview {
    return previewOf(this.#wish, this.#release, this.#facts);
  }

  #state(): WizardState {
    const titles = (id: string): readonly string[] =>
      [...this.#buttons.keys()].flatMap((key) => (key.startsWith(`${id} `) ? [key.slice(id.length + 1)] : []));
    const steps = this.#timeline.steps.map((step) => ({ ...step, next: titles(step.id) }));
    return {
      ...{ phase: this.#phase, mode: "install", maturity: "", steps, cancel: this.#cancel() },
      ...(this.#words !== undefined && this.#phase === "planned" && { plan: this.#words }),
      ...(this.#failure !== undefined && { planFailure: { message: this.#failure, next: titles(PLAN) } }),
      ...(this.#outcome !== undefined && {
        outcome: { ...this.#outcome, next: titles(OUTCOME) },
      }),
    };
  }

  #cancel(): CancelWords {
    if (!this.isBusy) return { possible: false, meaning: "Nothing is under way." };
    if (this.#abort.signal.aborted) return { possible: false, meaning: "It is stopping." };
    return { possible: true, meaning: this.#phase === "planning" ? "Nothing has been changed yet." : CANCEL_MEANS };
  }

  #client(signal: AbortSignal): ReturnType<FlowPorts["client"]> {
    return this.#options.client(this.#options.context, signal);
  }

  async #installer(signal: AbortSignal): Promise<Installer> {
    return this.#options.installers.of(await this.#client(signal));
  }
}

function words(error: unknown): string {
  return label(redact(errorText(error)), 800);
}
