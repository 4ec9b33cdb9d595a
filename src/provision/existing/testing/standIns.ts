// Test double: node scripts that stand for gcloud and aws, alone in a folder that serves as PATH.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isUserError, type UserError } from "../../../core/errors.ts";
import { silentLogger } from "../../../core/log.ts";
import { ExistingClusters } from "../existingClusters.ts";

interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
}

export class StandIns {
  readonly folder = mkdtempSync(path.join(tmpdir(), "trainyard-existing-"));
  readonly bin = path.join(this.folder, "bin");
  readonly storage = path.join(this.folder, "storage");

  constructor() {
    mkdirSync(this.bin);
  }

  /**
   * A program with this body of JavaScript. It knows `args`; `is(...words)` tells whether they begin so, `option(name)`
   * is what follows `name=`, `out(value)` writes JSON and `fail(text, code)` ends.
   */
  add(name: string, body: string): void {
    const notes = JSON.stringify(path.join(this.folder, `${name}.calls`));
    const start = `#!${process.execPath}
      const fs = require("fs"), args = process.argv.slice(2), out = (value) => process.stdout.write(JSON.stringify(value));
      const is = (...words) => words.every((word, index) => args[index] === word);
      const option = (name) => args.find((arg) => arg.startsWith(name + "="))?.slice(name.length + 1);
      const fail = (text, code = 1) => { fs.writeSync(2, text); process.exit(code); };
      fs.appendFileSync(${notes}, JSON.stringify({ args, env: process.env, pid: process.pid }) + "\\n");`;
    writeFileSync(path.join(this.bin, name), `${start}\n${body}\n`, { mode: 0o755 });
  }

  calls(name: string): readonly Call[] {
    const file = path.join(this.folder, `${name}.calls`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Call);
  }

  existing(timeoutMs = 8000, env: NodeJS.ProcessEnv = {}): ExistingClusters {
    return new ExistingClusters({
      // No shell is asked for its PATH: nothing of this computer is found.
      env: { PATH: this.bin, HOME: this.folder, SHELL: "", ...env },
      platform: process.platform,
      storage: this.storage,
      log: silentLogger,
      timeoutMs,
    });
  }

  /** Names in the folder of our kubeconfigs. */
  kept(): readonly string[] {
    const own = path.join(this.storage, "kubeconfigs");
    return existsSync(own) ? readdirSync(own).sort() : [];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A kubeconfig as gcloud and aws write it, in JSON. */
export function kubeconfig(command: string, ...contexts: string[]): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1" } }],
    users: [{ name: "u", user: { exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command } } }],
    contexts: contexts.map((name) => ({ name, context: { cluster: "c", user: "u" } })),
  });
}

/** What the work rejects with, which must be for the person. */
export async function failure(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isUserError(error), String(error));
  return error;
}

export function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** Waits until the process is no more; the test's own time ends the wait. */
export async function gone(pid: number | undefined): Promise<void> {
  assert.ok(pid !== undefined);
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await tick();
  }
}
