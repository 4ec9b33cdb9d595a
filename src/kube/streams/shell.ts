import { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { Exec } from "@kubernetes/client-node/dist/exec.js";
import { systemClock } from "../../core/clock.ts";
import { CancelledError, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Connection } from "../connection.ts";
import { assertName } from "../names.ts";
import { PodSocket } from "./podSocket.ts";
import { refused } from "./refusal.ts";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ShellTarget {
  readonly connection: Connection;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly size: TerminalSize;
  /** What the container writes, as it wrote it; whole characters. */
  readonly onOutput: (text: string) => void;
  /** Ends the shell's connection, whether it stands already or not. */
  readonly signal: AbortSignal;
}

export type Shell = Pick<PodShell, "input" | "resize" | "exit">;

/** As much of a Status as tells how a command ended (apimachinery meta/v1; remotecommand NonZeroExitCodeReason). */
interface ExecStatus {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

const SHELLS = ["/bin/bash", "/bin/sh"];
/** How runtimes say that a program is not there (runc, crun, CRI-O). */
const MISSING = /no such file|not found|executable file/i;
/** A terminal of an extension cannot say that it is behind: more than this much in this time waits in the cluster. */
const BURST_BYTES = 128 * 1024;
const BURST_MS = 20;

/**
 * A shell in a container, with a terminal. Resolves when the cluster has taken the request; where there is no bash,
 * sh follows by itself. Rejects with UserError in the cluster's words, ConnectError or CancelledError.
 */
export async function openShell(target: ShellTarget): Promise<Shell> {
  assertName(target.namespace);
  assertName(target.pod);
  assertName(target.container);
  const shell = new PodShell(target);
  await shell.start();
  return shell;
}

class PodShell {
  readonly #target: ShellTarget;
  readonly #what: string;
  readonly #exit = Promise.withResolvers<number>();
  /**
   * The shell's exit code. Rejects with UserError `no-shell` where the image has none, `shell-lost` where the
   * connection ended first, or with ConnectError; with CancelledError after the signal.
   */
  readonly exit = this.#exit.promise;
  readonly #decoder = new StringDecoder("utf8");
  readonly #left = [...SHELLS];
  #size: TerminalSize;
  #keys = keyboard();
  #screen: Writable | undefined;
  #hasTyped = false;
  #burst = 0;

  constructor(target: ShellTarget) {
    this.#target = target;
    this.#what = `No shell was opened in ${label(target.pod, 63)}.`;
    this.#size = target.size;
    // Whoever opened it may have gone before it ended.
    this.exit.catch(() => undefined);
  }

  /** Opens the next of the shells. */
  async start(): Promise<void> {
    const { connection, namespace, pod, container, signal } = this.#target;
    const socket = new PodSocket(connection, signal, (error) => this.#lost(keys, error));
    const screen = new Writable({ write: (chunk: Buffer, _, done) => this.#show(chunk, socket, done) });
    const keys = keyboard();
    this.#keys = keys;
    // With these two it is a terminal to client-node, which sends its size at first and at each `resize`.
    this.#screen = Object.assign(screen, this.#size);
    const onStatus = (status: ExecStatus): void => {
      this.#ended(status);
      socket.dispose();
    };
    const exec = new Exec(socket.config, socket);
    const command = [this.#left.shift() ?? ""];
    try {
      await exec.exec(namespace, pod, container, command, this.#screen, null, keys, true, onStatus);
    } catch (error) {
      throw refused(error, this.#what);
    }
  }

  input(text: string): void {
    this.#hasTyped = true;
    this.#keys.push(Buffer.from(text));
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    if (this.#screen !== undefined) Object.assign(this.#screen, size).emit("resize");
  }

  #show(chunk: Buffer, socket: PodSocket, done: () => void): void {
    const text = this.#decoder.write(chunk);
    if (text !== "") this.#target.onOutput(text);
    this.#burst += chunk.length;
    if (this.#burst > BURST_BYTES) {
      this.#burst = 0;
      socket.pause();
      void systemClock.sleep(BURST_MS).then(() => socket.resume());
    }
    done();
  }

  #ended(status: ExecStatus): void {
    const code = exitCode(status);
    const isMissing = code === undefined ? MISSING.test(status.message ?? "") : code === 126 || code === 127;
    if (isMissing && !this.#hasTyped && this.#left.length > 0)
      this.start().catch((error: unknown) => this.#exit.reject(error));
    else if (code !== undefined) this.#exit.resolve(code);
    else {
      const why = isMissing
        ? "The image has neither bash nor sh."
        : `The cluster says: ${label(status.message ?? status.reason ?? "nothing", 300)}.`;
      this.#exit.reject(new UserError(isMissing ? "no-shell" : "refused", this.#what, { why }));
    }
  }

  /** Its connection is over; where it had ended, or another shell is tried, that is known already. */
  #lost(keys: Readable, error: Error | undefined): void {
    if (this.#target.signal.aborted) this.#exit.reject(new CancelledError());
    else if (keys === this.#keys)
      this.#exit.reject(
        error ?? new UserError("shell-lost", `The connection to ${label(this.#target.pod, 63)} ended.`),
      );
  }
}

/** The code that a command ended with; undefined where it was not run. */
function exitCode({ status, reason, details }: ExecStatus): number | undefined {
  if (status === "Success") return 0;
  if (reason !== "NonZeroExitCode") return undefined;
  const said = details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
  return Number.parseInt(said ?? "", 10) || 1;
}

function keyboard(): Readable {
  return new Readable({ read: () => undefined });
}
