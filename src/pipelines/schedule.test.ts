import assert from "node:assert/strict";
import { nextTimes, readCron, triggerWords } from "./schedule.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const times = (text: string, most = 5): string[] =>
  nextTimes(readCron(text), NOW, most).map((time) => new Date(time).toISOString().slice(0, 16));

describe("schedules of recurring runs", () => {
  it("five fields are given their seconds, for the server would take the first for them", () => {
    assert.equal(readCron("0 9 * * 1").cron, "0 0 9 * * 1");
    assert.equal(readCron(" 30 0 9 * * MON ").cron, "30 0 9 * * MON");
  });

  it("Sunday is 0 there, in steps and lists a 7 stays what it is", () => {
    assert.equal(readCron("0 0 * * 7").cron, "0 0 0 * * 0");
    assert.equal(readCron("0 0 */7 * 1,7").cron, "0 0 0 */7 * 1,0");
    assert.equal(readCron("0 0 * * 5-7").cron, "0 0 0 * * 5-6,0");
    assert.equal(readCron("*/7 17 7 * *").cron, "0 */7 17 7 * *");
  });

  it("says in words when, and the next five times", () => {
    assert.equal(triggerWords(readCron("0 9 * * 1")), "At 09:00, only on Monday");
    assert.deepEqual(times("0 9 * * 1"), [
      "2026-12-07T09:00",
      "2026-12-14T09:00",
      "2026-12-21T09:00",
      "2026-12-28T09:00",
      "2027-01-04T09:00",
    ]);
    assert.deepEqual(times("0 0 29 2 *", 1), ["2028-02-29T00:00"]);
  });

  it("day and weekday: either will do, as for the server", () => {
    assert.deepEqual(times("0 0 13 * 5", 3), ["2026-12-04T00:00", "2026-12-11T00:00", "2026-12-13T00:00"]);
  });

  it("intervals in their largest whole unit", () => {
    const words = [60, 1_800, 3_600, 86_400, 90].map((seconds) => triggerWords({ kind: "every", seconds }));
    assert.deepEqual(words, ["Every minute", "Every 30 minutes", "Every hour", "Every day", "Every 90 seconds"]);
    assert.deepEqual(nextTimes({ kind: "every", seconds: 60 }, NOW, 2), [NOW + 60_000, NOW + 120_000]);
  });

  it("refuses what the server would not take, or never run", () => {
    for (const text of [
      "",
      "* * *",
      "61 * * * *",
      "0 0 31 2 *",
      "0 0 L * *",
      "0 0 * * 1#2",
      "a b c d e",
      "0 0 0 0 0 0 0",
    ])
      assert.throws(() => readCron(text), { code: "cron" }, text);
  });
});
