// What becomes of a cluster's making when its window goes: on real Terraform without providers (makingFixture.ts).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import type { Provisioning } from "../../src/provision/provisioning.ts";
import { until } from "../editor/until.ts";
import { skipBecause } from "../rings/skip.ts";
import { FakeCluster } from "./fakeCluster.ts";
import { FakeDesk, FakePage, gkeWish, MakingScene } from "./makingFixture.ts";
import { realTerraform } from "./runnerFixture.ts";

describe("a cluster that is made while its window goes, on real Terraform", function () {
  this.timeout(60_000);
  let terraform: string;
  let api: FakeCluster;
  let scene: MakingScene;

  before(async function () {
    if (process.platform === "win32") skipBecause(this, "its commands are those of a Unix shell");
    terraform = (await realTerraform())?.file ?? skipBecause(this, "no terraform or tofu on the PATH");
  });
  beforeEach(async () => {
    api = await FakeCluster.start();
    scene = MakingScene.make(terraform, api);
  });
  afterEach(() => {
    scene.remove();
    api.close();
  });

  const record = async (made: Provisioning) => (await made.made.list())[0] ?? assert.fail("there is no record");
  const reaches = (made: Provisioning, phase: string) =>
    until(
      `the record says ${phase}`,
      () => record(made),
      (one) => one.phase === phase,
    );
  const planned = async (made: Provisioning): Promise<FakePage> => {
    const shown = new FakePage(await made.wizard("new", undefined, gkeWish()));
    await shown.say({ type: "plan" });
    assert.equal(shown.state.phase, "planned", shown.state.planFailure?.message);
    return shown;
  };

  it("goes on when the window is closed, and the next one brings it to its end", async () => {
    scene.set("cluster.hold");
    const first = scene.window();
    void (await planned(first)).say({ type: "create" });
    await scene.begun("cluster");
    first.dispose();
    const desk = new FakeDesk();
    const second = scene.window(desk);
    await Promise.all([second.resume(), second.resume()]);
    const { id } = await record(second);
    assert.equal(second.making(id)?.state.phase, "running");
    // A page that is opened meanwhile shows the same.
    const shown = new FakePage(await second.wizard("edit", id));
    assert.equal(shown.state.mode, "new");
    await until(
      "its step runs",
      () => Promise.resolve(shown.steps()[0]),
      (step) => step === "cloud running",
    );
    shown.wizard.dispose();
    scene.clear("cluster.hold");
    await reaches(second, "made");
    // The record is written first.
    await until(
      "the end is told",
      () => Promise.resolve(desk.said.join(", ")),
      (said) => said === "added ml-team, tell ml-team is ready.",
    );
    assert.equal((await record(second)).kubeconfig?.context, "ml-team");
  });

  it("goes on when the window's process is killed", async () => {
    scene.set("cluster.hold");
    const script = path.join(import.meta.dirname, "makingHost.ts");
    const host = spawn(process.execPath, [script, scene.folder, terraform], { stdio: "inherit" });
    await scene.begun("cluster");
    const over = new Promise((resolve) => host.once("exit", resolve));
    host.kill("SIGKILL");
    await over;
    const second = scene.window();
    await second.resume();
    const shown = new FakePage(await second.wizard("new", (await record(second)).id));
    assert.equal(shown.state.phase, "running");
    scene.clear("cluster.hold");
    await shown.reaches("ended");
    assert.equal(shown.state.outcome?.message, "ml-team is ready.");
  });

  it("fetches the kubeconfig of what was finished while nobody looked", async () => {
    scene.set("cluster.hold");
    const first = scene.window();
    const shown = await planned(first);
    void shown.say({ type: "create" });
    await scene.begun("cluster");
    const { id } = await record(first);
    const { watch } = await lastRun(first, id);
    first.dispose();
    scene.clear("cluster.hold");
    await watch();
    assert.equal((await record(first)).phase, "making");
    const second = scene.window();
    await second.resume();
    await reaches(second, "made");
    assert.equal((await record(second)).kubeconfig?.context, "ml-team");
  });

  it("takes up what was tried again when the window closed", async () => {
    const desk = new FakeDesk();
    const first = scene.window(desk);
    const shown = await planned(first);
    scene.set("gcloud.fail", "not now");
    await shown.say({ type: "create" });
    assert.equal((await record(first)).phase, "failed");
    scene.clear("gcloud.fail");
    const isAtWork = new Promise<void>((begun) => {
      desk.added = () => {
        begun();
        return new Promise(() => undefined);
      };
    });
    void shown.press("Go On");
    await isAtWork;
    assert.equal((await record(first)).phase, "making");
    first.dispose();
    const second = scene.window();
    await second.resume();
    await reaches(second, "made");
  });

  it("says that nothing was begun where the window closed in between, and never takes an older run for it", async () => {
    const made = scene.window();
    const shown = await planned(made);
    const { id } = await record(made);
    await made.made.update(id, { phase: "making", begun: "new" });
    const second = scene.window();
    await second.resume();
    await reaches(second, "failed");
    assert.equal((await record(second)).note, "Nothing was begun: the window closed before Terraform had started.");
    await shown.say({ type: "create" });
    await reaches(made, "made");
    await made.made.update(id, { phase: "destroying", begun: "destroy" });
    const third = scene.window();
    await third.resume();
    // The run that made it has ended well, and was no destruction.
    assert.equal(
      (await reaches(third, "failed")).note,
      "Nothing was begun: the window closed before Terraform had started.",
    );
    assert.equal(new FakePage(await third.wizard("new", id)).state.mode, "destroy");
  });

  it("lets two windows follow one run, and both see its end", async () => {
    scene.set("cluster.hold");
    const [one, two] = [scene.window(), scene.window()];
    const [first, second] = [await planned(one), await planned(two)];
    const over = Promise.all([first.say({ type: "create" }), second.say({ type: "create" })]);
    await scene.begun("cluster");
    // Who comes second is to find the first one's run, not its end.
    for (const page of [first, second])
      await until(
        "both follow the run",
        () => Promise.resolve(page.state.steps[0]?.parts?.length ?? 0),
        (parts) => parts > 0,
      );
    scene.clear("cluster.hold");
    await over;
    assert.deepEqual(
      [first, second].map((page) => page.state.outcome?.message),
      ["ml-team is ready.", "ml-team is ready."],
    );
    assert.equal((await record(one)).phase, "made");
  });

  it("destroys nothing while another window changes it, and says so", async () => {
    const made = scene.window();
    const shown = await planned(made);
    await shown.say({ type: "create" });
    const { id } = await record(made);
    const destroying = new FakePage(await scene.window().wizard("destroy", id));
    await destroying.say({ type: "plan" });
    assert.equal(destroying.state.phase, "planned", destroying.state.planFailure?.message);
    const changing = new FakePage(await made.wizard("edit", id));
    await changing.say({ type: "change", seq: 1, wish: gkeWish({ gke: { cpu: { maxNodes: 9 } } }) });
    await changing.say({ type: "plan" });
    scene.set("destroy.hold");
    const over = destroying.say({ type: "create" });
    await scene.begun("destroy");
    await changing.say({ type: "create" });
    assert.equal(
      changing.state.outcome?.message,
      "The plan was not carried out. Another window is destroying the cluster. Wait for its end, then plan again.",
    );
    assert.equal((await record(made)).phase, "destroying");
    scene.clear("destroy.hold");
    await over;
    assert.equal((await record(made)).phase, "destroyed");
  });
});

/** Resolves `watch` once the last run of the cluster has an end. */
async function lastRun(made: Provisioning, id: string): Promise<{ watch: () => Promise<unknown> }> {
  const { latestRun } = await import("../../src/provision/terraform/runs.ts");
  const runs = path.join(made.made.folder(id), "work", "runs");
  assert.ok((await latestRun(runs)) !== undefined);
  return {
    watch: () =>
      until(
        "the run has ended",
        () => latestRun(runs),
        (now) => now?.status === "ended",
      ),
  };
}
