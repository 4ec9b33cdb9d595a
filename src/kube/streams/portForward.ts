import { Duplex, Readable, Writable } from "node:stream";
import { PortForward } from "@kubernetes/client-node/dist/portforward.js";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Connection } from "../connection.ts";
import { assertName } from "../names.ts";
import { PodSocket } from "./podSocket.ts";
import { refused } from "./refusal.ts";

export interface PodPort {
  readonly connection: Connection;
  readonly namespace: string;
  readonly pod: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** Ends the stream, whether it is open already or not. */
  readonly signal: AbortSignal;
}

/**
 * One stream to a port of a pod, over a connection of its own. That nothing listens there is said only once it is
 * open: as an error of the stream, in the server's words. The end of writing is not passed on, since the protocol
 * (v4.channel.k8s.io) cannot say it. Rejects with UserError, ConnectError or CancelledError.
 */
export async function connectPod({ connection, namespace, pod, port, signal }: PodPort): Promise<Duplex> {
  const what = `Port ${port} of ${label(pod, 63)} was not reached.`;
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UserError("invalid-port", what, { why: "Ports are whole numbers from 1 to 65,535." });
  const stream = new PodStream(what, (onClose) => new PodSocket(connection, signal, onClose));
  try {
    await stream.open(assertName(namespace), assertName(pod), port);
    return stream;
  } catch (error) {
    stream.destroy();
    throw refused(error, what);
  }
}

class PodStream extends Duplex {
  readonly #what: string;
  readonly #socket: PodSocket;
  /** What goes to the pod, as client-node wants to be given it. */
  readonly #outgoing = new Readable({ read: () => undefined });
  #said = "";

  constructor(what: string, socket: (onClose: (error: Error | undefined) => void) => PodSocket) {
    super();
    this.#what = what;
    this.#socket = socket((error) => this.#closed(error));
  }

  async open(namespace: string, pod: string, port: number): Promise<void> {
    const output = new Writable({ write: (chunk: Buffer, _, done) => this.#received(chunk, done) });
    const errors = new Writable({ write: (chunk: Buffer, _, done) => this.#refused(chunk, done) });
    const forward = new PortForward(this.#socket.config, true, this.#socket);
    await forward.portForward(namespace, pod, [port], output, errors, this.#outgoing);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#outgoing.push(chunk);
    this.#socket.sent(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.dispose();
    this.#outgoing.destroy();
    done(error);
  }

  #received(chunk: Buffer, done: () => void): void {
    if (chunk.length > 0 && !this.destroyed && !this.push(chunk)) this.#socket.pause();
    done();
  }

  /** The error channel: what the kubelet could not do. */
  #refused(chunk: Buffer, done: () => void): void {
    this.#said += chunk.toString("utf8").slice(0, 1000);
    done();
  }

  #closed(error: Error | undefined): void {
    if (this.#said !== "") {
      // The kubelet's sentence names its own sockets and hashes first.
      const nobody = /connection refused/i.test(this.#said);
      const why = nobody ? "Nothing listens there in the pod." : `The cluster says: ${label(this.#said, 300)}.`;
      this.destroy(new UserError("port-closed", this.#what, { why }));
    } else if (error !== undefined) this.destroy(error);
    else {
      this.push(null);
      this.end();
    }
  }
}
