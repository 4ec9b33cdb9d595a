import assert from "node:assert/strict";
import fc from "fast-check";
import { CancelledError, errorCode, UserError } from "../core/errors.ts";
import { LAUNCH_ID_LABEL } from "./labels.ts";
import { FINISH_WITHIN_MS, SETTLED_AFTER_MS } from "./launcher.ts";
import { codeName } from "./manifest.ts";
import type { Fault } from "./testing/fakeApi.ts";
import { SNAPSHOT, SPEC, World } from "./testing/launches.ts";

const JOB_PATH = `/apis/kubeflow.org/v1/namespaces/alice/pytorchjobs/${SPEC.name}`;
const FAULTS: readonly Fault[] = ["lost-request", "lost-response", "late", "cut-response", { status: 503 }, { status: 429 }];

/** Exactly one root that may run, owning its code; or nothing at all. */
function assertStarted(world: World): void {
  const jobs = world.api.all("pytorchjobs");
  assert.equal(jobs.length, 1);
  assert.equal(jobs[0]?.spec?.runPolicy?.suspend, false);
  const codes = world.api.all("configmaps");
  assert.equal(codes.length, 1);
  assert.equal(codes[0]?.metadata.ownerReferences?.[0]?.uid, jobs[0]?.metadata.uid);
}

function assertNothing(world: World): void {
  assert.equal(world.api.objects.size, 0);
}

/** At no moment may a job run without its code, and never are there two. */
function watch(world: World): void {
  world.api.onServed = () => {
    const jobs = world.api.all("pytorchjobs");
    assert.ok(jobs.length <= 1);
    const running = jobs.some((job) => job.spec?.runPolicy?.suspend === false);
    if (running) assert.equal(world.api.all("configmaps").length, 1);
  };
}

async function resumeAll(world: World): Promise<void> {
  const launcher = world.launcher();
  for (const entry of await world.journal.list()) await launcher.resume(entry, world.client);
}

describe("a launch", () => {
  it("makes the suspended root, then the code it owns, then lets it run", async () => {
    const world = new World();
    watch(world);
    const steps: string[] = [];
    const job = await world.launcher().launch(SPEC, SNAPSHOT, world.client, undefined, (step) => steps.push(step));
    assert.deepEqual(job, { id: SPEC.id, name: SPEC.name, namespace: "alice", uid: "uid-1" });
    assert.deepEqual(world.api.requests.map((request) => request.method), ["POST", "POST", "PATCH"]);
    assert.deepEqual(steps, ["journalled", "created", "code", "started"]);
    assertStarted(world);
  });

  it("keeps neither code nor secrets in the journal once it runs", async () => {
    const world = new World();
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    const entry = await world.journal.get(SPEC.id);
    assert.equal(entry?.step, "started");
    assert.equal(entry.manifests, undefined);
    assert.doesNotMatch(JSON.stringify(entry), /secret|hello/);
  });

  it("sends nothing where the journal cannot be written", async () => {
    const world = new World();
    world.journal.put = () => Promise.reject(new Error("ENOSPC"));
    await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client), (error) => errorCode(error) === "journal");
    assert.equal(world.api.requests.length, 0);
  });

  it("takes its own job for success and another's for a taken name", async () => {
    const world = new World();
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    const other = { ...SPEC, id: "000000000000" };
    const launching = world.launcher().launch(other, SNAPSHOT, world.client);
    await assert.rejects(launching, (error) => error instanceof UserError && error.code === "name-taken");
    assert.equal(await world.journal.get(other.id), undefined);
    assertStarted(world);
  });

  it("leaves no trace of a refusal, and asks nothing more", async () => {
    const world = new World();
    world.api.fault = () => ({ status: 403, reason: "Forbidden", message: 'User "a" cannot create resource "pytorchjobs" in API group' });
    await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client), (error) => errorCode(error) === "no-rights");
    assert.equal(world.api.requests.length, 1);
    assert.equal(world.journal.entries.size, 0);
  });

  it("removes the root where its code is refused", async () => {
    const world = new World();
    world.api.fault = (request) => (request.path.endsWith("configmaps") ? { status: 403, reason: "Forbidden", message: "no" } : undefined);
    await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client), UserError);
    assertNothing(world);
    assert.equal(world.journal.entries.size, 0);
  });

  it("does not meet its own quota after a lost answer", async () => {
    const world = new World();
    world.api.fault = (request, index) => {
      if (index === 0) return "lost-response";
      const full = request.method === "POST" && request.path.endsWith("pytorchjobs");
      return full ? { status: 403, reason: "Forbidden", message: "exceeded quota: q, requested: a=1, used: a=1, limited: a=1" } : undefined;
    };
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    assertStarted(world);
  });

  it("says so where the job is deleted under its hands", async () => {
    const world = new World();
    world.api.onServed = (request) => {
      if (request.path.endsWith("configmaps")) world.api.remove(JOB_PATH);
    };
    await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client), (error) => errorCode(error) === "job-deleted");
    assertNothing(world);
    assert.equal(world.journal.entries.size, 0);
  });

  it("waits as long as the server asks", async () => {
    const world = new World();
    const begun = world.clock.now();
    world.api.fault = (_request, index) => (index === 0 ? { status: 429, details: { retryAfterSeconds: 7 } } : undefined);
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    assert.ok(world.clock.now() - begun >= 7000);
  });

  it("survives every single fault at every request", async () => {
    for (const fault of FAULTS) {
      for (let at = 0; at < 3; at += 1) {
        const world = new World();
        watch(world);
        world.api.fault = (_request, index) => (index === at ? fault : undefined);
        await world.launcher().launch(SPEC, SNAPSHOT, world.client);
        world.api.settle();
        assertStarted(world);
        assert.equal(world.api.created.length, 1);
      }
    }
  });

  it("is removed when it is cancelled, whenever that happens", async () => {
    for (let at = 0; at < 6; at += 1) {
      const world = new World();
      const aborter = new AbortController();
      let edges = 0;
      world.api.onEdge = () => {
        if (edges++ === at) aborter.abort();
      };
      await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client, aborter.signal), CancelledError);
      assertNothing(world);
      world.clock.time += SETTLED_AFTER_MS;
      await resumeAll(world);
      assertNothing(world);
      assert.equal(world.journal.entries.size, 0);
    }
  });
});

