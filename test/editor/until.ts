// Waiting for what Playwright's locators cannot express.
import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 50;

/** Reads until the value is accepted and returns it. The error says what was read last. */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  accept: (value: T) => boolean,
  timeout = 20_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await read();
    if (accept(value)) return value;
    if (Date.now() > end)
      throw new Error(`${what}: not within ${timeout / 1000} s; last seen: ${JSON.stringify(value)}`);
    await delay(INTERVAL_MS);
  }
}
