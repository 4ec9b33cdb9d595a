// Signs in at a Kubeflow's gateway in a person's place, step by step as their browser would: oauth2-proxy leads to Dex,
// whose form takes the password, and Dex leads back (community-distribution 26.03.1: common/oauth2-proxy, common/dex).
import { ClientRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { errorText, isCancelled } from "../../core/errors.ts";
import { ConnectError } from "../../kube/errors.ts";

/** Where the gateway is: a forward at this computer's loopback, or its own address. */
export interface Entrance {
  /** Its scheme, host and port: a password goes to nobody else. */
  readonly origin: URL;
  /** A new connection to it, with TLS where its scheme says so. */
  readonly open: (signal: AbortSignal) => Promise<Duplex>;
  /** What lets the client of a forward in. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of Dex's own, or of a directory that Dex asks. */
export interface Login {
  readonly email: string;
  readonly password: string;
}

export type SignIn =
  /** Nobody is asked who they are. */
  | { readonly kind: "open" }
  /** `name=value` of each cookie that stands for the session. A secret: never in a log or a message. */
  | { readonly kind: "signed-in"; readonly cookies: readonly string[] }
  /** The password was not taken. */
  | { readonly kind: "refused" }
  /** It went another way than is known here; `why` has no secret in it. */
  | { readonly kind: "unknown"; readonly why: string };

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

/** Cookies as a browser keeps them for one server. */
type Jar = Map<string, { readonly value: string; readonly isHidden: boolean }>;

const HOME = "/";
const START = `/oauth2/start?rd=${encodeURIComponent(HOME)}`;
const MOST_STEPS = 15;
const WITHIN_MS = 20_000;
/** Of a page that nobody reads. */
const MOST_BYTES = 1_000_000;

/**
 * Rejects with CancelledError, and with ConnectError where the gateway is not reached: whatever else goes wrong is `unknown`,
 * and a browser shows how it stands.
 */
export async function signIn(to: Entrance, account: Login, signal: AbortSignal): Promise<SignIn> {
  try {
    return await follow(to, account, AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]));
  } catch (error) {
    if (signal.aborted || error instanceof ConnectError) throw error;
    const why = isCancelled(error) ? `it took longer than ${WITHIN_MS / 1000} s` : errorText(error);
    return { kind: "unknown", why };
  }
}

async function follow(to: Entrance, account: Login, signal: AbortSignal): Promise<SignIn> {
  const jar: Jar = new Map();
  let at = HOME;
  let form: string | undefined;
  let isStarted = false;
  let isSent = false;
  for (let step = 0; step < MOST_STEPS; step++) {
    const { status, location } = await ask(to, at, form, jar, signal);
    const path = at.replace(/\?.*/, "");
    if (location !== undefined) {
      const next = new URL(location, new URL(at, to.origin));
      // TLS may end before the gateway, which then speaks of http: it is asked by TLS all the same, and never without.
      const isLess = to.origin.protocol === "http:" && next.protocol === "https:";
      if (next.host !== to.origin.host || isLess)
        return { kind: "unknown", why: `${path} leads to ${isLess ? next.origin : next.host}` };
      at = `${next.pathname}${next.search}`;
      form = undefined;
      if (isSent && at === HOME) return { kind: "signed-in", cookies: session(jar) };
    } else if (form !== undefined) {
      // Dex shows its form again, as if nothing was wrong (Dex server: handlePasswordLogin).
      return status === 200 || status === 401
        ? { kind: "refused" }
        : { kind: "unknown", why: `${path} answered ${status}` };
    } else if (/\/auth\/[^/]+\/login$/.test(path)) {
      form = new URLSearchParams({ login: account.email, password: account.password }).toString();
      isSent = true;
    } else if (/\/dex\/auth$/.test(path)) {
      // A choice of connectors: ours are Dex's own accounts.
      at = at.replace(/\/auth(?=\?|$)/, "/auth/local");
    } else if ((status === 401 || status === 403) && !isStarted) {
      // The page with a button «Sign in», or an answer for programs.
      at = START;
      isStarted = true;
    } else if (status < 300 && !isStarted) return { kind: "open" };
    else return { kind: "unknown", why: `${path} answered ${status}` };
  }
  return { kind: "unknown", why: `it did not end after ${MOST_STEPS} steps` };
}

function session(jar: Jar): readonly string[] {
  return [...jar].flatMap(([name, { value, isHidden }]) => (isHidden ? [`${name}=${value}`] : []));
}

/** One request and its answer; cookies that come with it go into the jar. */
async function ask(
  { origin, open, headers }: Entrance,
  path: string,
  form: string | undefined,
  jar: Jar,
  signal: AbortSignal,
): Promise<Answer> {
  const cookie = [...jar].map(([name, { value }]) => `${name}=${value}`).join("; ");
  const stream = await open(signal);
  return new Promise((resolve, reject) => {
    // Not http.request: VS Code patches that to put an agent of its own in the place of ours.
    const request = new ClientRequest({
      ...{ createConnection: () => stream, path, signal },
      method: form === undefined ? "GET" : "POST",
      headers: {
        ...headers,
        ...{ accept: "text/html", host: origin.host, connection: "close" },
        ...(cookie === "" ? {} : { cookie }),
        ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      for (const line of response.headers["set-cookie"] ?? []) keep(jar, line);
      drain(response);
      // Once it is over the forward has its stream to the pod back, for the next step.
      response.once("close", () => {
        stream.destroy();
        const { statusCode: status = 0, headers: said } = response;
        resolve({ status, location: status >= 300 && status < 400 ? said.location : undefined });
      });
    });
    request.end(form);
  });
}

function drain(response: IncomingMessage): void {
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MOST_BYTES) response.destroy();
  });
}

/** A Set-Cookie header (RFC 6265, 5.2), as far as it matters to one server that is asked at once. */
function keep(jar: Jar, line: string): void {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const at = pair.indexOf("=");
  if (at < 1) return;
  const name = pair.slice(0, at);
  if (attributes.some((attribute) => /^max-age=(-|0$)/i.test(attribute))) jar.delete(name);
  else {
    const isHidden = attributes.some((attribute) => /^httponly$/i.test(attribute));
    jar.set(name, { value: pair.slice(at + 1), isHidden });
  }
}
