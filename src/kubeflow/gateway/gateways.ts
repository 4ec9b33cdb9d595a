// The gateways of clusters' Kubeflows, where a person has signed in from here: the way of those who may neither forward
// ports nor have tokens. What they sign in with stays in the editor's secret storage, the session in memory.
import type { Duplex } from "node:stream";
import * as v from "valibot";
import { CancelledError, errorCode, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { SecretStore } from "../../core/storage.ts";
import type { Connection } from "../../kube/connection.ts";
import { SingleFlight } from "../../kube/singleFlight.ts";
import { type Login, signIn } from "./signIn.ts";

/** The cookie is one that a browser has, where nobody but a browser can sign in. */
export type GatewayLogin = Login | { readonly cookie: string };

/** What lets its bearer in. A secret: never in a log, a message or a page. */
export interface GatewaySession {
  readonly origin: URL;
  readonly cookie: string;
}

const KeptSchema = v.object({
  /** Address of the cluster: a context may come to name another one. */
  server: v.string(),
  origin: v.pipe(v.string(), v.url()),
  login: v.union([v.object({ email: v.string(), password: v.string() }), v.object({ cookie: v.string() })]),
});
type Kept = v.InferOutput<typeof KeptSchema>;

const NOT_SIGNED_IN = "You are not signed in at Kubeflow.";
/** Codes of what only a person can mend, by signing in. */
export const NEEDS_A_PERSON: ReadonlySet<string> = new Set(["signed-out", "gateway-refused", "gateway-unknown"]);

/** `why` is a sentence. */
export function signedOut(why: string): UserError {
  return new UserError("signed-out", NOT_SIGNED_IN, { why });
}

/** What an address that a person typed stands for; undefined where it is none. Without a scheme it is https. */
export function originOf(text: string): URL | undefined {
  const written = text.trim();
  const url = URL.parse(/^https?:\/\//i.test(written) ? written : `https://${written}`);
  return url === null || url.hostname === "" || url.username !== "" ? undefined : new URL(url.origin);
}

/** `name=value; …` of what was copied from a browser, with or without the header's name; undefined where it is none. */
export function cookieOf(text: string): string | undefined {
  const pairs = text
    .trim()
    .replace(/^cookie:\s*/i, "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
  const isPair = (pair: string): boolean => /^[!#$%&'*+.^_`|~\w-]+=[\x20-\x7e]*$/.test(pair);
  return pairs.length > 0 && pairs.every(isPair) ? pairs.join("; ") : undefined;
}

export class Gateways {
  readonly #secrets: SecretStore;
  readonly #gateways = new WeakMap<Connection, Gateway>();

  constructor(secrets: SecretStore) {
    this.#secrets = secrets;
  }

  of(connection: Connection): Gateway {
    const known = this.#gateways.get(connection) ?? new Gateway(connection, this.#secrets);
    this.#gateways.set(connection, known);
    return known;
  }
}

/** Of one cluster. Asks nothing before somebody has signed in there. */
export class Gateway {
  readonly #connection: Connection;
  readonly #secrets: SecretStore;
  readonly #entering = new SingleFlight<GatewaySession>();
  #session: GatewaySession | undefined;
  /** What a person signs in with just now. */
  #trying: Kept | undefined;
  /** It would be refused again, and each time may count against the account: the person is waited for. */
  #refusal: Error | undefined;
  /** Counts who comes and goes: what began before is not what counts after. */
  #turn = 0;

  constructor(connection: Connection, secrets: SecretStore) {
    this.#connection = connection;
    this.#secrets = secrets;
  }

  get context(): string {
    return this.#connection.context.name;
  }

  /** Where a person has signed in from here; undefined where nobody has. */
  async origin(): Promise<URL | undefined> {
    const kept = await this.#kept();
    return kept && new URL(kept.origin);
  }

  /** A new connection to it. Rejects with ConnectError or CancelledError. */
  open(origin: URL, signal: AbortSignal): Promise<Duplex> {
    return this.#connection.dialSite(origin, signal);
  }

  /**
   * A person signs in: kept for later where `leadsIn` comes through with it; where not, all is as before. Rejects with what
   * that rejects with, with UserError `gateway-refused` or `gateway-unknown`, with ConnectError or CancelledError.
   */
  async enter(origin: URL, login: GatewayLogin, leadsIn: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const session = await this.#signIn(origin, login, signal);
    const before = { session: this.#session, refusal: this.#refusal };
    const kept: Kept = { server: this.#server, origin: origin.href, login };
    this.#become(session, undefined);
    this.#trying = kept;
    try {
      await leadsIn();
      await this.#secrets.set(this.#key, JSON.stringify(kept));
    } catch (error) {
      this.#become(before.session, before.refusal);
      throw error;
    } finally {
      this.#trying = undefined;
    }
  }

  /**
   * A session, of which `over` is none any more. Rejects with UserError `signed-out` where only the person can make another,
   * else as `enter`; what was refused once is not tried again before a person signs in.
   */
  async session(over: GatewaySession | undefined, signal: AbortSignal): Promise<GatewaySession> {
    if (this.#session !== undefined && this.#session !== over) return this.#session;
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#entering.join((running) => this.#anew(over, running), signal);
  }

  /** Where the person wants nothing kept of it any more. */
  async forget(): Promise<void> {
    this.#become(undefined, undefined);
    await this.#secrets.delete(this.#key);
  }

  #become(session: GatewaySession | undefined, refusal: Error | undefined): void {
    this.#turn++;
    this.#entering.cancel();
    this.#session = session;
    this.#refusal = refusal;
  }

  async #anew(over: GatewaySession | undefined, signal: AbortSignal): Promise<GatewaySession> {
    const turn = this.#turn;
    try {
      const kept = await this.#kept();
      if (kept === undefined) throw signedOut("Nobody has signed in from here.");
      // A cookie that has been refused is refused again.
      if ("cookie" in kept.login && over?.cookie === kept.login.cookie)
        throw signedOut("The session of the browser is over.");
      const session = await this.#signIn(new URL(kept.origin), kept.login, signal);
      if (turn !== this.#turn) throw new CancelledError();
      return (this.#session = session);
    } catch (error) {
      if (turn === this.#turn && error instanceof Error && NEEDS_A_PERSON.has(errorCode(error) ?? ""))
        this.#refusal = error;
      throw error;
    }
  }

  async #signIn(origin: URL, login: GatewayLogin, signal: AbortSignal): Promise<GatewaySession> {
    if ("cookie" in login) return { origin, cookie: login.cookie };
    const open = (ending: AbortSignal): Promise<Duplex> => this.open(origin, ending);
    const entry = await signIn({ origin, open }, login, signal);
    switch (entry.kind) {
      case "signed-in":
        return { origin, cookie: entry.cookies.join("; ") };
      case "open":
        return { origin, cookie: "" };
      case "refused":
        throw new UserError("gateway-refused", NOT_SIGNED_IN, {
          why: `${origin.host} did not take the password of ${label(login.email, 100)}.`,
        });
      case "unknown":
        throw new UserError("gateway-unknown", NOT_SIGNED_IN, {
          why: `The sign-in of ${origin.host} is not one that takes a password from here: ${label(entry.why, 200)}.`,
          hint: "Sign in with a browser, and give the cookie of its session.",
        });
    }
  }

  async #kept(): Promise<Kept | undefined> {
    if (this.#trying !== undefined) return this.#trying;
    const text = await this.#secrets.get(this.#key);
    if (text === undefined) return undefined;
    // Only we write there; what an older version wrote in another form is as good as nothing.
    const read = v.safeParse(KeptSchema, JSON.parse(text));
    return read.success && read.output.server === this.#server ? read.output : undefined;
  }

  get #key(): string {
    return `trainyard.gateway.${this.context}`;
  }

  get #server(): string {
    return this.#connection.context.server;
  }
}
