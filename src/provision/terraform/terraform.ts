import { createHash, randomBytes } from "node:crypto";
import { chmod, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { PlanWords } from "../../contract/preview.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText, unlessMissing, UserError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { redact } from "../../core/redact.ts";
import { label, plainLine } from "../../core/sanitize.ts";
import { writeWhole } from "../../core/wholeFile.ts";
import { childOutput } from "../../kube/childOutput.ts";
import { followChild } from "./child.ts";
import { claimFile, take } from "./claims.ts";
import { ARGV, ERRORED_STATE, makeFolders, type PlanOptions, plansFolder } from "./commands.ts";
import { terraformEnv, type TerraformPlace, workFolder } from "./commands.ts";
import { explain, type Failure, type FailureContext, TerraformError } from "./failures.ts";
import type { TerraformProgram } from "./find.ts";
import { readPlan, secretsOf } from "./planWords.ts";
import { identify } from "./processes.ts";
import { diagnosticOf, type Diagnostic, fieldsOf, StreamParser, type TerraformEvent } from "./stream.ts";
import { expectedTime } from "./words.ts";

export interface TerraformOptions {
  readonly program: TerraformProgram;
  readonly place: TerraformPlace;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly log: Logger;
  readonly context?: FailureContext;
}

export interface MadePlan {
  readonly kind: "apply" | "destroy";
  /** Of ours, readable by the person alone: it has every value in clear text. */
  readonly file: string;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly words: PlanWords;
  /** Nothing would change. */
  readonly empty: boolean;
  /** What Terraform warns of. */
  readonly warnings: readonly string[];
  readonly expected: { readonly expectedMs: number; readonly expectedFrom: string } | undefined;
}

export interface PlanProgress {
  readonly phase: "init" | "validate" | "plan";
  /** What it does, in Terraform's words or ours; "" as a phase begins. */
  readonly detail: string;
}

export interface PlanCall extends PlanOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PlanProgress) => void;
}

const INIT_LOOK_MS = 200;
const PLAN_KEPT_MS = 24 * 3_600_000;
const READ_TIMEOUT_MS = 120_000;
const MAX_OUTPUT = 200_000_000;

/**
 * Terraform or OpenTofu in one cluster's folder: everything but the apply, which outlives us (apply.ts). Failures are
 * TerraformError with what to do next; CancelledError when aborted, by one interrupt that it is given the time to follow.
 */
export class Terraform {
  readonly #options: TerraformOptions;

  constructor(options: TerraformOptions) {
    this.#options = options;
  }

  get place(): TerraformPlace {
    return this.#options.place;
  }

  get program(): TerraformProgram {
    return this.#options.program;
  }

  get env(): NodeJS.ProcessEnv {
    return terraformEnv(this.program.env, this.place);
  }

