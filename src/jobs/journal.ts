import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { errorCode, errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { writeWhole } from "../core/wholeFile.ts";
import type { Snapshot } from "./code/snapshot.ts";
import type { LaunchSpec } from "./spec.ts";
import type { JobObject, Manifests } from "./types.ts";
import type { Verdict } from "./verdict.ts";

/**
 * How far a launch has come for certain: nothing sent yet or the answer unknown · the suspended root exists ·
 * its code exists · it may run.
 */
export type LaunchStep = "journalled" | "created" | "code" | "started";

/** What is known of a run's end. */
export interface RunEnd {
  readonly outcome: Verdict["outcome"];
  /** `6 min 12 s`. */
  readonly took: string;
  /** The last line that was shown: the outcome with its reason. */
  readonly line: string;
  /** The log's last part on this computer. */
  readonly log: string;
  /** Of its first pod, with its digest; left out where no pod told. */
  readonly image?: string;
}

export interface LaunchEntry {
  readonly id: string;
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  readonly step: LaunchStep;
  /** `undo`: the person cancelled or was told that it failed; what is left of it must go. */
  readonly intent: "start" | "undo";
  /** Of the root, once known. */
  readonly uid?: string;
  /**
   * With the values of its variables: what looks like a secret is none of them, `assertSpec` refuses it. Of a manifest that
   * a person wrote it is what that says, without a script and variables (`specOfJob`).
   */
  readonly spec: LaunchSpec;
  readonly code: {
    /** Empty where it has none of this computer. */
    readonly hash: string;
    readonly files: number;
    readonly bytes: number;
    /** On this computer, as long as it is kept there. */
    readonly archive?: Snapshot["archive"];
    readonly searched?: readonly string[];
    readonly requirements?: string;
  };
  /** What a person has made of the plan's manifest, or has written; its code is not in it. */
  readonly job?: JobObject;
  /** All that is needed to go on, the job held; gone once it has started. */
  readonly manifests?: Manifests | undefined;
  /** Wall time of the launch, ms. */
  readonly time: number;
  /** How it ended, once somebody has followed it to its end. */
  readonly end?: RunEnd;
  /** Of the window's process that wrote it last (`newInstance`). */
  readonly instance: string;
}

/** What the launcher needs of a journal. */
export type Journal = Pick<LaunchJournal, "put" | "get" | "list" | "remove">;

export const KEEP_MS = 30 * 24 * 3_600_000;
export const KEEP_STARTED = 200;
const STEPS: readonly string[] = ["journalled", "created", "code", "started"];

/**
 * One JSON file for each launch, in a folder of our own under the extension's global storage. Several windows may use
 * one folder. `put` rejects with the file system's error.
 */
export class LaunchJournal {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #clock: Clock;

  constructor(folder: string, options: { log: Logger; clock: Clock }) {
    this.#folder = folder;
    this.#log = options.log;
    this.#clock = options.clock;
  }

  async put(entry: LaunchEntry): Promise<void> {
    await writeWhole(this.#file(entry.id), JSON.stringify(entry));
  }

  async get(id: string): Promise<LaunchEntry | undefined> {
    try {
      return this.#parse(await readFile(this.#file(id), "utf8"), id);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#log.warn(`launch ${id} cannot be read: ${errorText(error)}`);
      return undefined;
    }
  }

  /** Newest first. */
  async list(): Promise<LaunchEntry[]> {
    const ids = (await this.#names()).flatMap((name) => /^([0-9a-f]{12})\.json$/.exec(name)?.[1] ?? []);
    const entries = await Promise.all(ids.map((id) => this.get(id)));
    return entries.filter((entry) => entry !== undefined).sort((a, b) => b.time - a.time);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  /** Drops what is older than 30 days, then the oldest started ones beyond 200, and what a crash left half written. */
  async prune(): Promise<void> {
    const now = this.#clock.now();
    let started = 0;
    for (const entry of await this.list()) {
      if (entry.step === "started") started += 1;
      const surplus = entry.step === "started" && started > KEEP_STARTED;
      if (surplus || now - entry.time > KEEP_MS) await this.remove(entry.id);
    }
    for (const name of (await this.#names()).filter((file) => file.endsWith(".tmp"))) {
      const file = join(this.#folder, name);
      const written = await stat(file).catch(() => undefined);
      // Another window may be writing this one right now.
      if (written !== undefined && now - written.mtimeMs > 3_600_000) await rm(file, { force: true });
    }
  }

  #file(id: string): string {
    if (!/^[0-9a-f]{12}$/.test(id)) throw new Error(`not a launch id: ${JSON.stringify(id.slice(0, 40))}`);
    return join(this.#folder, `${id}.json`);
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#log.warn(`the launch journal cannot be read: ${errorText(error)}`);
      return [];
    }
  }

  #parse(text: string, id: string): LaunchEntry | undefined {
    try {
      const value: unknown = JSON.parse(text);
      if (isEntry(value) && value.id === id) return value;
      this.#log.warn(`launch ${id} in the journal has another form; left alone`);
    } catch {
      this.#log.warn(`launch ${id} in the journal is not JSON; left alone`);
    }
    return undefined;
  }
}

function isEntry(value: unknown): value is LaunchEntry {
  if (typeof value !== "object" || value === null) return false;
  const { id, context, namespace, name, step, intent, spec, code, time, instance } = value as Partial<LaunchEntry>;
  const strings = [id, context, namespace, name, instance].every((text) => typeof text === "string");
  const known = step !== undefined && STEPS.includes(step) && (intent === "start" || intent === "undo");
  return strings && known && typeof time === "number" && typeof spec === "object" && typeof code === "object";
}
