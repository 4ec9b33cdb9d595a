// What answers the wizard's page: the form's preview and checks; plan, making and end are the making's (made/).
import { isDeepStrictEqual } from "node:util";
import type { Check, Preview } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { withField } from "../../contract/wishFields.ts";
import type { FromWizard, ToWizard, WizardState } from "../../contract/wizard.ts";
import { type Disposable, DisposableStore } from "../../core/dispose.ts";
import { isCancelled, UserError } from "../../core/errors.ts";
import { type CheckedLine, type Fix, runChecks } from "../cloud/checkLines.ts";
import type { LiveFacts } from "../cloud/live.ts";
import { checks, type PreflightDeps, runFix } from "../cloud/preflight.ts";
import { shownFiles } from "../files/files.ts";
import { writeFolder } from "../files/folder.ts";
import type { Templates } from "../files/templates.ts";
import type { Making } from "../made/making.ts";
import type { Desk } from "../made/ports.ts";
import { clusterId } from "../made/madeClusters.ts";
import { followed } from "../plan/follow.ts";
import type { Live } from "../plan/live.ts";
import { preview } from "../plan/preview.ts";

export interface WizardDeps {
  readonly desk: Desk;
  readonly live: LiveFacts;
  readonly preflight: PreflightDeps;
  readonly templates: () => Promise<Templates>;
  /** ISO day, for the age of prices. */
  readonly today: () => string;
}

/** Until somebody has proven a cloud on a real account (scripts/proveCloud.ts), the page says this. */
export const PREVIEW =
  "Preview: planned and checked against the providers’ schemas, but nobody has yet proven it on a real account.";

export class Wizard implements Disposable {
  readonly #deps: WizardDeps;
  readonly #making: Making;
  readonly #held = new DisposableStore();
  #wish: Wish;
  #send: (message: ToWizard) => void = () => undefined;
  #checks: readonly CheckedLine[] = [];
  #checking: AbortController | undefined;
  #disposed = false;

  constructor(deps: WizardDeps, making: Making, wish: Wish) {
    this.#deps = deps;
    this.#making = making;
    this.#wish = wish;
  }

  get making(): Making {
    return this.#making;
  }

  get wish(): Wish {
    return this.#wish;
  }

  /** The page waits for a wish of a new cluster: nothing is under way, and nothing has ended. */
  get isForm(): boolean {
    const { mode, phase } = this.#making.state;
    return mode === "new" && (phase === "form" || phase === "planned") && this.#making.record?.phase !== "failed";
  }

