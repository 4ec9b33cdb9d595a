import assert from "node:assert/strict";
import { CancelledError, errorCode, UserError } from "../core/errors.ts";
import { LAUNCH_ID_LABEL } from "./labels.ts";
import { silentLogger } from "../core/log.ts";
import type { LaunchEntry } from "./journal.ts";
import { Launcher, SETTLED_AFTER_MS } from "./launcher.ts";
import { buildManifests, codeName } from "./manifests/index.ts";
import { noPod, QUEUED_SPEC, SNAPSHOT, SPEC, TRAIN_SPEC, World } from "./testing/launches.ts";
import { assertNothing, assertStarted, FAULTS, JOB_PATH, resumeAll, watch } from "./testing/outcomes.ts";

describe("a launch", () => {
  it("makes the suspended root, then the code it owns, then lets it run", async () => {
    const world = new World();
    watch(world);
    const steps: string[] = [];
    const job = await world.launcher().launch(SPEC, SNAPSHOT, world.client, undefined, (step) => steps.push(step));
    assert.deepEqual(job, { kind: "PyTorchJob", id: SPEC.id, name: SPEC.name, namespace: "alice", uid: "uid-1" });
    assert.deepEqual(
      world.api.requests.map((request) => request.method),
      ["POST", "POST", "PATCH"],
    );
    assert.deepEqual(steps, ["journalled", "created", "code", "started"]);
    assertStarted(world);
  });

  it("into a queue lets Kueue say when it runs, and stays suspended itself", async () => {
    const world = new World();
    await world.launcher().launch(QUEUED_SPEC, SNAPSHOT, world.client);
    const [job] = world.api.jobs;
    assert.equal(job?.spec?.runPolicy?.suspend, true);
    assert.deepEqual(world.api.requests.at(-1)?.body, {
      metadata: { uid: "uid-1", labels: { "kueue.x-k8s.io/queue-name": "team-a" } },
    });
  });

  it("keeps no code in the journal once it runs", async () => {
    const world = new World();
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    const entry = await world.journal.get(SPEC.id);
    assert.equal(entry?.step, "started");
    assert.equal(entry.manifests, undefined);
    assert.doesNotMatch(JSON.stringify(entry), /hello/);
    assert.deepEqual(entry.spec.env, SPEC.env, "another like it has the same variables");
  });

  it("sends nothing where the journal cannot be written", async () => {
    const world = new World();
    world.journal.put = () => Promise.reject(new Error("ENOSPC"));
    await assert.rejects(
      world.launcher().launch(SPEC, SNAPSHOT, world.client),
      (error) => errorCode(error) === "journal",
    );
    assert.equal(world.api.requests.length, 0);
  });

  it("begins nothing where the spec is bad or the person has cancelled already", async () => {
    const world = new World();
    let edges = 0;
    world.journal.onEdge = () => edges++;
    const bad = world.launcher().launch({ ...SPEC, name: "9x" }, SNAPSHOT, world.client);
    await assert.rejects(bad, (error) => errorCode(error) === "bad-spec");
    const cancelled = world.launcher().launch(SPEC, SNAPSHOT, world.client, AbortSignal.abort());
    await assert.rejects(cancelled, CancelledError);
    assert.deepEqual([edges, world.api.requests.length], [0, 0]);
  });

  it("journals all that another process needs to go on", async () => {
    const world = new World();
    let first: LaunchEntry | undefined;
    world.api.onServed = () => void (first ??= world.journal.entries.get(SPEC.id));
    const snapshot = { ...SNAPSHOT, searched: ["lib"], requirements: "numpy\n" };
    await world.launcher().launch(SPEC, snapshot, world.client);
    const { hash, bytes, archive } = SNAPSHOT;
    const { context, namespace, name, id } = SPEC;
    const made = await buildManifests(SPEC, snapshot, "0.1.0");
    const { time, instance } = first ?? assert.fail();
    assert.deepEqual(first, {
      ...{ id, context, namespace, name, step: "journalled", intent: "start", spec: SPEC, time, instance },
      code: { hash, files: 2, bytes, archive, searched: ["lib"], requirements: "numpy\n" },
      manifests: structuredClone(made),
    });
    const other = new World();
    await other.launcher().launch(SPEC, SNAPSHOT, other.client);
    assert.ok(!("requirements" in ((await other.journal.get(SPEC.id))?.code ?? {})));
  });

  it("goes on where the journal cannot be written any more, and says so", async () => {
    const world = new World();
    const put = world.journal.put.bind(world.journal);
    world.journal.put = (entry) => (entry.step === "journalled" ? put(entry) : Promise.reject(new Error("ENOSPC")));
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (text: string) => warnings.push(text) };
    const { journal, clock } = world;
    const launcher = new Launcher({ journal, log, clock, instance: "here", version: "0.1.0", connect: noPod });
    await launcher.launch(SPEC, SNAPSHOT, world.client);
    assertStarted(world);
    assert.equal(warnings.length, 3);
    assert.match(warnings[0] ?? "", /ENOSPC/);
  });

  it("is one at a time, and is offered to nobody while it is under way", async () => {
    const world = new World();
    const launcher = world.launcher();
    const seen: unknown[] = [];
    world.api.onEdge = () => {
      world.api.onEdge = () => undefined;
      seen.push(
        launcher.interrupted(),
        launcher.launch(SPEC, SNAPSHOT, world.client).catch((error: unknown) => errorCode(error)),
      );
    };
    world.api.fault = () => "lost-request";
    await assert.rejects(launcher.launch(SPEC, SNAPSHOT, world.client));
    assert.deepEqual(await Promise.all(seen), [[], "busy"]);
    world.api.fault = () => undefined;
    const [entry] = await launcher.interrupted();
    assert.deepEqual(await launcher.resume(entry ?? assert.fail(), world.client), { kind: "removed" });
  });

  it("that has started is no interrupted one, and is told of without asking", async () => {
    const world = new World();
    const launcher = world.launcher();
    const job = await launcher.launch(SPEC, SNAPSHOT, world.client);
    assert.deepEqual(await launcher.interrupted(), []);
    const entry = (await world.journal.get(SPEC.id)) ?? assert.fail();
    const asked = world.api.requests.length;
    assert.deepEqual(await launcher.resume(entry, world.client), { kind: "started", job });
    assert.equal(world.api.requests.length, asked);
  });

  it("without its manifests is removed", async () => {
    const world = new World();
    await assert.rejects(world.launcher(5).launch(SPEC, SNAPSHOT, world.client));
    world.revive();
    const entry = (await world.journal.get(SPEC.id)) ?? assert.fail();
    assert.equal(world.api.jobs.length, 1);
    const resumed = world.launcher().resume({ ...entry, manifests: undefined }, world.client);
    assert.deepEqual(await resumed, { kind: "removed" });
    assertNothing(world);
  });

  it("says which job may be running where the last step got no answer, also when it is cancelled then", async () => {
    for (const cancels of [false, true]) {
      const world = new World();
      const aborter = new AbortController();
      world.api.fault = ({ method }) => {
        if (method === "DELETE") return "lost-request";
        if (method === "PATCH" && cancels) world.clock.sleep = () => Promise.reject(aborted());
        return method === "PATCH" ? "lost-request" : undefined;
      };
      const aborted = (): CancelledError => {
        aborter.abort();
        return new CancelledError();
      };
      await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client, aborter.signal), (error) => {
        if (cancels) return error instanceof CancelledError;
        assert.ok(error instanceof UserError && error.code === "unknown-outcome");
        const { context, namespace, name } = SPEC;
        const job = { kind: "job-reference", context, namespace, name, uid: "uid-1", jobKind: "PyTorchJob" };
        assert.deepEqual(
          error.next.map(({ command, args }) => ({ command, args })),
          [{ command: "trainyard.job.follow", args: [job] }],
        );
        assert.ok(error.cause instanceof Error);
        return true;
      });
    }
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
    world.api.fault = () => ({
      status: 403,
      reason: "Forbidden",
      message: 'User "a" cannot create resource "pytorchjobs" in API group',
    });
    await assert.rejects(
      world.launcher().launch(SPEC, SNAPSHOT, world.client),
      (error) => errorCode(error) === "no-rights",
    );
    assert.equal(world.api.requests.length, 1);
    assert.equal(world.journal.entries.size, 0);
  });

  it("removes the root where its code is refused", async () => {
    const world = new World();
    world.api.fault = (request) =>
      request.path.endsWith("configmaps") ? { status: 403, reason: "Forbidden", message: "no" } : undefined;
    await assert.rejects(world.launcher().launch(SPEC, SNAPSHOT, world.client), (error) => {
      assert.ok(error instanceof UserError);
      assert.doesNotMatch(error.message, /could not be removed/);
      return true;
    });
    assertNothing(world);
    assert.equal(world.journal.entries.size, 0);
  });

  it("does not meet its own quota after a lost answer", async () => {
    const message = "exceeded quota: q, requested: a=1, used: a=1, limited: a=1";
    for (const plural of ["pytorchjobs", "configmaps"]) {
      const world = new World();
      let creations = 0;
      world.api.fault = (request) => {
        if (request.method !== "POST" || !request.path.endsWith(plural)) return undefined;
        return creations++ === 0 ? "lost-response" : { status: 403, reason: "Forbidden", message };
      };
      await world.launcher().launch(SPEC, SNAPSHOT, world.client);
      assertStarted(world);
    }
  });

  it("does not start another's job that has taken the name meanwhile", async () => {
    const world = new World();
    const other = { metadata: { name: SPEC.name, namespace: "alice" }, spec: { runPolicy: { suspend: true } } };
    world.api.onServed = (request) => {
      if (!request.path.endsWith("configmaps")) return;
      world.api.onServed = () => undefined;
      world.api.remove(JOB_PATH);
      world.api.objects.set(JOB_PATH, { ...other, metadata: { ...other.metadata, uid: "theirs" } });
    };
    await assert.rejects(
      world.launcher().launch(SPEC, SNAPSHOT, world.client),
      (error) => errorCode(error) === "job-deleted",
    );
    assert.equal(world.api.objects.get(JOB_PATH)?.metadata.uid, "theirs");
    assert.equal(world.api.objects.get(JOB_PATH)?.spec?.runPolicy?.suspend, true);
  });

  it("removes what a given-up request makes after all", async () => {
    const world = new World();
    world.api.fault = (request) => (request.method === "POST" ? "parked" : undefined);
    await assert.rejects(
      world.launcher().launch(SPEC, SNAPSHOT, world.client),
      (error) => errorCode(error) === "unreachable",
    );
    world.api.fault = () => undefined;
    world.api.settle();
    assert.equal(world.api.all("pytorchjobs").length, 1);
    await resumeAll(world);
    assertNothing(world);
    assert.equal(world.journal.entries.size, 0);
  });

  it("says so where the job is deleted under its hands", async () => {
    const world = new World();
    world.api.onServed = (request) => {
      if (request.path.endsWith("configmaps")) world.api.remove(JOB_PATH);
    };
    await assert.rejects(
      world.launcher().launch(SPEC, SNAPSHOT, world.client),
      (error) => errorCode(error) === "job-deleted",
    );
    assertNothing(world);
    assert.equal(world.journal.entries.size, 0);
  });

  it("waits as long as the server asks", async () => {
    const world = new World();
    const begun = world.clock.now();
    world.api.fault = (_request, index) =>
      index === 0 ? { status: 429, details: { retryAfterSeconds: 7 } } : undefined;
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    assert.ok(world.clock.now() - begun >= 7000);
  });

  it("survives every single fault at every request", async () => {
    for (const [fault, spec] of FAULTS.flatMap((each) => [[each, SPEC] as const, [each, TRAIN_SPEC] as const])) {
      for (let at = 0; at < 3; at += 1) {
        const world = new World();
        watch(world);
        world.api.fault = (_request, index) => (index === at ? fault : undefined);
        await world.launcher().launch(spec, SNAPSHOT, world.client);
        world.api.settle();
        assertStarted(world);
        assert.equal(world.api.created.length, 1);
      }
    }
  });

  it("says so where its connection is ended under it, which is no cancellation by the person", async () => {
    for (const at of [0, 1, 2]) {
      const world = new World();
      const send = world.api.send.bind(world.api);
      let count = 0;
      world.api.send = (request) => (count++ < at ? send(request) : Promise.reject(new CancelledError()));
      await assert.rejects(
        world.launcher().launch(SPEC, SNAPSHOT, world.client),
        (error) => errorCode(error) === (at === 2 ? "unknown-outcome" : "unreachable"),
      );
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

describe("the preflight", () => {
  it("waits as long as a busy server asks, and does not ask a broken one twice", async () => {
    const world = new World();
    const began = world.clock.time;
    world.api.fault = (_, index) =>
      index === 0 ? { status: 429, message: "busy", details: { retryAfterSeconds: 20 } } : undefined;
    await world.launcher().preflight(SPEC, SNAPSHOT, world.client);
    assert.equal(world.api.requests.length, 3);
    assert.ok(world.clock.time - began >= 20_000);
    world.api.fault = () => ({ status: 503, message: "down" });
    await assert.rejects(world.launcher().preflight(SPEC, SNAPSHOT, world.client), /down/);
    assert.equal(world.api.requests.length, 5);
  });

  it("stores nothing and tells the job's refusal", async () => {
    const world = new World();
    await world.launcher().preflight(SPEC, SNAPSHOT, world.client);
    assertNothing(world);
    assert.ok(world.api.requests.every((request) => request.query?.["dryRun"] === "All"));
    world.api.fault = (request) =>
      request.path.endsWith("pytorchjobs")
        ? { status: 404, message: "the server could not find the requested resource" }
        : undefined;
    await assert.rejects(
      world.launcher().preflight(SPEC, SNAPSHOT, world.client),
      (error) => errorCode(error) === "no-operator",
    );
  });

  it("passes where a webhook cannot be asked", async () => {
    const world = new World();
    world.api.fault = () => ({
      status: 400,
      reason: "BadRequest",
      message: "admission webhook x does not support dry run",
    });
    await world.launcher().preflight(SPEC, SNAPSHOT, world.client);
  });

  it("refuses what the cluster would misread, before any request", async () => {
    const world = new World();
    await assert.rejects(
      world.launcher().preflight({ ...SPEC, name: "9x" }, SNAPSHOT, world.client),
      (e) => errorCode(e) === "bad-spec",
    );
    assert.equal(world.api.requests.length, 0);
  });

  it("marks what it sends with the launch id", async () => {
    const world = new World();
    await world.launcher().launch(SPEC, SNAPSHOT, world.client);
    for (const object of world.api.objects.values()) assert.equal(object.metadata.labels?.[LAUNCH_ID_LABEL], SPEC.id);
    assert.ok(world.api.objects.has(`/api/v1/namespaces/alice/configmaps/${codeName(SPEC)}`));
  });
});
