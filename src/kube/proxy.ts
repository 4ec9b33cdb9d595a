import type { Socket } from "node:net";
import { errorCode } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { ConnectError } from "./errors.ts";
import { isExempt } from "./noProxy.ts";
import { hostAndPort, type Place } from "./place.ts";
import { tcp, tls } from "./sockets.ts";

export interface ProxyChoice {
  /** The cluster's `proxy-url`. Decides alone, as in client-go. */
  readonly clusterProxy?: string | undefined;
  /** The editor's own proxy setting. */
  readonly override?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The proxy to a server: the cluster's, else the editor's, else HTTPS_PROXY (HTTP_PROXY for a plain server); the last
 * two not where NO_PROXY or loopback exempts it. Throws ConnectError("kubeconfig") for one that cannot be used.
 */
export function proxyFor(place: Place, choice: ProxyChoice): URL | undefined {
  const { clusterProxy, override, env } = choice;
  if (isFilled(clusterProxy)) return proxyUrl(clusterProxy, `the proxy-url of cluster ${place.cluster}`);
  if (isExempt(place.host, place.port, fromEnv(env, "NO_PROXY") ?? "")) return undefined;
  if (isFilled(override)) return proxyUrl(override, "the editor's setting http.proxy");
  const name = place.url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = fromEnv(env, name);
  return value === undefined ? undefined : proxyUrl(value, `the variable ${name}`);
}

/** A tunnel to `place` through an http or https proxy (RFC 9110, 9.3.6). Rejects with ConnectError, or the signal's reason. */
export async function connectThroughProxy(
  proxy: URL,
  place: Place,
  signal: AbortSignal,
  ca?: readonly string[],
): Promise<Socket> {
  const isTls = proxy.protocol === "https:";
  const { host, port, at } = hostAndPort(proxy, isTls ? 443 : 80);
  let socket: Socket;
  try {
    socket = await tcp(host, port, signal);
    if (isTls)
      socket = await tls(
        { socket, host, servername: serverName(host), ...(ca === undefined ? {} : { ca: [...ca] }) },
        signal,
      );
  } catch (error) {
    if (signal.aborted) throw error;
    const code = errorCode(error);
    throw failed(at, code === "ECONNREFUSED" ? `nothing listens at ${at}` : `it said ${code ?? "no"}`, error);
  }
  // Written by hand: VS Code patches http.request to go through a proxy of its own choice.
  socket.write(`CONNECT ${place.at} HTTP/1.1\r\nHost: ${place.at}\r\n${authorization(proxy)}\r\n`);
  const status = await readStatus(socket, signal, at);
  if (/^HTTP\/1\.[01] 2\d\d/.test(status)) return socket;
  socket.destroy();
  const said = label(status.replace(/^HTTP\/1\.[01] /, ""), 80);
  if (said.startsWith("407")) throw failed(at, "it wants a name and a password", undefined);
  throw failed(at, `it answered ${said}`, undefined);
}

/** Name for TLS' server name indication, which takes no addresses. */
export function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? "" : host;
}

/** The first line of the proxy's answer, once its head is complete. What follows the head stays in the socket. */
function readStatus(socket: Socket, signal: AbortSignal, at: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const settle = (finish: () => void): void => {
      socket.off("readable", onReadable);
      socket.off("error", onEnd);
      socket.off("close", onEnd);
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.on("error", () => undefined);
        socket.destroy();
        reject(error instanceof Error ? error : failed(at, "it did not answer", undefined));
      });
    const onEnd = (): void => fail(failed(at, "it closed the connection", undefined));
    const onAbort = (): void => fail(signal.reason);
    const onReadable = (): void => {
      for (let chunk = read(socket); chunk !== undefined; chunk = read(socket)) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end >= 0) {
          const rest = head.subarray(end + 4);
          if (rest.length > 0) socket.unshift(rest);
          settle(() => resolve(head.subarray(0, end).toString("latin1").split("\r\n")[0] ?? ""));
          return;
        }
        if (head.length > 16_384) {
          fail(failed(at, "it does not speak HTTP", undefined));
          return;
        }
      }
    };
    socket.on("readable", onReadable);
    socket.once("error", onEnd);
    socket.once("close", onEnd);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

function read(socket: Socket): Buffer | undefined {
  const chunk: unknown = socket.read();
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}

function authorization(proxy: URL): string {
  if (proxy.username === "") return "";
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Proxy-Authorization: Basic ${Buffer.from(pair).toString("base64")}\r\n`;
}

function proxyUrl(value: string, source: string): URL {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  // The value is not said: it may hold a password.
  if (!URL.canParse(written)) throw new ConnectError("kubeconfig", `The proxy cannot be used: ${source} is not a URL.`);
  const url = new URL(written);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  const what = `The proxy cannot be used: ${source} names a ${url.protocol.slice(0, -1)} proxy, which is not supported.`;
  throw new ConnectError("kubeconfig", what, { hint: "Use an http or https proxy." });
}

function failed(at: string, why: string, cause: unknown): ConnectError {
  return new ConnectError("unreachable", `The cluster cannot be reached through the proxy ${at}: ${why}.`, { cause });
}

function fromEnv(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return [env[name], env[name.toLowerCase()]].find(isFilled);
}

function isFilled(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}
