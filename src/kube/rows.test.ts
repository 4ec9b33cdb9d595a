import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import { CHANGE_INTERVAL_MS, type Mark, Rows } from "./rows.ts";
import type { StoreChange } from "./store.ts";
import { TableRow } from "./table.ts";
import { ManualClock } from "./testing/manualClock.ts";

describe("rows", () => {
  let clock: ManualClock;
  let rows: Rows<string>;
  let told: StoreChange<string>[];
  let errors: string[];
  beforeEach(() => {
    clock = new ManualClock();
    errors = [];
    rows = new Rows(clock, { ...silentLogger, error: (text) => errors.push(text) });
    told = [];
    rows.onDidChange((change) => told.push(change));
  });
  afterEach(() => {
    rows.dispose();
    assert.equal(clock.timers, 0, "timers");
  });

  const put = (key: string, item = key, mark: Mark | undefined = item): void =>
    rows.put({ key, mark, make: () => item });
  const load = (...keys: readonly string[]): void => {
    rows.beginLoad();
    for (const key of keys) put(key);
    rows.finishLoad();
    rows.flush();
  };
  /** What was told since the last time, once the interval is over. */
  const next = async (): Promise<StoreChange<string>[]> => {
    rows.flush();
    await clock.advance(CHANGE_INTERVAL_MS);
    return told.splice(0);
  };
  const keys = (): string[] => [...rows.items.keys()];

  it("are complete once a whole load was seen, and no more when they are cleared", async () => {
    assert.equal(rows.isComplete, false);
    rows.beginLoad();
    put("a");
    assert.deepEqual([keys(), rows.isComplete], [["a"], false], "the first load shows as it comes");
    rows.finishLoad();
    assert.equal(rows.isComplete, true);
    assert.deepEqual(await next(), [{ reset: false, changed: ["a"], removed: [] }]);
    rows.clear();
    assert.deepEqual(told.splice(0), [{ reset: false, changed: [], removed: ["a"] }], "told at once");
    assert.deepEqual([keys(), rows.isComplete], [[], false]);
  });

  it("tell of a first load each row once, also where the server gives no mark", async () => {
    rows.beginLoad();
    rows.put({ key: "a", mark: undefined, make: () => "a" });
    assert.equal((await next()).length, 1);
    rows.finishLoad();
    assert.deepEqual(await next(), []);
    rows.put({ key: "a", mark: undefined, make: () => "a" });
    assert.equal((await next()).length, 1, "without a mark it may be another");
  });

  it("lose what only a first load that failed had brought", async () => {
    rows.beginLoad();
    put("a");
    put("b");
    await next();
    rows.abandonLoad();
    rows.beginLoad();
    put("b");
    rows.finishLoad();
    assert.deepEqual(await next(), [{ reset: false, changed: [], removed: ["a"] }]);
  });

  it("are reset by a later load, which says what is other", async () => {
    load("a", "b");
    await next();
    rows.beginLoad();
    put("b");
    put("c");
    assert.deepEqual([keys(), await next()], [["a", "b"], []], "not before it is whole");
    rows.finishLoad();
    assert.deepEqual(await next(), [{ reset: true, changed: ["c"], removed: ["a"] }]);
    put("d");
    assert.deepEqual(await next(), [{ reset: false, changed: ["d"], removed: [] }], "and not for ever");
  });

  it("say nothing of a later load that finds the same", async () => {
    load("a");
    await next();
    load("a");
    put("b");
    assert.deepEqual(await next(), [{ reset: false, changed: ["b"], removed: [] }]);
  });

  it("stay as they are where a load fails, or none was begun", async () => {
    load("a");
    rows.beginLoad();
    rows.abandonLoad();
    rows.finishLoad();
    put("b");
    assert.deepEqual(keys(), ["a", "b"]);
    await next();
  });

  it("lose what is removed while a load runs: at once of a first load, else with it", async () => {
    rows.beginLoad();
    put("a");
    put("b");
    rows.remove("a");
    assert.deepEqual(keys(), ["b"]);
    rows.finishLoad();
    await next();
    rows.beginLoad();
    put("b");
    put("c");
    rows.remove("b");
    rows.remove("c");
    assert.deepEqual([keys(), await next()], [["b"], []]);
    rows.finishLoad();
    assert.deepEqual(await next(), [{ reset: true, changed: [], removed: ["b"] }]);
  });

  it("tell of a row the last that happened to it", async () => {
    load("a");
    await next();
    rows.remove("a");
    rows.remove("never there");
    put("a", "again");
    assert.deepEqual(await next(), [{ reset: false, changed: ["again"], removed: [] }]);
    put("a", "more");
    rows.remove("a");
    assert.deepEqual(await next(), [{ reset: false, changed: [], removed: ["more"] }]);
  });

  it("take another projection of a row that is there, also into a load, and of no other", async () => {
    load("a", "b");
    await next();
    rows.beginLoad();
    put("a");
    rows.replace("a", "whole");
    rows.replace("b", "whole b");
    rows.replace("c", "whole c");
    assert.deepEqual(await next(), [{ reset: false, changed: ["whole", "whole b"], removed: [] }]);
    rows.finishLoad();
    assert.deepEqual([...rows.items], [["a", "whole"]]);
    await next();
  });

  it("make no projection of what is marked as it was", () => {
    const row = (cell: string): TableRow => new TableRow("a", "ml", [{ name: "State", isAge: false }], [cell], 0);
    put("a", "first", row("Running"));
    rows.put({ key: "a", mark: row("Running"), make: () => assert.fail("made") });
    put("a", "second", row("Failed"));
    put("a", "third", "7");
    assert.equal(rows.mark("a"), "7");
    put("a", "fourth", row("Failed"));
    assert.equal(rows.items.get("a"), "fourth");
    rows.put({ key: "a", mark: undefined, make: () => "fifth" });
    assert.equal(rows.mark("a"), undefined);
  });

  it("tell what is due when they are settled, and leave no timer", async () => {
    put("a");
    rows.flush();
    put("b");
    rows.flush();
    assert.deepEqual(
      told.map(({ changed }) => changed),
      [["a"]],
    );
    rows.settle();
    assert.deepEqual(
      told.map(({ changed }) => changed),
      [["a"], ["b"]],
    );
    assert.equal(clock.timers, 0);
    put("c");
    rows.flush();
    await clock.advance(CHANGE_INTERVAL_MS);
    assert.equal(told.length, 3);
  });

  it("tell nobody after the end", () => {
    put("a");
    rows.dispose();
    rows.flush();
    assert.deepEqual(told, []);
    rows.settle();
  });

  it("go on where a listener fails, and say so", async () => {
    rows.onDidChange(() => assert.fail("listener"));
    put("a");
    rows.flush();
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", /listener/);
    put("b");
    assert.deepEqual(
      (await next()).flatMap(({ changed }) => changed),
      ["a", "b"],
    );
  });
});
