import type { Clock } from "../core/clock.ts";
import { type Disposable, toDisposable } from "../core/dispose.ts";
import { errorText, isCancelled } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import { number, record, text, time } from "../kubeflow/read.ts";
import { builtIn } from "./objects.ts";
import { OWN_NAMESPACE } from "./record.ts";

const LEASES = builtIn("coordination.k8s.io/v1", "leases", "Lease");
const NAME = "kubeflow-install";
/** Seconds after which a holder that does not renew counts as gone (client-go's leader election: 15 s). */
const LASTS_S = 15;
const RENEW_MS = 5_000;
/** A lease that says itself that it was last renewed so long ago, in ms, is nobody's, whatever the clocks are like. */
const FORGOTTEN_MS = 600_000;

/** As long ago, in ms, may the last renewal of who is at work be: clocks of machines differ. */
const AT_WORK_MS = 120_000;

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly leaseDurationSeconds: number; readonly renewTime: string };
}

/** Whether some window works at the cluster's install, as far as its last renewal tells. Rejects as `KubeClient.find`. */
export async function isAtWork(client: KubeClient, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const { spec } = record(await client.find(LEASES, NAME, OWN_NAMESPACE, signal));
  return clock.now() - (time(record(spec)["renewTime"]) ?? -Infinity) < AT_WORK_MS;
}

/** One install at a time in a cluster: a Lease object that its holder renews (coordination.k8s.io/v1). */
export class InstallLease {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #holder: string;
  /** When a foreign lease was last seen to change, monotonic ms: clocks of machines differ. */
  #seen: { readonly version: string; readonly at: number } | undefined;

  /** `holder` stands for this window alone. */
  constructor(client: KubeClient, clock: Clock, log: Logger, holder: string) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#holder = holder;
  }

  /** Takes the lease where it is free, ours or run out; undefined where another holds it. Rejects as `KubeClient`. */
  async take(
    onLost: () => void,
    signal: AbortSignal,
  ): Promise<(Disposable & { release(): Promise<void> }) | undefined> {
    if (!(await this.#claim(signal))) return undefined;
    const ending = new AbortController();
    void this.#renew(ending.signal, onLost);
    const end = toDisposable(() => ending.abort());
    return { dispose: () => end.dispose(), release: () => this.#release(ending) };
  }

  async #claim(signal?: AbortSignal): Promise<boolean> {
    const now = await this.#client.find(LEASES, NAME, OWN_NAMESPACE, signal);
    if (now !== undefined && !this.#isFree(now)) return false;
    const metadata = { name: NAME, namespace: OWN_NAMESPACE };
    try {
      if (now === undefined) await this.#client.create(LEASES, this.#lease(metadata), { signal });
      else await this.#patch(now.metadata.resourceVersion, signal);
      return true;
    } catch (error) {
      // Another was quicker.
      if (isApiError(error, "AlreadyExists", "Conflict")) return false;
      throw error;
    }
  }

  #isFree(lease: KubeObject): boolean {
    const spec = record(record(lease)["spec"]);
    const holder = text(spec["holderIdentity"]);
    if (holder === undefined || holder === this.#holder) return true;
    const lasts = (number(spec["leaseDurationSeconds"]) ?? LASTS_S) * 1000;
    const version = lease.metadata.resourceVersion ?? "";
    if (this.#seen?.version !== version) this.#seen = { version, at: this.#clock.monotonic() };
    // Clocks of machines differ: it must have been silent for that long while we looked.
    if (this.#clock.now() - (time(spec["renewTime"]) ?? 0) > FORGOTTEN_MS) return true;
    return this.#clock.monotonic() - this.#seen.at > lasts;
  }

  async #renew(signal: AbortSignal, onLost: () => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(RENEW_MS, signal);
        if (!(await this.#claim(signal))) {
          onLost();
          return;
        }
      } catch (error) {
        if (isCancelled(error)) return;
        // The next claim tells whether another has taken it meanwhile.
        this.#log.debug(`the lease of the install was not renewed: ${errorText(error)}`);
      }
    }
  }

  async #release(ending: AbortController): Promise<void> {
    ending.abort();
    try {
      const now = await this.#client.find(LEASES, NAME, OWN_NAMESPACE);
      if (now === undefined || text(record(record(now)["spec"])["holderIdentity"]) !== this.#holder) return;
      await this.#client.delete(LEASES, NAME, OWN_NAMESPACE, now.metadata.uid ?? "");
    } catch (error) {
      // It runs out by itself.
      this.#log.debug(`the lease of the install was not given back: ${errorText(error)}`);
    }
  }

  async #patch(resourceVersion: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { spec } = this.#lease({ name: NAME });
    const patch = { metadata: { resourceVersion }, spec };
    await this.#client.patch(LEASES, NAME, OWN_NAMESPACE, patch, { signal });
  }

  #lease(metadata: Lease["metadata"]): Lease {
    const renewTime = new Date(this.#clock.now()).toISOString().replace(/Z$/, "000Z");
    const spec = { holderIdentity: this.#holder, leaseDurationSeconds: LASTS_S, renewTime };
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
  }
}
