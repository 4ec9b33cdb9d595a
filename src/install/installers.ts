// The installers of the clusters that are open: the bundle dist/install.js, loaded when somebody installs.
import path from "node:path";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { LoginPath } from "../kube/loginPath.ts";
import { Installer } from "./install.ts";
import type { Release } from "./release.ts";
import { RELEASE_26_03_1 } from "./releases/26.03.1.ts";

export interface InstallersOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** Folder of our own that outlives the window. */
  readonly storage: string;
  readonly proxy: () => string | undefined;
  readonly log: Logger;
  readonly clock?: Clock;
}

export class Installers {
  /** The newest first. */
  readonly releases: readonly Release[] = [RELEASE_26_03_1];
  readonly #options: InstallersOptions;
  readonly #loginPath: LoginPath;

  constructor(options: InstallersOptions) {
    this.#options = options;
    this.#loginPath = new LoginPath(options.env, options.platform, options.log);
  }

  /** What installs in the cluster of this client. Nothing is asked of it yet. */
  of(client: KubeClient): Installer {
    const { env, platform, storage, proxy, log, clock = systemClock } = this.#options;
    return new Installer({
      ...{ client, clock, log, releases: this.releases, storage: path.join(storage, "install") },
      manifests: { env, platform, proxy, loginPath: this.#loginPath },
    });
  }
}

export function createInstallers(options: InstallersOptions): Installers {
  return new Installers(options);
}
