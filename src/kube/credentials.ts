import { systemClock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { CancelledError } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import { certificateEnd, expiredCertificate } from "./certificate.ts";
import { ConnectError } from "./errors.ts";
import { type PluginAnswer, type PluginWays, runExecPlugin } from "./execPlugin.ts";
import type { ContextEntry, UserEntry } from "./kubeconfigEntries.ts";
import { namedFile } from "./kubeconfigFiles.ts";
import { demandOf } from "./pluginConsent.ts";
import { SingleFlight } from "./singleFlight.ts";

/** What a request proves itself with. Held in memory only. */
export interface Identity {
  readonly token?: string;
  readonly basic?: { readonly username: string; readonly password: string };
  /** PEM. */
  readonly cert?: Buffer;
  /** PEM. */
  readonly key?: Buffer;
  /** Wall ms; undefined where nothing says so. */
  readonly expiresAt?: number;
}

/** Left out: the process's own surroundings, a minute for a plugin. */
export interface CredentialsOptions extends Partial<PluginWays> {
  readonly entry: Pick<ContextEntry, "cluster" | "user">;
}

interface Held {
  readonly identity: Identity;
  /** Monotonic ms. */
  readonly since: number;
}

// Clocks differ: ours may be behind the server's.
const EARLY_MS = 60_000;
// client-go re-reads token files once a minute (transport/token_source.go).
const FILES_MS = 60_000;
// With a clock far off every new token looks expired; the plugin still runs at most once in this time.
const YOUNG_MS = 60_000;

/**
 * What one user of a kubeconfig signs in with. Nothing is read or run before the first `get`. One plugin process at
 * a time, whoever asks; after it failed it runs again only after `unblock`.
 */
export class Credentials implements Disposable {
  readonly #options: CredentialsOptions & PluginWays;
  readonly #entry: Pick<ContextEntry, "cluster" | "user">;
  readonly #flight = new SingleFlight<Identity>();
  #held: Held | undefined;
  #blocked: ConnectError | undefined;
  #isDisposed = false;

  constructor(options: CredentialsOptions) {
    const { env, platform } = process;
    this.#options = { env, platform, clock: systemClock, log: silentLogger, pluginTimeoutMs: 60_000, ...options };
    this.#entry = options.entry;
  }

  /** Why no plugin runs any more; undefined while one may. */
  get blocked(): ConnectError | undefined {
    return this.#blocked;
  }

  /**
   * The identity to send with; the same object for as long as nothing changed. Rejects with ConnectError, and with
   * CancelledError once disposed.
   */
  async get(signal?: AbortSignal): Promise<Identity> {
    this.#assertAlive();
    if (this.#blocked !== undefined) throw this.#blocked;
    if (this.#held !== undefined && this.#isFresh(this.#held)) return this.#held.identity;
    return this.#renew(signal);
  }

  /**
   * After a 401 that was answered to `previous`: a newer identity. The same object comes back where there is nothing
   * newer, and sending it again is of no use.
   */
  async refresh(previous: Identity, signal?: AbortSignal): Promise<Identity> {
    this.#assertAlive();
    if (this.#blocked !== undefined) throw this.#blocked;
    if (this.#held !== undefined && this.#held.identity !== previous) return this.#held.identity;
    return this.#renew(signal);
  }

  /**
   * The cluster refused what the plugin gave, or the person did: `error` answers until `unblock`. Other credentials cost
   * nothing to retry.
   */
  block(error: ConnectError): void {
    if (this.#usesPlugin || error.code === "plugin-declined") this.#blocked = error;
  }

  /** The person acted: the plugin may run again, and what it gave before is forgotten if it was refused. */
  unblock(): void {
    if (this.#blocked !== undefined) this.#held = undefined;
    this.#blocked = undefined;
  }

  /** Ends a running plugin and forgets all secrets; no plugin runs afterwards. */
  dispose(): void {
    this.#isDisposed = true;
    this.#flight.cancel();
    this.#held = undefined;
  }

  // A token in the kubeconfig goes first, as in client-go: its bearer header is set before the plugin's turn.
  get #usesPlugin(): boolean {
    const { exec, token, tokenFile } = this.#entry.user;
    return exec !== undefined && token === undefined && tokenFile === undefined;
  }

  #isFresh({ identity, since }: Held): boolean {
    const heldMs = this.#options.clock.monotonic() - since;
    if (this.#usesPlugin) {
      return (
        identity.expiresAt === undefined ||
        heldMs < YOUNG_MS ||
        this.#options.clock.now() < identity.expiresAt - EARLY_MS
      );
    }
    if (identity.expiresAt !== undefined && this.#options.clock.now() >= identity.expiresAt) return false;
    const { tokenFile, clientCertFile } = this.#entry.user;
    return heldMs < FILES_MS || (tokenFile === undefined && clientCertFile === undefined);
  }

  #renew(signal: AbortSignal | undefined): Promise<Identity> {
    return this.#flight.join(async (running) => {
      try {
        const read = await this.#read(running);
        this.#assertAlive();
        const identity = this.#held !== undefined && isSame(this.#held.identity, read) ? this.#held.identity : read;
        this.#held = { identity, since: this.#options.clock.monotonic() };
        return identity;
      } catch (error) {
        if (error instanceof ConnectError) this.block(error);
        throw error;
      }
    }, signal);
  }

  #assertAlive(): void {
    if (this.#isDisposed) throw new CancelledError();
  }

  async #read(signal: AbortSignal): Promise<Identity> {
    const { user, cluster } = this.#entry;
    if (user.authProvider !== undefined) throw legacy(user.name, user.authProvider);
    // Of a program the person is asked with its path, once that is found.
    if (user.outside !== undefined && !this.#usesPlugin)
      await this.#options.consent?.demand(demandOf(user, user.outside), signal);
    const answer: PluginAnswer =
      this.#usesPlugin && user.exec !== undefined
        ? await runExecPlugin({ ...this.#options, exec: user.exec, cluster, user, signal })
        : {};
    const identity: Identity = { ...(await fromKubeconfig(user)), ...answer };
    return this.#checked(identity);
  }

  /** A certificate that has ended is said before a server says it in the words of TLS. */
  #checked(identity: Identity): Identity {
    const { cert, token, basic } = identity;
    if (cert === undefined) return identity;
    const expired =
      token === undefined && basic === undefined
        ? expiredCertificate(cert, this.#entry.user.name, this.#options.clock.now())
        : undefined;
    if (expired !== undefined) throw expired;
    const end = certificateEnd(cert);
    return end === undefined ? identity : { ...identity, expiresAt: Math.min(end, identity.expiresAt ?? end) };
  }
}

async function fromKubeconfig(user: UserEntry): Promise<Identity> {
  // As client-go: the token's file wins over the token, a certificate's data over its file.
  const token =
    user.tokenFile === undefined
      ? user.token
      : (await namedFile(`token of user ${user.name}`, user.tokenFile)).toString("utf8");
  const cert = await dataOrFile(user.clientCertData, user.clientCertFile, user.name, "certificate");
  const key = await dataOrFile(user.clientKeyData, user.clientKeyFile, user.name, "key");
  const trimmed = token?.trim() ?? "";
  return {
    ...(trimmed === "" ? {} : { token: trimmed }),
    ...(user.username === undefined ? {} : { basic: { username: user.username, password: user.password ?? "" } }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

async function dataOrFile(
  data: string | undefined,
  file: string | undefined,
  user: string,
  what: string,
): Promise<Buffer | undefined> {
  if (data !== undefined && data !== "") return Buffer.from(data, "base64");
  return file === undefined ? undefined : namedFile(`${what} of user ${user}`, file);
}

function legacy(user: string, provider: string): ConnectError {
  const removed =
    provider === "gcp" || provider === "azure" ? "kubectl dropped it in 1.26" : "programs named by exec replace it";
  return new ConnectError("kubeconfig", `The user ${user} signs in by the old auth-provider ${provider}: ${removed}.`, {
    hint: "Write the context anew with the cloud's own tool, which now names an exec program.",
  });
}

function isSame(a: Identity, b: Identity): boolean {
  const text = (identity: Identity): string =>
    JSON.stringify([
      identity.token,
      identity.basic,
      identity.cert?.toString("latin1"),
      identity.key?.toString("latin1"),
    ]);
  return text(a) === text(b) && a.expiresAt === b.expiresAt;
}
