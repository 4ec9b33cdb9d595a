import assert from "node:assert/strict";
import { errorCode, UserError } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import type { KubeObject } from "../kube/objects.ts";
import { ensureChild, ensureRoot, findAbandonedRoot, findRoot, removeRoot, startRoot } from "./cluster.ts";
import { LAUNCH_ID_LABEL } from "./labels.ts";
import { buildManifests } from "./manifests/index.ts";
import { type Attempts, TryAgain } from "./retry.ts";
import { SNAPSHOT, SPEC, TRAIN_SPEC, World } from "./testing/launches.ts";
import { JOB_PATH } from "./testing/outcomes.ts";
import { CONFIG_MAPS, type Manifests } from "./types.ts";

describe("what a launch does in a cluster", () => {
  const world = (): World => new World();
  const how = ({ clock }: World, tries = 3): Attempts => ({
    ...{ clock, log: silentLogger, signal: new AbortController().signal, tries },
  });
  const isCoded =
    (code: string) =>
    (error: unknown): boolean =>
      errorCode(error) === code;
  const exists = { status: 409, reason: "AlreadyExists", message: "already exists" };
  const methods = ({ api }: World): string[] => api.requests.map(({ method }) => method);
  let job: Manifests["job"];
  let code: KubeObject;
  before(async () => {
    const made = await buildManifests(SPEC, SNAPSHOT, "0.1.0");
    job = made.job;
    code = made.code[0] ?? assert.fail();
  });
  const anothers = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, uid: "theirs", labels: { [LAUNCH_ID_LABEL]: "000000000000" } },
  });

  it("finds its own root where it is there already, and can be cancelled at every request", async () => {
    const own = world();
    const attempts = how(own);
    const root = await ensureRoot(own.client, job, attempts);
    assert.deepEqual(root, { uid: "uid-1", suspended: true, queue: undefined });
    assert.deepEqual(await ensureRoot(own.client, job, attempts), root, "409 of its own is success");
    assert.deepEqual(await ensureRoot(own.client, job, attempts, undefined, true), root);
    assert.deepEqual(methods(own), ["POST", "POST", "GET", "GET"]);
    await startRoot(
      own.client,
      { kind: job.kind, name: SPEC.name, namespace: "alice", uid: root.uid },
      undefined,
      attempts,
    );
    assert.equal((await findRoot(own.client, job, attempts.signal))?.suspended, false);
    await ensureChild(own.client, CONFIG_MAPS, code, { kind: job.kind, name: SPEC.name, uid: root.uid }, attempts);
    for (const { signal } of own.api.requests) assert.equal(signal, attempts.signal);
  });

  it("creates the root again where the one in its way has gone meanwhile", async () => {
    const own = world();
    own.api.fault = (_, index) => (index === 0 ? exists : undefined);
    assert.equal((await ensureRoot(own.client, job, how(own))).uid, "uid-1");
    own.api.fault = ({ method }) => (method === "POST" ? exists : undefined);
    own.api.remove(JOB_PATH);
    await assert.rejects(ensureRoot(own.client, job, how(own)), TryAgain);
  });

  it("leaves a refusal as it is", async () => {
    const own = world();
    own.api.fault = () => ({ status: 403, reason: "Forbidden", message: "no" });
    await assert.rejects(ensureRoot(own.client, job, how(own)), /no/);
    assert.deepEqual(methods(own), ["POST"]);
  });

  it("tells its own job from another's of that name, and one that is on its way out", async () => {
    const own = world();
    assert.equal(await findRoot(own.client, job, undefined), undefined);
    await ensureRoot(own.client, job, how(own));
    const stored = own.api.objects.get(JOB_PATH) ?? assert.fail();
    const metadata = { ...stored.metadata, deletionTimestamp: "2026-11-22T10:00:00Z" };
    own.api.objects.set(JOB_PATH, { ...stored, metadata });
    await assert.rejects(findRoot(own.client, job, undefined), isCoded("job-deleted"));
    own.api.objects.set(JOB_PATH, anothers(job));
    await assert.rejects(findRoot(own.client, job, undefined), isCoded("name-taken"));
    own.api.objects.set(JOB_PATH, { ...job, metadata: { name: SPEC.name, namespace: "alice", uid: "theirs" } });
    await assert.rejects(findRoot(own.client, job, undefined), isCoded("name-taken"));
  });

  it("does not take a proxy's words for an object", async () => {
    const own = world();
    own.api.objects.set(JOB_PATH, job);
    await assert.rejects(findRoot(own.client, job, undefined), TryAgain);
  });

  it("knows a job without labels for one that was not let go", async () => {
    const own = world();
    const made = await buildManifests(TRAIN_SPEC, SNAPSHOT, "0.1.0");
    own.api.fault = () => ({ status: 201, ...{ metadata: { name: "x", uid: "u" }, spec: { suspend: true } } });
    assert.deepEqual(await ensureRoot(own.client, made.job, how(own)), { uid: "u", suspended: true, queue: undefined });
  });

  describe("a child", () => {
    const root = { kind: "PyTorchJob", name: SPEC.name, uid: "uid-1" } as const;
    const path = (): string => `/api/v1/namespaces/alice/configmaps/${code.metadata.name}`;
    const put = (own: World, uids: readonly string[], object = code): void => {
      const ownerReferences = uids.map((uid) => ({ apiVersion: "v1", kind: "PyTorchJob", name: SPEC.name, uid }));
      own.api.objects.set(path(), { ...object, metadata: { ...object.metadata, uid: "c", ownerReferences } });
    };
    const ensure = (own: World): Promise<void> => ensureChild(own.client, CONFIG_MAPS, code, root, how(own));

    it("that is there and owned by this root is as good as made", async () => {
      const own = world();
      put(own, ["another", root.uid]);
      await ensure(own);
      assert.deepEqual(methods(own), ["POST", "GET"]);
    });

    it("is made once, though its answer was lost", async () => {
      const own = world();
      await ensureRoot(own.client, job, how(own));
      own.api.requests.length = 0;
      own.api.fault = (_, index) => (index === 0 ? "lost-response" : undefined);
      await ensure(own);
      assert.deepEqual(methods(own), ["POST", "GET"]);
    });

    it("of an earlier root is waited for until it has gone", async () => {
      for (const owners of [["another"], []]) {
        const own = world();
        await ensureRoot(own.client, job, how(own));
        put(own, owners);
        await assert.rejects(ensure(own), TryAgain);
        own.api.requests.length = 0;
        own.api.onServed = ({ method }) => {
          if (method === "GET") own.api.remove(path());
        };
        await ensure(own);
        assert.equal(own.api.objects.get(path())?.metadata.ownerReferences?.[0]?.uid, root.uid);
      }
    });

    it("of another launch takes the name", async () => {
      const own = world();
      put(own, [root.uid], anothers(code));
      await assert.rejects(ensure(own), (error) => {
        assert.ok(error instanceof UserError && error.code === "name-taken");
        assert.match(error.message, new RegExp(`ConfigMap ${code.metadata.name}`));
        return true;
      });
    });

    it("that is refused stays so", async () => {
      const own = world();
      own.api.fault = () => ({ status: 403, reason: "Forbidden", message: "no" });
      await assert.rejects(ensure(own), /no/);
      assert.deepEqual(methods(own), ["POST"]);
    });
  });

  describe("a root whose creation was never confirmed", () => {
    it("is looked for twice, a second apart", async () => {
      const own = world();
      const begun = own.clock.time;
      assert.equal(await findAbandonedRoot(own.client, job, how(own)), undefined);
      assert.deepEqual([methods(own), own.clock.time - begun], [["GET", "GET"], 1_000]);
    });

    it("is found at once, or when it comes late", async () => {
      const own = world();
      own.api.onServed = () => void own.api.objects.set(JOB_PATH, { ...job, metadata: { ...job.metadata, uid: "u" } });
      assert.equal(await findAbandonedRoot(own.client, job, how(own)), "u");
      assert.equal(own.api.requests.length, 2);
      const begun = own.clock.time;
      assert.equal(await findAbandonedRoot(own.client, job, how(own)), "u");
      assert.equal(own.clock.time, begun);
    });

    it("is not another's of that name, nor one that is on its way out", async () => {
      const own = world();
      own.api.objects.set(JOB_PATH, anothers(job));
      assert.equal(await findAbandonedRoot(own.client, job, how(own)), undefined);
      const metadata = { ...job.metadata, uid: "u", deletionTimestamp: "2026-11-22T10:00:00Z" };
      own.api.objects.set(JOB_PATH, { ...job, metadata });
      assert.equal(await findAbandonedRoot(own.client, job, how(own)), undefined);
      assert.deepEqual(methods(own), ["GET", "GET"]);
    });

    it("stays unknown where the cluster does not answer", async () => {
      const own = world();
      own.api.fault = () => "lost-request";
      await assert.rejects(findAbandonedRoot(own.client, job, how(own)), isCoded("unreachable"));
    });
  });

  it("removes a root once, and takes one that is gone, or another's by now, for removed", async () => {
    const own = world();
    const { uid } = await ensureRoot(own.client, job, how(own));
    const at = { kind: job.kind, name: SPEC.name, namespace: "alice", uid };
    await removeRoot(own.client, { ...at, uid: "of-earlier" }, how(own));
    assert.equal(own.api.jobs.length, 1);
    await removeRoot(own.client, at, how(own));
    await removeRoot(own.client, at, how(own));
    assert.equal(own.api.jobs.length, 0);
    own.api.fault = () => ({ status: 403, reason: "Forbidden", message: "no" });
    await assert.rejects(removeRoot(own.client, at, how(own)), /no/);
    await assert.rejects(startRoot(own.client, at, undefined, how(own)), /no/);
  });
});
