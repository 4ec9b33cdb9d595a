// What the tree says of an install: read again and again while somebody looks at it.
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { LiveReading } from "../kube/liveReading.ts";
import type { ComponentHealth, Installer } from "./install.ts";
import { isAtWork } from "./lease.ts";
import type { ComponentRecord } from "./record.ts";
import type { Release } from "./release.ts";

/** A word of the table of states (ux). */
export type PartState = "Ready" | "Starting" | "Waiting" | "Stopped" | "Failed" | "Unknown";

export interface PartView {
  readonly id: string;
  readonly title: string;
  /** Empty where the release does not say, or is not known here. */
  readonly version: string;
  readonly state: PartState;
  /** Why it is not ready, each with the object that it is about. */
  readonly reasons: readonly string[];
}

export interface InstallView {
  readonly release: string;
  readonly intent: "install" | "uninstall";
  /** Some window works at it now. */
  readonly isUnderWay: boolean;
  /** It is as it was meant to be; how its parts do is another matter. */
  readonly isFinished: boolean;
  /** None where nothing was installed, or nothing may be known of it. */
  readonly parts: readonly PartView[];
}

export interface HealthOptions {
  readonly client: KubeClient;
  readonly installer: Pick<Installer, "installed" | "health">;
  readonly releases: readonly Release[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Milliseconds until it is read again: while it is being done, while its parts can be seen, and while only its row can. */
const WORK_MS = 5_000;
const OPEN_MS = 15_000;
const CLOSED_MS = 60_000;
const NOTHING: InstallView = { release: "", intent: "install", isUnderWay: false, isFinished: true, parts: [] };

export class InstallHealth extends LiveReading<InstallView> {
  #isOpen = false;

  constructor(options: HealthOptions) {
    super({
      ...options,
      what: "health of Kubeflow",
      read: (_, _anew, signal) => readView(options, signal),
      everyMs: ({ isUnderWay }) => (isUnderWay ? WORK_MS : this.#isOpen ? OPEN_MS : CLOSED_MS),
      isSame: (before, now) => JSON.stringify(before) === JSON.stringify(now),
    });
  }

  /** Whether its parts can be seen. */
  show(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (isOpen) this.refresh(false);
  }
}

/** Rejects with ConnectError, ApiError or CancelledError. */
async function readView(options: HealthOptions, signal: AbortSignal): Promise<InstallView> {
  const { client, clock, installer, releases } = options;
  try {
    const record = await installer.installed(signal);
    if (record === undefined) return NOTHING;
    const { intent, components, choice } = record;
    const { health, why } = await known(installer, signal);
    const isFinished = intent === "install" && Object.values(components).every(({ state }) => state === "done");
    const isUnderWay = !isFinished && (await isAtWork(client, clock, signal));
    const release = releases.find(({ id }) => id === choice.release);
    const parts = Object.entries(components).map(([id, entry]): PartView => {
      const version = release?.components.find((one) => one.id === id)?.version ?? "";
      const own = health.find((one) => one.id === id);
      return { id, title: entry.title, version, state: stateOf(entry, own, isUnderWay), reasons: own?.reasons ?? why };
    });
    return { release: choice.release, intent, isUnderWay, isFinished, parts };
  } catch (error) {
    if (isApiError(error, "Forbidden")) return NOTHING;
    throw error;
  }
}

/** How each component does, or why that may not be known. */
async function known(
  installer: HealthOptions["installer"],
  signal: AbortSignal,
): Promise<{ readonly health: readonly ComponentHealth[]; readonly why: readonly string[] }> {
  try {
    return { health: await installer.health(signal), why: [] };
  } catch (error) {
    if (!isApiError(error, "Forbidden")) throw error;
    return { health: [], why: [`The cluster says: ${label(error.message, 300)}`] };
  }
}

const UNDONE = { waiting: "Waiting", skipped: "Waiting", cancelled: "Stopped", failed: "Failed" } as const;

function stateOf(entry: ComponentRecord, health: ComponentHealth | undefined, isUnderWay: boolean): PartState {
  // What ran when its window went away runs no more.
  if (entry.state === "running") return isUnderWay ? "Starting" : "Stopped";
  if (entry.state !== "done") return UNDONE[entry.state];
  if (health === undefined) return "Unknown";
  if (health.state === "healthy") return "Ready";
  // Our own words, of gates.ts and unready.ts: an object that has gone or failed, or what a pod of it does.
  const said = health.reasons
    .map((why) => /: it (is not there|failed)\b|pod \S+: (\w+)/.exec(why))
    .find((found) => found);
  const [, object, pod] = said ?? [];
  if (object !== undefined || pod === "failed" || pod === "restarting") return "Failed";
  return pod === "waiting" ? "Waiting" : "Starting";
}
