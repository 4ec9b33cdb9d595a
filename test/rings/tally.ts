// A mocha reporter: the familiar output, and beside it a file with what was counted, so that rings can be added up.
import fs from "node:fs";
import Mocha from "mocha";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Full titles with what went wrong: told again at the very end, where a long output is read first. */
  readonly failures: readonly string[];
  /** Full titles, which hold the reason (see skip.ts). */
  readonly skipped: readonly string[];
}

/** Where the counts go; set by the ring that starts mocha. */
export const TALLY_VARIABLE = "TRAINYARD_TALLY";

export class TallyReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    const failed: { readonly title: string; readonly error: Error }[] = [];
    runner.on("fail", (test, error: Error) => failed.push({ title: test.fullTitle(), error }));
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.once("end", () => {
      // Only now: a suite's `afterEach` may have said more in the error.
      const failures = failed.map(({ title, error }) => `${title}: ${briefly(error.message)}`);
      const tally: Tally = { passed: this.stats.passes, failed: this.stats.failures, failures, skipped };
      const file = process.env[TALLY_VARIABLE];
      if (file !== undefined) fs.writeFileSync(file, JSON.stringify(tally));
    });
  }
}

/** In one line of at most 1,500 characters: of what differs, the beginning. */
function briefly(message: string): string {
  return message.replace(/\s*\n\s*/g, " ⏎ ").slice(0, 1500);
}

/** Of what is no mocha test, or never came to its tests. */
export function oneFailure(why: string): Tally {
  return { passed: 0, failed: 1, failures: [why], skipped: [] };
}

/** What a run left in its file; one failure where it left nothing, since it died before its end. */
export function readTally(file: string): Tally {
  if (!fs.existsSync(file)) return oneFailure(`${file} was not written: the run died before its end`);
  return JSON.parse(fs.readFileSync(file, "utf8")) as Tally;
}

export function addTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
    failures: tallies.flatMap((tally) => tally.failures),
    skipped: tallies.flatMap((tally) => tally.skipped),
  };
}

/** The last line of every test command. */
export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped.length === 0 ? "" : `, ${skipped.length} skipped`}`;
}
