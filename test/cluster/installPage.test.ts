// The wizard's page where it installs Kubeflow alone, against the real API server: what it is told, and what it says.
import assert from "node:assert/strict";
import os from "node:os";
import type { Check } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import type { FromWizard, ToWizard, WizardState } from "../../src/contract/wizard.ts";
import { silentLogger } from "../../src/core/log.ts";
import { createInstallers } from "../../src/install/installers.ts";
import type { InstallDesk, InstallPage } from "../../src/install/index.ts";
import { until } from "../editor/until.ts";
import { MemorySecrets } from "../../src/install/testing/memorySecrets.ts";
import { type Rig, sharedRig, windowOf, withKubectl } from "../install/rig.ts";
import { SMALL, smallFolder } from "../install/smallRelease.ts";
import { Cleanup, temporaryFolder } from "./support.ts";

describe("the page that installs Kubeflow", function () {
  this.timeout(120_000);
  const cleanup = new Cleanup();
  const open = sharedRig(cleanup);
  let rig: Rig;
  let folder: string;

  before(async function () {
    this.timeout(900_000);
    rig = await open();
    folder = await smallFolder(await temporaryFolder(cleanup));
  });
  after(() => cleanup.run());
  // As in a cluster that has seen no install, whatever other suites have left in it.
  beforeEach(async () => {
    const record = ["configmap", "kubeflow-install", "-n", "trainyard-system"];
    await rig.sandbox.kubectl(["delete", ...record, "--ignore-not-found"]);
  });
  afterEach(async () => {
    rig.standIn.fills = true;
    const { installer } = await windowOf(cleanup, rig.client, { release: SMALL });
    const { signal } = new AbortController();
    if ((await installer.installed(signal)) !== undefined)
      await installer.uninstall({ volumes: false }, () => undefined, signal);
  });

  const apply = (object: object) => rig.sandbox.kubectl(["apply", "-f", "-"], JSON.stringify(object));

  it("plans with where the files come from and what is changed, installs, and says what it left out", async () => {
    const page = await Shown.open(rig, await temporaryFolder(cleanup));
    assert.deepEqual(page.state.phase, "form");
    await page.wants({ profile: "" });
    await page.say({ type: "plan" });
    assert.equal(page.state.planFailure?.message, "There is no plan. Nothing of Kubeflow was chosen.");
    await page.wants({ profile: "all", folder });
    await page.say({ type: "plan" });
    const { plan, phase } = page.state;
    assert.equal(phase, "planned");
    assert.equal(plan?.sentence, "installs 3 parts of Kubeflow small");
    assert.deepEqual(plan.notes?.[0], { title: "Where its files come from", lines: [`the folder ${folder}`] });
    assert.match(plan.notes[1]?.lines.join("\n") ?? "", /^Every object bears the label .*\nbase: Empty certificate/);
    await page.say({ type: "openPlan" });
    assert.match(page.texts[0] ?? "", /^# base 1\n---\napiVersion: v1\nkind: Namespace/);
    await page.say({ type: "create" });
    const { outcome, steps } = page.state;
    assert.deepEqual(outcome, { good: true, message: "Kubeflow is ready in here.", next: [] });
    assert.deepEqual(
      steps.map(({ id, state }) => `${id} ${state}`),
      [
        ...["kubeflow done", "kubeflow-base done", "kubeflow-next done", "kubeflow-side done"],
        ...["dashboard skipped", "sample skipped"],
      ],
    );
    page.close();
  });

  it("does not plan over what is somebody else's, and takes it over when its button is pressed", async () => {
    const metadata = { name: "settings", namespace: "small-side" };
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "small-side" } });
    await apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "theirs" } });
    const page = await Shown.open(rig, await temporaryFolder(cleanup));
    await page.wants({ profile: "parts", components: ["side"], folder });
    await page.say({ type: "plan" });
    assert.equal(page.state.phase, "form");
    assert.match(page.state.planFailure?.message ?? "", /^side: 1 object of it is there already, made by «kubectl/);
    const check = page.checks.find(({ fix }) => fix === "Take Over");
    assert.ok(check !== undefined);
    await page.say({ type: "fix", check: check.id });
    assert.equal(page.state.phase, "planned");
    assert.deepEqual(page.page.wish.kubeflow.adopt, ["side"]);
    await page.say({ type: "create" });
    assert.equal(page.state.outcome?.good, true);
    page.close();
  });

  it("says what a part waits for, is cancelled, and goes on where it stood when the window is there again", async () => {
    rig.standIn.fills = false;
    const storage = await temporaryFolder(cleanup);
    const first = await Shown.open(rig, storage);
    await first.wants({ profile: "all", folder });
    await first.say({ type: "plan" });
    const running = first.say({ type: "create" });
    await until(
      "a part that waits for its webhook",
      () => Promise.resolve(first.state.steps.find(({ id }) => id === "kubeflow-base")?.detail ?? ""),
      (detail) => /^waits for ValidatingWebhookConfiguration/.test(detail),
    );
    assert.equal(first.state.cancel.possible, true);
    await first.say({ type: "cancel" });
    await running;
    assert.match(first.state.outcome?.message ?? "", /^Cancelled\. What is installed by then stays\./);
    assert.deepEqual(first.state.outcome?.next, ["Go On", "Back to Form"]);
    first.close();

    // What somebody has stopped is not begun again by a window that comes back.
    const asked = await Shown.open(rig, storage);
    await asked.reaches("ended");
    assert.match(asked.state.outcome?.message ?? "", /begun and not finished/);
    assert.deepEqual(asked.state.outcome?.next, ["Go On", "Back to Form"]);
    assert.equal(asked.page.wish.kubeflow.folder, folder);
    asked.close();
    // At another computer it is planned first: what the cluster tells of it was agreed to by nobody there.
    const elsewhere = await Shown.open(rig, await temporaryFolder(cleanup));
    await elsewhere.reaches("ended");
    assert.deepEqual(elsewhere.state.outcome?.next, ["Plan", "Back to Form"]);
    assert.equal(elsewhere.page.wish.kubeflow.folder, "");
    elsewhere.close();
    rig.standIn.fills = true;
    // A window that was reloaded while it installed goes on.
    const back = await Shown.open(rig, storage, true);
    const { outcome } = await back.reaches("ended");
    assert.equal(outcome?.message, "Kubeflow is ready in here.");
    assert.deepEqual(back.running, [true, false]);
    back.close();
  });
});