  /** init, validate, plan. The plan is what `startApply` carries out, and nothing else. */
  async plan(call: PlanCall): Promise<MadePlan> {
    const kind = call.destroy === true ? "destroy" : "apply";
    const errored = await stat(path.join(this.place.folder, ERRORED_STATE)).catch(unlessMissing).catch(unseenState);
    // Planned past it, what it knows would be made a second time.
    if (errored !== undefined) this.#fail("The plan was not made.", [], [`${ERRORED_STATE} is in the folder.`]);
    await makeFolders(this.place);
    await this.#clearPlans();
    const tell = (phase: PlanProgress["phase"], detail = ""): void => call.onProgress?.({ phase, detail });
    tell("init");
    await this.init(call.signal, (detail) => tell("init", detail));
    tell("validate");
    await this.#validate(call.signal);
    tell("plan");
    const file = path.join(plansFolder(this.place), `${randomBytes(8).toString("hex")}.tfplan`);
    const what = "The plan was not made.";
    try {
      const onLine = (detail: string): void => tell("plan", detail);
      const made = await this.#stream(ARGV.plan(file, call), what, call.signal, onLine, [0, 2]);
      await chmod(file, 0o600);
      const { words, created } = readPlan(await this.#read(ARGV.show(file), "The plan cannot be shown.", call.signal));
      const hash = createHash("sha256").update(await readFile(file));
      const warnings = made.diagnostics.map(({ summary, detail }) => label(`${summary}. ${detail}`, 500));
      const expected = kind === "apply" ? expectedTime(created) : undefined;
      return { kind, file, hash: hash.digest("hex"), words, empty: made.code === 0, warnings, expected };
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
  }

  /** One at a time over all windows: Terraform's plugin cache does not bear two (hashicorp/terraform#31964). */
  async init(signal: AbortSignal, onLine?: (line: string) => void): Promise<void> {
    await makeFolders(this.place);
    const folder = this.place.pluginCache;
    const claim = { owner: await identify(process.pid) };
    let number = await take(folder, "init", claim);
    if (number === undefined) onLine?.("Waits for another window, which prepares Terraform");
    while (number === undefined) {
      await this.#options.clock.sleep(INIT_LOOK_MS, signal);
      number = await take(folder, "init", claim);
    }
    const write = (more: object): Promise<void> =>
      writeWhole(claimFile(folder, "init", number), JSON.stringify({ ...claim, ...more }));
    try {
      // Should this window end now, the child holds the place until it has ended as well.
      const hold = async (pid: number): Promise<void> => write({ child: await identify(pid) });
      await this.#stream(ARGV.init(), "Terraform could not be prepared.", signal, onLine, [0], hold);
    } finally {
      await write({ exit: true });
    }
  }

  /** The exact text of a plan as Terraform prints it, with `(sensitive value)` for what is secret. */
  async exactDiff(plan: MadePlan, signal: AbortSignal): Promise<string> {
    const read = (args: readonly string[]): Promise<string> => this.#read(args, "The plan cannot be shown.", signal);
    const [json, said] = await Promise.all([read(ARGV.show(plan.file)), read(ARGV.diff(plan.file))]);
    const text = secretsOf(json).reduce((rest, secret) => rest.replaceAll(secret, "(sensitive value)"), said);
    return text.split("\n").map(plainLine).join("\n").trim() + "\n";
  }

  /** Addresses of what the state has. */
  async stateList(signal: AbortSignal): Promise<readonly string[]> {
    const text = await this.#read(ARGV.stateList(), "The state cannot be read.", signal).catch((error: unknown) => {
      // Before anything was ever made.
      if (error instanceof Error && /No state file was found/.test(error.message)) return "";
      throw error;
    });
    return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [label(line, 300)]));
  }

  /** Takes a lock away that somebody else may hold: only when the person has confirmed it. `id` from `LockInfo`. */
  async unlock(id: string, signal: AbortSignal): Promise<void> {
    if (!/^[0-9a-zA-Z][0-9a-zA-Z-]{0,80}$/.test(id)) throw new Error("not the ID of a lock");
    await this.#stream(ARGV.unlock(id), "The state was not unlocked.", signal);
  }

  /** Writes the state that could not be written to where it belongs, and puts the file aside. */
  async pushErroredState(signal: AbortSignal): Promise<void> {
    await this.#stream(ARGV.push(), "The kept state was not pushed.", signal);
    const file = path.join(this.place.folder, ERRORED_STATE);
    await rename(file, path.join(this.place.storage, `${ERRORED_STATE}.pushed-${this.#options.clock.now()}`));
  }

  async #validate(signal: AbortSignal): Promise<void> {
    const { code, text } = await this.#follow(ARGV.validate(), signal);
    if (code === 0) return;
    const list = fieldsOf(parsed(text))["diagnostics"];
    this.#fail("The files are not valid.", Array.isArray(list) ? list.map(diagnosticOf) : [], [text]);
  }

  /** A command with a stream of JSON; for one without, the lines are its words. */
  async #stream(
    args: readonly string[],
    what: string,
    signal: AbortSignal,
    onLine: (line: string) => void = () => undefined,
    good: readonly number[] = [0],
    onStart?: (pid: number) => Promise<void>,
  ): Promise<{ code: number; diagnostics: readonly Diagnostic[] }> {
    const parser = new StreamParser();
    const [diagnostics, raw]: [Diagnostic[], string[]] = [[], []];
    const newer: TerraformEvent[] = [];
    const take = (event: TerraformEvent): void => {
      if (event.kind === "unsupported") newer.push(event);
      if (event.kind === "diagnostic") diagnostics.push(event.diagnostic);
      if (event.kind === "raw") raw.push(event.text);
      const line = lineOf(event);
      if (line !== "") onLine(line);
    };
    const onChunk = (chunk: Buffer): void => parser.push(chunk).forEach(take);
    const { code } = await this.#follow(args, signal, onChunk, onStart);
    parser.end().forEach(take);
    if (newer.length > 0)
      throw new UserError("terraform-too-new", what, {
        why: "This version of Terraform tells its progress in a newer form that is not known here.",
      });
    if (code !== null && good.includes(code)) return { code, diagnostics };
    return this.#fail(what, diagnostics, raw);
  }

  async #follow(
    args: readonly string[],
    signal: AbortSignal,
    onChunk?: (chunk: Buffer) => void,
    onStart?: (pid: number) => Promise<void>,
  ): Promise<{ code: number | null; text: string }> {
    const { program, place, platform, log } = this.#options;
    const result = await followChild({
      ...{ file: program.file, args, cwd: place.folder, env: this.env, platform, signal },
      workFolder: workFolder(place),
      ...(onChunk !== undefined && { onChunk }),
      ...(onStart !== undefined && { onStart }),
    });
    log.debug(`${program.kind} ${args.slice(0, 2).join(" ")}: ${result.code ?? "signal"}`);
    return result;
  }

  /** The output of a command that changes and locks nothing, by a pipe: it may be secret, and is never on a disk. */
  async #read(args: readonly string[], what: string, signal: AbortSignal): Promise<string> {
    const { program, place, platform } = this.#options;
    const limits = { platform, timeoutMs: READ_TIMEOUT_MS, maxBytes: MAX_OUTPUT, signal };
    const result = await childOutput(program.file, [`-chdir=${place.folder}`, ...args], { env: this.env, ...limits });
    if (result.kind === "exit" && result.code === 0) return result.stdout;
    // Without `-json` of the stream its errors are words, in a frame of lines.
    const words = result.stderr.replace(/[│╷╵]/g, " ").split("\n");
    return this.#fail(what, [], result.kind === "exit" ? words : [`Terraform was ended: ${result.kind}.`]);
  }

  #fail(what: string, diagnostics: readonly Diagnostic[], raw: readonly string[]): never {
    const known = explain(diagnostics, this.#options.context);
    if (known.length > 0) throw new TerraformError(what, known);
    const detail = label(redact(raw.join(" ")), 600) || "Terraform did not say why.";
    const whole = { severity: "error", summary: detail, detail: "" } as const;
    const [told]: readonly Failure[] = explain([whole], this.#options.context);
    throw new TerraformError(what, told === undefined ? [] : [told]);
  }

  /** Plans of a day ago: they hold secrets, and nobody will apply them. */
  async #clearPlans(): Promise<void> {
    for (const folder of [plansFolder(this.place), workFolder(this.place)])
      for (const name of await readdir(folder)) {
        const file = path.join(folder, name);
        const written = await stat(file).catch(() => undefined);
        if (written !== undefined && this.#options.clock.now() - written.mtimeMs > PLAN_KEPT_MS)
          await rm(file, { force: true });
      }
  }
}

function unseenState(error: unknown): never {
  throw new UserError("state-unseen", "The plan was not made.", {
    why: `Whether a state that was not saved lies in the cluster’s folder cannot be seen: ${label(errorText(error), 200)}.`,
    hint: "Make the folder readable, then plan again.",
  });
}

function lineOf(event: TerraformEvent): string {
  if (event.kind === "message") return event.text;
  if (event.kind === "planned") return `${event.resource.address}: ${event.action}`;
  if (event.kind === "refresh") return `${event.resource.address}: looks at what is there`;
  return event.kind === "lock" ? "Waits for the state's lock" : "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // As an answer without anything.
    return undefined;
  }
}
