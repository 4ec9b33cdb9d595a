import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import {
  createServer as createPlainServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { silentLogger } from "../../core/log.ts";
import { ClusterTransport, type TransportOptions } from "../createTransport.ts";
import { Credentials } from "../credentials.ts";
import { ConnectError, type ConnectFailure } from "../errors.ts";
import { type ClusterEntry, type ContextEntry, contextEntry, type UserEntry } from "../kubeconfigEntries.ts";
import type { KubeResponse, Transport } from "../transport.ts";

// Real servers, proxies and certificates for the tests of this folder.

export function certificate(file: string): Buffer {
  return readFileSync(path.resolve("test/certificates", file));
}

/** What Node's requests of both versions have in common, as far as the tests use it. */
export interface TestRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "end", listener: () => void): unknown;
}

export interface TestResponse {
  writeHead(status: number, headers?: Record<string, string>): TestResponse;
  write(chunk: string | Buffer, written?: () => void): boolean;
  readonly end: ((chunk: string | Buffer) => unknown) & (() => unknown);
  on(event: "close", listener: () => void): unknown;
  once(event: "drain", listener: () => void): unknown;
}

export type Handler = (request: TestRequest, response: TestResponse) => void;

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly h2: Http2SecureServer | undefined;
  /** TLS handshakes, or TCP connections of a plain server. */
  readonly handshakes: () => number;
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly speaks?: "h2" | "http/1.1" | "plain";
  readonly cert?: string;
  readonly clientCertificates?: "asked" | "required";
  readonly maxConcurrentStreams?: number;
}

export async function testServer(handler: Handler, options: ServerOptions = {}): Promise<TestServer> {
  const { speaks = "h2", cert = "server", clientCertificates, maxConcurrentStreams } = options;
  const tls = {
    cert: certificate(`${cert}.pem`),
    key: certificate(`${cert}.key`),
    ca: certificate("ca.pem"),
    requestCert: clientCertificates !== undefined,
    rejectUnauthorized: clientCertificates === "required",
  };
  let server: Http2SecureServer | Server;
  let h2: Http2SecureServer | undefined;
  if (speaks === "h2") {
    h2 = createSecureServer(
      { ...tls, ...(maxConcurrentStreams === undefined ? {} : { settings: { maxConcurrentStreams } }) },
      handler,
    );
    server = h2;
  } else {
    server = speaks === "plain" ? createPlainServer(handler) : createHttpsServer(tls, handler);
  }
  let handshakes = 0;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on(speaks === "plain" ? "connection" : "secureConnection", () => handshakes++);
  server.on("sessionError", () => undefined);
  const port = await listen(server);
  return {
    url: `${speaks === "plain" ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    h2,
    handshakes: () => handshakes,
    sockets,
    close: () => closeAll(server, sockets),
  };
}

export interface TestProxy {
  readonly url: string;
  readonly asked: readonly { readonly target: string; readonly authorization: string | undefined }[];
  /** Stops passing bytes without closing anything: the other end is gone without a word. */
  freeze(): void;
  close(): Promise<void>;
}

/** A CONNECT proxy that reaches every name at `port` of this machine. */
export async function testProxy(port: number, answer = "200 OK"): Promise<TestProxy> {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server = createPlainServer();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push({ target: request.url ?? "", authorization: request.headers["proxy-authorization"] });
    socket.on("error", () => undefined);
    if (!answer.startsWith("200")) {
      socket.end(`HTTP/1.1 ${answer}\r\n\r\n`);
      return;
    }
    const upstream = connect({ host: "127.0.0.1", port }, () => {
      socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
      socket.pipe(upstream).pipe(socket);
    });
    sockets.add(upstream);
    upstream.on("error", () => socket.destroy());
    upstream.once("close", () => socket.destroy());
    socket.once("close", () => upstream.destroy());
  });
  const own = await listen(server);
  return {
    url: `http://127.0.0.1:${own}`,
    asked,
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    close: () => closeAll(server, sockets),
  };
}

export function testEntry(
  url: string,
  cluster: Partial<ClusterEntry> = {},
  user: Partial<UserEntry> = {},
): ContextEntry {
  const context = {
    name: "test",
    cluster: "test",
    user: "alice",
    server: url,
    namespace: "default",
    file: "/none",
    isCurrent: true,
  };
  const caData = certificate("ca.pem").toString("base64");
  return contextEntry(
    context,
    { name: "test", server: url, caData, insecureSkipTlsVerify: false, ...cluster },
    { name: "alice", ...user },
  );
}

export function testTransport(entry: ContextEntry, options: Partial<TransportOptions> = {}): Transport {
  const credentials = options.credentials ?? new Credentials({ entry, env: process.env });
  return new ClusterTransport({
    entry,
    credentials,
    userAgent: "trainyard-test",
    log: silentLogger,
    env: {},
    ...options,
  });
}

export async function textOf(response: KubeResponse): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** For assert.rejects: a ConnectError of this code whose message reads like this. */
export function failure(code: ConnectFailure, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };
}

/** Waits for a condition, for at most five seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not happen in 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function listen(server: Http2SecureServer | Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function closeAll(server: Http2SecureServer | Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
