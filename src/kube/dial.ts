import type { Socket } from "node:net";
import { type ConnectionOptions, getCACertificates } from "node:tls";
import { CancelledError, errorCode } from "../core/errors.ts";
import { duration } from "../core/text.ts";
import { connectFailure, unreachable } from "./connectFailure.ts";
import type { Identity } from "./credentials.ts";
import { ConnectError } from "./errors.ts";
import type { ClusterEntry } from "./kubeconfigEntries.ts";
import { namedFile } from "./kubeconfigFiles.ts";
import type { Place } from "./place.ts";
import { connectThroughProxy, proxyFor, serverName } from "./proxy.ts";
import { tcp, tls } from "./sockets.ts";

export interface DialOptions {
  readonly place: Place;
  readonly cluster: ClusterEntry;
  readonly env: NodeJS.ProcessEnv;
  /** The editor's own proxy setting, read at each dial. */
  readonly proxyOverride?: string | undefined;
  /** PEM, besides Node's own, where the kubeconfig names no authority. */
  readonly systemCertificates?: readonly string[] | undefined;
  /** Milliseconds for all of it: name, TCP, proxy, TLS. */
  readonly timeoutMs: number;
  /** What the server may choose from; both where left out. */
  readonly protocols?: readonly Dialled["protocol"][];
}

export interface Dialled {
  readonly socket: Socket;
  readonly protocol: "h2" | "http/1.1";
}

/**
 * One connection to the cluster, ready for requests; the server chooses the protocol (ALPN). Rejects with ConnectError,
 * with CancelledError when aborted.
 */
export async function dial(options: DialOptions, identity: Identity, signal: AbortSignal): Promise<Dialled> {
  const { place, timeoutMs } = options;
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(unreachable(`no answer from ${place.at} within ${duration(timeoutMs)}`, place)),
    timeoutMs,
  );
  const onAbort = (): void => limit.abort(new CancelledError());
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return await connectAll(options, identity, limit.signal);
  } catch (error) {
    throw connectFailure(limit.signal.aborted ? limit.signal.reason : error, place);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

async function connectAll(options: DialOptions, identity: Identity, signal: AbortSignal): Promise<Dialled> {
  const { place, cluster, env } = options;
  const proxy = proxyFor(place, { clusterProxy: cluster.proxyUrl, override: options.proxyOverride, env });
  const isTls = place.url.protocol === "https:";
  const trusted = isTls ? await authorities(options) : undefined;
  const raw =
    proxy === undefined
      ? await tcp(place.host, place.port, signal)
      : await connectThroughProxy(proxy, place, signal, withSystem(options.systemCertificates));
  if (!isTls) return { socket: raw, protocol: "http/1.1" };
  try {
    const socket = await tls({ ...tlsOptions(options, identity), ...trusted, socket: raw }, signal);
    return { socket, protocol: socket.alpnProtocol === "h2" ? "h2" : "http/1.1" };
  } catch (error) {
    raw.destroy();
    throw badMaterial(error, place) ?? error;
  }
}

function tlsOptions({ place, cluster, protocols }: DialOptions, { cert, key }: Identity): ConnectionOptions {
  return {
    // Without a server name the certificate is checked against the host.
    host: place.host,
    servername: cluster.tlsServerName ?? serverName(place.host),
    ...(cluster.tlsServerName === undefined ? {} : { host: cluster.tlsServerName }),
    ALPNProtocols: [...(protocols ?? ["h2", "http/1.1"])],
    // Said out loud: the process-wide NODE_TLS_REJECT_UNAUTHORIZED must not decide.
    rejectUnauthorized: !cluster.insecureSkipTlsVerify,
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

async function authorities({ cluster, place, systemCertificates }: DialOptions): Promise<{ ca?: (string | Buffer)[] }> {
  if (cluster.insecureSkipTlsVerify) return {};
  if (cluster.caData !== undefined && cluster.caData !== "")
    return { ca: [pem(Buffer.from(cluster.caData, "base64"), place)] };
  if (cluster.caFile !== undefined) {
    const what = `certificate authority of cluster ${place.cluster}`;
    return { ca: [pem(await namedFile(what, cluster.caFile), place)] };
  }
  const ca = withSystem(systemCertificates);
  return ca === undefined ? {} : { ca };
}

/** Node's own authorities and the system's; undefined means Node's own. */
function withSystem(system: readonly string[] | undefined): string[] | undefined {
  return system === undefined || system.length === 0 ? undefined : [...getCACertificates("default"), ...system];
}

function pem(content: Buffer, place: Place): Buffer {
  if (content.includes("-----BEGIN CERTIFICATE-----")) return content;
  throw new ConnectError(
    "kubeconfig",
    `The certificate authority of cluster ${place.cluster} is not a PEM certificate.`,
  );
}

/** OpenSSL did not take the certificates or the key that we gave it. */
function badMaterial(error: unknown, place: Place): ConnectError | undefined {
  const code = errorCode(error) ?? "";
  if (!/^ERR_OSSL_|^ERR_CRYPTO_|KEY_VALUES_MISMATCH|BAD_BASE64|NO_START_LINE/.test(code)) return undefined;
  return new ConnectError(
    "kubeconfig",
    `The certificate or key of user ${place.user}, or the authority of cluster ${place.cluster}, cannot be used (${code}).`,
  );
}
