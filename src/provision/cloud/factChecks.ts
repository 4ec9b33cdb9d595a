// Lines of the preflight that say what the live facts have told.
import type { Wish } from "../../contract/wish.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Programs } from "../existing/programs.ts";
import type { Cloud } from "../plan/catalogue/shapes.ts";
import type { Live } from "../plan/live.ts";
import { cloudWish } from "../plan/pools.ts";
import { freeName } from "../plan/rules/finding.ts";
import { poolFindings } from "../plan/rules/pools.ts";
import { type CheckOutcome, failed, type Fix, ok, once, type PreflightLine, use, useInstead } from "./checkLines.ts";
import type { LiveFacts } from "./live.ts";

export interface CloudCheckDeps {
  readonly programs: Programs;
  readonly live: Pick<LiveFacts, "ask">;
}

/** Says what a fact means. `told` is the fact; it throws why it was not told where it is undefined. */
type Judge = (live: Live, told: <T>(fact: T | undefined, part: string) => T) => CheckOutcome;

/** Makes lines of live facts, which are asked once for all of them, when the first runs. */
export function factLines(
  wish: Wish,
  { live }: CloudCheckDeps,
): (id: string, title: string, is: Judge) => PreflightLine {
  const ask = once((signal) => live.ask(wish, signal));
  return (id, title, is) => ({
    ...{ id, label: title },
    run: async (signal) => {
      const answer = await ask(signal);
      return is(answer.live, (fact, part) => {
        if (fact !== undefined) return fact;
        throw answer.refused.get(part) ?? new UserError("not-told", "The cloud’s answer does not say it.");
      });
    },
  });
}

/** Whether the name is free in the wish's place. */
export function nameIs(wish: Wish, cloud: Cloud): Judge {
  const [name, region] = [label(wish.name, 60), label(wish[cloud].region, 40)];
  return (live, told) => {
    const taken = told(live[cloud]?.clusters, "clusters");
    if (!taken.includes(wish.name)) return ok(`No cluster is called ${name}.`);
    return failed(`A cluster is called ${name} already in ${region}.`, use("name", freeName(wish.name, taken)));
  };
}

/** A button that mends what the region has not: by another machine of the pool there, or by another region. */
export function elsewhere(wish: Wish, cloud: Cloud, live: Live): Fix | undefined {
  const found = poolFindings(cloudWish(wish, cloud), live);
  return useInstead(found.find(({ code }) => code === "cpu-region" || code === "gpu-region"));
}
