// Keeps which steps are under way, so that the sandbox's address can say what it is waiting for.
import { say } from "../../scripts/steps.mjs";

/** What is done sooner (found in the cache, say) is not worth a line. Milliseconds. */
const WORTH_TELLING = 300;
const STILL_EVERY = 30_000;

export class Progress {
  readonly #running = new Map<string, number>();
  #state = "the sandbox is being prepared";

  /** Runs a step that is shown with its time, and named by `words` while it lasts. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const begun = Date.now();
    const took = () => `${((Date.now() - begun) / 1000).toFixed(1)} s`;
    this.#running.set(title, begun);
    const first = setTimeout(() => say(`${title} …`), WORTH_TELLING);
    const still = setInterval(() => say(`${title}: still at it after ${took()}`), STILL_EVERY);
    try {
      const result = await work();
      if (Date.now() - begun >= WORTH_TELLING) say(`${title}: ${took()}`);
      return result;
    } catch (error) {
      say(`${title}: failed after ${took()}`);
      throw error;
    } finally {
      clearTimeout(first);
      clearInterval(still);
      this.#running.delete(title);
    }
  }

  say(state: string): void {
    this.#state = state;
  }

  /** One sentence, such as «the sandbox is being built: compiling Kubernetes, 3 min 10 s so far». */
  words(now = Date.now()): string {
    const steps = [...this.#running].map(([title, since]) => `${title}, ${duration(now - since)} so far`);
    return steps.length === 0 ? this.#state : `${this.#state}: ${steps.join("; ")}`;
  }
}

/** @param milliseconds @returns `8 s`, `3 min 10 s`, `2 h 5 min` */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
