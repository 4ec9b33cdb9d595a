// Tells ahead that a notebook which this window uses is about to be stopped for want of use.
import { type Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { isCancelled } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { type Notebook, NOTEBOOK, projectNotebook } from "../kubeflow/kinds/notebook.ts";
import { readCulling } from "./culling.ts";

/** So long before, in ms, and a quarter of the time without use at most. */
const AHEAD_MS = 600_000;
/** Looked at so often, in ms: timers stand still while the machine sleeps, and the culler does not. */
const LOOK_MS = 300_000;

export interface UsedNotebook {
  readonly context: string;
  readonly notebook: Notebook;
}

export interface NearCulling extends UsedNotebook {
  /** Ms until it is stopped; 0 where it may be any moment. */
  readonly left: number;
}

/** Asks nothing of a cluster before a notebook there is used from here, and nothing more where the culler's settings cannot be read. */
export class CullingWatch implements Disposable {
  readonly #clock: Clock;
  readonly #told = new Emitter<NearCulling>();
  /** By uid. */
  readonly #used = new Map<string, UsedNotebook & { readonly over: AbortController }>();
  /** Once for each time without use. */
  readonly onNear: Event<NearCulling> = this.#told.event;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(uid: string): UsedNotebook | undefined {
    return this.#used.get(uid);
  }

  /** It is used from here from now on, until `close`. `client` gives none where its cluster must not be asked now. */
  use(used: UsedNotebook, client: () => KubeClient | undefined): void {
    const { uid } = used.notebook;
    if (this.#used.has(uid)) return;
    const over = new AbortController();
    this.#used.set(uid, { ...used, over });
    this.#watch(used, client, over)
      // It is over, or the settings do not answer: the next use asks again.
      .catch(() => undefined)
      .finally(() => this.#used.get(uid)?.over === over && this.#used.delete(uid));
  }

  close(uid: string): void {
    this.#used.get(uid)?.over.abort();
    this.#used.delete(uid);
  }

  /** Another cluster may answer in this context from now on: what was used there asks it nothing. */
  replaced(context: string): void {
    for (const [uid, used] of [...this.#used]) if (used.context === context) this.close(uid);
  }

  dispose(): void {
    for (const uid of [...this.#used.keys()]) this.close(uid);
    this.#told.dispose();
  }

  async #watch(
    { context, notebook: { uid, name, namespace } }: UsedNotebook,
    client: () => KubeClient | undefined,
    over: AbortController,
  ): Promise<void> {
    const { signal } = over;
    const first = client();
    const cullAfter = first && (await readCulling(first, signal));
    if (cullAfter === undefined) return;
    const ahead = Math.min(AHEAD_MS, cullAfter / 4);
    let told: number | undefined;
    for (;;) {
      let wait = LOOK_MS;
      try {
        const asked = client();
        const found = asked && (await asked.find<KubeObject>(NOTEBOOK, name, namespace, signal));
        const now = found && projectNotebook(found);
        if (asked !== undefined && (now?.uid !== uid || now.stopped || now.deleting)) return;
        if (now !== undefined) this.#used.set(uid, { context, notebook: now, over });
        const lastActivity = now?.lastActivity;
        if (now !== undefined && lastActivity !== undefined) {
          const left = lastActivity + cullAfter - this.#clock.now();
          if (left <= ahead && told !== lastActivity) {
            told = lastActivity;
            this.#told.fire({ context, notebook: now, left: Math.max(left, 0) });
          } else if (left > ahead) wait = Math.min(left - ahead, LOOK_MS);
        }
      } catch (error) {
        // A cluster that does not answer now says so elsewhere; a right that was taken away does not come back by asking.
        if (isCancelled(error) || isApiError(error, "Forbidden")) throw error;
      }
      await this.#clock.sleep(wait, signal);
    }
  }
}
