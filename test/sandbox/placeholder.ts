// The sandbox's address on the host. It answers from the first second: until the API server is ready with a
// Kubernetes `Status` that says what is being done, afterwards by passing every connection on to the API server.
import http2 from "node:http2";
import net from "node:net";
import type { AddressInfo } from "node:net";

export interface Door {
  readonly port: number;
  /** From now on connections go to the API server. Earlier ones are closed: clients come again. */
  openTo(host: string, port: number): void;
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly certificate: string;
  readonly key: string;
  /** 0: any free port. */
  readonly port: number;
  /** What the `Status` says while the door is shut. */
  readonly message: () => string;
}

/** @returns once it listens on 127.0.0.1; rejects with `EADDRINUSE` where the port is another's */
export async function openDoor(options: DoorOptions): Promise<Door> {
  let target: { host: string; port: number } | undefined;
  const open = new Set<net.Socket>();

  // Speaks HTTP/2 as well, as the API server does: a client must find the same protocols before and after.
  const placeholder = http2.createSecureServer(
    { cert: options.certificate, key: options.key, allowHTTP1: true },
    (_, response) => {
      const body = JSON.stringify(statusObject(options.message()));
      // No Retry-After: kubectl would wait and ask again instead of showing the message.
      response.writeHead(503, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      response.end(body);
    },
  );
  placeholder.on("sessionError", () => undefined);

  const server = net.createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    if (target === undefined) placeholder.emit("connection", socket);
    else passOn(socket, target.host, target.port);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const endAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    openTo(host, port) {
      target = { host, port };
      endAll();
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        endAll();
      });
    },
  };
}

function passOn(socket: net.Socket, host: string, port: number): void {
  const onward = net.connect({ host, port, noDelay: true });
  socket.pipe(onward).pipe(socket);
  onward.on("error", () => socket.destroy());
  onward.once("close", () => socket.destroy());
  socket.once("close", () => onward.destroy());
}

/** What a Kubernetes API server answers when it cannot serve. */
export function statusObject(message: string): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: "ServiceUnavailable",
    code: 503,
  };
}
