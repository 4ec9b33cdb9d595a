// Local clusters by the real tools, where an engine runs. Elsewhere there is nothing to run, and no row.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { findProgram } from "../sandbox/machine.ts";
import { aWish, cloudParts } from "./cloudParts.ts";

const runs = spawnSync("docker", ["info"], { stdio: "ignore", timeout: 20_000 }).status === 0;

for (const tool of runs ? (["kind", "k3d"] as const) : [])
  if (findProgram(tool) !== undefined)
    describe(`a cluster of the real ${tool}`, function () {
      // It may have its image to fetch.
      this.timeout(1_200_000);
      const { signal } = new AbortController();
      const storage = mkdtempSync(path.join(tmpdir(), "trainyard-local-"));
      const { local } = cloudParts(process.env, storage, 300_000);
      const name = `trainyard-${process.pid}`;
      after(async () => {
        const there = (await local.list(tool, signal)).some((one) => one.name === name);
        if (there) await local.delete(tool, name, signal);
        rmSync(storage, { recursive: true });
      });

      it("is made with a kubeconfig of its own, listed, and deleted", async () => {
        const theirs = process.env["KUBECONFIG"] ?? path.join(process.env["HOME"] ?? "", ".kube", "config");
        const text = (): string => (existsSync(theirs) ? readFileSync(theirs, "utf8") : "");
        const before = text();
        const { local: wish } = aWish("local", { local: { tool, version: "" } });
        const made = await local.create(name, wish, () => undefined, signal);
        assert.match(readFileSync(made.file, "utf8"), /server: https:/);
        const listed = async (): Promise<boolean> =>
          (await local.list(tool, signal)).some((cluster) => cluster.name === name);
        assert.equal(await listed(), true);
        await local.delete(tool, name, signal);
        assert.equal(await listed(), false);
        assert.equal(text(), before, "the person’s kubeconfig is as it was");
      });
    });
