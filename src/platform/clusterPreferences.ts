import type { Disposable } from "../core/dispose.ts";
import { Emitter } from "../core/events.ts";
import type { StateStore } from "../core/storage.ts";

const KEY = "trainyard.clusters.preferences";

/** Which contexts are pinned or hidden, and whether they are grouped by server: kept per installation, in no setting. */
export class ClusterPreferences implements Disposable {
  readonly #state: StateStore;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(state: StateStore) {
    this.#state = state;
  }

  get pinned(): ReadonlySet<string> {
    return this.#names("pinned");
  }

  get hidden(): ReadonlySet<string> {
    return this.#names("hidden");
  }

  get groupByServer(): boolean {
    return this.#stored["groupByServer"] === true;
  }

  /** What is pinned is shown: a hidden context comes back. */
  pin(context: string, isPinned = true): Promise<void> {
    const pinned = having(this.pinned, context, isPinned);
    return this.#write({ pinned, ...(isPinned ? { hidden: having(this.hidden, context, false) } : {}) });
  }

  /** What is hidden is not pinned any more. */
  hide(context: string, isHidden = true): Promise<void> {
    const hidden = having(this.hidden, context, isHidden);
    return this.#write({ hidden, ...(isHidden ? { pinned: having(this.pinned, context, false) } : {}) });
  }

  showAll(): Promise<void> {
    return this.#write({ hidden: [] });
  }

  setGroupByServer(groupByServer: boolean): Promise<void> {
    return this.#write({ groupByServer });
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** What an older version or another hand left there is read with care. */
  get #stored(): Readonly<Record<string, unknown>> {
    const stored = this.#state.get(KEY);
    return typeof stored === "object" && stored !== null ? { ...stored } : {};
  }

  #names(key: "pinned" | "hidden"): ReadonlySet<string> {
    const names = this.#stored[key];
    return new Set(Array.isArray(names) ? names.filter((name) => typeof name === "string") : []);
  }

  async #write(change: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#state.set(KEY, { ...this.#stored, ...change });
    this.#changed.fire();
  }
}

function having(names: ReadonlySet<string>, context: string, isIn: boolean): readonly string[] {
  const others = [...names].filter((name) => name !== context);
  return isIn ? [...others, context] : others;
}