describe("an interrupted launch", () => {
  /** Dies at every edge, resumes after `later` ms, dies there at every edge, resumes again. */
  async function everywhere(later: number, check: (world: World) => void): Promise<number> {
    let deaths = 0;
    for (let first = 0; ; first += 1) {
      let diedFirst = false;
      for (let second = 0; ; second += 1) {
        const world = new World();
        watch(world);
        await world.launcher(first).launch(SPEC, SNAPSHOT, world.client).catch(() => undefined);
        diedFirst = world.died;
        world.clock.time += later;
        const entries = await world.journal.list();
        const launcher = world.launcher(second);
        for (const entry of entries) await launcher.resume(entry, world.client).catch(() => undefined);
        const diedSecond = world.died;
        await resumeAll(world);
        if (entries.length === 0) assertNothing(world);
        else check(world);
        assert.ok(world.api.created.length <= 1, "never two");
        if (!diedSecond) break;
        deaths += 1;
      }
      if (!diedFirst) return deaths;
    }
  }

  it("is finished when somebody comes back soon", async () => {
    assert.ok((await everywhere(1000, assertStarted)) > 40);
  });

  it("is removed when nobody came back for long, unless it runs already", async () => {
    const deaths = await everywhere(FINISH_WITHIN_MS + 1000, (world) => {
      if (world.api.all("pytorchjobs").length === 0) assertNothing(world);
      else assertStarted(world);
    });
    assert.ok(deaths > 20);
  });

  it("is not begun anew where somebody has deleted it", async () => {
    const world = new World();
    await assert.rejects(world.launcher(5).launch(SPEC, SNAPSHOT, world.client));
    world.revive();
    assert.equal((await world.journal.get(SPEC.id))?.step, "created");
    world.api.remove(JOB_PATH);
    const [entry] = await world.launcher().interrupted();
    assert.ok(entry);
    assert.deepEqual(await world.launcher().resume(entry, world.client), { kind: "gone" });
    assertNothing(world);
    assert.equal(world.journal.entries.size, 0);
  });

  it("stays for another time where the cluster does not answer", async () => {
    const world = new World();
    await assert.rejects(world.launcher(5).launch(SPEC, SNAPSHOT, world.client));
    world.revive();
    world.api.fault = () => "lost-request";
    const [entry] = await world.journal.list();
    assert.ok(entry);
    await assert.rejects(world.launcher().resume(entry, world.client), (error) => errorCode(error) === "unreachable");
    world.api.fault = () => undefined;
    assert.equal((await world.journal.get(SPEC.id))?.intent, "start");
    await resumeAll(world);
    assertStarted(world);
  });

  it("never starts after the person was told that it failed", async () => {
    const world = new World();
    world.api.fault = (_request, index) => (index === 0 ? "lost-response" : "lost-request");
    await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client), (error) => errorCode(error) === "unreachable");
    world.api.fault = () => undefined;
    assert.equal(world.api.all("pytorchjobs").length, 1);
    await resumeAll(world);
    assertNothing(world);
  });

  it("is offered only where no living window is busy with it", async () => {
    const world = new World();
    await assert.rejects(world.launcher(3).launch(SPEC, SNAPSHOT, world.client));
    world.revive();
    const [entry] = await world.journal.list();
    assert.ok(entry);
    assert.equal((await world.launcher().interrupted()).length, 1);
    await world.journal.put({ ...entry, instance: "another-computer/12/ff" });
    assert.deepEqual(await world.launcher().interrupted(), []);
  });

  it("ends in one job or none under any faults and deaths", async () => {
    const faults = fc.array(fc.option(fc.constantFrom(...FAULTS), { freq: 2, nil: undefined }), { maxLength: 12 });
    const lives = fc.array(fc.integer({ min: 0, max: 16 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(faults, lives, fc.boolean(), async (list, [first, ...others], late) => {
        const world = new World();
        watch(world);
        world.api.fault = (_request, index) => list[index];
        let told: string | undefined;
        await world.launcher(first).launch(SPEC, SNAPSHOT, world.client).then(
          () => (told = "started"),
          () => (told = world.died ? undefined : "failed"),
        );
        if (late) world.clock.time += FINISH_WITHIN_MS + 1;
        for (const life of others) {
          const launcher = world.launcher(life);
          for (const entry of await world.journal.list()) await launcher.resume(entry, world.client).catch(() => undefined);
        }
        world.api.fault = () => undefined;
        world.api.settle();
        await resumeAll(world);
        world.clock.time += SETTLED_AFTER_MS;
        await resumeAll(world);
        if (told === "failed") assertNothing(world);
        else if (told === "started" || world.api.objects.size > 0) assertStarted(world);
      }),
      { numRuns: 400 },
    );
  });
});

