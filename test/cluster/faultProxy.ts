// A TCP proxy that fails on command, between a real client and a real API server. TLS passes through it untouched, so
// that it knows bytes and connections, not requests.
import net from "node:net";
import { once } from "node:events";
import { until } from "../editor/until.ts";

/** Both ends of one connection. */
interface Link {
  readonly near: net.Socket;
  readonly far: net.Socket;
}

export class FaultProxy {
  readonly #server: net.Server;
  readonly #target: URL;
  readonly #links = new Set<Link>();
  #accepted = 0;
  #refusing = false;
  #silent = false;
  #muted = false;
  #answerBytes: number | undefined;
  #port = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = net.createServer((near) => this.#accept(near));
  }

  /** @param target such as `https://127.0.0.1:6443` */
  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target));
    await proxy.#listen();
    return proxy;
  }

  /** `https://127.0.0.1:PORT`, for a kubeconfig. */
  get address(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** Connections that were accepted so far, over all time. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#links.size;
  }

  /** Resets every open connection. New ones are accepted. */
  cut(): void {
    for (const { near, far } of this.#links) {
      near.resetAndDestroy();
      far.destroy();
    }
    this.#links.clear();
  }

  /** Closes the port: whoever dials is refused. Open connections stay; `cut` ends them. */
  async refuse(): Promise<void> {
    if (this.#refusing) return;
    this.#refusing = true;
    this.#server.close();
    await until(
      "the port to close",
      () => Promise.resolve(this.#server.listening),
      (listening) => !listening,
    );
  }

  /** Opens the same port again. */
  async accept(): Promise<void> {
    if (!this.#refusing) return;
    this.#refusing = false;
    await this.#listen();
  }

  /** Swallows every byte in both directions and accepts connections into nothing: a network that went away silently. */
  blackhole(on: boolean): void {
    this.#silent = on;
  }

  /** Open connections fall silent for good, as after a sleep in which the network forgot them; new ones pass. */
  strand(): void {
    for (const { near, far } of this.#links) {
      for (const socket of [near, far]) {
        socket.removeAllListeners("data");
        socket.pause();
      }
    }
  }

  /** Swallows what the server answers, while requests still reach it. */
  mute(on: boolean): void {
    this.#muted = on;
  }

  /** Resets the connection once so many more bytes have come from the server, in the middle of whatever they are. */
  cutAfter(bytes: number): void {
    this.#answerBytes = bytes;
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.cut();
    if (this.#refusing) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  #accept(near: net.Socket): void {
    this.#accepted++;
    const far = net.connect(Number(this.#target.port || "443"), this.#target.hostname);
    const link: Link = { near, far };
    this.#links.add(link);
    near.on("data", (chunk) => {
      if (!this.#silent) far.write(chunk);
    });
    far.on("data", (chunk) => this.#answer(link, chunk));
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.on("error", () => undefined);
      one.on("end", () => {
        if (!this.#silent) other.end();
      });
      one.on("close", () => {
        this.#links.delete(link);
        if (!this.#silent) other.destroy();
      });
    }
  }

  #answer({ near, far }: Link, chunk: Buffer): void {
    if (this.#silent || this.#muted) return;
    if (this.#answerBytes === undefined || chunk.length < this.#answerBytes) {
      if (this.#answerBytes !== undefined) this.#answerBytes -= chunk.length;
      near.write(chunk);
      return;
    }
    near.write(chunk.subarray(0, this.#answerBytes), () => near.resetAndDestroy());
    far.destroy();
    this.#answerBytes = undefined;
  }
}
