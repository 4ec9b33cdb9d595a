import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import { errorCode, isCancelled, type NextStep, unlessMissing, UserError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { plainLine } from "../../core/sanitize.ts";
import { childOutput, type ChildResult } from "../../kube/childOutput.ts";
import { findProgram } from "../../kube/execCommand.ts";
import { LoginPath } from "../../kube/loginPath.ts";
import { runTool } from "../../kube/runTool.ts";
import { contentTag, ignoreFileOf, type ImageSource } from "./content.ts";
import { failureOf, isMissing, notRunning, refuseUnreachable, type ToolFailure } from "./failures.ts";
import { progressOf } from "./progress.ts";
import { registryProblem } from "./reference.ts";
import { IMAGE_TOOLS, type ImageTool, type ToolKind, type ToolOrder } from "./tools.ts";

/** A program that builds images, found on this computer and able to work. */
export interface Builder {
  readonly kind: ToolKind;
  /** Absolute path. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface BuildOrder extends ImageSource {
  /** `ghcr.io/team/train`, without tag. */
  readonly repository: string;
  /** Such as `linux/amd64`; undefined for the tool's own. */
  readonly platform: string | undefined;
  /** Digests that may be of the same content already. */
  readonly known: readonly string[];
}

export interface BuiltImage {
  /** `ghcr.io/team/train:0123456789abcdef`. */
  readonly reference: string;
  /** `ghcr.io/team/train@sha256:…`. */
  readonly pinned: string;
  /** False where the registry had this content, and nothing was built. */
  readonly isNew: boolean;
}

/** What a person is to sign in to, and with what. */
export interface SignIn {
  readonly signIn: string;
  readonly program: ImageTool["program"];
}

export interface ImageBuilderOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly log: Logger;
}

type Answer = Pick<ChildResult, "code" | "stdout" | "stderr">;

/** Where a person gets one. */
const INSTALL_PAGES = {
  docker: "https://docs.docker.com/get-started/get-docker/",
  podman: "https://podman.io/docs/installation",
} as const;

const ASK_MS = 30_000;
const MAX_ANSWER = 1_000_000;
const MAX_KEPT = 400;

/** Builds and pushes images with the person's own docker, podman or buildah, by argv and without a shell. */
export class ImageBuilder {
  readonly #options: ImageBuilderOptions;
  readonly #loginPath: LoginPath;

  constructor(options: ImageBuilderOptions) {
    this.#options = options;
    this.#loginPath = new LoginPath(options.env, options.platform, options.log);
  }

