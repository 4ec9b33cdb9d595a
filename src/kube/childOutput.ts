import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { homedir } from "node:os";
import type { Readable, Writable } from "node:stream";
import { CancelledError } from "../core/errors.ts";

export interface ChildResult {
  readonly kind: "exit" | "timeout" | "too-much";
  /** Exit code; undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** The last 8 KB. */
  readonly stderr: string;
}

export interface ChildOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** Milliseconds until it is ended. */
  readonly timeoutMs: number;
  /** Bytes of stdout after which it is ended. */
  readonly maxBytes: number;
  /** For its stdin; nothing is there where it is left out. */
  readonly input?: string;
  readonly signal: AbortSignal;
}

const STDERR_KEPT = 8192;
const KILL_AFTER_MS = 1000;

/**
 * Runs a program by argv, without a shell, and collects what it writes. Resolves when it has ended
 * or was ended; rejects with the system's error where it did not start, with CancelledError when aborted.
 */
export function childOutput(file: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const { env, platform, timeoutMs, maxBytes, input, signal } = options;
    const child = spawnGroup(file, args, env, platform, input === undefined ? "ignore" : "pipe");
    // One that has ended before it read all says that by its end.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    const out: Buffer[] = [];
    let size = 0;
    let stderr = Buffer.alloc(0);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    const result = (kind: ChildResult["kind"], code?: number): ChildResult => ({
      kind,
      code,
      stdout: Buffer.concat(out).toString("utf8"),
      stderr: stderr.toString("utf8"),
    });
    const stop = (finish: () => void): void => {
      settle(finish);
      endGroup(child, platform);
    };
    const timer = setTimeout(() => stop(() => resolve(result("timeout"))), timeoutMs);
    const onAbort = (): void => stop(() => reject(new CancelledError()));
    signal.addEventListener("abort", onAbort, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) stop(() => resolve(result("too-much")));
      else out.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_KEPT);
    });
    child.once("error", (error) => settle(() => reject(error)));
    child.once("close", (code) => settle(() => resolve(result("exit", code ?? undefined))));
    if (signal.aborted) onAbort();
  });
}

/** Started by argv, without a shell. */
export function spawnGroup(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  stdin: "ignore" | "pipe" = "ignore",
): ChildProcessByStdio<Writable | null, Readable, Readable> {
  const child = spawn(file, args, {
    shell: false,
    stdio: [stdin, "pipe", "pipe"],
    env,
    windowsHide: true,
    // Not the editor's own folder, where a workspace could plant what a program looks for.
    cwd: homedir(),
    // A group of its own, so that what it started hears of its end, too.
    detached: platform !== "win32",
  });
  // The types of Node tell of two pipes only where the third is known.
  return child as ChildProcessByStdio<Writable | null, Readable, Readable>;
}

/** Asks the whole group to end, then ends it. Its pipes are let go at once: a grandchild may hold them for ever. */
function endGroup(child: ChildProcess, platform: NodeJS.Platform): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  signalGroup(child, platform, "SIGTERM");
  const last = setTimeout(() => signalGroup(child, platform, "SIGKILL"), KILL_AFTER_MS);
  // Where only the leader has ended, its group may live on: look once more.
  child.once("exit", () => {
    clearTimeout(last);
    signalGroup(child, platform, "SIGKILL");
  });
}

/** To a child that was started `detached`, and all that it started; Windows knows no groups. */
export function signalGroup(child: ChildProcess, platform: NodeJS.Platform, name: NodeJS.Signals): void {
  try {
    if (platform === "win32" || child.pid === undefined) child.kill(name);
    else process.kill(-child.pid, name);
  } catch {
    // It has ended by itself.
  }
}
