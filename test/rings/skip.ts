import process from "node:process";
import type { AsyncFunc, Context } from "mocha";

/** `npm run test:full`. */
const isFull = process.env["TRAINYARD_FULL"] !== undefined;

/** A test of the full run; in any other it is not there, and nothing was left out. */
export function itFull(title: string, test: AsyncFunc): void {
  if (isFull) it(title, test);
}

/** Leaves a test out and says why: the reason becomes part of its title, which the summary shows. */
export function skipBecause(context: Context, reason: string): never {
  if (context.test !== undefined) context.test.title += ` (skipped: ${reason})`;
  return context.skip();
}
