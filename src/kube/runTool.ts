import type { Clock } from "../core/clock.ts";
import { CancelledError } from "../core/errors.ts";
import { signalGroup, spawnGroup } from "./childOutput.ts";
import { LineSplitter } from "./lines.ts";

export interface ToolRun {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Every line of both outputs. */
  readonly onLine: (line: string) => void;
}

/** Milliseconds that a tool has after SIGINT to tidy up, and after SIGTERM to end. */
const TIDY_MS = 20_000;
const MAX_LINE_BYTES = 16_384;

/**
 * Runs a tool by argv, without a shell and without stdin; resolves with its exit code, undefined where a signal ended
 * it. When aborted, the tool is asked to end as Ctrl+C would, later made to; rejects with CancelledError once it has
 * ended. Rejects with the system's error where it did not start.
 */
export function runTool(file: string, args: readonly string[], run: ToolRun): Promise<number | undefined> {
  const { env, platform, clock, signal, onLine } = run;
  if (signal.aborted) return Promise.reject(new CancelledError());
  return new Promise((resolve, reject) => {
    const child = spawnGroup(file, args, env, platform);
    const over = new AbortController();
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new LineSplitter(MAX_LINE_BYTES);
      stream.on("data", (chunk: Buffer) => lines.push(chunk).forEach(({ text }) => onLine(text)));
      stream.once("end", () => {
        const rest = lines.end();
        if (rest !== undefined) onLine(rest.text);
      });
    }
    const send = (name: NodeJS.Signals): void => signalGroup(child, platform, name);
    const onAbort = (): void => {
      send("SIGINT");
      // The wait is cut short when the tool has ended.
      const later = (name: NodeJS.Signals): Promise<void> => clock.sleep(TIDY_MS, over.signal).then(() => send(name));
      later("SIGTERM")
        .then(() => later("SIGKILL"))
        .catch(() => undefined);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const settle = (finish: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      over.abort();
      finish();
    };
    child.once("error", (error) => settle(() => reject(error)));
    // What it started may hold its outputs for ever: after a cancel nobody reads them.
    child.once("exit", () => {
      if (signal.aborted) settle(() => reject(new CancelledError()));
    });
    child.once("close", (code) => settle(() => resolve(code ?? undefined)));
  });
}
