import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { CancelledError } from "../core/errors.ts";

/** A connected TCP socket, with what keeps it alive. Rejects with the system's error, or with the signal's reason. */
export async function tcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connectTcp({ host, port, noDelay: true });
  await ready(socket, "connect", signal);
  // libuv probes each second after that and gives up after ten: a dead peer is found in about 40 s.
  socket.setKeepAlive(true, 30_000);
  return socket;
}

/** The same after its TLS handshake. Ends the socket that it was given where the handshake fails. */
export async function tls(options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted();
  const socket = connectTls(options);
  await ready(socket, "secureConnect", signal);
  return socket;
}

function ready(socket: Socket, event: "connect" | "secureConnect", signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      socket.off(event, onReady);
      socket.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) {
        socket.off("error", settle);
        resolve();
        return;
      }
      // A second error of a socket that is given up must not end the process.
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error instanceof Error ? error : new CancelledError());
    };
    const onReady = (): void => settle();
    const onClose = (): void => settle(Object.assign(new Error("closed before it was ready"), { code: "ECONNRESET" }));
    const onAbort = (): void => settle(signal.reason ?? new CancelledError());
    socket.once(event, onReady);
    socket.once("error", settle);
    socket.once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
