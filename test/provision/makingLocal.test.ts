// A cluster on this computer, from the form to its end, with a stand-in for k3d (makingFixture.ts).
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import type { Provisioning } from "../../src/provision/provisioning.ts";
import { until } from "../editor/until.ts";
import { skipBecause } from "../rings/skip.ts";
import { FakeCluster } from "./fakeCluster.ts";
import { FakeDesk, FakePage, localWish, MakingScene } from "./makingFixture.ts";

describe("making a cluster on this computer, with a stand-in for k3d", function () {
  this.timeout(30_000);
  let api: FakeCluster;
  let scene: MakingScene;
  let desk: FakeDesk;
  let made: Provisioning;

  before(function () {
    if (process.platform === "win32") skipBecause(this, "stand-ins are scripts of a Unix shell");
  });
  beforeEach(async () => {
    api = await FakeCluster.start();
    scene = MakingScene.make("/nowhere/terraform", api);
    desk = new FakeDesk();
    made = scene.window(desk);
  });
  afterEach(() => {
    scene.remove();
    api.close();
  });

  const planned = async (): Promise<FakePage> => {
    const shown = new FakePage(await made.wizard("new", undefined, localWish()));
    await shown.say({ type: "plan" });
    return shown;
  };
  const there = (): readonly string[] =>
    existsSync(scene.mark("k3d.json")) ? (JSON.parse(readFileSync(scene.mark("k3d.json"), "utf8")) as string[]) : [];
  const creating = async (): Promise<{ shown: FakePage; over: Promise<void> }> => {
    scene.set("k3d.hold");
    const shown = await planned();
    const over = shown.say({ type: "create" });
    await until(
      "k3d is at work",
      () => Promise.resolve(shown.state.steps[0]?.detail),
      (detail) => detail !== "",
    );
    return { shown, over };
  };

  it("makes it, shows it in the tree, and deletes it again", async () => {
    const shown = await planned();
    assert.match(shown.state.plan?.sentence ?? "", /^makes \d+ things on this computer, with k3d$/);
    await shown.say({ type: "create" });
    assert.deepEqual(shown.state.outcome, {
      good: true,
      message: "lab is ready.",
      next: ["Show in Tree", "Merge into My Kubeconfig…"],
    });
    assert.deepEqual(shown.steps(), [
      ...["cluster done", "kubeconfig done", "storage done"],
      ...["kubeflow skipped", "dashboard skipped", "sample skipped"],
    ]);
    const [record] = await made.made.list();
    assert.deepEqual([record?.phase, record?.kubeconfig?.context, there()], ["made", "k3d-lab", ["lab"]]);
    const destroying = new FakePage(await made.wizard("destroy", record?.id));
    await destroying.say({ type: "plan" });
    assert.equal(destroying.state.plan?.sentence, "removes 1 thing on this computer, with k3d");
    await destroying.say({ type: "create" });
    assert.equal(destroying.state.outcome?.message, "lab was deleted.");
    assert.deepEqual([await made.made.list(), there(), desk.said], [[], [], ["added k3d-lab", "removed k3d-lab"]]);
  });

  it("names what a cancelled creation left, and deletes it", async () => {
    const { shown, over } = await creating();
    assert.equal(
      shown.state.cancel.meaning,
      "k3d is asked to end. What it has made by then may stay; it is named afterwards.",
    );
    await shown.say({ type: "cancel" });
    await over;
    assert.deepEqual(shown.state.outcome, {
      good: false,
      message: "Cancelled. k3d still lists lab, which is half made. Delete it before another try.",
      next: ["Delete What Is Left", "Plan Again", "Back to Form"],
    });
    await shown.press("Plan Again");
    assert.deepEqual(shown.state.planFailure, {
      message: "k3d still lists lab from the attempt before, which is half made.",
      next: ["Delete It, Then Plan…"],
    });
    scene.clear("k3d.hold");
    desk.agrees = false;
    await shown.press("Delete It, Then Plan…");
    assert.deepEqual([there(), desk.said.at(-1)], [["lab"], "confirm Delete lab?"]);
    desk.agrees = true;
    await shown.press("Delete It, Then Plan…");
    assert.deepEqual([shown.state.phase, there()], ["planned", []]);
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome.message, "lab is ready.");
  });

  it("never calls one half made that is there, and goes on with what comes after it, also after a reload", async () => {
    const shown = await planned();
    desk.added = () => shown.say({ type: "cancel" });
    await shown.say({ type: "create" });
    const outcome = { good: false, message: "lab is there. Cancelled.", next: ["Go On", "Back to Form"] };
    assert.deepEqual(shown.state.outcome, outcome);
    const [record] = await made.made.list();
    assert.deepEqual([record?.phase, record?.note, there()], ["made", outcome.message, ["lab"]]);
    const second = scene.window();
    const { wizard } = new FakePage(await second.wizard("new", record?.id));
    assert.deepEqual(wizard.making.state.outcome, outcome);
    const phases = new Set<string | undefined>();
    wizard.making.onDidChange(() => phases.add(wizard.making.record?.phase));
    await wizard.receive({ type: "next", step: "outcome", next: "Go On" });
    assert.equal(wizard.making.state.outcome.message, "lab is ready.");
    assert.deepEqual([...phases], ["making", "made"], "a window that comes later takes it up");
    assert.deepEqual(
      (await second.made.list()).map(({ phase, note }) => [phase, note]),
      [["made", undefined]],
    );
  });

  it("forgets a cluster whose half was deleted", async () => {
    const { shown, over } = await creating();
    await shown.say({ type: "cancel" });
    await over;
    await shown.press("Delete What Is Left");
    assert.deepEqual(shown.state.outcome, { good: false, message: "Nothing is left of lab.", next: [] });
    assert.deepEqual([there(), await made.made.list()], [[], []]);
  });

  it("never takes a cluster of that name that was there before for its own", async () => {
    scene.set("k3d.json", '["lab"]');
    const shown = await planned();
    assert.deepEqual(shown.state.planFailure, {
      message: "lab was not planned. k3d has a cluster of this name already. Choose another name.",
      next: [],
    });
    assert.deepEqual(there(), ["lab"]);
  });

  it("says after a reload what the window left behind", async () => {
    const { over } = await creating();
    const second = scene.window();
    await second.resume();
    const record = await until(
      "the record says how it stands",
      async () => (await second.made.list())[0],
      (one) => one?.phase === "failed",
    );
    assert.equal(
      record?.note,
      "The window closed while k3d was at work. k3d still lists lab, which is half made. Delete it before another try.",
    );
    scene.clear("k3d.hold");
    await over;
  });

  it("says where k3d is missing, before anything is begun", async () => {
    const shown = new FakePage(
      await made.wizard("new", undefined, { ...localWish(), local: { ...localWish().local, tool: "kind" } }),
    );
    await shown.say({ type: "plan" });
    assert.match(shown.state.planFailure?.message ?? "", /kind was not found\. It is not on the PATH\./);
  });
});
