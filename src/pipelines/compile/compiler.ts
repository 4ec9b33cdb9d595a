import path from "node:path";
import process from "node:process";
import { after, type Clock } from "../../core/clock.ts";
import type { Disposable } from "../../core/dispose.ts";
import { CancelledError, errorText, type NextStep, UserError, type UserErrorOptions } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { label } from "../../core/sanitize.ts";
import { duration } from "../../core/text.ts";
import { LoginPath } from "../../kube/loginPath.ts";
import { type Json, list, record, text, whole } from "../../kubeflow/read.ts";
import type { PipelineDocument } from "../spec/document.ts";
import type { Hello } from "./program.ts";
import { PythonEnvironment, type PythonPorts } from "./python.ts";
import { WarmPython } from "./warmPython.ts";

/** A place in a file of the person: line and columns from 0; `to` undefined: to the end of the line. */
export interface CodePlace {
  readonly file: string;
  readonly line: number;
  readonly from: number;
  readonly to: number | undefined;
}

export interface CompiledPipeline {
  /** The function's name. */
  readonly name: string;
  /** Where the function begins. */
  readonly place: CodePlace;
  readonly document: PipelineDocument;
  /** Where tasks and groups are made, by their path; see PipelineTask. Not all need to be known. */
  readonly places: ReadonlyMap<string, CodePlace>;
}

export interface CompiledFile {
  /** Version of kfp. */
  readonly sdk: string;
  /** Absolute path of the interpreter. */
  readonly python: string;
  /** One at least. Those that others are made of come last. */
  readonly pipelines: readonly CompiledPipeline[];
}

/** The person's code is wrong at a place. Code `pipeline-code`. */
export class CompileError extends UserError {
  readonly place: CodePlace;
  /** In Python's words. */
  readonly why: string;

  constructor(file: string, why: string, place: CodePlace) {
    super("pipeline-code", notCompiled(file), { why });
    this.place = place;
    this.why = why;
  }
}

/** By what it has, as all guards of errors: each bundle carries a class of its own. */
export function isCompileError(error: unknown): error is CompileError {
  return error instanceof Error && "place" in error && "code" in error && error.code === "pipeline-code";
}

/** What the buttons after a missing SDK hand to *Open Pipeline Graph*, which takes it instead of a file. */
export interface InstallSdk {
  readonly kind: "install-sdk";
  readonly how: "copy" | "terminal";
  /** Program and arguments, each line to be run after the other. */
  readonly commands: readonly (readonly string[])[];
  readonly folder: string;
}

export interface CompilerOptions {
  readonly python: PythonEnvironment;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  /** Milliseconds that the SDK, and then a file, may take; a minute where left out. */
  readonly limitMs?: number;
}

const LIMIT_MS = 60_000;
/** A Python that nobody has asked for anything so long ends. */
const IDLE_MS = 600_000;
const WANTED = "kfp>=2";

/**
 * Compiles pipelines by the person's own Python and SDK, in the background. The SDK stays imported: a file takes no longer
 * than its own imports do. Nothing runs before the first call.
 */
export class PipelineCompiler implements Disposable {
  readonly #options: CompilerOptions;
  readonly #warm = new Map<string, WarmPython>();
  #turn: Promise<unknown> = Promise.resolve();
  #idle: Disposable | undefined;
  #isOver = false;

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** Whose Python it is. */
  get python(): PythonEnvironment {
    return this.#options.python;
  }

