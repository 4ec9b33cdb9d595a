import { createHash } from "node:crypto";
import type { StateStore } from "../core/storage.ts";
import { label } from "../core/sanitize.ts";
import { ConnectError } from "./errors.ts";
import type { Outside, UserEntry } from "./kubeconfigEntries.ts";
import { orCancelled } from "./singleFlight.ts";

/** What a person signs in with. */
export type CredentialKind = "program" | "token" | "certificate" | "password";

/**
 * A sign-in that a kubeconfig outside the default places has a hand in, as a person must see it to decide: a program that
 * it wants to run, files that it wants to be read, or a server that it wants to be signed in to.
 */
export interface PluginToAllow {
  readonly credential: CredentialKind;
  /** Absolute path of the program; empty where there is none. */
  readonly command: string;
  readonly args: readonly string[];
  /** Names of the variables that the kubeconfig sets for it; values may be secrets. */
  readonly envNames: readonly string[];
  /** Files that are read for the sign-in: of a token, a certificate, a key. */
  readonly files: readonly string[];
  /** Where what the person signs in with is sent; empty where the user's own file says so. */
  readonly server: string;
  /** The kubeconfig file that names it. */
  readonly file: string;
  /** Of the kubeconfig. */
  readonly user: string;
}

/** A question, and what is set for a program: part of what is allowed, and never kept or shown. */
export interface Demand {
  readonly plugin: PluginToAllow;
  readonly env: Readonly<Record<string, string>>;
}

/** The demand of a user; `command` is what its `exec` stands for, where that is run. */
export function demandOf(user: UserEntry, outside: Outside, command?: string): Demand {
  const { token, tokenFile, clientCertFile, clientKeyFile, username } = user;
  const exec = command === undefined ? undefined : user.exec;
  const hasToken = token !== undefined || tokenFile !== undefined;
  const plugin: PluginToAllow = {
    credential: exec ? "program" : hasToken ? "token" : username === undefined ? "certificate" : "password",
    command: command ?? "",
    args: exec?.args ?? [],
    envNames: Object.keys(exec?.env ?? {}),
    files: [tokenFile, clientCertFile, clientKeyFile].filter((file) => file !== undefined),
    server: outside.server ?? "",
    file: outside.file,
    user: user.name,
  };
  return { plugin, env: exec?.env ?? {} };
}

export interface ConsentOptions {
  /** Asks the person. False: not allowed. */
  readonly allowPlugin: (plugin: PluginToAllow) => Promise<boolean>;
  /** Where a yes is kept: outside any workspace, which could bring its own. */
  readonly state: StateStore;
}

const KEY = "plugins/allowed";

/**
 * A kubeconfig is code: its sign-in programs run as the person, and its servers get what the person signs in with. What
 * stands in the default places is the person's own; any other file is asked for once per program, arguments and
 * variables, or per user, files and server. A yes is remembered, as a digest alone; a no is not: the credentials that were
 * refused wait for the person anyway.
 */
export class PluginConsent {
  readonly #options: ConsentOptions;
  /** Questions that are open, by what they are about. */
  readonly #asking = new Map<string, Promise<boolean>>();
  /** Each yes of this window, also one that could not be kept. */
  readonly #given = new Set<string>();

  constructor(options: ConsentOptions) {
    this.#options = options;
  }

  /** Resolves where the sign-in may go on; rejects with ConnectError `plugin-declined`, with CancelledError when aborted. */
  async demand({ plugin, env }: Demand, signal: AbortSignal): Promise<void> {
    const id = idOf(plugin, env);
    if (this.#given.has(id) || this.#allowed().includes(id)) return;
    if (await orCancelled(this.#ask(id, plugin), signal)) return;
    const { credential, command, user, file } = plugin;
    const what =
      credential === "program"
        ? `The sign-in program ${label(command, 120)} of user ${user} was not run`
        : `The ${credential} of user ${user} was not sent`;
    throw new ConnectError("plugin-declined", `${what}, since you did not allow it.`, {
      hint: `It is named in ${file}. Connect again to be asked again.`,
    });
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
    this.#given.add(id);
    // Where it cannot be kept, the next window asks again: whoever retries by itself must not.
    await this.#options.state.set(KEY, [...this.#allowed(), id]).catch(() => undefined);
    return true;
  }

  #allowed(): readonly unknown[] {
    const value = this.#options.state.get(KEY);
    return Array.isArray(value) ? value : [];
  }
}

function idOf(
  { credential, command, args, files, server, user }: PluginToAllow,
  env: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(env).toSorted(([one], [other]) => (one < other ? -1 : 1));
  // Users of one program, such as those of many clusters of a cloud, are one question; anything else is the user's own.
  const whose = credential === "program" ? "" : user;
  return createHash("sha256")
    .update(JSON.stringify([credential, command, args, variables, files, server, whose]))
    .digest("hex");
}
