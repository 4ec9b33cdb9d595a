import type { Wish } from "../../contract/wish.ts";
import type { Live } from "./live.ts";
import { cloudFindings } from "./rules/clouds.ts";
import type { RuleFinding } from "./rules/finding.ts";
import { localFindings } from "./rules/local.ts";

/**
 * Every rule that the wish breaks, errors first. Only the chosen place is looked at. `today` (ISO day) is for the
 * warning that a version's support ends; without it that one is left out. A wish without errors is one that the
 * `validation` blocks of variables.tf accept as well.
 */
export function findings(wish: Wish, live: Live, today = ""): readonly RuleFinding[] {
  const all = wish.where === "local" ? localFindings(wish, live) : cloudFindings(wish, wish.where, live, today);
  return [
    ...all.filter(({ severity }) => severity === "error"),
    ...all.filter(({ severity }) => severity === "warning"),
  ];
}
