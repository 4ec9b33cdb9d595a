// What answers the wizard's page where it installs Kubeflow in a cluster that is there: the form, the plan with its checks,
// the timeline; and what of it an earlier window began.
import type { Check, PlanWords, Preview } from "../contract/preview.ts";
import { type KubeflowWish, NO_KUBEFLOW, type Wish } from "../contract/wish.ts";
import type { CancelWords, FromWizard, ToWizard, WizardPhase, WizardState } from "../contract/wizard.ts";
import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { errorText, isCancelled, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { label } from "../core/sanitize.ts";
import { FLOW_STEPS, type FlowPorts, installInto } from "./flow.ts";
import { choiceOf, type FormFacts, kubeflowForm, wantedOf } from "./form.ts";
import type { Installer } from "./install.ts";
import type { InstallPlan } from "./plan.ts";
import type { InstallRecord } from "./record.ts";
import type { Release } from "./release.ts";
import { storageClasses } from "./roomChecks.ts";
import { Timeline } from "./timeline.ts";
import { allObjects, installWords } from "./words.ts";

/** What the person sees and presses outside the page; the editor's part of it. */
export interface InstallDesk {
  showText(name: string, text: string): void;
  copy(text: string): void;
  pickFolder(title: string): Promise<string | undefined>;
  fail(error: unknown): void;
  tell(message: string, good: boolean): void;
  /** Opens the dashboard of the context's cluster. */
  openDashboard(context: string): Promise<void>;
}

export interface InstallPageOptions extends FlowPorts {
  readonly desk: InstallDesk;
  readonly context: string;
  /** Planned at once, as where a row has asked for training. */
  readonly profile: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const TAKE_OVER = "Take Over";
const REQUEST = "Copy Request for Your Admin";
const OUTCOME = "outcome";
const NO_COST = { least: 0, most: 0 };
const CANCEL_MEANS = "What is installed by then stays. It can go on later, or be uninstalled.";

/** The cluster is there: what would make one is not asked. */
const POOL = { machine: "", nodes: 0, maxNodes: 0 };
const BLANK: Omit<Wish, "name" | "kubeflow"> = {
  where: "local",
  state: { kind: "unset" },
  gke: { project: "", region: "", zones: [], cpu: POOL, gpu: null, authorizedNetworks: [], protect: false },
  eks: { profile: "", region: "", version: "", cpu: POOL, gpu: null, authorizedNetworks: [] },
  local: { tool: "k3d", version: "", cpus: 0, memoryGiB: 0, diskGiB: 0, gpus: false, registry: false, volume: "" },
};

type Press = () => Promise<void> | void;

/** One page about one cluster. */
export class InstallPage implements Disposable {
  readonly #options: InstallPageOptions;
  readonly #release: Release;
  readonly #timeline: Timeline;
  readonly #held = new DisposableStore();
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

  constructor(options: InstallPageOptions) {
    const [release] = options.installers.releases;
    if (release === undefined) throw new Error("there is no release");
    this.#options = options;
    this.#release = release;
    const { context, profile = "training" } = options;
    this.#wish = { ...BLANK, name: context, kubeflow: { ...NO_KUBEFLOW, profile } };
    this.#timeline = new Timeline(options.clock, FLOW_STEPS);
    this.#held.add(this.#timeline.onDidChange(() => this.#tell()));
  }

  get wish(): Wish {
    return this.#wish;
  }

  /** See panels/wizardPanel.ts. `restored`: the page comes back after a reload, and goes on with what it did. */
  start(send: (message: ToWizard) => void, restored: Wish | undefined): void {
    this.#send = send;
    this.#isShown = true;
    if (restored?.name === this.#wish.name) this.#wish = restored;
    this.#begin(restored !== undefined).catch((error: unknown) => this.#options.desk.fail(error));
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
    this.#held.dispose();
    this.#send = () => undefined;
    if (this.#phase === "planning") this.#abort.abort();
  }

  /** What the cluster tells of itself, and what an earlier window has left unfinished. */
  async #begin(isRestored: boolean): Promise<void> {
    const { signal } = this.#abort;
    const installer = await this.#installer(signal);
    const [classes, begun] = await Promise.all([
      storageClasses(await this.#client(signal), signal),
      installer.unfinished(signal),
    ]);
    this.#facts = { storageClasses: classes };
    if (begun !== undefined && begun.choice.release === this.#release.id) {
      this.#wish = { ...this.#wish, kubeflow: wishOf(begun, this.#wish.kubeflow, this.#release) };
      if (isRestored) return this.#run(undefined);
      this.#end(false, "An install of this cluster was begun and not finished.", [
        ["Go On", () => this.#run(undefined)],
        ["Back to Form", () => this.#reopen()],
      ]);
    }
    this.#sendWish();
    if (this.#options.profile !== undefined && begun === undefined) await this.#planNow();
  }

  async #receive(message: FromWizard): Promise<void> {
    const { desk } = this.#options;
    switch (message.type) {
      case "ready":
        this.#send({ type: "init", wish: this.#wish, preview: this.#preview(), state: this.#state() });
        this.#sendChecks();
        return;
      case "change":
        if (this.#isBusy) return;
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
      case "pickFolder": {
        const folder = await desk.pickFolder("Folder with the Release’s Files");
        if (folder === undefined || this.#isBusy) return;
        this.#wish = { ...this.#wish, kubeflow: { ...this.#wish.kubeflow, folder } };
        this.#reopen();
        this.#sendWish();
        return;
      }
      case "openFile":
      case "exportFolder":
        // The page offers neither here.
        return;
    }
  }

  get #isBusy(): boolean {
    return this.#phase === "planning" || this.#phase === "running";
  }

  /** Plans, and shows what the cluster says of it. Undefined where there is no plan. */
  async #look(): Promise<InstallPlan | undefined> {
    if (this.#isBusy) return undefined;
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
    if (title !== TAKE_OVER || this.#isBusy) return;
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
    const target = {
      context,
      wish: this.#wish.kubeflow,
      plan,
      held: plan === undefined ? await this.#pin() : undefined,
    };
    try {
      await installInto(this.#options, this.#timeline, target, this.#abort.signal);
      const hasPage = this.#timeline.steps.some(({ id, state }) => id === "dashboard" && state === "done");
      const open: readonly [string, Press] = ["Open Dashboard", () => desk.openDashboard(context)];
      this.#end(true, `Kubeflow is ready in ${label(context, 60)}.`, hasPage ? [open] : []);
    } catch (error) {
      if (!isCancelled(error)) log.error(errorText(error));
      const message = isCancelled(error) ? `Cancelled. ${CANCEL_MEANS}` : words(error);
      this.#end(false, message, [
        ["Go On", () => this.#run(undefined)],
        ["Back to Form", () => this.#reopen()],
      ]);
    }
    if (!this.#isShown && this.#outcome !== undefined) desk.tell(this.#outcome.message, this.#outcome.good);
  }

  /** The very files with which it was begun. */
  async #pin(): Promise<InstallRecord["pin"] | undefined> {
    try {
      const { signal } = this.#abort;
      return (await (await this.#installer(signal)).installed(signal))?.pin;
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
    for (const { id, next = [] } of this.#timeline.steps)
      for (const title of next) this.#buttons.set(`${id} ${title}`, again);
    this.#become("ended");
  }

  /** The form has changed, or is wanted again: what was planned is void. */
  #reopen(): void {
    if (this.#isBusy) return;
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
    const { findings, choices, made } = kubeflowForm(this.#wish.kubeflow, this.#release, this.#facts);
    const cost = { lines: [], hour: NO_COST, month: NO_COST, complete: true, notIncluded: [] };
    // Whoever wants nothing installed closes the page.
    const offered = choices["kubeflow.profile"]?.filter(({ value }) => value !== "") ?? [];
    return { findings, choices: { ...choices, "kubeflow.profile": offered }, made, cost, compare: [], files: [] };
  }

  #state(): WizardState {
    const titles = [...this.#buttons.keys()].filter((key) => key.startsWith(`${OUTCOME} `));
    return {
      ...{ phase: this.#phase, mode: "install", maturity: "", steps: this.#timeline.steps, cancel: this.#cancel() },
      ...(this.#words !== undefined && this.#phase === "planned" && { plan: this.#words }),
      ...(this.#failure !== undefined && { planFailure: { message: this.#failure, next: [] } }),
      ...(this.#outcome !== undefined && {
        outcome: { ...this.#outcome, next: titles.map((key) => key.slice(OUTCOME.length + 1)) },
      }),
    };
  }

  #cancel(): CancelWords {
    if (!this.#isBusy) return { possible: false, meaning: "Nothing is under way." };
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

/** What was asked for when the install was begun. */
function wishOf({ choice }: InstallRecord, wish: KubeflowWish, release: Release): KubeflowWish {
  const { wanted, folder = "", adopt = [], people = [], quota = wish.quota, storageClass = "" } = choice;
  const [only = ""] = wanted;
  const isProfile = wanted.length === 1 && release.profiles.some(({ id }) => id === only);
  const components = isProfile ? [] : wanted;
  return {
    ...{ profile: isProfile ? only : "parts", components: [...components], folder, adopt: [...adopt] },
    ...{ people: [...people], quota: { ...quota }, storageClass, sample: wish.sample },
  };
}
