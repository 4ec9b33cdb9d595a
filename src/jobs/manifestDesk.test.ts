import assert from "node:assert/strict";
import { record } from "../kubeflow/read.ts";
import type { RunPlan } from "./desk.ts";
import { ManifestDesk } from "./manifestDesk.ts";
import { type Manifest, readManifest } from "./manifestDocument.ts";
import { assertGolden } from "../core/testing/golden.ts";
import { SNAPSHOT, SPEC, TRAIN_SPEC, World } from "./testing/launches.ts";
import { resumeAll } from "./testing/outcomes.ts";
import { publishSchemas } from "./testing/schemas.ts";

const SITE = { context: "team-a", namespace: "alice" };
const PLAN: RunPlan = { file: "/home/ada/project/train.py", spec: { ...SPEC, env: [] }, snapshot: SNAPSHOT };
const JOB = `apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  name: resnet
  labels: { trainyard/launch-id: 0123456789ab }
  creationTimestamp: null
spec:
  suspend: true
  runtimeRef: { name: torch-distributed }
`;

/** One that is not to be held. */
const RUNS = JOB.replace("  suspend: true\n", "");

function read(text: string): Manifest {
  const { manifest, problems } = readManifest(text);
  assert.ok(manifest !== undefined, JSON.stringify(problems));
  return manifest;
}

