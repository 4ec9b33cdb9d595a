// How soon the extension answers a change of the form: rules, lists, files, prices and comparison, made anew each time.
import fc from "fast-check";
import * as v from "valibot";
import { type Wish, WishSchema } from "../../src/contract/wish.ts";
import { anyWish } from "../../src/provision/plan/testing/wishes.ts";
import { randomWishes } from "../provision/wishes.ts";
import type { WizardHost } from "./wizardHost.ts";

export const CHANGES = 2_000;

export interface Answers {
  /** Milliseconds for each change that was answered. */
  readonly times: readonly number[];
  /** Wishes that the wizard failed at, as JSON with what it said. */
  readonly unanswered: readonly string[];
}

/**
 * Times each of 2,000 changes, from the page's message to the answer that goes to the page. Half of them are
 * near to what a person asks of a cloud, half are anything that a form can hold.
 */
export async function answerTimes(host: WizardHost, seed: number): Promise<Answers> {
  // Some of them are longer than any message of the page may be.
  const likely = randomWishes(CHANGES, seed)
    .filter((wish) => v.is(WishSchema, wish))
    .slice(0, CHANGES / 2);
  const any = fc.sample(anyWish, { numRuns: CHANGES / 2, seed });
  const wishes = likely.flatMap((wish, at): readonly Wish[] => [wish, any[at] ?? wish]);
  if (wishes.length !== CHANGES) throw new Error(`there are ${wishes.length} changes`);
  const times: number[] = [];
  const unanswered: string[] = [];
  for (const [seq, wish] of wishes.entries()) {
    const asked = JSON.stringify({ type: "change", seq, wish });
    let told = "";
    host.heard = (message) => {
      if (message.type === "preview" || message.type === "wish") told = JSON.stringify(message);
    };
    const begun = performance.now();
    await host.tell(asked);
    const took = performance.now() - begun;
    if (told.includes(`"seq":${seq}`)) times.push(took);
    else unanswered.push(`${host.failures.at(-1) ?? "nothing was said"}: ${asked}`);
  }
  return { times, unanswered };
}