  /**
   * Compiles every pipeline of a file as it is saved; one file after the other. Rejects with CompileError where the code is
   * wrong; with UserError `sdk-missing`, `sdk-old` or `sdk-broken`, `python-missing` or what PythonEnvironment rejects with,
   * `compile-time` after the limit, `compile-died`; with CancelledError.
   */
  async compile(file: string, signal: AbortSignal): Promise<CompiledFile> {
    const work = this.#turn.then(() => this.#compile(file, signal));
    this.#turn = work.catch(() => undefined);
    // Whoever turns away does not wait for a file of somebody else.
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new CancelledError()), { once: true });
      work.then(resolve, reject);
    });
  }

  dispose(): void {
    this.#isOver = true;
    this.#idle?.dispose();
    for (const one of this.#warm.values()) one.dispose();
    this.#warm.clear();
  }

  async #compile(file: string, signal: AbortSignal): Promise<CompiledFile> {
    this.#idle?.dispose();
    if (signal.aborted || this.#isOver) throw new CancelledError();
    const { env, platform } = this.#options;
    try {
      const { python, warm, sdk } = await this.#withSdk(file, signal);
      const asked = warm.ask(file).catch((error: unknown) => {
        throw new UserError("compile-died", notCompiled(file), { why: label(errorText(error), 300), cause: error });
      });
      const answer = await this.#limited(file, warm, signal, asked, {
        why: "It was still running",
        hint: "What stands outside of functions runs each time that it is compiled: work belongs into components.",
      });
      // Without a fork, it is good for one file: the next one warms up meanwhile.
      if (platform === "win32") this.#warm.set(python, new WarmPython(python, env, platform));
      return { python, sdk, pipelines: pipelinesOf(file, answer, warm.said) };
    } finally {
      this.#rest();
    }
  }

  /** The first of the person's interpreters that has an SDK that will do; what is wrong with the first one, where none has. */
  async #withSdk(
    file: string,
    signal: AbortSignal,
  ): Promise<{ readonly python: string; readonly warm: WarmPython; readonly sdk: string }> {
    const { python: environment, env, platform } = this.#options;
    const candidates = await environment.candidates(file);
    let first: UserError | undefined;
    for (const python of candidates) {
      const known = this.#warm.get(python);
      const warm = known?.hasEnded === false ? known : new WarmPython(python, env, platform);
      this.#warm.set(python, warm);
      let wrong: UserError | undefined;
      try {
        const hello = await this.#limited(file, warm, signal, warm.hello, {
          why: `${python} was still importing the Kubeflow Pipelines SDK`,
          hint: "Try again: what a computer has read once it reads faster.",
        });
        if (hello.sdk !== null && isEnough(hello.sdk)) return { python, warm, sdk: hello.sdk };
        wrong = sdkError(file, python, hello, platform);
      } catch (error) {
        if (signal.aborted || error instanceof UserError) throw error;
        const why = `${python} did not start: ${label(errorText(error))}`;
        wrong = new UserError("python-missing", notCompiled(file), { why, cause: error });
      }
      this.#end(python);
      first ??= wrong;
    }
    if (first !== undefined) throw first;
    // There is none, which it has the words for.
    await environment.find(file);
    throw new CancelledError();
  }

  /** Ends the Python where it takes too long or nobody waits any more. `why` and `hint` are of what it was at. */
  async #limited<T>(
    file: string,
    warm: WarmPython,
    signal: AbortSignal,
    work: Promise<T>,
    { why, hint }: { readonly why: string; readonly hint: string },
  ): Promise<T> {
    const { clock, limitMs = LIMIT_MS } = this.#options;
    const late = new AbortController();
    const onAbort = (): void => warm.dispose();
    signal.addEventListener("abort", onAbort, { once: true });
    const limit = after(clock, limitMs, () => {
      late.abort();
      warm.dispose();
    });
    try {
      return await work;
    } catch (error) {
      if (signal.aborted) throw new CancelledError();
      if (!late.signal.aborted) throw error;
      throw new UserError("compile-time", notCompiled(file), {
        ...{ why: `${why} after ${duration(limitMs)}, and was ended.`, hint, cause: error },
      });
    } finally {
      limit.dispose();
      signal.removeEventListener("abort", onAbort);
    }
  }

  #end(python: string): void {
    this.#warm.get(python)?.dispose();
    this.#warm.delete(python);
  }

  #rest(): void {
    if (this.#isOver) return;
    this.#idle?.dispose();
    this.#idle = after(this.#options.clock, IDLE_MS, () => {
      for (const python of this.#warm.keys()) this.#end(python);
    });
  }
}

