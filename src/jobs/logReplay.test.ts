import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { LogFile } from "./logFile.ts";
import { lastLines, type LogLine, readLogLine } from "./logReplay.ts";

const said = ({ source, text }: LogLine): string => `${source ?? "-"}:${text}`;

describe("reading a log file again", () => {
  let folder: string;
  beforeEach(async () => (folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-replay-"))));
  afterEach(() => fs.rm(folder, { recursive: true }));

  it("tells what replicas said from lines of our own", () => {
    assert.deepEqual(readLogLine("12 │ a │ b\u2028c"), { source: 12, text: "a │ b\u2028c" });
    assert.deepEqual(readLogLine("ps-0 │ "), { source: "ps-0", text: "" });
    assert.deepEqual(readLogLine("⚠ rank 1: lines may be missing"), {
      source: undefined,
      text: "⚠ rank 1: lines may be missing",
    });
  });

  it("gives the last lines that are wanted, over parts and over what is read at once, characters whole", async () => {
    const files = ["a.log", "b.log", "c.log"].map((name) => path.join(folder, name));
    const line = (index: number): string => `${index % 2} │ ${index} ${"é🚂".repeat(index % 400)}`;
    const lines = Array.from({ length: 3_000 }, (_, index) => line(index));
    lines[2_990] = `0 │ ${"終".repeat(400_000)}`;
    const [first = "", second = "", third = ""] = files;
    await fs.writeFile(first, lines.slice(0, 1_000).join("\n") + "\n");
    await fs.writeFile(second, lines.slice(1_000).join("\n") + "\n");
    await fs.writeFile(third, "");
    const all = await lastLines(files, 5_000, () => true);
    assert.deepEqual(all, lines.map(readLogLine));
    const even = await lastLines(files, 1_200, ({ source }) => source === 0);
    assert.deepEqual(even, lines.map(readLogLine).filter(({ source }) => source === 0).slice(-1_200)); // prettier-ignore
    assert.deepEqual(await lastLines(files, 3, ({ text }) => text.startsWith("7 ")), [readLogLine(line(7))]);
  });

  it("of a file that is being written: every line is either read again or shown, in its order", async () => {
    const log = await LogFile.create(folder, "bert", "0123456789");
    const seen: string[] = [];
    const write = (from: number): Promise<void> => {
      const records = [0, 1, 2].map((add) => ({ source: add, time: "", text: `line ${from + add}` }));
      return log.write(records, () => void seen.push(...records.map(said)));
    };
    const done: Promise<void>[] = [];
    for (let index = 0; index < 300; index += 3) {
      done.push(write(index));
      if (index === 150) {
        const again = (lines: readonly LogLine[]): void => void seen.splice(0, seen.length, ...lines.map(said));
        done.push(log.replay(1_000, () => true, again));
      }
    }
    await Promise.all(done);
    await log.close();
    assert.deepEqual(
      seen,
      Array.from({ length: 300 }, (_, index) => `${index % 3}:line ${index}`),
    );
  });

  it("a bar that is drawn again and again is one line of the file: what it was at the end", async () => {
    const log = await LogFile.create(folder, "bert", "0123456789");
    const bar = Array.from({ length: 500 }, (_, index) => `\r${index}%|█▌  | ${index}/500`).join("");
    await log.write([
      { source: 0, time: "", text: `${bar}\r500/500 done` },
      { source: 0, time: "", text: "next" },
    ]);
    await log.close();
    assert.equal(await fs.readFile(log.path, "utf8"), "0 │ 500/500 done\n0 │ next\n");
  });
});
