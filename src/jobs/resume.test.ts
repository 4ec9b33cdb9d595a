import assert from "node:assert/strict";
import fc from "fast-check";
import { errorCode } from "../core/errors.ts";
import type { LaunchEntry } from "./journal.ts";
import { FINISH_WITHIN_MS, SETTLED_AFTER_MS } from "./launcher.ts";
import { QUEUED_SPEC, SNAPSHOT, SPEC, TRAIN_SPEC, World } from "./testing/launches.ts";
import { assertNothing, assertStarted, FAULTS, jobPath, resumeAll, watch } from "./testing/outcomes.ts";

for (const spec of [SPEC, TRAIN_SPEC, QUEUED_SPEC])
  describe(`an interrupted launch of a ${spec.kind}${spec.needs === undefined ? "" : " in a queue"}`, () => {
    /** Dies at every edge, resumes after `later` ms, dies there at every edge, resumes again. */
    async function everywhere(later: number, check: (world: World) => void): Promise<number> {
      let deaths = 0;
      for (let first = 0; ; first += 1) {
        let diedFirst: boolean;
        for (let second = 0; ; second += 1) {
          const world = new World();
          watch(world);
          await world
            .launcher(first)
            .launch(spec, SNAPSHOT, world.client)
            .catch(() => undefined);
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
        if (world.api.jobs.length === 0) assertNothing(world);
        else assertStarted(world);
      });
      assert.ok(deaths > 20);
    });

    it("is not begun anew where somebody has deleted it", async () => {
      const world = new World();
      await assert.rejects(world.launcher(5).launch(spec, SNAPSHOT, world.client));
      world.revive();
      assert.equal((await world.journal.get(spec.id))?.step, "created");
      world.api.remove(jobPath(spec));
      const [entry] = await world.launcher().interrupted();
      assert.ok(entry);
      const before = world.api.requests.length;
      assert.deepEqual(await world.launcher().resume(entry, world.client), { kind: "gone" });
      assert.ok(world.api.requests.slice(before).every((request) => request.method === "GET"));
      assertNothing(world);
      assert.equal(world.journal.entries.size, 0);
    });

    it("stays for another time where the cluster does not answer", async () => {
      const world = new World();
      await assert.rejects(world.launcher(5).launch(spec, SNAPSHOT, world.client));
      world.revive();
      world.api.fault = () => "lost-request";
      const [entry] = await world.journal.list();
      assert.ok(entry);
      await assert.rejects(world.launcher().resume(entry, world.client), (error) => errorCode(error) === "unreachable");
      world.api.fault = () => undefined;
      assert.equal((await world.journal.get(spec.id))?.intent, "start");
      await resumeAll(world);
      assertStarted(world);
    });

    it("never starts after the person was told that it failed", async () => {
      const world = new World();
      world.api.fault = (_request, index) => (index === 0 ? "lost-response" : "lost-request");
      await assert.rejects(
        world.launcher().launch(spec, SNAPSHOT, world.client),
        (error) => errorCode(error) === "unreachable",
      );
      world.api.fault = () => undefined;
      assert.equal(world.api.jobs.length, 1);
      await resumeAll(world);
      assertNothing(world);
    });

    it("runs after all where only the answer to the last step was lost, however late somebody looks", async () => {
      for (const later of [1000, 3 * 24 * 3_600_000]) {
        const world = new World();
        watch(world);
        world.api.fault = (request, index) =>
          index < 2 ? undefined : request.method === "PATCH" ? "lost-response" : "lost-request";
        await assert.rejects(world.launcher().launch(spec, SNAPSHOT, world.client), (error) => {
          assert.equal(errorCode(error), "unknown-outcome");
          assert.match(String(error), /may be running: the cluster did not answer the last step/);
          return true;
        });
        assert.equal((await world.journal.get(spec.id))?.intent, "start");
        world.api.fault = () => undefined;
        world.clock.time += later;
        await resumeAll(world);
        assertStarted(world);
        assert.equal(world.api.created.length, 1);
        assert.equal((await world.journal.get(spec.id))?.step, "started");
      }
    });

    it("is started where the last step never arrived, and removed where nobody came back for long", async () => {
      for (const [later, check] of [
        [1000, assertStarted],
        [FINISH_WITHIN_MS + 1000, assertNothing],
      ] as const) {
        const world = new World();
        world.api.fault = (_request, index) => (index < 2 ? undefined : "lost-request");
        await assert.rejects(
          world.launcher().launch(spec, SNAPSHOT, world.client),
          (error) => errorCode(error) === "unknown-outcome",
        );
        world.api.fault = () => undefined;
        world.clock.time += later;
        await resumeAll(world);
        check(world);
      }
    });

    it("says that something is left where it could not be undone, and removes it later", async () => {
      const world = new World();
      world.api.fault = (request) =>
        request.path.endsWith("configmaps")
          ? { status: 403, reason: "Forbidden", message: "no" }
          : request.method === "DELETE"
            ? "lost-request"
            : undefined;
      await assert.rejects(world.launcher().launch(spec, SNAPSHOT, world.client), (error) => {
        assert.equal(errorCode(error), "no-rights");
        assert.match(String(error), /could not be removed: it never runs, and is removed later\.$/);
        return true;
      });
      world.api.fault = () => undefined;
      await resumeAll(world);
      assertNothing(world);
      assert.equal(world.journal.entries.size, 0);
    });

    it("is not deleted later where it runs, though it was to be undone", async () => {
      const world = new World();
      await assert.rejects(world.launcher(9).launch(spec, SNAPSHOT, world.client));
      world.revive();
      const [entry] = await world.journal.list();
      assert.ok(entry);
      await world.launcher().resume(entry, world.client);
      await world.journal.put({ ...entry, intent: "undo" });
      const outcome = await world.launcher().resume({ ...entry, intent: "undo" }, world.client);
      assert.equal(outcome.kind, "started");
      assertStarted(world);
      assert.equal((await world.journal.get(spec.id))?.intent, "start");
      assert.equal((await world.journal.get(spec.id))?.step, "started");
      assert.deepEqual(await world.launcher().resume({ ...entry, intent: "undo" }, world.client, undefined, "remove"), {
        kind: "removed",
      });
      assertNothing(world);
    });

    /** A launch whose process died at an edge, and the entry that it left. */
    async function left(diesAt: number): Promise<{ world: World; entry: LaunchEntry }> {
      const world = new World();
      await assert.rejects(world.launcher(diesAt).launch(spec, SNAPSHOT, world.client));
      world.revive();
      return { world, entry: (await world.journal.get(spec.id)) ?? assert.fail() };
    }

    it("is started late where the person wants that, and says what became of it", async () => {
      const { world, entry } = await left(5);
      world.clock.time += FINISH_WITHIN_MS + 1;
      const outcome = await world.launcher().resume(entry, world.client, undefined, "start");
      const { id, name, kind } = spec;
      assert.deepEqual(outcome, { kind: "started", job: { kind, id, name, namespace: "alice", uid: "uid-1" } });
      assertStarted(world);
      const again = await world.launcher().resume(entry, world.client);
      assert.deepEqual(again, outcome, "it runs");
    });

    it("whose code is there already is only let go", async () => {
      const { world, entry } = await left(9);
      assert.equal(entry.step, "code");
      world.api.requests.length = 0;
      assert.equal((await world.launcher().resume(entry, world.client)).kind, "started");
      assert.deepEqual(
        world.api.requests.map(({ method }) => method),
        ["GET", "PATCH"],
      );
    });

    it("does not meet its own quota when it is resumed", async () => {
      // The root was made, and nobody heard of it.
      const { world, entry } = await left(4);
      assert.equal(world.api.jobs.length, 1);
      assert.equal(entry.step, "journalled");
      world.api.fault = ({ method, path }) =>
        method === "POST" && !path.endsWith("configmaps")
          ? { status: 403, reason: "Forbidden", message: "quota" }
          : undefined;
      assert.equal((await world.launcher().resume(entry, world.client)).kind, "started");
      assertStarted(world);
    });

    it("is undone where the cluster refuses the rest, and not where it is only busy", async () => {
      const { world, entry } = await left(5);
      world.api.fault = () => ({ status: 503, message: "busy" });
      await assert.rejects(world.launcher().resume(entry, world.client), /busy/);
      assert.equal((await world.journal.get(spec.id))?.intent, "start");
      world.api.fault = ({ path }) =>
        path.endsWith("configmaps") ? { status: 403, reason: "Forbidden", message: "no" } : undefined;
      await assert.rejects(world.launcher().resume(entry, world.client), (error) => errorCode(error) === "no-rights");
      assertNothing(world);
      assert.equal(world.journal.entries.size, 0);
    });

    it("leaves another's job of its name alone, whatever it was about to do", async () => {
      for (const intent of ["start", "undo"] as const) {
        const { world, entry } = await left(2);
        const theirs = { metadata: { name: spec.name, namespace: "alice", uid: "theirs" } };
        world.api.objects.set(jobPath(spec), theirs);
        world.clock.time += SETTLED_AFTER_MS;
        const resumed = world.launcher().resume({ ...entry, intent }, world.client, undefined, "start");
        if (intent === "undo") assert.deepEqual(await resumed, { kind: "removed" });
        else await assert.rejects(resumed, (error) => errorCode(error) === "name-taken");
        assert.deepEqual([...world.api.objects.values()], [theirs]);
        assert.equal(world.journal.entries.size, 0);
      }
    });

    it("stays to be undone where the cluster cannot be asked", async () => {
      const { world, entry } = await left(5);
      world.api.fault = () => ({ status: 403, reason: "Forbidden", message: "no" });
      const undo = { ...entry, intent: "undo" as const };
      await assert.rejects(world.launcher().resume(undo, world.client), /no/);
      assert.equal(world.journal.entries.size, 1);
    });

    it("is left alone where it ran and somebody has stopped it since", async () => {
      const world = new World();
      world.api.fault = (request, index) =>
        index < 2 ? undefined : request.method === "PATCH" ? "lost-response" : "lost-request";
      await assert.rejects(world.launcher().launch(spec, SNAPSHOT, world.client));
      world.api.fault = () => undefined;
      const job = world.api.objects.get(jobPath(spec));
      assert.ok(job);
      const stopped = {
        spec: { runPolicy: { suspend: true } },
        status: { conditions: [{ type: "Running", status: "False" }] },
      };
      world.api.objects.set(jobPath(spec), { ...job, ...stopped });
      world.clock.time += FINISH_WITHIN_MS + 1;
      const before = world.api.requests.length;
      await resumeAll(world);
      assert.ok(world.api.requests.slice(before).every((request) => request.method === "GET"));
      assert.equal(world.api.jobs.length, 1);
    });

    it("is offered only where no living window is busy with it", async () => {
      const world = new World();
      await assert.rejects(world.launcher(3).launch(spec, SNAPSHOT, world.client));
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
          await world
            .launcher(first)
            .launch(spec, SNAPSHOT, world.client)
            .then(
              () => (told = "started"),
              // Who hears that the outcome is unknown may find either; every other failure leaves nothing.
              (error: unknown) => (told = world.died || errorCode(error) === "unknown-outcome" ? undefined : "failed"),
            );
          if (late) world.clock.time += FINISH_WITHIN_MS + 1;
          for (const life of others) {
            const launcher = world.launcher(life);
            for (const entry of await world.journal.list())
              await launcher.resume(entry, world.client).catch(() => undefined);
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
