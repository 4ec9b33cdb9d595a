import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { LogFile } from "./logFile.ts";

describe("a log file that cannot be written", () => {
  it("rejects, and shows no line that is not in it", async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-log-"));
    try {
      // In a folder that is not there: the stream fails while what is written waits for it.
      const log = await LogFile.create(folder, "gone/bert", "0123456789");
      let shown = 0;
      const write = (text: string): Promise<void> =>
        log.write([{ source: 0, time: "", text }], () => {
          shown++;
        });
      await assert.rejects(write("x".repeat(1_000_000)), { code: "ENOENT" });
      await assert.rejects(write("next"), { code: "ENOENT" });
      assert.equal(shown, 0);
      await log.close();
    } finally {
      await fs.rm(folder, { recursive: true });
    }
  });
});
