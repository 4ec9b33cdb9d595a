import type { FileText, Preview } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { choices } from "./choices.ts";
import { compare } from "./compare.ts";
import { cost } from "./cost.ts";
import type { Live } from "./live.ts";
import { made } from "./made.ts";
import { findings } from "./rules.ts";

/** All that the page shows beside its form, for any wish that its schema lets through. `today` is an ISO day. */
export function preview(wish: Wish, live: Live, today: string, files: (wish: Wish) => readonly FileText[]): Preview {
  return {
    findings: findings(wish, live, today),
    choices: choices(wish, live),
    made: made(wish),
    cost: cost(wish, live, today),
    compare: compare(wish, live, today),
    files: files(wish),
  };
}
