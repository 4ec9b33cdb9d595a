// A TCP proxy that is far away: every byte comes later by half a round trip, and no faster than the line allows.
import { once } from "node:events";
import net from "node:net";

export interface Line {
  /** Milliseconds. */
  readonly roundTrip: number;
  /** Megabits a second, each way. */
  readonly megabits: number;
}

/** Bytes that a sender may have on the way before it has to wait. */
const WINDOW = 4 << 20;

export class SlowLink {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Bytes from the server so far. */
  #received = 0;
  #accepted = 0;

  private constructor(target: URL, line: Line) {
    this.#server = net.createServer((near) => {
      this.#accepted++;
      const far = net.connect(Number(target.port || "443"), target.hostname);
      for (const socket of [near, far]) {
        socket.setNoDelay(true);
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
        // The other end goes too, which is all that can be done.
        socket.on("error", () => undefined);
      }
      far.on("data", (chunk) => (this.#received += chunk.length));
      carry(near, far, line);
      carry(far, near, line);
    });
  }

  /** @param target such as `https://127.0.0.1:6443` */
  static async start(target: string, line: Line): Promise<SlowLink> {
    const link = new SlowLink(new URL(target), line);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  /** `https://127.0.0.1:PORT`, for a kubeconfig. */
  get address(): string {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the link is not open");
    return `https://127.0.0.1:${address.port}`;
  }

  /** Bytes that the server has sent so far. */
  get received(): number {
    return this.#received;
  }

  /** Connections so far. */
  get accepted(): number {
    return this.#accepted;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A byte leaves once those before it have left, and arrives half a round trip later. */
function carry(from: net.Socket, to: net.Socket, { roundTrip, megabits }: Line): void {
  const bytesPerMs = (megabits * 1e6) / 8 / 1000;
  const queue: { readonly due: number; readonly bytes: number; readonly act: () => void }[] = [];
  let free = 0;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const left = next.due - performance.now();
      if (left > 0.5) {
        timer = setTimeout(deliver, left);
        return;
      }
      queue.shift();
      waiting -= next.bytes;
      next.act();
    }
    if (from.isPaused()) from.resume();
  };
  const later = (bytes: number, act: () => void): void => {
    free = Math.max(free, performance.now()) + bytes / bytesPerMs;
    waiting += bytes;
    queue.push({ due: free + roundTrip / 2, bytes, act });
    if (waiting > WINDOW) from.pause();
    if (timer === undefined) deliver();
  };
  from.on("data", (chunk: Buffer) => later(chunk.length, () => to.destroyed || to.write(chunk)));
  from.on("end", () => later(0, () => to.end()));
  from.on("close", () => later(0, () => to.destroy()));
}
