import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { skipBecause } from "./skip.ts";
import { freePort, tellStuck } from "./stuck.ts";

describe("a process that does not end", () => {
  async function told(script: string): Promise<string> {
    const port = await freePort();
    const child = spawn(process.execPath, [`--inspect-port=127.0.0.1:${port}`, "-e", script]);
    try {
      await once(child.stdout, "data");
      return await tellStuck(child, port);
    } finally {
      child.kill("SIGKILL");
    }
  }

  before(function () {
    if (process.platform === "win32") skipBecause(this, "no signal opens an inspector on Windows");
  });

  it("says in which function it is, though it never comes back from it", async () => {
    const script = "async function turning() { for (;;) await undefined; } console.log('on'); void turning();";
    assert.match(await told(script), /at turning /);
  });

  it("says what it waits for", async () => {
    assert.match(await told("console.log('on'); setInterval(() => {}, 1e9);"), /open: .*Timeout/);
  });
});