describe("the preflight", () => {
  it("stores nothing and tells the job's refusal", async () => {
    const world = new World();
    await world.launcher().preflight(SPEC, SNAPSHOT, world.client);
    assertNothing(world);
    assert.ok(world.api.requests.every((request) => request.query?.["dryRun"] === "All"));
    world.api.fault = (request) =>
      request.path.endsWith("pytorchjobs") ? { status: 404, message: "the server could not find the requested resource" } : undefined;
    await assert.rejects(world.launcher().preflight(SPEC, SNAPSHOT, world.client), (error) => errorCode(error) === "no-operator");
  });

  it("passes where a webhook cannot be asked", async () => {
    const world = new World();
    world.api.fault = () => ({ status: 400, reason: "BadRequest", message: "admission webhook x does not support dry run" });
    await world.launcher().preflight(SPEC, SNAPSHOT, world.client);
  });

  it("refuses what the cluster would misread, before any request", async () => {
    const world = new World();
    await assert.rejects(world.launcher().preflight({ ...SPEC, name: "9x" }, SNAPSHOT, world.client), (e) => errorCode(e) === "bad-spec");
    assert.equal(world.api.requests.length, 0);
  });

  it("marks what it sends with the launch id", async () => {
    const world = new World();
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    for (const object of world.api.objects.values()) assert.equal(object.metadata.labels?.[LAUNCH_ID_LABEL], SPEC.id);
    assert.ok(world.api.objects.has(`/api/v1/namespaces/alice/configmaps/${codeName(SPEC)}`));
  });
});
