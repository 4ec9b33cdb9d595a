// What a person reads when a cluster refuses a launch.
import assert from "node:assert/strict";
import { isUserError, type UserError } from "../../src/core/errors.ts";
import type { LaunchSpec } from "../../src/jobs/spec.ts";
import { choice, type Rig } from "./support.ts";

export const NOT_CREATED = "The job was not created.";

/** What the person reads, first when the launch is checked, then when it is tried all the same. */
export async function refusal(
  by: Rig,
  file: string,
  where: string,
  more: Partial<LaunchSpec> = {},
  client = by.client,
): Promise<UserError> {
  const plan = await by.engine.jobs.plan(file, choice(by, where), by.client);
  const spec: LaunchSpec = { ...plan.spec, ...more };
  const { launcher, journal } = by.engine.jobs;
  const checked: unknown = await launcher.preflight(spec, plan.snapshot, client).then(
    () => undefined,
    (error: unknown) => error,
  );
  const tried: unknown = await launcher.launch(spec, plan.snapshot, client).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(isUserError(checked), String(checked));
  assert.ok(isUserError(tried), String(tried));
  assert.equal(tried.code, checked.code);
  // Nothing is left of it, here or there.
  assert.equal(await journal.get(spec.id), undefined);
  return tried;
}

/** Asserts code, sentence and the titles of the buttons. */
export function assertSays(error: UserError, code: string, message: string | RegExp, ...next: readonly string[]): void {
  assert.equal(error.code, code);
  if (typeof message === "string") assert.equal(error.message, message);
  else assert.match(error.message, message);
  assert.deepEqual(
    error.next.map(({ title }) => title),
    next,
  );
}