describe("launching a manifest", () => {
  let world: World;
  let desk: ManifestDesk;

  beforeEach(() => {
    world = new World();
    publishSchemas(world.api);
    desk = new ManifestDesk({ launcher: world.launcher(), owner: "0123456789abcdef", version: "0.1.0" });
  });

  const check = (text: string): ReturnType<ManifestDesk["check"]> => desk.check(read(text), SITE, world.client);
  const linesOf = async (text: string): Promise<string[]> => {
    const { findings } = await check(text);
    return findings.map(({ path, text: said }) => `${read(text).place(path).line + 1}: ${said}`);
  };

  it("makes it as it was written, once, however often and from whichever window", async () => {
    const checked = await check(JOB);
    assert.deepEqual(checked.findings, []);
    const job = await desk.launch(checked, world.client);
    const [stored] = world.api.jobs;
    assert.equal(stored?.spec?.suspend, true);
    assert.equal((await world.journal.get(job.id))?.step, "started");
    assert.equal(stored.metadata.labels?.["trainyard/launch-id"], job.id);
    assert.notEqual(job.id, "0123456789ab");
    const again = await check(JOB);
    assert.deepEqual(again.launched, job);
    assert.deepEqual(await desk.launch(again, world.client), job);
    // Another text of that name is another launch, and the same text another run once its job has gone.
    assert.deepEqual(await linesOf(JOB.replace("true", "false")), [
      "4: alice has another TrainJob resnet already; give this one a name of its own.",
    ]);
    assert.deepEqual(world.api.created, ["resnet"]);
    world.api.objects.delete([...world.api.objects.keys()].find((path) => path.endsWith("/resnet")) ?? "");
    const anew = await desk.launch(await check(JOB), world.client);
    assert.notEqual(anew.id, job.id);
    assert.equal((await world.journal.get(job.id))?.uid, job.uid);
  });

  it("takes up what a launch of the same text has left, and waits where that is being removed", async () => {
    const job = await check(RUNS);
    const dying = new ManifestDesk({ launcher: world.launcher(4), owner: "0123456789abcdef", version: "0.1.0" });
    await assert.rejects(dying.launch(job, world.client));
    world.revive();
    assert.equal(world.api.jobs[0]?.spec?.suspend, true);
    const [entry] = await world.journal.list();
    assert.ok(entry !== undefined && entry.step !== "started");
    await world.journal.put({ ...entry, intent: "undo" });
    desk = new ManifestDesk({ launcher: world.launcher(), owner: "0123456789abcdef", version: "0.1.0" });
    assert.deepEqual(await linesOf(RUNS), ["4: An earlier launch of resnet is being removed; try again in a minute."]);
    await world.journal.put(entry);
    const checked = await check(RUNS);
    assert.equal(checked.left?.id, entry.id);
    assert.equal((await desk.launch(checked, world.client)).id, entry.id);
    assert.deepEqual(
      world.api.jobs.map(({ spec }) => spec?.suspend),
      [false],
    );
    assert.deepEqual(world.api.created, ["resnet"]);
  });

  it("is launched again as it was, under a new name", async () => {
    const first = await desk.launch(await check(JOB), world.client);
    const entry = await world.journal.get(first.id);
    assert.ok(entry !== undefined);
    const second = await desk.launch(await desk.again(entry, world.client), world.client);
    assert.match(second.name, /^resnet-[0-9a-f]{4}$/);
    const [one, other] = world.api.jobs;
    assert.deepEqual(other?.spec, one?.spec);
    world.api.fault = ({ method }) =>
      method === "POST" ? { status: 422, message: "invalid", reason: "Invalid" } : undefined;
    await assert.rejects(desk.again(entry, world.client), { code: "bad-manifest" });
  });

  it("drops fields without a value", async () => {
    const checked = await check(`${JOB}  trainer: { args: }\n`);
    assert.deepEqual(checked.findings, []);
    assert.deepEqual(record(checked.job.spec)["trainer"], {});
  });

  it("makes it once where the answer was lost", async () => {
    const checked = await check(JOB);
    let lost = 0;
    world.api.fault = ({ method }) => (method === "POST" && (lost += 1) === 1 ? "lost-response" : undefined);
    await desk.launch(checked, world.client);
    assert.deepEqual(world.api.created, ["resnet"]);
  });

  it("says that nobody knows where no answer to the last step came, and finds out the next time", async () => {
    const checked = await check(RUNS);
    world.api.fault = ({ method }) => (method === "PATCH" ? "lost-response" : undefined);
    await assert.rejects(desk.launch(checked, world.client), { code: "unknown-outcome" });
    world.api.fault = () => undefined;
    assert.equal((await check(RUNS)).launched?.name, "resnet");
  });

  it("leaves nothing where it is cancelled, whenever that is, and where no answer or a refusal came", async () => {
    for (let at = 0; at < 4; at += 1) {
      const own = new World();
      publishSchemas(own.api);
      const stop = new AbortController();
      const checked = await check(RUNS);
      let edges = 0;
      own.api.onEdge = () => {
        if (edges++ === at) stop.abort();
      };
      const other = new ManifestDesk({ launcher: own.launcher(), owner: "0123456789abcdef", version: "0.1.0" });
      await assert.rejects(other.launch(checked, own.client, stop.signal), { name: "CancelledError" });
      assert.deepEqual(own.api.jobs, []);
    }
    const checked = await check(RUNS);
    let posts = 0;
    world.api.fault = ({ method }) =>
      method !== "POST"
        ? undefined
        : (posts += 1) === 1
          ? "parked"
          : { status: 403, reason: "Forbidden", message: "no" };
    await assert.rejects(desk.launch(checked, world.client), { code: "no-rights" });
    world.api.fault = () => undefined;
    world.api.settle();
    await resumeAll(world);
    assert.deepEqual(world.api.jobs, []);
    assert.equal(world.journal.entries.size, 0);
  });

  it("is known to the history by what it says of itself", async () => {
    const job = await desk.launch(
      await check(`${JOB}  trainer: { numNodes: 3, image: mine, command: [a, b c] }\n`),
      world.client,
    );
    const entry = await world.journal.get(job.id);
    const { spec } = entry ?? {};
    assert.deepEqual([entry?.uid, spec?.kind, spec?.nodes, spec?.image], [job.uid, "TrainJob", 3, "mine"]);
    assert.deepEqual([spec?.args, spec?.runtime?.name], [["a", "b c"], "torch-distributed"]);
  });

  it("goes into the queue that it names once it is there, and is left to one that the cluster put it into", async () => {
    const queued = JOB.replace("ab }", "ab, kueue.x-k8s.io/queue-name: team-a }");
    await desk.launch(await check(queued), world.client);
    const [post, patch] = world.api.requests.filter(
      ({ method, query }) => method !== "GET" && query?.["dryRun"] === undefined,
    );
    assert.doesNotMatch(JSON.stringify(post?.body), /queue-name/);
    assert.deepEqual(patch?.body, { metadata: { uid: "uid-1", labels: { "kueue.x-k8s.io/queue-name": "team-a" } } });
    const own = new World();
    own.api.onServed = ({ method }) => {
      const [[path, job] = []] = [...own.api.objects];
      if (method !== "POST" || path === undefined || job === undefined) return;
      const labels = { ...job.metadata.labels, "kueue.x-k8s.io/queue-name": "default" };
      own.api.objects.set(path, { ...job, metadata: { ...job.metadata, labels } });
    };
    // What the webhook made of it is in the answer, too.
    own.api.fault = (_, index) => (index === 0 ? "lost-response" : undefined);
    await own.launcher().launch(SPEC, SNAPSHOT, own.client);
    assert.equal(own.api.jobs[0]?.spec?.runPolicy?.suspend, true);
    assert.equal(own.api.all("configmaps").length, 1);
    assert.ok(own.api.requests.every(({ method }) => method !== "PATCH"));
    assert.equal((await own.journal.get(SPEC.id))?.step, "started");
  });

  it("leaves out what the cluster does not know, and says so; asks it nothing where the schema refuses", async () => {
    const checked = await check(`${JOB}  trainer: { nodes: 2, numNodes: 1 }\n`);
    assert.deepEqual(
      checked.findings.map(({ isWarning }) => isWarning),
      [true],
    );
    assert.deepEqual(record(checked.job.spec)["trainer"], { numNodes: 1 });
    const before = world.api.requests.length;
    assert.deepEqual(await linesOf(`${JOB}  trainer:\n    numNodes: two\n`), [
      "11: numNodes is a text; a whole number is wanted.",
    ]);
    assert.equal(world.api.requests.length, before);
  });

  it("puts a refusal on its line, on the first where it names none, and throws what is not of the text", async () => {
    const refuse = (status: number, message: string, more: object = {}): void => {
      world.api.fault = ({ method }) => (method === "POST" ? { status, message, ...more } : undefined);
    };
    refuse(422, "invalid", {
      reason: "Invalid",
      details: { causes: [{ field: "spec.runtimeRef.name", message: "no such" }] },
    });
    assert.deepEqual(await linesOf(JOB), ["9: spec.runtimeRef.name: no such"]);
    refuse(403, 'admission webhook "v" denied the request: spec.suspend: Forbidden');
    assert.deepEqual(await linesOf(JOB), ["8: spec.suspend: Forbidden"]);
    refuse(403, 'admission webhook "v" denied the request: not today');
    assert.match((await linesOf(JOB)).join(), /^1: The job was not created\. The cluster's rules refuse it: not today/);
    refuse(403, 'trainjobs is forbidden: User "ada" cannot create resource "trainjobs" in API group');
    await assert.rejects(check(JOB), { code: "no-rights" });
  });

  it("says that a cluster does not have the kind", async () => {
    world.api.fault = () => ({ status: 404, message: "404 page not found" });
    await assert.rejects(check(JOB), { code: "no-operator" });
  });

  for (const spec of [PLAN.spec, { ...TRAIN_SPEC, env: [] }])
    it(`brings a run's code along where it is a ${spec.kind}`, async () => {
      const text = desk.text({ ...PLAN, spec });
      assertGolden(`manifest-${spec.kind.toLowerCase()}`, text);
      const edited = text.replace("pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime", "mine:1");
      const checked = await check(edited);
      assert.deepEqual(checked.findings, []);
      assert.equal(checked.plan?.spec, spec);
      const job = await desk.launch(checked, world.client);
      assert.equal(job.id, spec.id);
      const [code] = world.api.all("configmaps");
      assert.deepEqual(
        code?.metadata.ownerReferences?.map(({ uid }) => uid),
        [job.uid],
      );
      const [stored] = world.api.jobs;
      assert.ok(JSON.stringify(stored).includes("mine:1"));
      assert.ok(!JSON.stringify(stored).includes('"suspend":true'));
      assert.equal((await world.journal.get(spec.id))?.step, "started");
      assert.equal((await check(edited)).launched?.uid, job.uid);
      assert.deepEqual(world.api.created, [spec.name]);
      // Once its job has gone, the same text is another run, with its code under names of its own.
      world.api.remove([...world.api.objects.keys()].find((path) => path.endsWith(`/${spec.name}`)) ?? "");
      const anew = await desk.launch(await check(edited), world.client);
      assert.notEqual(anew.id, spec.id);
      const [own] = world.api.all("configmaps");
      assert.ok(JSON.stringify(world.api.jobs[0]).includes(`"${own?.metadata.name}"`));
      assert.ok(!JSON.stringify(world.api.jobs[0]).includes(spec.id.slice(0, 6)));
    });

  it("says that code is missing where the window has gone or the name is another, and that a run is not held", async () => {
    const text = desk.text(PLAN);
    const name = text.split("\n").findIndex((line) => line.includes("train-4f2a-code-4f2a91"));
    const renamed = await linesOf(text.replace("name: train-4f2a\n", "name: mine\n"));
    assert.match(
      renamed.join(),
      new RegExp(`^${name + 1}: Its code is missing: alice has no ConfigMap train-4f2a-code-4f2a91`),
    );
    const volume = await linesOf(
      text
        .replace("name: train-4f2a\n", "name: mine\n")
        .replaceAll(
          /configMap:\n +name: (train-4f2a-code-4f2a91)\n( +)items:/g,
          "persistentVolumeClaim:\n$2claimName: $1\n$2x:",
        ),
    );
    assert.match(volume.join(), /: Its code is missing: alice has no PersistentVolumeClaim train-4f2a-code-4f2a91/);
    const held = text.replace("cleanPodPolicy: None", "cleanPodPolicy: None\n    suspend: true");
    assert.match((await linesOf(held)).join(), /: A run whose code goes along starts once that is there/);
  });
});
