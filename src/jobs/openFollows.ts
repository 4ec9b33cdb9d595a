import fs from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../core/wholeFile.ts";
import { kindOrDefault } from "../kubeflow/jobKinds.ts";
import type { JobKind } from "../kubeflow/model.ts";
import { isInstanceAlive } from "./instance.ts";

/** A job whose log somebody follows, so that a later window can go on. */
export interface OpenFollow {
  /** Launch id; empty for a job of somebody else. */
  readonly id: string;
  readonly name: string;
  readonly context: string;
  readonly namespace: string;
  readonly uid: string;
  /** Left out in what older versions wrote: a PyTorchJob. */
  readonly kind?: JobKind;
  /** The window's process that follows (`newInstance`). */
  readonly instance: string;
  /** Wall time of its begin, ms. */
  readonly time: number;
}

/** A follow that nobody came back for is forgotten after a week. */
const KEPT_MS = 7 * 24 * 3_600_000;

/**
 * What is being followed, one small file each: several windows write here, and what the editor keeps for an extension
 * may be lost when it ends at once.
 */
export class OpenFollows {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async begun(follow: OpenFollow): Promise<void> {
    await writeWhole(this.#file(follow.uid), JSON.stringify(follow));
  }

  async ended(uid: string): Promise<void> {
    await fs.rm(this.#file(uid), { force: true });
  }

  /** Follows that a window which is gone has left behind. `now` is wall ms. Removes what is too old or cannot be read. */
  async abandoned(now: number): Promise<readonly OpenFollow[]> {
    const names = await fs.readdir(this.#folder).catch(() => []);
    const found: OpenFollow[] = [];
    for (const name of names.filter((candidate) => candidate.endsWith(".json"))) {
      const file = path.join(this.#folder, name);
      const follow = parse(await fs.readFile(file, "utf8").catch(() => ""));
      if (follow === undefined || now - follow.time > KEPT_MS) await fs.rm(file, { force: true });
      else if (!isInstanceAlive(follow.instance)) found.push(follow);
    }
    return found;
  }

  #file(uid: string): string {
    return path.join(this.#folder, `${uid.replace(/[^\w-]/g, "")}.json`);
  }
}

function parse(text: string): OpenFollow | undefined {
  try {
    const value = JSON.parse(text) as Partial<OpenFollow> | null;
    const { id, name, context, namespace, uid, instance, time } = value ?? {};
    const texts = [id, name, context, namespace, uid, instance];
    if (texts.some((field) => typeof field !== "string") || typeof time !== "number") return undefined;
    return { ...(value as OpenFollow), kind: kindOrDefault(value?.kind) };
  } catch {
    return undefined; // Half of a file, or nobody's: who reads it takes it away.
  }
}
