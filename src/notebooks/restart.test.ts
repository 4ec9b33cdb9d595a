import assert from "node:assert/strict";
import { Emitter } from "../core/events.ts";
import { KubeClient } from "../kube/client.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import type { StoreState } from "../kube/store.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { type Notebook, projectNotebook, STOPPED_ANNOTATION } from "../kubeflow/kinds/notebook.ts";
import type { ObjectsChange } from "../kubeflow/namespaceObjects.ts";
import { restartNotebook } from "./restart.ts";

const at = (stopped: boolean): Notebook =>
  projectNotebook({
    metadata: {
      ...{ name: "bob", namespace: "team-a", uid: "u" },
      annotations: stopped ? { [STOPPED_ANNOTATION]: "2026-11-22T00:00:00Z" } : {},
    },
  });
const BOB = { name: "bob", namespace: "team-a", uid: "u" };

describe("a notebook that is restarted", () => {
  let now: Notebook | undefined;
  let state: StoreState;
  let isDown: boolean;
  let patches: unknown[];
  let steps: string[];
  let change: Emitter<ObjectsChange>;
  let answer: (stopped: unknown) => FakeReply;
  let ending: AbortController;

  beforeEach(() => {
    now = at(false);
    state = { kind: "live" };
    isDown = false;
    patches = [];
    steps = [];
    change = new Emitter();
    answer = () => json({ metadata: BOB });
    ending = new AbortController();
  });

  const tell = (): void => change.fire({ changed: ["u"], set: false });
  const restart = (): Promise<void> => {
    const transport = new FakeTransport(({ raw }) => {
      const { metadata } = raw.body as { metadata: { annotations: Record<string, unknown> } };
      const stopped = metadata.annotations[STOPPED_ANNOTATION];
      patches.push(stopped);
      return answer(stopped);
    });
    const live = {
      answered: () => Promise.resolve(),
      get: () => now,
      isDown: () => isDown,
      get state() {
        return state;
      },
      onDidChange: change.event,
    };
    const ports = { client: new KubeClient(transport), live, clock: new ManualClock() };
    return restartNotebook(ports, BOB, (step) => steps.push(step), ending.signal);
  };
  /** Resolves when it waits for the pod. */
  const waiting = async (): Promise<void> => {
    while (steps.length === 0) await new Promise(setImmediate);
  };

  it("is started once it is stopped and its pod is gone, and not before", async () => {
    const done = restart();
    await waiting();
    tell();
    now = at(true);
    tell();
    assert.deepEqual([patches, steps], [["2026-11-22T00:00:00Z"], ["ending"]]);
    isDown = true;
    tell();
    await done;
    assert.deepEqual(
      [patches, steps],
      [
        ["2026-11-22T00:00:00Z", null],
        ["ending", "starting"],
      ],
    );
  });

  it("is done where somebody else has started it meanwhile", async () => {
    const done = restart();
    await waiting();
    for (const stopped of [true, false]) {
      now = at(stopped);
      tell();
    }
    await done;
  });

  it("stays stopped, and says so, where that is cancelled or the start is refused", async () => {
    const cancelled = restart();
    await waiting();
    ending.abort();
    await assert.rejects(cancelled, {
      code: "left-stopped",
      message: "bob was not started again. Restarting was cancelled after it had been stopped.",
    });
    assert.deepEqual(patches, ["2026-11-22T00:00:00Z"]);

    ending = new AbortController();
    [now, isDown] = [at(true), true];
    answer = (stopped) =>
      stopped === null ? refusal(403, "Forbidden", "you cannot patch it") : json({ metadata: BOB });
    await assert.rejects(restart(), {
      code: "left-stopped",
      message: "bob was not started again. You may not patch notebooks in team-a. An administrator can allow it.",
    });
  });

  it("is left as it is where it cannot be stopped, was cancelled before, or is gone", async () => {
    answer = () => refusal(403, "Forbidden", "you cannot patch it");
    await assert.rejects(restart(), { code: "no-rights" });
    ending.abort();
    await assert.rejects(restart(), { name: "CancelledError" });
    assert.equal(patches.length, 1);

    ending = new AbortController();
    answer = () => json({ metadata: BOB });
    const done = restart();
    await waiting();
    now = undefined;
    tell();
    await assert.rejects(done, { code: "notebook-deleted" });
    await assert.rejects(restart(), { code: "notebook-deleted", message: /^bob was not restarted\. / });
    assert.equal(patches.length, 2);
  });

  it("counts as deleted only where the cluster has told so", async () => {
    now = undefined;
    state = { kind: "loading" };
    await assert.rejects(restart(), {
      code: "notebook-hidden",
      message: "bob was not restarted. The cluster has not told of the notebooks in team-a.",
    });
    assert.deepEqual(patches, []);

    now = at(false);
    const done = restart();
    await waiting();
    now = undefined;
    tell();
    await assert.rejects(done, { code: "left-stopped" });
  });
});
