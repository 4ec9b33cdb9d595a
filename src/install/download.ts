import { Agent, ClientRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { getCACertificates } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { CancelledError, errorCode, isCancelled, isUserError, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { bytes, duration } from "../core/text.ts";
import { reason } from "../kube/connectFailure.ts";
import { hostAndPort } from "../kube/place.ts";
import { connectThroughProxy, proxyFor, serverName } from "../kube/proxy.ts";
import { tcp, tls } from "../kube/sockets.ts";

export interface DownloadOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The editor's own proxy setting. */
  readonly proxy?: string | undefined;
  /** PEM, besides Node's own authorities. */
  readonly certificates?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_REDIRECTS = 5;
/** Milliseconds without a byte after which it has failed. */
const SILENCE_MS = 30_000;

type OnSocket = (error: Error | null, socket: Duplex) => void;

/** Not https.get: VS Code patches that to go through a proxy of its own choice. */
class OneSocket extends Agent {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
  }

  override createConnection(_: object, callback?: OnSocket): undefined {
    callback?.(null, this.#socket);
  }
}

/**
 * The body of what is at an https address, by way of the person's proxy where there is one. Rejects with UserError
 * `no-network`, `download-refused` or `too-large`; with CancelledError.
 */
export async function download(address: string, options: DownloadOptions): Promise<Buffer> {
  let url = new URL(address);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await answerOf(url, options);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy();
      const next = new URL(headers.location, url);
      if (next.protocol !== url.protocol) throw refused(url, "it points to an address without https");
      url = next;
      continue;
    }
    if (statusCode === 200) return bodyOf(url, response, options);
    response.destroy();
    throw refused(url, `the server answered ${statusCode} ${label(response.statusMessage ?? "", 60)}`.trim());
  }
  throw refused(url, "it is passed on without end");
}

async function answerOf(url: URL, options: DownloadOptions): Promise<IncomingMessage> {
  const { signal, headers = {} } = options;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]);
  try {
    const socket = await connect(url, options, limit);
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const request = new ClientRequest({
        agent: new OneSocket(socket),
        host: url.hostname,
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, "user-agent": "trainyard", connection: "close", ...headers },
      });
      limit.addEventListener("abort", () => request.destroy(new CancelledError()), { once: true });
      request.once("response", resolve);
      request.once("error", reject);
      request.end();
    });
  } catch (error) {
    if (signal.aborted) throw new CancelledError();
    throw noNetwork(url, error, isCancelled(error) ? `no answer within ${duration(SILENCE_MS)}` : undefined);
  }
}

/** A connection of our own. Plain http is for tests' servers on this machine alone. */
async function connect(url: URL, options: DownloadOptions, signal: AbortSignal): Promise<Duplex> {
  const isPlain = url.protocol === "http:" && ["127.0.0.1", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !isPlain) throw refused(url, "its address is not https");
  const { host, port, at } = hostAndPort(url, isPlain ? 80 : 443);
  const place = { url, host, port, at, cluster: "", user: "" };
  const proxy = proxyFor(place, { override: options.proxy, env: options.env });
  const { certificates = [] } = options;
  const ca = certificates.length === 0 ? undefined : [...getCACertificates("default"), ...certificates];
  const socket =
    proxy === undefined ? await tcp(host, port, signal) : await connectThroughProxy(proxy, place, signal, ca);
  if (isPlain) return socket;
  const trust = ca === undefined ? {} : { ca };
  return tls({ socket, host, servername: serverName(host), rejectUnauthorized: true, ...trust }, signal);
}

async function bodyOf(
  url: URL,
  response: IncomingMessage,
  { signal, clock, maxBytes }: DownloadOptions,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const over = new AbortController();
  let heard = clock.monotonic();
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(SILENCE_MS, over.signal);
      if (clock.monotonic() - heard >= SILENCE_MS)
        response.destroy(new Error(`nothing came for ${duration(SILENCE_MS)}`));
    }
  };
  // Ends with the body.
  watch().catch(() => undefined);
  const onAbort = (): void => void response.destroy(new CancelledError());
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue;
      heard = clock.monotonic();
      size += chunk.length;
      if (size > maxBytes)
        throw new UserError("too-large", `What is at ${url.host} was not taken: it is larger than ${bytes(maxBytes)}.`);
      chunks.push(chunk);
    }
    if (!response.complete) throw new Error("the connection broke off");
    return Buffer.concat(chunks);
  } catch (error) {
    if (isUserError(error)) throw error;
    if (signal.aborted) throw new CancelledError();
    throw noNetwork(url, error);
  } finally {
    over.abort();
    signal.removeEventListener("abort", onAbort);
    response.destroy();
  }
}

function noNetwork(url: URL, cause: unknown, why?: string): unknown {
  if (isUserError(cause) && cause.code === "download-refused") return cause;
  // Of a proxy, in the words that it has for a cluster.
  const told = isUserError(cause) ? cause.message.replace(/^The cluster cannot be reached:? /, "") : undefined;
  const said = why ?? told ?? reason(errorCode(cause) ?? "", hostAndPort(url, 443), cause);
  const end = `${said.startsWith("through ") ? "" : ":"} ${label(said, 200).replace(/[.\s]+$/, "")}.`;
  return new UserError("no-network", `${url.host} cannot be reached${end}`, {
    hint: "Where this machine has no way there, choose a folder with the release’s files instead.",
    cause,
  });
}

function refused(url: URL, why: string): UserError {
  return new UserError("download-refused", `${url.host} did not give what was asked for: ${why}.`);
}
