// Only in `npm run test:full`: whether the unit tests of three engines notice when their code is changed, anywhere.
import assert from "node:assert/strict";
import path from "node:path";
import { Stryker } from "@stryker-mutator/core";
import { ROOT } from "../../scripts/build.ts";
import { GROUPS, optionsOf } from "./options.ts";

/** Percent of the mutants that are to be noticed. */
const LEAST = 80;

type Mutant = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

/** A mutant that never comes to an end is noticed: so would its tests be. */
const isNoticed = ({ status }: Mutant): boolean => status === "Killed" || status === "Timeout";
const isMissed = ({ status }: Mutant): boolean => status === "Survived" || status === "NoCoverage";

describe("mutants", () => {
  for (const [name, group] of Object.entries(GROUPS))
    it(`of the ${name}: ${LEAST} % are noticed`, async () => {
      const mutants = await new Stryker(optionsOf(name, group)).runMutationTest();
      const noticed = mutants.filter(isNoticed).length;
      const missed = mutants.filter(isMissed);
      const score = (100 * noticed) / (noticed + missed.length);
      console.log(`    ${name}: ${score.toFixed(1)} % of ${noticed + missed.length} mutants`);
      assert.ok(score >= LEAST, `${score.toFixed(1)} %; not noticed:\n${missed.map(shown).join("\n")}`);
    });
});

function shown({ fileName, location, mutatorName, replacement }: Mutant): string {
  const { line, column } = location.start;
  const text = replacement.replace(/\s+/g, " ").slice(0, 80);
  return `${path.relative(ROOT, fileName)}:${line}:${column} ${mutatorName}: ${text}`;
}