  /**
   * The first of docker (with buildx where it has it), podman and buildah that is there and works. Throws UserError
   * `no-builder` where none is found, `daemon` where none of those found works.
   */
  async find(signal: AbortSignal): Promise<Builder> {
    let problem: UserError | undefined;
    for (const name of ["docker", "podman", "buildah"] as const) {
      const found = await findProgram(name, "", this.#options, this.#loginPath);
      if (found === undefined) continue;
      const ask = (...args: string[]): Promise<Answer> => this.#asked({ ...found, args }, signal);
      // Podman may stand in for docker under its name.
      const isPodman = name === "podman" || (name === "docker" && /podman/i.test((await ask("--version")).stdout));
      const works = await ask(
        ...(name === "docker" && !isPodman ? ["version", "--format={{.Server.Version}}"] : ["info"]),
      );
      if (works.code !== 0) {
        problem ??= notRunning(name, works.stderr.trim().split("\n").at(-1) ?? "");
        continue;
      }
      if (isPodman || name !== "docker") return { kind: isPodman ? "podman" : "buildah", ...found };
      return { kind: (await ask("buildx", "version")).code === 0 ? "buildx" : "docker", ...found };
    }
    throw problem ?? noBuilder();
  }

  /** The command that signs in to a registry, for a terminal. Throws UserError `no-builder` where the program has gone. */
  async signInCommand({ signIn: host, program }: SignIn): Promise<Omit<Builder, "kind"> & { readonly args: string[] }> {
    const found = await findProgram(program, "", this.#options, this.#loginPath);
    if (found === undefined || registryProblem(host) !== undefined) throw noBuilder();
    return { ...found, args: ["login", host] };
  }

  /**
   * Pushes the image of a source under a tag of its content, unless the registry has that tag; all that the tool writes
   * goes to the log. Throws UserError as failureOf and contentTag say, CancelledError when aborted: then the tool was
   * asked to end and has ended.
   */
  async build(
    builder: Builder,
    order: BuildOrder,
    tell: (words: string) => void,
    signal: AbortSignal,
  ): Promise<BuiltImage> {
    const { dockerfile, context, repository, platform } = order;
    const ignoreFile = await ignoreFileOf(order);
    const suffix = platform === undefined || platform === "linux/amd64" ? "" : `-${platform.replace(/^.*\//, "")}`;
    const reference = `${repository}:${await contentTag(order, signal)}${suffix}`;
    const folder = await mkdtemp(path.join(tmpdir(), "trainyard-image-"));
    try {
      const text = await readFile(dockerfile, "utf8");
      const failed = (output: readonly string[], code: number | undefined): ToolFailure => ({
        ...{ kind: builder.kind, output, code, reference, dockerfile: text },
        signIn: (host) => signIn(builder, host),
      });
      tell(`asking ${repository}`);
      const known = await this.#ask(builder, reference, order.known, failed, signal);
      if (known !== undefined) return { reference, pinned: `${repository}@${known}`, isNew: false };
      const result = path.join(folder, "result");
      const job: ToolOrder = { dockerfile, context, ignoreFile, reference, platform, result };
      const tool = IMAGE_TOOLS[builder.kind];
      let output: readonly string[] = [];
      for (const args of tool.build(job)) {
        const { code, lines } = await this.#run(builder, args, tell, signal);
        if (code !== 0) throw failureOf(failed(lines, code));
        output = lines;
      }
      const written = await readFile(result, "utf8").catch(unlessMissing);
      const digest = tool.pushed(written, output) ?? (await this.#ask(builder, reference, order.known, failed, signal));
      if (digest !== undefined) return { reference, pinned: `${repository}@${digest}`, isNew: true };
      throw new UserError("no-digest", `${reference} was pushed, and is not named in the pipeline.`, {
        why: `${tool.program} did not tell its digest.`,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The digest that the registry has for a tag; undefined where it has none, or does not tell. */
  async #ask(
    builder: Builder,
    reference: string,
    known: readonly string[],
    failed: (output: readonly string[], code: number | undefined) => ToolFailure,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const tool = IMAGE_TOOLS[builder.kind];
    let stdout = "";
    for (const args of tool.ask(reference)) {
      // A pull has no end that is known before.
      const answer = await this.#asked({ ...builder, args, ...(args[0] === "pull" && { timeoutMs: PULL_MS }) }, signal);
      stdout = answer.stdout;
      if (answer.code === 0) continue;
      const output = answer.stderr.split("\n");
      this.#options.log.info(`${reference}: ${output.at(-2) ?? ""}`);
      // Some registries refuse what they do not have: the push tells.
      if (!isMissing(output)) refuseUnreachable(failed(output, answer.code));
      return undefined;
    }
    return tool.found(stdout, reference, known);
  }

  async #asked(
    call: {
      readonly file: string;
      readonly env: NodeJS.ProcessEnv;
      readonly args: readonly string[];
      timeoutMs?: number;
    },
    signal: AbortSignal,
  ): Promise<Answer> {
    const { file, env, args, timeoutMs = ASK_MS } = call;
    const { platform } = this.#options;
    try {
      return await childOutput(file, args, { env, platform, timeoutMs, maxBytes: MAX_ANSWER, signal });
    } catch (error) {
      if (isCancelled(error)) throw error;
      return { code: undefined, stdout: "", stderr: `the system said ${errorCode(error) ?? "no"}\n` };
    }
  }

  async #run(
    { file, env }: Builder,
    args: readonly string[],
    tell: (words: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly code: number | undefined; readonly lines: readonly string[] }> {
    const { platform, clock, log } = this.#options;
    const lines: string[] = [];
    const onLine = (text: string): void => {
      const line = plainLine(text);
      log.info(line);
      lines.push(line);
      if (lines.length > MAX_KEPT) lines.shift();
      const words = progressOf(line);
      if (words !== undefined) tell(words);
    };
    log.info(`${path.basename(file)} ${args.join(" ")}`);
    return { code: await runTool(file, args, { env, platform, clock, signal, onLine }), lines };
  }
}

const PULL_MS = 30 * 60_000;

/** The tool asks for the password in a terminal, and keeps it by its own helper. */
function signIn({ kind }: Builder, host: string): NextStep {
  const args: readonly [SignIn] = [{ signIn: host, program: IMAGE_TOOLS[kind].program }];
  return { title: "Log In in Terminal", command: "trainyard.image.build", args };
}

function noBuilder(): UserError {
  return new UserError("no-builder", "The image was not built.", {
    why: "Docker, Podman and Buildah are not on the PATH.",
    hint: "One of them builds images.",
    next: [
      { title: "Install Docker", command: "vscode.open", args: [INSTALL_PAGES.docker] },
      { title: "Install Podman", command: "vscode.open", args: [INSTALL_PAGES.podman] },
    ],
  });
}
