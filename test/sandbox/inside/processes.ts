// Programs of the sandbox. They are started here and never restarted: one that ends ends the sandbox, with its
// name and last words, because a cluster that limps makes tests lie.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

export class Processes {
  readonly #logs: string;
  readonly #onEnd: (message: string) => void;

  constructor(logs: string, onEnd: (message: string) => void) {
    this.#logs = logs;
    this.#onEnd = onEnd;
  }

  /** Starts a program; what it writes goes to `<name>.log`. @returns ends it, without ending the sandbox */
  start(name: string, file: string, args: readonly string[], env: Record<string, string> = {}): () => Promise<void> {
    const logFile = path.join(this.#logs, `${name}.log`);
    const log = fs.openSync(logFile, "w");
    const child = spawn(file, args, { stdio: ["ignore", log, log], env: { ...process.env, ...env }, cwd: "/" });
    fs.closeSync(log);
    let wanted = true;
    const ended = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        resolve();
        this.#onEnd(`${name} could not be started: ${error.message}`);
      });
      child.once("exit", (code, signal) => {
        resolve();
        if (wanted)
          this.#onEnd(
            `${name} ended with ${signal ?? `code ${code ?? 0}`}. The end of its log:\n${lastLines(logFile)}`,
          );
      });
    });
    return () => {
      wanted = false;
      child.kill("SIGKILL");
      return ended;
    };
  }
}

function lastLines(file: string, count = 8): string {
  return fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}

/**
 * Asks again and again until the answer is yes.
 * @param seconds after which it gives up
 * @param ask answers yes, no, or no with the reason, which the error then names
 */
export async function until(
  what: string,
  seconds: number,
  ask: () => Promise<boolean | string> | boolean,
): Promise<void> {
  const begun = Date.now();
  const end = begun + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer === true) return;
    if (Date.now() > end)
      throw new Error(`${what}: not so within ${seconds} s${answer === false ? "" : ` (${answer})`}`);
    // Quick at first, so that a start is not held up; later sparing, for the logs' sake.
    await new Promise((resolve) => setTimeout(resolve, Date.now() - begun < 1000 ? 50 : 200));
  }
}
