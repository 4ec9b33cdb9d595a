import type { StateStore } from "../core/storage.ts";
import type { RunChoice } from "./desk.ts";
import type { LaunchedJob } from "./launcher.ts";
import { launchKind, type Size } from "./spec.ts";

/** What a file ran with, so that the next run is one action. */
export interface RememberedRun extends RunChoice {
  /** Wall time, ms. */
  readonly time: number;
  readonly launch?: RememberedLaunch;
}

type RememberedLaunch = Omit<LaunchedJob, "kind"> & Partial<Pick<LaunchedJob, "kind">> & { readonly context: string };

const KEY = "trainyard.jobs.lastRuns";
const KEEP = 100;

/** Remembers per file (absolute path) in the given store, the hundred files run last. */
export class LastRuns {
  readonly #state: StateStore;

  constructor(state: StateStore) {
    this.#state = state;
  }

  get(file: string): RememberedRun | undefined {
    return this.#all()[file];
  }

  /** Absolute paths of all remembered files. */
  files(): readonly string[] {
    return Object.keys(this.#all());
  }

  /** The choices of a run that was confirmed. The file's last launch stays until the next one is made. */
  async remember(file: string, run: Omit<RememberedRun, "launch">): Promise<void> {
    const launch = this.get(file)?.launch;
    await this.#write(file, launch === undefined ? run : { ...run, launch });
  }

  /** The launch that came of it; nothing where the file was never remembered. */
  async rememberLaunch(file: string, launch: RememberedLaunch): Promise<void> {
    const run = this.get(file);
    if (run !== undefined) await this.#write(file, { ...run, launch });
  }

  /** The image of the latest run of any file, for a file that runs for the first time. */
  latest(): RememberedRun | undefined {
    return Object.values(this.#all()).reduce<RememberedRun | undefined>(
      (newest, run) => (newest === undefined || run.time > newest.time ? run : newest),
      undefined,
    );
  }

  async #write(file: string, run: RememberedRun): Promise<void> {
    const entries = Object.entries({ ...this.#all(), [file]: run }).sort(([, a], [, b]) => b.time - a.time);
    await this.#state.set(KEY, Object.fromEntries(entries.slice(0, KEEP)));
  }

  /** What an older version or another hand left there is read with care. */
  #all(): Readonly<Record<string, RememberedRun>> {
    const stored = this.#state.get(KEY);
    if (typeof stored !== "object" || stored === null) return {};
    const runs = Object.entries(stored).filter(isRun);
    return Object.fromEntries(runs.map(([file, run]) => [file, { ...run, kind: launchKind(run.kind) }]));
  }
}

function isRun(entry: [string, unknown]): entry is [string, RememberedRun] {
  const value = entry[1];
  if (typeof value !== "object" || value === null) return false;
  const { context, namespace, size, image, args, time } = value as Partial<RememberedRun>;
  const strings = [context, namespace, image].every((text) => typeof text === "string");
  return strings && typeof time === "number" && Array.isArray(args) && isSize(size);
}

function isSize(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { nodes, gpusPerNode, processesPerNode } = value as Partial<Size>;
  return [nodes, gpusPerNode, processesPerNode].every((count) => Number.isInteger(count));
}
