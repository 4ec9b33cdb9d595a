import assert from "node:assert/strict";
import { CancelledError } from "../core/errors.ts";
import { ManualClock, turns } from "../kube/testing/manualClock.ts";
import type { ShownNamespaces } from "../kubeflow/namespaceChoice.ts";
import { ClusterListings } from "./clusterListings.ts";

interface Question {
  readonly answer: (namespaces: readonly string[]) => void;
  readonly fail: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** Listings of clusters that answer when the test says so. */
function rig() {
  const questions: Question[] = [];
  const drawn: string[] = [];
  const is = { ready: true, seen: true };
  const cluster = {};
  const clock = new ManualClock();
  const list = (_: string, signal: AbortSignal) =>
    new Promise<ShownNamespaces>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new CancelledError()));
      questions.push({ answer: (shown) => resolve({ shown, more: false, notes: new Map() }), fail: reject, signal });
    });
  const listings = new ClusterListings({
    list,
    cluster: () => cluster,
    isNotReady: () => !is.ready,
    isSeen: () => is.seen,
    changed: (context) => drawn.push(context),
    graceMs: 100,
    retryMs: 2_000,
    clock,
  });
  /** A look that nothing answers in time. */
  const unanswered = async () => {
    const look = listings.look("a");
    await clock.advance(100);
    return look;
  };
  return { listings, list, questions, drawn, is, cluster, clock, unanswered };
}

const listed = (...shown: string[]) => ({ kind: "listed", shown, more: false, notes: new Map() });

describe("what is known of a cluster's namespaces", () => {
  it("is drawn once where the cluster answers at once, and asked once", async () => {
    const { listings, questions, drawn } = rig();
    const looks = [listings.look("a"), listings.look("a")];
    questions[0]?.answer(["x"]);
    assert.deepEqual(await Promise.all(looks), [listed("x"), listed("x")]);
    assert.deepEqual(await listings.look("a"), listed("x"));
    assert.deepEqual([questions.length, drawn], [1, []]);
  });

  it("does not wait for a slow cluster, and is drawn when it has answered", async () => {
    const { listings, questions, drawn, unanswered } = rig();
    assert.deepEqual(await unanswered(), { kind: "pending" });
    assert.deepEqual(drawn, []);
    questions[0]?.answer(["x"]);
    await turns();
    assert.deepEqual(drawn, ["a"]);
    assert.deepEqual(await listings.look("a"), listed("x"));
    assert.equal(questions.length, 1);
  });

  it("stays on the screen while it is asked for anew", async () => {
    const { listings, questions, drawn, unanswered } = rig();
    const first = listings.look("a");
    questions[0]?.answer(["x"]);
    await first;
    listings.again("a");
    assert.deepEqual(drawn, ["a"]);
    assert.deepEqual(await unanswered(), listed("x"));
    questions[1]?.answer(["y"]);
    await turns();
    assert.deepEqual(drawn, ["a", "a"]);
    assert.deepEqual(await listings.look("a"), listed("y"));
  });

  it("is given up when its row closes or the view goes, and asked for at the next look", async () => {
    const { listings, questions, drawn, unanswered } = rig();
    await unanswered();
    listings.leave("a");
    assert.equal(questions[0]?.signal.aborted, true);
    assert.equal(listings.isDue("a"), true);
    await unanswered();
    listings.dispose();
    await turns();
    assert.deepEqual([questions.length, questions[1]?.signal.aborted, drawn], [2, true, []]);
  });

  it("a connection that a person asks for is the listing: its failure is not tried a second time", async () => {
    const { listings, list, questions, drawn, unanswered } = rig();
    const connecting = listings.connect("a", list, new AbortController().signal);
    assert.deepEqual(await unanswered(), { kind: "pending" });
    const error = new Error("refused");
    questions[0]?.fail(error);
    await assert.rejects(connecting, error);
    assert.deepEqual(await listings.look("a"), { kind: "failed", error, notReady: false });
    assert.deepEqual([questions.length, drawn], [1, ["a", "a"]]);
  });

  it("a connection that was cancelled leaves what was known, and asks nothing", async () => {
    const { listings, list, questions } = rig();
    const error = new Error("refused");
    const look = listings.look("a");
    questions[0]?.fail(error);
    await look;
    for (const [context, known] of [
      ["a", { kind: "failed", error, notReady: false }],
      ["b", { kind: "cancelled" }],
    ] as const) {
      const abort = new AbortController();
      const connecting = listings.connect(context, list, abort.signal);
      abort.abort();
      await assert.rejects(connecting, CancelledError);
      assert.deepEqual(await listings.look(context), known);
    }
    assert.equal(questions.length, 3);
  });

  it("a cluster that is not ready is asked again by one timer, however often it was refreshed, while it is seen", async () => {
    const { listings, questions, drawn, is, clock, unanswered } = rig();
    is.ready = false;
    for (let round = 0; round < 3; round++) {
      const look = listings.look("a");
      questions.at(-1)?.fail(new Error("not yet"));
      await look;
      listings.allAgain();
    }
    const look = listings.look("a");
    questions.at(-1)?.fail(new Error("not yet"));
    await look;
    await clock.advance(8_000);
    assert.deepEqual(drawn, ["a"]);
    assert.equal((await unanswered()).kind, "failed", "the last words stay while it is asked");
    questions.at(-1)?.fail(new Error("not yet"));
    await turns();
    listings.hide();
    drawn.length = 0;
    await clock.advance(8_000);
    assert.deepEqual(drawn, []);
    listings.show();
    assert.deepEqual(drawn, ["a"]);
    listings.dispose();
  });

  it("outlives a kubeconfig that was read again, where its cluster does", async () => {
    const { listings, questions, cluster } = rig();
    const look = listings.look("a");
    questions[0]?.answer(["x"]);
    await look;
    listings.keep((_, candidate) => candidate === cluster);
    assert.equal(listings.isDue("a"), false);
    listings.keep(() => false);
    assert.equal(listings.isDue("a"), true);
  });
});