/** The page: keeps what it is told. */
class Shown {
  readonly page: InstallPage;
  readonly texts: string[] = [];
  readonly failures: unknown[] = [];
  state: WizardState;
  checks: readonly Check[] = [];
  #seq = 0;

  readonly running: boolean[] = [];

  private constructor(make: (desk: InstallDesk, onRunning: (isRunning: boolean) => void) => InstallPage) {
    this.state = {
      ...{ phase: "form", mode: "install", maturity: "", steps: [] },
      cancel: { possible: false, meaning: "" },
    };
    const desk: InstallDesk = {
      showText: (_, text) => this.texts.push(text),
      copy: (text) => this.texts.push(text),
      pickFolder: () => Promise.resolve(undefined),
      fail: (error) => this.failures.push(error),
      tell: () => undefined,
      openDashboard: () => Promise.resolve(),
    };
    this.page = make(desk, (isRunning) => this.running.push(isRunning));
    this.page.start((message) => this.#told(message), undefined);
  }

  /** `goOn`: the window was reloaded while it installed. Resolves once the cluster has told of itself. */
  static async open({ client }: Rig, storage: string, goOn = false): Promise<Shown> {
    const secrets = new MemorySecrets();
    const common = { env: await withKubectl(), platform: os.platform(), proxy: () => undefined, log: silentLogger };
    const installers = createInstallers({ ...common, storage, secrets, releases: [SMALL] });
    const shown = new Shown((desk, onRunning) =>
      installers.page({
        ...{ installers, secrets, desk, context: "here", profile: undefined, goOn, onRunning },
        client: () => Promise.resolve(client),
        sample: () => Promise.reject(new Error("nothing runs here")),
        fail: (error) => {
          throw error;
        },
        onInstall: () => undefined,
        showAccounts: () => Promise.reject(new Error("nobody has an account here")),
      }),
    );
    await shown.say({ type: "ready" });
    await until("the cluster has told of itself", () => Promise.resolve(shown.heard), Boolean);
    return shown;
  }

  heard = false;

  #told(message: ToWizard): void {
    if (message.type === "state") this.state = message.state;
    if (message.type === "checks") this.checks = message.checks;
    // What the cluster tells comes with a wish; an install that goes on, or is asked about, with a state.
    if (message.type === "wish" || (message.type === "state" && message.state.phase !== "form")) this.heard = true;
  }

  async say(message: FromWizard): Promise<void> {
    await this.page.receive(message);
    assert.deepEqual(this.failures, []);
  }

  wants(change: Partial<Wish["kubeflow"]>): Promise<void> {
    const { wish } = this.page;
    return this.say({ type: "change", seq: ++this.#seq, wish: { ...wish, kubeflow: { ...wish.kubeflow, ...change } } });
  }

  reaches(phase: WizardState["phase"]): Promise<WizardState> {
    return until(
      `the page shows ${phase}`,
      () => Promise.resolve(this.state),
      (state) => state.phase === phase,
      60_000,
    );
  }

  close(): void {
    this.page.dispose();
  }
}
