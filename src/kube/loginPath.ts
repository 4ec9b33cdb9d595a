import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import path from "node:path";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { childOutput } from "./childOutput.ts";

const LIMIT_MS = 5_000;
const MAX_OUTPUT = 1_000_000;

/**
 * The PATH of the person's login shell. An editor that was started from the desktop of macOS or Linux has a bare one,
 * and the programs that sign in are where the shell's start-up files say. Asked only when a program was not found, or
 * did not find another.
 */
export class LoginPath {
  readonly #env: NodeJS.ProcessEnv;
  readonly #platform: NodeJS.Platform;
  readonly #log: Logger;
  #asked: Promise<string | undefined> | undefined;
  #known: string | undefined;

  constructor(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, log: Logger) {
    this.#env = env;
    this.#platform = platform;
    this.#log = log;
  }

  /** What was said last, without asking. */
  get known(): string | undefined {
    return this.#known;
  }

  /** Undefined where there is none to be had; then the next call tries again. Never rejects. */
  async get(): Promise<string | undefined> {
    if (this.#platform === "win32") return undefined;
    this.#asked ??= this.#ask();
    this.#known = await this.#asked;
    if (this.#known === undefined) this.#asked = undefined;
    return this.#known;
  }

  async #ask(): Promise<string | undefined> {
    const shell = this.#env["SHELL"] ?? userInfo().shell ?? "";
    if (!path.isAbsolute(shell)) return undefined;
    // Start-up files print what they like; this cannot be among it.
    const mark = randomUUID();
    try {
      const { kind, stdout } = await childOutput(shell, ["-ilc", `echo ${mark}; printenv PATH; echo ${mark}`], {
        // Start-up files that begin a multiplexer know VS Code's own question of this kind by this variable.
        env: { ...this.#env, VSCODE_RESOLVING_ENVIRONMENT: "1" },
        platform: this.#platform,
        timeoutMs: LIMIT_MS,
        maxBytes: MAX_OUTPUT,
        signal: new AbortController().signal,
      });
      const found = stdout.split(mark)[1]?.trim();
      if (found !== undefined && found !== "" && stdout.split(mark).length === 3) return found;
      this.#log.debug(`${shell} did not say its PATH (${kind})`);
    } catch (error) {
      this.#log.debug(`${shell} could not be asked for its PATH: ${errorText(error)}`);
    }
    return undefined;
  }
}
