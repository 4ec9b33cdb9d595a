import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { open, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { CancelledError, errorCode, unlessMissing, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";

export interface ChildStart {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** All that it writes is appended to this. A pipe would end it, and leave its lock, when this process ends. */
  readonly output: string;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts a program in a session of its own, so that it outlives us and no Ctrl+C of ours reaches it. Rejects with the
 * system's error where it does not start.
 */
export async function startChild(start: ChildStart): Promise<{ child: ChildProcess; ended: Promise<ChildEnd> }> {
  const { file, args, cwd, env, output } = start;
  const handle = await open(output, "a", 0o600);
  try {
    const stdio = ["ignore", handle.fd, handle.fd] as const;
    const child = spawn(file, args, { cwd, env, shell: false, detached: true, windowsHide: true, stdio: [...stdio] });
    const ended = new Promise<ChildEnd>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return { child, ended };
  } finally {
    await handle.close();
  }
}

export interface ChildFollow extends Omit<ChildStart, "output"> {
  /** For what it writes meanwhile; removed at the end. */
  readonly workFolder: string;
  readonly platform: NodeJS.Platform;
  readonly signal: AbortSignal;
  readonly onStart?: (pid: number) => Promise<void>;
  readonly onChunk?: (chunk: Buffer) => void;
}

const LOOK_MS = 60;

/**
 * Runs a command to its end and tells what it writes as it comes. Aborted, it is interrupted once and given its time;
 * then CancelledError. On Windows nothing but an abrupt end could be sent, which may leave a lock: there it is left to
 * end by itself. Rejects with UserError `terraform-broken` where it does not start.
 */
export async function followChild(follow: ChildFollow): Promise<{ code: number | null; text: string }> {
  const { signal, platform, onChunk } = follow;
  const isAborted = (): boolean => signal.aborted;
  if (isAborted()) throw new CancelledError();
  const output = path.join(follow.workFolder, `${randomBytes(8).toString("hex")}.log`);
  const { child, ended } = await startChild({ ...follow, output }).catch((error: unknown) => {
    const why = `${label(follow.file)} could not be started: the system said ${errorCode(error) ?? "no"}.`;
    throw new UserError("terraform-broken", "Terraform did not run.", { why, cause: error });
  });
  const now: { end?: ChildEnd } = {};
  const seen = ended.then((end) => (now.end = end));
  const interrupt = (): void => {
    if (platform !== "win32") child.kill("SIGINT");
  };
  signal.addEventListener("abort", interrupt, { once: true });
  // It may have been while the child was started.
  if (isAborted()) interrupt();
  const tail = new Tail(output);
  try {
    if (child.pid !== undefined) await follow.onStart?.(child.pid);
    while (now.end === undefined && !(isAborted() && platform === "win32")) {
      await tail.drain(onChunk);
      await Promise.race([seen, delay(LOOK_MS)]);
    }
    await tail.drain(onChunk);
    if (isAborted()) throw new CancelledError();
    return { code: now.end?.code ?? null, text: await readFile(output, "utf8") };
  } finally {
    signal.removeEventListener("abort", interrupt);
    // On Windows it may still be written to; it is cleared with what is old.
    await rm(output, { force: true }).catch(() => undefined);
  }
}

const CHUNK = 64 * 1024;

/** Reads what was appended to a file since the last time, in pieces between which others have their turn. */
export class Tail {
  readonly #file: string;
  #position = 0;

  constructor(file: string) {
    this.#file = file;
  }

  async drain(onChunk: ((chunk: Buffer) => void) | undefined): Promise<void> {
    if (onChunk === undefined) return;
    const handle = await open(this.#file, "r").catch(unlessMissing);
    if (handle === undefined) return;
    try {
      for (;;) {
        // A buffer of its own each time: what is told may be kept.
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, this.#position);
        if (bytesRead === 0) return;
        this.#position += bytesRead;
        onChunk(buffer.subarray(0, bytesRead));
        await turn();
      }
    } finally {
      await handle.close();
    }
  }
}
