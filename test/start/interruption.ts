// What makes `npm start` end early: a signal, or that whoever started it is gone.
import process from "node:process";

export class Interrupted extends Error {}

/** The same Ctrl+C arrives from the terminal, from npm and from run.mjs within moments: one wish, not three. */
const SAME_WISH_MS = 1000;
const SIGNALLED = 130;

/** @returns a promise that rejects with `Interrupted`. A second signal ends the process at once. */
export function listenForInterruption(): Promise<never> {
  const starter = process.ppid;
  const promise = new Promise<never>((_, reject) => {
    let first: number | undefined;
    const interrupt = (reason: string) => {
      if (first === undefined) reject(new Interrupted(reason));
      else if (Date.now() - first > SAME_WISH_MS) process.exit(SIGNALLED);
      first ??= Date.now();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt(`got ${signal}`));
    // A parent that was killed sends no signal, and nobody would be left to end the editor.
    const watch = setInterval(() => {
      if (process.ppid === starter) return;
      clearInterval(watch);
      interrupt("the program that started this is gone");
    }, 1000);
    watch.unref();
  });
  promise.catch(() => undefined); // Nobody may be waiting at the moment.
  return promise;
}
