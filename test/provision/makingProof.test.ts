// scripts/proveCloud.ts: a whole run on real Terraform without providers (makingFixture.ts).
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { parseProof, prove } from "../../scripts/proveCloud.ts";
import { skipBecause } from "../rings/skip.ts";
import { FakeCluster } from "./fakeCluster.ts";
import { MakingScene } from "./makingFixture.ts";
import { realTerraform } from "./runnerFixture.ts";

const NAME = "trainyard-proof";

describe("proving a cloud, on real Terraform", function () {
  this.timeout(60_000);
  let terraform: string;
  let api: FakeCluster;
  let scene: MakingScene;
  let asked: string[];
  let printed: string[];

  before(async function () {
    if (process.platform === "win32") skipBecause(this, "its commands are those of a Unix shell");
    terraform = (await realTerraform())?.file ?? skipBecause(this, "no terraform or tofu on the PATH");
  });
  beforeEach(async () => {
    api = await FakeCluster.start();
    scene = MakingScene.make(terraform, api);
    [asked, printed] = [[], []];
  });
  afterEach(() => {
    scene.remove();
    api.close();
  });

  const report = (): string => readFileSync(scene.mark("report.md"), "utf8");
  const run = (words: string, answers: readonly string[] = [], stop = new AbortController()): Promise<number> => {
    const proof = parseProof(words.split(" ")) ?? assert.fail(words);
    const left = [...answers];
    const { env, storage, templates } = scene;
    return prove(proof, {
      ...{ env, storage, templates, version: "1.2.3", report: scene.mark("report.md"), signal: stop.signal },
      print: (line) => printed.push(line),
      ask: (question) => {
        asked.push(question);
        return Promise.resolve(left.shift() ?? "");
      },
    });
  };

  it("takes a cloud with what that cloud needs, and nothing else", () => {
    const common = { region: "", yes: false, destroy: false };
    assert.deepEqual(parseProof(["gke", "--project", "p-1"]), { cloud: "gke", project: "p-1", profile: "", ...common });
    assert.deepEqual(parseProof(["eks", "--profile=ml", "--region", "us-west-2", "--yes"]), {
      ...{ ...common, cloud: "eks", project: "", profile: "ml", region: "us-west-2", yes: true },
    });
    assert.equal(parseProof(["eks"])?.profile, "");
    for (const words of [
      "",
      "gke",
      "local",
      "gke --project",
      "gke --project p --profile x",
      "eks --project p",
      "gke eks --project p",
      "gke --project p --force",
    ])
      // prettier-ignore
      assert.equal(parseProof(words.split(" ")), undefined, words);
  });

  it("names the price, and makes nothing unless the name is typed", async () => {
    assert.equal(await run("gke --project proj-12", ["yes"]), 2);
    assert.match(
      asked[0] ?? "",
      /^A cluster is made in your account and destroyed again: \$0\.\d\d\/h to \$1\.\d\d\/h list\./,
    );
    assert.equal(existsSync(scene.mark("cluster.begun")), false);
  });

  it("makes, tests, destroys and writes a record of each step", async () => {
    assert.equal(await run("gke --project proj-12 --region us-east4", [NAME]), 0, printed.join("\n"));
    assert.equal(asked.length, 1);
    const text = report();
    const steps = [...text.matchAll(/^- ([^:]+): (\w+)/gm)].map(([, what, word]) => `${what} ${word}`);
    assert.match(
      text,
      /^# GKE, us-east4, \d{4}-\d\d-\d\d\n\nTrainyard 1\.2\.3, Node v[\d.]+, \w+, terraform 1\.[\d.]+; e2-standard-4, g2-standard-8; \$/,
    );
    assert.deepEqual(steps, [
      ...["Plan (new) makes", "Cloud done", "Kubeconfig done", "Nodes done", "Default storage done"],
      ...["GPU device plugin done", "Kubeflow skipped", "Dashboard skipped", "Sample job skipped"],
      ...["GPU test pod nvidia", "Plan (destroy) removes", "Cloud done", "What is left done", "Proven it"],
    ]);
    assert.match(text, /GPU test pod: nvidia-smi ran in a pod: NVIDIA L4, driver 550\.90\.07\. \(\d/);
    assert.match(text, /What is left: done\. Nothing is left that bears its name\./);
    assert.ok(existsSync(scene.mark("destroy.begun")));
  });

  it("says what is left where it fails, and destroys it by a run of its own", async () => {
    scene.set("cluster.fail", "Quota 'CPUS' exceeded. Limit: 8.0");
    assert.equal(await run("gke --project proj-12 --yes"), 1);
    assert.deepEqual(asked, []);
    assert.match(report(), /- Failed: The quota CPUS is exceeded; its limit is 8\./);
    assert.match(report(), /- Left: trainyard-proof \(failed\) may cost money\. Files and state: \//);
    assert.match(report(), /- Destroy it: npm run prove-cloud -- gke --project proj-12 --destroy\n$/);
    scene.clear("cluster.fail");
    assert.equal(await run("gke --project proj-12 --yes"), 1);
    assert.match(report(), /- Failed: An earlier run has left a cluster\./);
    assert.equal(await run("gke --project proj-12 --destroy --yes"), 0);
    assert.match(report(), /- Destroyed\.\n$/);
  });

  it("is cancelled by one interrupt, and destroys only what it is asked to", async () => {
    scene.set("cluster.hold");
    const stop = new AbortController();
    const over = run("gke --project proj-12", [NAME, "no"], stop);
    await scene.begun("cluster");
    stop.abort();
    assert.equal(await over, 1);
    assert.match(report(), /- Failed: Stopped: 1 thing done, the state is saved\./);
    assert.match(asked[1] ?? "", /^Destroy what is there\?/);
    assert.match(report(), /- Left: trainyard-proof/);
    assert.equal(existsSync(scene.mark("destroy.begun")), false);
  });
});
