// A cluster that is there is changed and destroyed: on real Terraform without providers (makingFixture.ts).
import assert from "node:assert/strict";
import process from "node:process";
import type { Provisioning } from "../../src/provision/provisioning.ts";
import { skipBecause } from "../rings/skip.ts";
import { aWish } from "./cloudParts.ts";
import { FakeCluster } from "./fakeCluster.ts";
import { FakeDesk, FakePage, gkeWish, MakingScene } from "./makingFixture.ts";
import { realTerraform } from "./runnerFixture.ts";

describe("changing and destroying a cluster, on real Terraform", function () {
  this.timeout(60_000);
  let api: FakeCluster;
  let scene: MakingScene;
  let desk: FakeDesk;
  let made: Provisioning;
  let id: string;

  before(async function () {
    if (process.platform === "win32") skipBecause(this, "its commands are those of a Unix shell");
    const terraform = (await realTerraform())?.file ?? skipBecause(this, "no terraform or tofu on the PATH");
    api = await FakeCluster.start();
    scene = MakingScene.make(terraform, api);
  });
  after(() => {
    scene.remove();
    api.close();
  });
  // One cluster is made once, and each test begins with a window of its own.
  beforeEach(async () => {
    desk = new FakeDesk();
    made = scene.window(desk);
    const [known] = await made.made.list();
    if (known?.phase !== "made") {
      const shown = new FakePage(await made.wizard("new", undefined, gkeWish()));
      await shown.say({ type: "plan" });
      await shown.say({ type: "create" });
      assert.equal(shown.state.outcome?.message, "ml-team is ready.");
      desk.said.length = 0;
    }
    id = (await record()).id;
  });

  const record = async () => (await made.made.list())[0] ?? assert.fail("there is no record");
  const page = async (mode: "edit" | "destroy"): Promise<FakePage> => new FakePage(await made.wizard(mode, id));
  const restart = async (): Promise<void> => {
    await made.made.update(id, { phase: "destroyed", kubeconfig: undefined });
  };

  it("changes what the form says by another plan, and nothing else", async () => {
    const shown = await page("edit");
    assert.deepEqual([shown.state.mode, shown.state.phase], ["edit", "form"]);
    await shown.say({ type: "check" });
    // The cluster's own name is taken by itself.
    const checks = shown.told.findLast(({ type }) => type === "checks");
    assert.equal(checks?.type === "checks" && checks.checks.some((check) => check.id === "name"), false);
    const wish = gkeWish({ gke: { cpu: { maxNodes: 9 } } });
    await shown.say({ type: "change", seq: 1, wish });
    await shown.say({ type: "plan" });
    assert.equal(shown.state.plan?.sentence, "changes 1 thing: terraform_data");
    assert.equal((await record()).wish.gke.cpu.maxNodes, 5);
    await shown.say({ type: "create" });
    assert.deepEqual(shown.state.outcome, { good: true, message: "ml-team was changed.", next: ["Show in Tree"] });
    const { phase, wish: now } = await record();
    assert.deepEqual([phase, now.gke.cpu.maxNodes], ["made", 9]);
    await shown.press("Show in Tree");
    // Its networks may have brought another endpoint, and its GPU pool may be the first.
    assert.deepEqual(shown.steps(), ["cloud done", "kubeconfig done", "gpus done"]);
    assert.deepEqual(desk.said, ["added ml-team", "reveal ml-team"]);
  });

  it("costs what AWS says, in a region without a bundled price, when a window asks for the first time", async () => {
    const product = {
      publicationDate: "2026-11-20",
      terms: { OnDemand: { a: { priceDimensions: { b: { pricePerUnit: { USD: "0.25" } } } } } },
    };
    scene.programs.add(
      "aws",
      `const group = { instanceTypes: [/cpu$/.test(args[3]) ? "m5.xlarge" : "g5.xlarge"], scalingConfig: { minSize: 0, maxSize: 40, desiredSize: 1 } };
       is("eks", "list-nodegroups") ? out({ nodegroups: ["cpu", "gpu"] })
         : is("eks", "describe-nodegroup") ? out({ nodegroup: group })
         : is("pricing") ? out({ PriceList: [${JSON.stringify(JSON.stringify(product))}] }) : is("configure") ? console.log("") : out({})`,
    );
    const wish = aWish("eks", { eks: { region: "eu-west-1", gpu: { spot: false } } });
    const { id: other } = await made.made.plan(wish);
    const now = await scene.window().costNow(other, new AbortController().signal);
    await made.made.forget(other);
    assert.deepEqual(now.gpuNode, { perHour: 0.25, note: "list, on demand" });
    assert.deepEqual(
      now.lines.filter(({ what }) => what.endsWith("pool")).map(({ most, source }) => [most, source]),
      [
        [0.25, "AWS Price List"],
        [0.25, "AWS Price List"],
      ],
    );
  });

  it("says that there is nothing to change, and offers nothing to carry out", async () => {
    const shown = await page("edit");
    await shown.say({ type: "plan" });
    assert.deepEqual(
      [shown.state.phase, shown.state.planFailure],
      ["form", { message: "Nothing is to be changed: the cluster is as the form says.", next: [] }],
    );
    await shown.say({ type: "create" });
    assert.deepEqual([shown.state.phase, (await record()).phase], ["form", "made"]);
    await shown.say({ type: "change", seq: 1, wish: shown.wizard.wish });
    assert.equal(shown.state.planFailure, undefined, "what was said of another form has gone");
  });

  it("takes another name or place for another cluster, and does not change this one into it", async () => {
    const shown = await page("edit");
    await shown.say({ type: "change", seq: 1, wish: gkeWish({ name: "other" }) });
    await shown.say({ type: "plan" });
    assert.match(
      shown.state.planFailure?.message ?? "",
      /^There is no plan\. Another name, account or place is another/,
    );
    assert.equal((await made.made.list()).length, 1);
  });

  it("does not make a second cluster over the first", async () => {
    const shown = new FakePage(await made.wizard("new", undefined, gkeWish()));
    await shown.say({ type: "plan" });
    assert.match(shown.state.planFailure?.message ?? "", /^ml-team was not planned\. A cluster of this name was made/);
  });

  it("tells after a change that failed half-way what to do, and mends it by the next plan", async () => {
    const shown = await page("edit");
    scene.set("gpu.fail", "Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 1.0");
    const zones = ["us-central1-a", "us-central1-c"];
    await shown.say({
      type: "change",
      seq: 1,
      wish: { ...shown.wizard.wish, gke: { ...shown.wizard.wish.gke, zones } },
    });
    await shown.say({ type: "plan" });
    assert.equal(shown.state.plan?.replaces, 1);
    await shown.say({ type: "create" });
    assert.match(shown.state.outcome?.message ?? "", /^The quota NVIDIA_L4_GPUS is exceeded; its limit is 1\./);
    assert.deepEqual([shown.state.steps[0]?.next, shown.next], [["Open Quotas"], ["Plan Again", "Back to Form"]]);
    const { phase, kubeconfig } = await record();
    assert.deepEqual([phase, kubeconfig?.context], ["failed", "ml-team"]);
    await shown.press("Open Quotas", "cloud");
    assert.match(
      desk.said.at(-1) ?? "",
      /^open https:\/\/console\.cloud\.google\.com\/iam-admin\/quotas\?project=proj-12$/,
    );
    scene.clear("gpu.fail");
    // A window that comes later offers the same.
    const later = new FakePage(await scene.window().wizard("new", id));
    assert.deepEqual([later.state.mode, later.next], ["edit", ["Open Quotas", "Plan Again", "Back to Form"]]);
    await later.press("Plan Again");
    assert.equal(later.state.phase, "planned", later.state.planFailure?.message);
    await later.say({ type: "create" });
    assert.equal(later.state.outcome?.message, "ml-team was changed.");
    assert.deepEqual((await record()).wish.gke.zones, zones);
  });

  it("asks of what Kubernetes made, deletes it where the person agrees, then destroys all", async () => {
    api.add(
      "/api/v1/namespaces/web/services",
      "gateway",
      {},
      {
        spec: { type: "LoadBalancer" },
        status: { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } },
      },
    );
    const shown = await page("destroy");
    assert.deepEqual([shown.state.mode, shown.state.phase], ["destroy", "form"]);
    // A form has nothing to say here.
    await shown.say({ type: "change", seq: 1, wish: gkeWish({ name: "other" }) });
    assert.equal(shown.wizard.wish.name, "ml-team");
    await shown.say({ type: "plan" });
    assert.match(
      shown.state.planFailure?.message ?? "",
      /^Kubernetes made 1 load balancer, which Terraform does not know/,
    );
    assert.deepEqual(shown.next, ["Delete Them First…", "Plan Without Deleting"]);
    desk.agrees = false;
    await shown.press("Delete Them First…");
    assert.deepEqual([shown.state.phase, api.objects.has("/api/v1/namespaces/web/services/gateway")], ["form", true]);
    desk.agrees = true;
    await shown.press("Delete Them First…");
    assert.deepEqual(shown.steps(), ["kubernetes done", "plan done"]);
    assert.deepEqual(
      [shown.state.phase, api.objects.has("/api/v1/namespaces/web/services/gateway")],
      ["planned", false],
    );
    assert.equal(shown.state.plan?.destroys, 4);
    scene.set("disk");
    await shown.say({ type: "create" });
    scene.clear("disk");
    assert.equal(shown.state.outcome?.message, "ml-team was destroyed. 1 of what is left may cost money.");
    assert.deepEqual(shown.steps(), ["cloud done", "leftovers done"]);
    await shown.press("Show What Is Left");
    assert.match(
      desk.texts[0] ?? "",
      /# disk pvc-1 \(us-central1-a\)\ngcloud compute disks delete pvc-1 --zone=us-central1-a/,
    );
    assert.deepEqual(desk.said.slice(0, 3), [
      "confirm Delete 1 load balancer?",
      "confirm Delete 1 load balancer?",
      "removed ml-team",
    ]);
    const { phase, kubeconfig } = await record();
    assert.deepEqual([phase, kubeconfig], ["destroyed", undefined]);
  });

  it("plans without asking where the cluster does not answer and the person says so", async () => {
    const old = { kubeconfig: (await record()).kubeconfig };
    await made.made.update(id, { kubeconfig: { file: old.kubeconfig?.file ?? "", context: "nowhere" } });
    const shown = await page("destroy");
    await shown.say({ type: "plan" });
    assert.match(
      shown.state.planFailure?.message ?? "",
      /^The cluster could not be asked for load balancers and volumes/,
    );
    assert.deepEqual(shown.next, ["Ask Again", "Plan Without Asking"]);
    await shown.press("Ask Again");
    assert.deepEqual(shown.next, ["Ask Again", "Plan Without Asking"]);
    await shown.press("Plan Without Asking");
    assert.equal(shown.state.phase, "planned", shown.state.planFailure?.message);
    await made.made.update(id, old);
  });

  it("goes on with a destruction that failed, also in a later window, and never makes anew what is gone", async () => {
    scene.set("destroy.fail", "Error: Cannot destroy cluster because deletion_protection is set to true");
    const shown = await page("destroy");
    await shown.say({ type: "plan" });
    await shown.say({ type: "create" });
    assert.match(shown.state.outcome?.message ?? "", /^The cluster is protected from deletion\./);
    assert.deepEqual(shown.state.steps[0]?.next, ["Take Protection Back"]);
    assert.deepEqual(shown.next, ["Plan Again"]);
    const later = new FakePage(await scene.window(desk).wizard("edit", id));
    assert.deepEqual([later.state.mode, later.next], ["destroy", ["Take Protection Back", "Plan Again"]]);
    await later.press("Take Protection Back");
    assert.deepEqual([later.state.mode, later.state.phase], ["edit", "form"]);
    scene.clear("destroy.fail");
    await shown.press("Plan Again");
    assert.equal(shown.state.mode, "destroy");
    await shown.say({ type: "create" });
    assert.equal(shown.state.outcome?.good, true);
    assert.equal((await record()).phase, "destroyed");
  });

  it("destroys what is gone already, so that its record can go", async () => {
    await restart();
    await made.made.update(id, { phase: "failed" });
    const shown = await page("destroy");
    await shown.say({ type: "plan" });
    if (shown.state.plan?.destroys !== 0) await shown.say({ type: "create" });
    await made.made.update(id, { phase: "failed" });
    const again = await page("destroy");
    await again.say({ type: "plan" });
    assert.equal(again.state.plan?.sentence, "removes nothing: Terraform knows of nothing that is there");
    await again.say({ type: "create" });
    assert.equal(again.state.outcome?.message, "ml-team was destroyed. Nothing is left that bears its name.");
    await again.press("Remove from List");
    assert.deepEqual(await made.made.list(), []);
  });
});
