import { createHash } from "node:crypto";
import type { StateStore } from "../core/storage.ts";
import { label } from "../core/sanitize.ts";
import { ConnectError } from "./errors.ts";
import { orCancelled } from "./singleFlight.ts";

/** A sign-in program that a kubeconfig outside the default places wants to run, as a person must see it to decide. */
export interface PluginToAllow {
  /** Absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  /** Names of the variables that the kubeconfig sets for it; values may be secrets. */
  readonly envNames: readonly string[];
  /** The kubeconfig file that names it. */
  readonly file: string;
  /** Of the kubeconfig. */
  readonly user: string;
}

export interface ConsentOptions {
  /** Asks the person. False: not allowed. */
  readonly allowPlugin: (plugin: PluginToAllow) => Promise<boolean>;
  /** Where a yes is kept: outside any workspace, which could bring its own. */
  readonly state: StateStore;
}

const KEY = "plugins/allowed";

/**
 * A kubeconfig is code: its sign-in programs run as the person. Those of the default places are the person's own; any
 * other file's are asked for once per program, arguments and names of variables. A yes is remembered, a no is not:
 * the credentials that were refused wait for the person anyway.
 */
export class PluginConsent {
  readonly #options: ConsentOptions;
  /** Questions that are open, by what they are about. */
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(options: ConsentOptions) {
    this.#options = options;
  }

  /** Resolves where the program may run; rejects with ConnectError `plugin-declined`, with CancelledError when aborted. */
  async demand(plugin: PluginToAllow, signal: AbortSignal): Promise<void> {
    const id = idOf(plugin);
    if (this.#allowed().includes(id)) return;
    if (await orCancelled(this.#ask(id, plugin), signal)) return;
    throw new ConnectError(
      "plugin-declined",
      `The sign-in program ${label(plugin.command, 120)} of user ${plugin.user} was not run, since you did not allow it.`,
      { hint: `It is named in ${plugin.file}. Connect again to be asked again.` },
    );
  }

  #ask(id: string, plugin: PluginToAllow): Promise<boolean> {
    const open = this.#asking.get(id);
    if (open !== undefined) return open;
    const asking = this.#answer(id, plugin).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return asking;
  }

  async #answer(id: string, plugin: PluginToAllow): Promise<boolean> {
    if (!(await this.#options.allowPlugin(plugin))) return false;
    await this.#options.state.set(KEY, [...this.#allowed(), id]);
    return true;
  }

  #allowed(): readonly unknown[] {
    const value = this.#options.state.get(KEY);
    return Array.isArray(value) ? value : [];
  }
}

function idOf({ command, args, envNames }: PluginToAllow): string {
  return createHash("sha256")
    .update(JSON.stringify([command, args, envNames.toSorted()]))
    .digest("hex");
}
