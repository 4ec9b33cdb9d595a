import assert from "node:assert/strict";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { WaitingLine } from "./waitingLine.ts";

/** What a terminal would show: rows, of which the last may be drawn again. */
function screen(written: string): string[] {
  const plain = written.replace(/\u001b\[\d+m/g, ""); // eslint-disable-line no-control-regex -- colours
  return plain.split("\r\n").map((row) => row.split("\r\u001b[2K").at(-1) ?? "");
}

describe("the line of a job that waits", () => {
  it("counts its time in its place, and stays where something else follows", async () => {
    const clock = new ManualClock();
    let written = "";
    const line = new WaitingLine((text) => (written += text), clock);
    line.begin("  waiting   rank 1: no free GPU", clock.now() - 39_000);
    assert.deepEqual(screen(written), ["  waiting   rank 1: no free GPU   0:39"]);
    await clock.advance(2_000);
    assert.deepEqual(screen(written), ["  waiting   rank 1: no free GPU   0:41"]);
    line.begin("  starting  rank 1: pulling", clock.now());
    line.end();
    await clock.advance(5_000);
    assert.deepEqual(screen(written), [
      "  waiting   rank 1: no free GPU   0:41",
      "  starting  rank 1: pulling   0:00",
      "",
    ]);
  });

  it("stands whole above its time where it is longer than a row", async () => {
    const clock = new ManualClock();
    let written = "";
    const line = new WaitingLine((text) => (written += text), clock);
    line.columns = 40;
    const text = `  waiting   ${"x".repeat(60)}`;
    line.begin(text, clock.now());
    await clock.advance(3_000);
    assert.deepEqual(screen(written), [text, "   0:03"]);
  });

  it("begins anew where its terminal becomes too narrow for it", async () => {
    const clock = new ManualClock();
    let written = "";
    const line = new WaitingLine((text) => (written += text), clock);
    const text = "  waiting   rank 1: no free GPU";
    line.begin(text, clock.now());
    line.columns = 20;
    await clock.advance(3_000);
    assert.deepEqual(screen(written), [`${text}   0:00`, text, "   0:03"]);
  });
});