  /** See panels/wizardPanel.ts: `send` drops what is said while the page is hidden. */
  start(send: (message: ToWizard) => void, restored: Wish | undefined): void {
    this.#send = send;
    // A cluster that is there keeps what it was made with; a form comes back as it was left.
    if (restored !== undefined && this.#making.record === undefined) this.#wish = restored;
    this.#held.add(this.#making.onDidChange(() => this.#send({ type: "state", state: this.#state() })));
    this.#held.add(
      this.#making.onDidWish((wish) => {
        this.#wish = wish;
        void this.#sendWish();
      }),
    );
    this.#making.isWatched = () => !this.#disposed;
  }

  async receive(message: FromWizard): Promise<void> {
    try {
      await this.#receive(message);
    } catch (error) {
      if (!isCancelled(error)) this.#deps.desk.fail(error);
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#checking?.abort();
    this.#held.dispose();
    this.#send = () => undefined;
    this.#making.isWatched = () => false;
  }

  /** What the page shows for the wish as it is. */
  async preview(): Promise<Preview> {
    const templates = await this.#deps.templates();
    const facts = this.#deps.live.known(this.#wish);
    const known = this.#isOwn ? withoutName(facts, this.#wish.name) : facts;
    return preview(this.#wish, known, this.#deps.today(), (wish) => shownFiles(wish, templates, known));
  }

  /**
   * Writes the folder that a platform engineer would commit, where `pick` says. Resolves to it; undefined where none was
   * picked. Throws UserError `wish-invalid` before it asks, and as writeFolder.
   */
  async exportTo(pick: () => Promise<string | undefined>): Promise<string | undefined> {
    const { findings, files: texts } = await this.preview();
    // Whoever takes the folder chooses where its state is.
    const [first] = findings.filter(({ severity, field }) => severity === "error" && field !== "state");
    if (first !== undefined)
      throw new UserError("wish-invalid", "The folder was not exported.", { why: first.message });
    const folder = await pick();
    if (folder !== undefined) await writeFolder(folder, texts);
    return folder;
  }

  async #receive(message: FromWizard): Promise<void> {
    const { desk } = this.#deps;
    switch (message.type) {
      case "ready":
        return this.#ready();
      case "change":
        return this.#change(message.seq, message.wish);
      case "check":
        return this.#check();
      case "fix":
        return this.#fix(this.#checks.find(({ id }) => id === message.check)?.does);
      case "plan":
        return this.#plan();
      case "openPlan": {
        const text = await this.#making.exactPlan(AbortSignal.timeout(120_000));
        if (text !== undefined) desk.showText(`plan-of-${this.#wish.name}.txt`, text);
        return;
      }
      case "openFile": {
        const file = (await this.preview()).files.find(({ name }) => name === message.name);
        if (file !== undefined) desk.showText(file.name, file.text);
        return;
      }
      case "exportFolder": {
        const folder = await this.exportTo(() => desk.pickFolder("Export Folder"));
        if (folder !== undefined) desk.tell(`The folder was written: ${folder}`, true);
        return;
      }
      case "create":
        return this.#making.create();
      case "cancel":
        return this.#making.cancel();
      case "next":
        return this.#making.press(message.step, message.next);
      case "pickFolder": {
        const isVolume = message.field === "local.volume";
        const folder = await desk.pickFolder(isVolume ? "Folder for the Nodes" : "Folder with the Release’s Files");
        return folder === undefined ? undefined : this.#put(withField(this.#wish, message.field, folder));
      }
    }
  }

  async #ready(): Promise<void> {
    this.#send({ type: "init", wish: this.#wish, preview: await this.preview(), state: this.#state() });
    this.#sendChecks();
  }

  /** Where there is no form, nothing is changed by it. */
  get #isLocked(): boolean {
    const { phase, mode } = this.#making.state;
    return this.#making.isBusy || phase === "ended" || mode === "destroy";
  }

  /** The wish is the cluster's own that was made, or begun: its name is taken by itself. */
  get #isOwn(): boolean {
    const { record } = this.#making;
    return record !== undefined && !/^(planned|destroyed)$/.test(record.phase) && record.id === clusterId(this.#wish);
  }

  /** What we changed of the wish ourselves: as a change of the form. */
  async #put(wish: Wish): Promise<void> {
    if (this.#isLocked) return;
    this.#wish = wish;
    this.#making.reopen();
    this.#forgetChecks();
    await this.#sendWish();
  }

  async #change(seq: number, asked: Wish): Promise<void> {
    if (this.#isLocked) return this.#sendWish(seq);
    const wish = followed(this.#wish, asked, this.#deps.live.known(asked));
    this.#wish = wish;
    this.#making.reopen();
    this.#forgetChecks();
    const shown = await this.preview();
    this.#send(
      isDeepStrictEqual(wish, asked)
        ? { type: "preview", seq, preview: shown }
        : { type: "wish", wish, preview: shown, seq },
    );
  }

  /** Asks programs and, where the person is signed in, the cloud: its prices and zones come with the checks. */
  async #check(): Promise<void> {
    this.#checking?.abort();
    const checking = (this.#checking = new AbortController());
    const wish = this.#wish;
    const lines = checks(wish, this.#deps.preflight).filter(({ id }) => id !== "name" || !this.#isOwn);
    const run = runChecks(lines, (now) => this.#putChecks(now), checking.signal);
    const asked = this.#deps.live.ask(wish, checking.signal);
    // What the cloud told counts, also where it came before the slowest check.
    const told = asked.then(
      () => (checking.signal.aborted ? undefined : this.#sendWish()),
      (error: unknown) => {
        if (!isCancelled(error)) throw error;
      },
    );
    await Promise.all([run, told]);
  }

  #putChecks(lines: readonly CheckedLine[]): void {
    this.#checks = lines;
    this.#sendChecks();
  }

  #forgetChecks(): void {
    if (this.#checks.length === 0) return;
    this.#checking?.abort();
    this.#putChecks([]);
  }

  #sendChecks(): void {
    // What a button does stays here.
    const told = ({ id, label, state, detail, fix }: CheckedLine): Check => ({
      ...{ id, label, state, detail },
      ...(fix !== undefined && { fix }),
    });
    this.#send({ type: "checks", checks: this.#checks.map(told) });
  }

  async #fix(fix: Fix | undefined): Promise<void> {
    const { desk, preflight } = this.#deps;
    switch (fix?.kind) {
      case undefined:
        return;
      case "open": {
        desk.openExternal(fix.url);
        return;
      }
      case "copy": {
        desk.copy(fix.text);
        return;
      }
      case "terminal": {
        const [program, ...args] = fix.argv;
        const { file } = await preflight.programs.locate(program);
        desk.runInTerminal(`${fix.title}: ${program}`, file, args);
        return;
      }
      case "run":
        // It changes the account, and some of it stays.
        if (!(await desk.confirm(`${fix.title}?`, fix.argv.join(" "), fix.title))) return;
        await runFix(fix, preflight.programs, new AbortController().signal);
        return this.#check();
      case "set":
        return this.#put(withField(this.#wish, fix.field, fix.value));
    }
  }

  async #plan(): Promise<void> {
    const { findings } = await this.preview();
    // The page does not offer it; a page is never believed.
    const [first] = findings.filter(({ severity }) => severity === "error");
    if (first !== undefined && this.#making.state.mode !== "destroy")
      throw new UserError("wish-invalid", "There is no plan.", { why: first.message });
    await this.#making.plan(this.#wish);
  }

  async #sendWish(seq?: number): Promise<void> {
    const preview = await this.preview();
    this.#send({ type: "wish", wish: this.#wish, preview, ...(seq !== undefined && { seq }) });
  }

  #state(): WizardState {
    return { ...this.#making.state, maturity: PREVIEW };
  }
}

function withoutName(live: Live, name: string): Live {
  const rest = (names: readonly string[]): readonly string[] => names.filter((each) => each !== name);
  const freed = <T extends { readonly clusters?: readonly string[] }>(of: T): T =>
    of.clusters === undefined ? of : { ...of, clusters: rest(of.clusters) };
  const { gke, eks, computer, ...others } = live;
  return {
    ...others,
    ...(gke && { gke: freed(gke) }),
    ...(eks && { eks: freed(eks) }),
    ...(computer && { computer: freed(computer) }),
  };
}
