import type { Disposable } from "../core/dispose.ts";
import { Emitter, type Event } from "../core/events.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import type { ContextInfo } from "./context.ts";
import { Credentials } from "./credentials.ts";
import { ConnectError } from "./errors.ts";
import { FolderWatch } from "./folderWatch.ts";
import type { Kubeconfig, KubeconfigProblem } from "./kubeconfig.ts";
import type { ContextEntry } from "./kubeconfigEntries.ts";
import { LoginPath } from "./loginPath.ts";
import { type ConsentOptions, PluginConsent } from "./pluginConsent.ts";
import { SingleFlight } from "./singleFlight.ts";

export interface ConnectionsOptions extends Omit<ConnectionOptions, "entry" | "credentials" | "timing"> {
  readonly load: () => Promise<Kubeconfig>;
  /** Milliseconds that a sign-in program may take; as Credentials has it where left out. */
  readonly pluginTimeoutMs?: number;
  /**
   * How the person is asked before a sign-in program of a kubeconfig outside the default places runs for the first time.
   * Left out only where nobody is there and whoever composes this answers for the files: then nothing is asked.
   */
  readonly consent?: ConsentOptions;
}

interface Held {
  readonly connection: Connection;
  readonly fingerprint: string;
  readonly credentialsKey: string;
}

/** All contexts of the person's kubeconfig, each with at most one connection. Nothing is read before `load`. */
export class Connections implements Disposable {
  readonly #options: ConnectionsOptions;
  readonly #held = new Map<string, Held>();
  /** Contexts that sign in the same way share one, so that their plugin runs once. */
  readonly #credentials = new Map<string, Credentials>();
  readonly #changed = new Emitter<void>();
  readonly #reading = new SingleFlight<void>();
  readonly #watch: FolderWatch;
  readonly #consent: PluginConsent | undefined;
  readonly #loginPath: LoginPath;
  readonly onDidChange: Event<void> = this.#changed.event;
  #kubeconfig: Kubeconfig | undefined;
  #isDisposed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#consent = options.consent === undefined ? undefined : new PluginConsent(options.consent);
    this.#loginPath = new LoginPath(options.env ?? process.env, process.platform, options.log);
    const onChange = (): void => {
      this.reload().catch((error: unknown) =>
        this.#options.log.warn(`The kubeconfig could not be read again: ${String(error)}`),
      );
    };
    this.#watch = new FolderWatch(onChange, options.clock, options.log);
  }

  /** Reads the kubeconfig if it was not read yet, and from then on whenever its files change. */
  async load(): Promise<void> {
    while (this.#kubeconfig === undefined && !this.#isDisposed) await this.#reading.join(() => this.#read());
  }

  /** Reads it now. Connections whose context is unchanged live on; others are disposed. */
  async reload(): Promise<void> {
    // What runs may have begun before the change.
    await this.#reading.join(() => Promise.resolve()).catch(() => undefined);
    await this.#reading.join(() => this.#read());
  }

  /** Empty before `load`. */
  contexts(): readonly ContextInfo[] {
    return this.#kubeconfig?.contexts ?? [];
  }

  get problems(): readonly KubeconfigProblem[] {
    return this.#kubeconfig?.problems ?? [];
  }

  /** Files that contexts come from or would come from, in order. Empty before `load`. */
  get files(): readonly string[] {
    return this.#kubeconfig?.files ?? [];
  }

  /** Whether this connection still stands for a context as the kubeconfig has it. */
  has(connection: Connection): boolean {
    return [...this.#held.values()].some((held) => held.connection === connection);
  }

  /** The connection of a context, made on first use. Throws ConnectError("kubeconfig") where the context cannot be used. */
  get(contextName: string): Connection {
    const held = this.#held.get(contextName);
    if (held !== undefined) return held.connection;
    if (this.#kubeconfig === undefined || this.#isDisposed) {
      throw new ConnectError("kubeconfig", "The kubeconfig has not been read yet.");
    }
    const entry = this.#kubeconfig.entry(contextName);
    const connection = new Connection({ ...this.#options, entry, credentials: this.#credentialsOf(entry) });
    const { fingerprint, credentialsKey } = entry;
    this.#held.set(contextName, { connection, fingerprint, credentialsKey });
    return connection;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#watch.dispose();
    for (const { connection } of this.#held.values()) connection.dispose();
    for (const credentials of this.#credentials.values()) credentials.dispose();
    this.#held.clear();
    this.#credentials.clear();
    this.#changed.dispose();
  }

  async #read(): Promise<void> {
    const next = await this.#options.load();
    if (this.#isDisposed) return;
    this.#kubeconfig = next;
    this.#watch.set(next.files);
    for (const [name, held] of [...this.#held]) {
      const entry = entryOf(next, name);
      if (entry?.fingerprint === held.fingerprint) {
        held.connection.update(entry);
        continue;
      }
      this.#held.delete(name);
      held.connection.dispose();
    }
    const used = new Set([...this.#held.values()].map(({ credentialsKey }) => credentialsKey));
    for (const [key, credentials] of [...this.#credentials]) {
      if (used.has(key)) continue;
      this.#credentials.delete(key);
      credentials.dispose();
    }
    this.#changed.fire();
  }

  #credentialsOf(entry: ContextEntry): Credentials {
    const existing = this.#credentials.get(entry.credentialsKey);
    if (existing !== undefined) return existing;
    const made = new Credentials({ ...this.#options, entry, consent: this.#consent, loginPath: this.#loginPath });
    this.#credentials.set(entry.credentialsKey, made);
    return made;
  }
}

function entryOf(kubeconfig: Kubeconfig, name: string): ContextEntry | undefined {
  try {
    return kubeconfig.entry(name);
  } catch {
    return undefined; // The context has gone, or its entry cannot be used: whoever asks for it is told.
  }
}