/** @param options `pythonPlace` is left out where nobody has chosen a Python */
export function createCompiler(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly clock: Clock;
  readonly pythonPlace?: PythonPorts["placeOf"];
}): PipelineCompiler {
  const { env, log, clock, pythonPlace: placeOf = () => Promise.resolve({}) } = options;
  const { platform } = process;
  const loginPath = new LoginPath(env, platform, log);
  return new PipelineCompiler({
    python: new PythonEnvironment({ placeOf, env, platform, loginPath }),
    env,
    platform,
    clock,
  });
}

function pipelinesOf(file: string, answer: Json, said: string): readonly CompiledPipeline[] {
  const { error, died, pipelines } = answer;
  if (error !== undefined) {
    const { text: why, place } = record(error);
    throw new CompileError(file, label(text(why) ?? "", 600), placeOf(place, file));
  }
  if (died !== undefined) {
    const signal = whole(died, 255) ?? 0;
    const why = signal === 0 ? "Python ended while it ran." : `Python ended by signal ${signal} while it ran.`;
    throw new UserError("compile-died", notCompiled(file), { why: `${why} ${label(said)}`.trim() });
  }
  const found = list(pipelines).map((one) => ({
    isPart: one["isPart"] === true,
    name: label(text(one["function"]) ?? ""),
    place: placeOf([one["file"], one["line"]], file),
    document: { pipeline: record(one["pipeline"]), platform: record(one["platform"]) },
    places: new Map(Object.entries(record(one["places"])).map(([path, place]) => [path, placeOf(place, file)])),
  }));
  if (found.length === 0)
    throw new UserError("pipeline-none", `${path.basename(file)} has no pipeline.`, {
      why: "None of its functions is marked with @dsl.pipeline.",
    });
  // As they are written, those that others are made of after them.
  return found
    .sort((a, b) => Number(a.isPart) - Number(b.isPart) || a.place.line - b.place.line)
    .map(({ name, place, document, places }) => ({ name, place, document, places }));
}

/** Python counts lines and columns from 1, 0 where it does not know. */
function placeOf(value: unknown, main: string): CodePlace {
  const [file, line, from, to] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const at = (count: unknown): number => Math.max(0, (whole(count, 1e9) ?? 0) - 1);
  const end = whole(to, 1e9) ?? 0;
  return { file: text(file) ?? main, line: at(line), from: at(from), to: end === 0 ? undefined : end - 1 };
}

function isEnough(sdk: string): boolean {
  return Number.parseInt(sdk, 10) >= 2;
}

function sdkError(file: string, python: string, hello: Hello, platform: NodeJS.Platform): UserError {
  const { sdk, why, hasPip, isManaged } = hello;
  const about: [code: string, why: string] =
    why !== null
      ? ["sdk-broken", `The kfp of ${python} cannot be imported: ${label(why, 300)}`]
      : sdk === null
        ? ["sdk-missing", `${python} (Python ${label(hello.python, 40)}) has no Kubeflow Pipelines SDK.`]
        : [
            "sdk-old",
            `${python} has version ${label(sdk, 40)} of the Kubeflow Pipelines SDK, and 2 or newer is needed.`,
          ];
  const folder = path.dirname(file);
  const inside = platform === "win32" ? String.raw`.venv\Scripts\python.exe` : ".venv/bin/python";
  const install = (own: string): readonly string[] => [own, "-m", "pip", "install", WANTED];
  const commands = isManaged
    ? [[python, "-m", "venv", ".venv"], install(inside)]
    : hasPip
      ? [install(python)]
      : [["uv", "pip", "install", "--python", python, WANTED]];
  const step = (title: string, how: InstallSdk["how"]): NextStep => {
    const args: readonly [InstallSdk] = [{ kind: "install-sdk", how, commands, folder }];
    return { title, command: "trainyard.pipeline.graph", args };
  };
  const options: UserErrorOptions = {
    why: about[1],
    hint: isManaged
      ? "The system keeps this Python’s packages to itself: make an environment beside the file, and install kfp there."
      : "Install kfp there, or choose another interpreter.",
    next: [step("Install in Terminal", "terminal"), step("Copy pip Command", "copy")],
  };
  return new UserError(about[0], notCompiled(file), options);
}

function notCompiled(file: string): string {
  return `${path.basename(file)} was not compiled.`;
}
