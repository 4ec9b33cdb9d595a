import { type Disposable } from "../core/dispose.ts";
import type { Engine } from "../engine.ts";
import type { Folder } from "./folder.ts";
import { clusterNode } from "./nodes.ts";

/** Adds and removes are drawn together: a folder redraws all its rows. Milliseconds. */
const FOLDER_DELAY_MS = 250;
const AGES_EVERY_MS = 60_000;

/** Redraws that wait: whole folders at most every 250 ms each, or more rarely, and rows whose age shows minutes once a minute. */
export class Redraws implements Disposable {
  readonly #redraw: (ids: readonly string[]) => void;
  readonly #pending = new Map<string, { readonly dueAt: number; readonly timer: NodeJS.Timeout }>();
  readonly #ages: NodeJS.Timeout;

  /** `ageing`: rows on the screen that would say something else a minute later. */
  constructor(redraw: (ids: readonly string[]) => void, ageing: () => readonly string[]) {
    this.#redraw = redraw;
    this.#ages = setInterval(() => redraw(ageing()), AGES_EVERY_MS);
  }

  soon(id: string, ms = FOLDER_DELAY_MS): void {
    const dueAt = performance.now() + ms;
    const pending = this.#pending.get(id);
    if (pending !== undefined && pending.dueAt <= dueAt) return;
    clearTimeout(pending?.timer);
    const draw = (): void => {
      this.#pending.delete(id);
      this.#redraw([id]);
    };
    this.#pending.set(id, { dueAt, timer: setTimeout(draw, ms) });
  }

  dispose(): void {
    clearInterval(this.#ages);
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
  }
}

/** Ids of rows that would say another age a minute later. */
export function ageingRows(
  engine: Engine | undefined,
  folders: Iterable<readonly [id: string, folder: Pick<Folder, "ageing">]>,
): readonly string[] {
  const contexts = engine?.contexts() ?? [];
  const stale = contexts.filter(({ name }) => engine?.clusterState(name).kind === "stale");
  return [...stale.map(({ name }) => clusterNode(name).id), ...[...folders].flatMap(([, folder]) => folder.ageing())];
}
