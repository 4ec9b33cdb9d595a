import type { Clock } from "../core/clock.ts";
import type { Store } from "./store.ts";

/**
 * Resolves when all of these stores have answered, well or not, or `ms` milliseconds have passed. `stores` is asked again
 * after each round: what one tells may be why another is watched.
 */
export async function settledWithin(stores: () => readonly Waitable[], clock: Clock, ms: number): Promise<void> {
  const over = new AbortController();
  // Cut short when the answers come first.
  const time = clock.sleep(ms, over.signal).catch(() => undefined);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const asking = stores().filter(({ state }) => state.kind === "idle" || state.kind === "loading");
    if (asking.length === 0) break;
    const answers = Promise.allSettled(asking.map((store) => store.settled(over.signal)));
    const isLate = await Promise.race([answers.then(() => false), time.then(() => true)]);
    if (isLate) break;
  }
  over.abort();
}

const MOST_ROUNDS = 3;

type Waitable = Pick<Store<object>, "state" | "settled">;
