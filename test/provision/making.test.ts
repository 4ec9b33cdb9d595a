// A cluster from the form to its end, as the page sees it: on real Terraform without providers (makingFixture.ts).
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { FromWizard, ToWizard } from "../../src/contract/wizard.ts";
import type { Provisioning } from "../../src/provision/provisioning.ts";
import { skipBecause } from "../rings/skip.ts";
import { FakeCluster } from "./fakeCluster.ts";
import { FakeDesk, FakePage, gkeWish, MakingScene } from "./makingFixture.ts";
import { realTerraform } from "./runnerFixture.ts";

describe("making a cluster, on real Terraform", function () {
  this.timeout(60_000);
  let terraform: string;
  let api: FakeCluster;
  let scene: MakingScene;
  let desk: FakeDesk;
  let made: Provisioning;

  before(async function () {
    if (process.platform === "win32") skipBecause(this, "its commands are those of a Unix shell");
    terraform = (await realTerraform())?.file ?? skipBecause(this, "no terraform or tofu on the PATH");
  });
  beforeEach(async () => {
    api = await FakeCluster.start();
    scene = MakingScene.make(terraform, api);
    desk = new FakeDesk();
    made = scene.window(desk);
  });
  afterEach(() => {
    scene.remove();
    api.close();
  });

  const page = async (wish = gkeWish()): Promise<FakePage> => new FakePage(await made.wizard("new", undefined, wish));
  const record = async () => (await made.made.list())[0] ?? assert.fail("there is no record");
  const planned = async (wish = gkeWish()): Promise<FakePage> => {
    const shown = await page(wish);
    await shown.say({ type: "plan" });
    assert.equal(shown.state.phase, "planned", shown.state.planFailure?.message);
    return shown;
  };
  /** Presses Create and resolves once the cluster's own resource is being made. */
  const creating = async (): Promise<{ shown: FakePage; over: Promise<void> }> => {
    scene.set("cluster.hold");
    const shown = await planned();
    const over = shown.say({ type: "create" });
    await scene.begun("cluster");
    return { shown, over };
  };

  it("goes from the form over plan and timeline to a cluster in the tree", async () => {
    const shown = await page(gkeWish({ gke: { cpu: { maxNodes: 4 } } }));
    await shown.say({ type: "ready" });
    const init = shown.told.find(({ type }) => type === "init");
    assert.equal(init?.type === "init" && init.state.phase, "form");
    await shown.say({ type: "change", seq: 1, wish: gkeWish() });
    assert.ok(shown.told.some((message) => message.type === "preview" && message.seq === 1));
    await shown.say({ type: "check" });
    const checks = shown.told.findLast(
      (message): message is ToWizard & { type: "checks" } => message.type === "checks",
    );
    assert.equal(checks?.checks.find(({ id }) => id === "terraform")?.state, "ok");
    await shown.say({ type: "plan" });
    assert.equal(shown.state.plan?.sentence, "makes 4 things: 4 × terraform_data");
    assert.equal((await record()).phase, "planned");
    await shown.say({ type: "openPlan" });
    assert.match(desk.texts.at(-1) ?? "", /# terraform_data\.cluster will be created/);
    scene.set("cluster.hold");
    const over = shown.say({ type: "create" });
    await scene.begun("cluster");
    assert.equal((await record()).phase, "making");
    assert.equal(shown.state.steps[0]?.state, "running");
    assert.deepEqual(shown.state.cancel.possible, true);
    scene.clear("cluster.hold");
    await over;
    const { outcome, steps } = shown.state;
    assert.deepEqual(outcome, {
      good: true,
      message: "ml-team is ready.",
      next: ["Show in Tree", "Run GPU Test Pod", "Merge into My Kubeconfig…"],
    });
    assert.deepEqual(shown.phases, ["planning", "planned", "running", "ended"]);
    assert.deepEqual(shown.steps(), [
      ...["cloud done", "kubeconfig done", "nodes done", "storage done", "gpus done"],
      ...["kubeflow skipped", "dashboard skipped", "sample skipped"],
    ]);
    assert.deepEqual(
      steps[0]?.parts?.map(({ address, state }) => `${address} ${state}`).sort(),
      ["cluster", "cpu", "gpu[0]", "network"].map((name) => `terraform_data.${name} done`),
    );
    assert.equal(steps[3]?.detail, "standard-rwo is the default.");
    const { phase, kubeconfig, id } = await record();
    assert.equal(phase, "made");
    assert.equal(kubeconfig?.context, "ml-team");
    assert.equal(path.dirname(kubeconfig.file), path.join(scene.storage, "kubeconfigs"));
    assert.equal((await made.ofContext("ml-team"))?.id, id);
    await shown.press("Show in Tree");
    await shown.press("Run GPU Test Pod");
    assert.deepEqual(desk.said.slice(1), ["added ml-team", "reveal ml-team", "run testGpu"]);
    const test = await made.testGpu(id, () => undefined, new AbortController().signal);
    assert.equal(test.detail, "nvidia-smi ran in a pod: NVIDIA L4, driver 550.90.07.");
  });

  it("does nothing that makes no sense where it stands, whatever a page says", async () => {
    const shown = await page();
    const senseless: readonly FromWizard[] = [
      { type: "create" },
      { type: "cancel" },
      { type: "openPlan" },
      { type: "next", step: "outcome", next: "Destroy" },
      { type: "fix", check: "none" },
      { type: "openFile", name: "../../etc/passwd" },
    ];
    for (const message of senseless) await shown.say(message);
    assert.deepEqual([shown.state.phase, await made.made.list(), desk.said], ["form", [], []]);
    await shown.say({ type: "change", seq: 1, wish: gkeWish({ name: "-" }) });
    await shown.say({ type: "plan" });
    assert.match(desk.said[0] ?? "", /^fail There is no plan\. A cluster of GKE is named/);
    await shown.say({ type: "change", seq: 2, wish: gkeWish() });
    await Promise.all([shown.say({ type: "plan" }), shown.say({ type: "plan" }), shown.say({ type: "create" })]);
    assert.equal(shown.state.phase, "planned");
    scene.set("cluster.hold");
    const over = Promise.all([shown.say({ type: "create" }), shown.say({ type: "create" })]);
    await scene.begun("cluster");
    const before = shown.wizard.wish;
    await shown.say({ type: "change", seq: 3, wish: gkeWish({ name: "other" }) });
    await shown.say({ type: "plan" });
    assert.equal(shown.wizard.wish, before);
    const answer = shown.told.findLast(({ type }) => type === "wish");
    assert.equal(answer?.type === "wish" && answer.wish, before, "the page is told what counts");
    scene.clear("cluster.hold");
    await over;
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome?.good, true);
    const { id } = await record();
    assert.equal(
      readdirSync(path.join(made.made.folder(id), "work", "runs")).filter((name) => name.endsWith(".jsonl")).length,
      1,
    );
  });

  it("survives any wish, and puts none of its text where it could be run", async () => {
    const shown = await page();
    const texts = [
      "",
      "../../x",
      "${path.module}",
      "$(touch x)",
      "--help",
      "\u0000",
      "\u202e",
      "a".repeat(100),
      "'; rm",
      "\n",
    ];
    let seq = 0;
    for (const text of texts)
      for (const count of [0, 3, 100_000]) {
        const pool = { machine: text, nodes: count, maxNodes: count };
        const gpu = { gpu: text, machine: text, perNode: count, maxNodes: count, spot: count === 0 };
        const base = gkeWish({ name: text });
        for (const where of ["gke", "eks", "local"] as const)
          await shown.say({
            ...{ type: "change", seq: (seq += 1) },
            wish: {
              ...{ ...base, where, state: { kind: "shared", bucket: text, prefix: text } },
              gke: {
                ...base.gke,
                project: text,
                region: text,
                zones: [text],
                cpu: pool,
                gpu,
                authorizedNetworks: [text],
              },
              eks: { ...base.eks, profile: text, region: text, version: text, cpu: pool, gpu },
              local: { ...base.local, version: text, cpus: count, memoryGiB: count, volume: text },
            },
          });
      }
    assert.deepEqual(desk.said, []);
    assert.equal(shown.told.filter(({ type }) => type === "preview" || type === "wish").length, seq);
    assert.deepEqual(await made.made.list(), []);
  });

  it("is cancelled while it plans: nothing is made, and the form is as it was", async () => {
    const shown = await page();
    const over = shown.say({ type: "plan" });
    await shown.reaches("planning");
    assert.deepEqual(shown.state.cancel, { possible: true, meaning: "Nothing has been changed yet." });
    await shown.say({ type: "cancel" });
    assert.equal(shown.state.cancel.possible, false);
    await over;
    const { phase, planFailure, outcome } = shown.state;
    assert.deepEqual([phase, planFailure, outcome], ["form", undefined, undefined]);
    await shown.say({ type: "plan" });
    assert.equal(shown.state.phase, "planned");
  });

  it("is cancelled while it makes: one interrupt, what there is is said, and another plan goes on", async () => {
    const { shown, over } = await creating();
    await Promise.all([shown.say({ type: "cancel" }), shown.say({ type: "cancel" })]);
    assert.match(shown.state.cancel.meaning, /^It is stopping: what has begun/);
    await over;
    const { outcome } = shown.state;
    assert.equal(outcome?.good, false);
    assert.match(outcome.message, /^Stopped: 1 thing done, the state is saved\. Half made: terraform_data\.cluster/);
    assert.match(outcome.message, /1 half-made thing in the state: the next plan deals with it\.$/);
    assert.deepEqual(outcome.next, ["Plan Again", "Back to Form", "Plan to Destroy It"]);
    const { id, phase, note } = await record();
    assert.deepEqual([phase, note], ["failed", outcome.message]);
    const runs = path.join(made.made.folder(id), "work", "runs");
    assert.equal(readFileSync(path.join(runs, "run-1.jsonl"), "utf8").match(/Interrupt received/g)?.length, 1);
    scene.clear("cluster.hold");
    await shown.press("Plan Again");
    assert.match(shown.state.plan?.sentence ?? "", /^makes 2 things: .*; replaces 1 thing/);
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome?.message, "ml-team is ready.");
    assert.equal((await record()).note, undefined);
  });

  it("is destroyed after it stopped half-way, without a trace", async () => {
    const { shown, over } = await creating();
    await shown.say({ type: "cancel" });
    await over;
    scene.clear("cluster.hold");
    await shown.press("Plan to Destroy It");
    assert.deepEqual([shown.state.mode, shown.state.plan?.destroys], ["destroy", 2]);
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome?.message, "ml-team was destroyed. Nothing is left that bears its name.");
    await shown.press("Remove from List");
    assert.deepEqual(shown.state.outcome, {
      good: true,
      message: "ml-team was destroyed, and its folder was removed.",
      next: [],
    });
    assert.deepEqual(await made.made.list(), []);
  });

  it("offers the zones that a stock-out names, and plans with them", async () => {
    scene.set(
      "cluster.fail",
      `Error: code: GCE_STOCKOUT, zonesAvailable: us-central1-b,us-central1-c\nThe zone does not have enough resources available`,
    );
    const shown = await planned();
    await shown.say({ type: "create" });
    assert.match(shown.state.outcome?.message ?? "", /^The cloud has none of these machines in stock here\./);
    const [cloud] = shown.state.steps;
    assert.deepEqual(cloud?.next, [
      ...["Use us-central1-b and us-central1-c", "Use us-central1-b", "Use us-central1-c"],
      ...["Choose Another GPU", "Try Again Later"],
    ]);
    await shown.press("Use us-central1-b and us-central1-c", "cloud");
    assert.equal(shown.state.phase, "form");
    const told = shown.told.findLast(({ type }) => type === "wish");
    assert.deepEqual(told?.type === "wish" && told.wish.gke.zones, ["us-central1-b", "us-central1-c"]);
    scene.clear("cluster.fail");
    await shown.say({ type: "plan" });
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome?.message, "ml-team is ready.");
    assert.deepEqual((await record()).wish.gke.zones, ["us-central1-b", "us-central1-c"]);
  });

  it("says that the cluster is there where only its kubeconfig is missing, and goes on from there", async () => {
    scene.set("gcloud.fail", "Request is prohibited by organization policy");
    const shown = await planned();
    await shown.say({ type: "create" });
    assert.equal(
      shown.state.outcome?.message,
      "ml-team is there and costs money. The cluster ml-team was not added. gcloud said: Request is prohibited by organization policy",
    );
    assert.deepEqual(shown.next, ["Go On", "Plan Again", "Back to Form", "Plan to Destroy It"]);
    assert.equal((await record()).phase, "failed");
    // A window that comes later offers the same.
    const later = new FakePage(await scene.window().wizard("new", (await record()).id));
    assert.deepEqual([later.state.outcome?.message, later.next], [shown.state.outcome.message, shown.next]);
    scene.clear("gcloud.fail");
    await shown.press("Go On");
    assert.deepEqual([shown.state.outcome.message, (await record()).phase], ["ml-team is ready.", "made"]);
  });

  it("says what of a cluster still needs somebody, and counts it as made", async () => {
    for (const at of [...api.objects.keys()]) if (!at.includes("/nodes/")) api.objects.delete(at);
    const shown = await planned();
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome?.message, "ml-team is there. See to its default storage.");
    assert.deepEqual(shown.steps().slice(0, 5), [
      ...["cloud done", "kubeconfig done", "nodes done", "storage failed", "gpus done"],
    ]);
    assert.match(shown.state.steps[4]?.detail ?? "", /^GKE brings the device plugin/);
    assert.match(shown.state.steps[3]?.detail ?? "", /^There is none: Kubeflow’s volumes will wait for ever\./);
    assert.equal((await record()).phase, "made");
  });

  it("does not carry out a plan that another window has overtaken, and keeps what that one says", async () => {
    const [one, two] = [await planned(), new FakePage(await scene.window().wizard("new", undefined, gkeWish()))];
    await two.say({ type: "plan" });
    await one.say({ type: "create" });
    await two.say({ type: "create" });
    assert.match(two.state.outcome?.message ?? "", /^Something was changed after this plan was made/);
    assert.equal((await record()).phase, "made");
  });

  it("asks before a lock is taken away, and then goes on", async () => {
    const shown = await planned();
    const { id } = await record();
    const folder = path.join(made.made.folder(id), "terraform");
    scene.set("cluster.hold");
    const over = shown.say({ type: "create" });
    await scene.begun("cluster");
    const other = new FakePage(await scene.window(desk).wizard("destroy", id));
    // The window that destroys sees what the first one makes.
    assert.equal(other.state.phase, "running");
    scene.clear("cluster.hold");
    await over;
    await other.reaches("ended");
    assert.ok(existsSync(path.join(folder, "terraform.tfstate")));
    await made.made.update(id, { phase: "failed" });
    const again = new FakePage(await made.wizard("new", id));
    scene.programs.add(
      "terraform",
      `const { spawnSync } = require("child_process"), lock = ${JSON.stringify(scene.mark("locked"))};
       if (is("force-unlock")) { fs.rmSync(lock); process.exit(0); }
       if (is("plan") && fs.existsSync(lock)) {
         const detail = "Lock Info:\\n  ID:        9db590f1-b6fe-c5f2-2678-8804f089deba\\n  Operation: OperationTypeApply\\n  Who:       ada@host\\n  Created:   2026-11-22 10:00:00 +0000 UTC";
         console.log(JSON.stringify({ "@level": "error", "@message": "Error", type: "diagnostic", diagnostic: { severity: "error", summary: "Error acquiring the state lock", detail } }));
         process.exit(1);
       }
       const done = spawnSync(${JSON.stringify(terraform)}, args, { stdio: "inherit" });
       process.exit(done.status ?? 1);`,
    );
    scene.set("locked");
    await again.say({ type: "plan" });
    await again.press("Plan Again");
    assert.match(again.state.planFailure?.message ?? "", /The state is locked by ada@host since 2026-11-22 10:00:00/);
    assert.deepEqual(again.next, ["Try Again Later", "Unlock…"]);
    desk.agrees = false;
    await again.press("Unlock…");
    assert.deepEqual([existsSync(scene.mark("locked")), again.state.phase], [true, "form"]);
    desk.agrees = true;
    await again.press("Unlock…");
    assert.equal(desk.said.filter((line) => line === "confirm Take the lock away?").length, 2);
    assert.deepEqual([existsSync(scene.mark("locked")), again.state.phase], [false, "planned"]);
  });

  it("has a state that could not be written pushed before anything else, also from a later window", async () => {
    const shown = await planned();
    await shown.say({ type: "create" });
    const { id } = await record();
    const folder = path.join(made.made.folder(id), "terraform");
    const runs = path.join(made.made.folder(id), "work", "runs");
    // As Terraform leaves it where the disk or the bucket refused.
    const state = JSON.parse(readFileSync(path.join(folder, "terraform.tfstate"), "utf8")) as { serial: number };
    writeFileSync(path.join(folder, "errored.tfstate"), JSON.stringify({ ...state, serial: state.serial + 3 }));
    const run = JSON.parse(readFileSync(path.join(runs, "run-1.json"), "utf8")) as object;
    const diagnostic = { severity: "error", summary: "Failed to save state", detail: "kept in errored.tfstate" };
    const line = { "@level": "error", "@message": "Error", type: "diagnostic", diagnostic };
    writeFileSync(
      path.join(runs, "run-1.json"),
      JSON.stringify({ ...run, exit: { code: 1, signal: null, at: Date.now() } }),
    );
    writeFileSync(path.join(runs, "run-1.jsonl"), `${JSON.stringify(line)}\n`, { flag: "a" });
    await made.made.update(id, { phase: "failed", note: "What was made could not be written to the state." });
    const later = new FakePage(await scene.window(desk).wizard("new", id));
    assert.deepEqual(later.next[0], "Push the Kept State");
    await later.press("Push the Kept State");
    assert.equal(later.state.phase, "planned", later.state.planFailure?.message);
    assert.equal(existsSync(path.join(folder, "errored.tfstate")), false);
  });
});
