// The installers of the clusters that are open: the bundle dist/install.js, loaded when somebody installs.
import path from "node:path";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { LoginPath } from "../kube/loginPath.ts";
import type { SecretStore } from "../core/storage.ts";
import { Dashboards } from "./dashboard/dashboards.ts";
import { InstallHealth } from "./health.ts";
import { Installer } from "./install.ts";
import type { ManifestTools } from "./manifests.ts";
import { InstallPage, type InstallPageOptions } from "./page.ts";
import { prepare, type Prepared } from "./plan.ts";
import type { Choice, Release } from "./release.ts";
import { RELEASES } from "./releases/index.ts";

export interface InstallersOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** Folder of our own that outlives the window. */
  readonly storage: string;
  readonly proxy: () => string | undefined;
  readonly log: Logger;
  /** Keeps the passwords of accounts. */
  readonly secrets: SecretStore;
  readonly clock?: Clock;
  /** For tests: other releases than the shipped ones. */
  readonly releases?: readonly Release[];
}

export class Installers {
  /** The newest first. */
  readonly releases: readonly Release[];
  readonly dashboards: Dashboards;
  readonly #options: InstallersOptions;
  readonly #manifests: Omit<ManifestTools, "clock" | "cache">;

  readonly #pages = new Map<string, InstallPage>();

  constructor(options: InstallersOptions) {
    const { env, platform, proxy, log, releases = RELEASES } = options;
    this.#options = options;
    this.releases = releases;
    this.dashboards = new Dashboards(options.secrets, log);
    this.#manifests = { env, platform, proxy, loginPath: new LoginPath(env, platform, log) };
  }

  /** What installs in the cluster of this client. Nothing is asked of it yet. */
  of(client: KubeClient): Installer {
    const { log, secrets, clock = systemClock } = this.#options;
    const { releases } = this;
    return new Installer({ client, clock, log, releases, storage: this.#folder, manifests: this.#manifests, secrets });
  }

  /** How what was installed there does; reads once somebody looks. Whoever asks for it ends it. */
  health(client: KubeClient): InstallHealth {
    const { log, clock = systemClock } = this.#options;
    return new InstallHealth({ client, installer: this.of(client), releases: this.releases, clock, log });
  }

  /** What would be applied to a cluster that is not there yet. Rejects as `prepare`. */
  prepare(choice: Choice, signal: AbortSignal, onStep: (what: string) => void): Promise<Prepared> {
    const { clock = systemClock } = this.#options;
    const release = this.releases.find(({ id }) => id === choice.release);
    if (release === undefined) throw new Error(`no release ${choice.release}`);
    const tools = { ...this.#manifests, clock, cache: path.join(this.#folder, "releases") };
    // Who issues its tokens, the cluster says once it is there.
    const issuer = choice.platform === "eks" ? "the cluster’s own" : undefined;
    return prepare(tools, release, choice, { issuer, onStep, signal });
  }

  dispose(): void {
    this.dashboards.dispose();
  }

  /** What answers the page that installs into one cluster: the same one for as long as it is at work. */
  page(options: Omit<InstallPageOptions, "clock" | "log">): InstallPage {
    const { log, clock = systemClock } = this.#options;
    const known = this.#pages.get(options.context);
    if (known?.isBusy === true) return known;
    const made = new InstallPage({ ...options, clock, log });
    this.#pages.set(options.context, made);
    return made;
  }

  get #folder(): string {
    return path.join(this.#options.storage, "install");
  }
}

export function createInstallers(options: InstallersOptions): Installers {
  return new Installers(options);
}
