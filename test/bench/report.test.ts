import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { TYPED_BY_HAND, typedCharacters } from "./byHand.ts";
import { Endings } from "./ending.ts";
import { Samples, sumUp } from "./figures.ts";
import { describe as describeReport, type Machine, thisMachine, writeReport } from "./report.ts";

const MACHINE: Machine = { cores: 2, memoryGB: 24.5, node: "24.0.0", platform: "linux x64", loadAtStart: 0.4 };

function sample() {
  const samples = new Samples();
  for (const value of [12, 9.5, 30]) samples.add("ours", "requireMs", value, "ms");
  samples.add("ours", "typed", 0, "chars");
  samples.add("client-node in the start bundle", "bundleKB", 2264.406, "KB");
  return {
    arms: samples.arms,
    goals: [
      { arm: "ours", figure: "requireMs", atMost: 10 },
      { arm: "ours", figure: "typed", atMost: 0 },
    ],
    notes: ["word ".repeat(60).trim()],
  };
}

describe("bench: figures", () => {
  it("takes the middle of an odd number of samples and the mean of the two of an even one", () => {
    assert.deepEqual(sumUp([30, 9.5, 12], "ms"), { median: 12, min: 9.5, max: 30, unit: "ms" });
    assert.deepEqual(sumUp([4, 1, 3, 2], "s"), { median: 2.5, min: 1, max: 4, unit: "s" });
    assert.deepEqual(sumUp([7], ""), { median: 7, min: 7, max: 7, unit: "" });
  });

  it("compares numbers as numbers and rounds to thousandths", () => {
    assert.deepEqual(sumUp([100, 20, 3.14159], "ms"), { median: 20, min: 3.142, max: 100, unit: "ms" });
  });

  it("refuses what cannot be summed up", () => {
    assert.throws(() => sumUp([], "ms"), /nothing to sum up/);
    assert.throws(() => sumUp([1, NaN], "ms"), /nothing to sum up/);
    const samples = new Samples();
    samples.add("ours", "x", 1, "ms");
    assert.throws(() => samples.add("ours", "x", 1, "s"), /measured in ms, not in s/);
  });
});

describe("bench: report", () => {
  it("prints a table of at most 100 columns with goals met and not met", () => {
    const lines = describeReport("start", MACHINE, sample());
    assert.deepEqual(
      lines.filter((line) => line.length > 100),
      [],
    );
    assert.equal(lines[0], "start: 2 cores, 24.5 GB, Node 24.0.0, linux x64, load 0.4 at the start");
    assert.match(lines[3] ?? "", /^ours +requireMs +12 +9\.50 +30 +ms +≤ 10 not met$/);
    assert.match(lines[4] ?? "", /^ +typed +0 +0 +0 +chars +≤ 0 met$/);
    assert.match(lines[5] ?? "", /^client-node in the start bundle +bundleKB +2264\.4 +2264\.4 +2264\.4 +KB$/);
  });

  it("writes the file that comparisons read", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-bench-"));
    try {
      const { arms, ...rest } = sample();
      const file = writeReport(folder, "start", MACHINE, { arms, ...rest });
      assert.equal(path.basename(file), "start.json");
      assert.deepEqual(JSON.parse(fs.readFileSync(file, "utf8")), { bench: "start", machine: MACHINE, arms });
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  it("knows the machine", () => {
    const { cores, memoryGB, loadAtStart } = thisMachine();
    assert.ok(cores >= 1 && memoryGB > 0 && loadAtStart >= 0);
  });
});

describe("bench: what a person types", () => {
  it("counts neither indentation nor line ends", () => {
    assert.equal(typedCharacters("a:\n    b: 1\n\n"), 6);
    assert.ok(TYPED_BY_HAND > 400 && TYPED_BY_HAND < 900, String(TYPED_BY_HAND));
  });
});

describe("bench: endings", () => {
  it("come latest first, once, and all of them", async () => {
    const seen: string[] = [];
    const endings = new Endings();
    endings.add(() => void seen.push("first"));
    endings.add(() => Promise.reject(new Error("second fails")));
    endings.add(() => void seen.push("third"));
    await assert.rejects(endings.run(), /second fails/);
    await endings.run();
    assert.deepEqual(seen, ["third", "first"]);
  });
});
