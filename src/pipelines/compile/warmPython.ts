import { spawn, type ChildProcess } from "node:child_process";
import { homedir } from "node:os";
import type { Disposable } from "../../core/dispose.ts";
import { signalGroup } from "../../kube/childOutput.ts";
import { LineSplitter } from "../../kube/lines.ts";
import { type Json, record, text } from "../../kubeflow/read.ts";
import { COMPILE_PROGRAM, type Hello } from "./program.ts";

/** An answer is held as one line; that of a pipeline near the server's limit has about so many bytes. */
const MAX_LINE_BYTES = 96 * 1024 * 1024;
const STDERR_KEPT = 2_000;

/** A Python of the person's that has imported the SDK, and compiles one file after the other. Ends with `dispose`. */
export class WarmPython implements Disposable {
  /** Rejects with the system's error where it does not start, or with what it said before it ended. */
  readonly hello: Promise<Hello>;
  readonly #child: ChildProcess;
  readonly #platform: NodeJS.Platform;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  #waiting: { readonly take: (line: Json) => void; readonly fail: (error: Error) => void } | undefined;
  #stderr = "";
  #ended: Error | undefined;

  constructor(python: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform) {
    this.#platform = platform;
    this.#child = spawn(python, ["-c", COMPILE_PROGRAM], {
      shell: false,
      stdio: ["pipe", "pipe", "pipe"],
      // Fork and the frameworks of macOS: a child that has not imported any may go on.
      env: { ...env, OBJC_DISABLE_INITIALIZE_FORK_SAFETY: "YES" },
      windowsHide: true,
      // Not the editor's own folder, where a workspace could plant what Python looks for.
      cwd: homedir(),
      detached: platform !== "win32",
    });
    const { stdout, stderr, stdin } = this.#child;
    // A write to one that has ended fails here, and is told by its end.
    stdin?.on("error", () => undefined);
    stderr?.on("data", (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-STDERR_KEPT)));
    stdout?.on("data", (chunk: Buffer) => {
      for (const { text: line } of this.#lines.push(chunk)) this.#take(line);
    });
    this.#child.once("error", (error) => this.#end(error));
    this.#child.once("close", (code, signal) =>
      this.#end(new Error(lastLine(this.#stderr) || `It ended with ${signal ?? code ?? "no code"}.`)),
    );
    this.hello = this.#next().then(helloOf);
    // Whoever asks for it hears of it.
    this.hello.catch(() => undefined);
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Compiles a file; one at a time. Rejects with what it said before it ended. */
  ask(file: string): Promise<Json> {
    const answer = this.#next();
    this.#child.stdin?.write(`${JSON.stringify({ file })}\n`);
    return answer;
  }

  /** The last that it wrote to stderr, a line. */
  get said(): string {
    return lastLine(this.#stderr);
  }

  dispose(): void {
    this.#end(new Error("It was ended."));
    // A file may hold on to itself: nothing of it is worth a farewell.
    signalGroup(this.#child, this.#platform, "SIGKILL");
  }

  #next(): Promise<Json> {
    return new Promise((take, fail) => {
      if (this.#ended === undefined) this.#waiting = { take, fail };
      else fail(this.#ended);
    });
  }

  #take(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return; // What a library has written there by itself, before it was turned away.
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.take(record(value));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.fail(error);
  }
}

function helloOf(json: Json): Hello {
  return {
    python: text(json["python"]) ?? "",
    sdk: text(json["sdk"]) ?? null,
    why: text(json["why"]) ?? null,
    hasPip: json["hasPip"] === true,
    isManaged: json["isManaged"] === true,
  };
}

function lastLine(said: string): string {
  return said.trim().split("\n").at(-1)?.trim() ?? "";
}
