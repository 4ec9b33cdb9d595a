import type { Context } from "mocha";

/** Leaves a test out and says why: the reason becomes part of its title, which the summary shows. */
export function skipBecause(context: Context, reason: string): never {
  if (context.test !== undefined) context.test.title += ` (skipped: ${reason})`;
  return context.skip();
}
