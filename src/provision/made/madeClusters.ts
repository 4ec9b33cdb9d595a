import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import type { Wish } from "../../contract/wish.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText, unlessMissing, UserError } from "../../core/errors.ts";
import { Emitter } from "../../core/events.ts";
import type { Logger } from "../../core/log.ts";
import { label } from "../../core/sanitize.ts";
import { writeWhole } from "../../core/wholeFile.ts";
import { type MadeRecord, RecordSchema } from "./record.ts";

export interface MadeClustersOptions {
  /** Folder of our own; each cluster has one in it, with its Terraform files, its state where that is kept here, its runs. */
  readonly folder: string;
  /** Version of the extension. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const RECORD = "trainyard.json";

/** The clusters that were made from here, each in a folder that is never removed while the cloud may hold anything of it. */
export class MadeClusters {
  readonly #options: MadeClustersOptions;
  readonly #changed = new Emitter<void>();
  #unread: ReadonlyMap<string, string> = new Map();
  /** A record was written by this window. */
  readonly onDidChange = this.#changed.event;

  constructor(options: MadeClustersOptions) {
    this.#options = options;
  }

  /** Folder of a cluster, absolute. */
  folder(id: string): string {
    if (!isId(id)) throw new Error(`not a cluster's id: ${JSON.stringify(id.slice(0, 60))}`);
    return path.join(this.#options.folder, id);
  }

  /** What `list` could not read when it was last asked: by id, why. */
  get unread(): ReadonlyMap<string, string> {
    return this.#unread;
  }

  /** Newest first, without what stands in `unread` then. Rejects with the file system's error. */
  async list(): Promise<readonly MadeRecord[]> {
    const unread = new Map<string, string>();
    const ids = ((await readdir(this.#options.folder).catch(unlessMissing)) ?? []).filter(isId);
    const records = await Promise.all(
      ids.map((id) => this.get(id).catch((error: unknown) => void unread.set(id, errorText(error)))),
    );
    this.#unread = unread;
    return records.filter((record) => record !== undefined).sort((a, b) => b.createdAt - a.createdAt);
  }

  /** Undefined where there is none; throws UserError `record-unread` where it cannot be read, and so not be written over. */
  async get(id: string): Promise<MadeRecord | undefined> {
    let why = "It has a form that is not known here, such as that of a newer version.";
    try {
      const text = await readFile(path.join(this.folder(id), RECORD), "utf8").catch(unlessMissing);
      if (text === undefined) return undefined;
      const { success, output } = v.safeParse(RecordSchema, JSON.parse(text));
      if (success && output.id === id) return output;
    } catch (error) {
      why = label(errorText(error), 200);
    }
    this.#options.log.warn(`made cluster ${id}: ${why}`);
    throw new UserError("record-unread", `The record of ${id} cannot be read.`, {
      why,
      hint: "Its folder is left as it is: only this knows what the cloud may hold of the cluster.",
    });
  }

  /**
   * The record that a wish is planned in: the one of the same cluster while nothing of it was made, else a new one. Throws
   * UserError `cluster-exists` where one was made already under this name in this place.
   */
  async plan(wish: Wish): Promise<MadeRecord> {
    const id = clusterId(wish);
    const known = await this.get(id);
    if (known !== undefined && known.phase !== "planned" && known.phase !== "destroyed")
      throw new UserError("cluster-exists", `${label(wish.name)} was not planned.`, {
        why: "A cluster of this name was made here already, or the making of one stopped half-way.",
        hint: "Change that one from its row in the tree, or choose another name.",
      });
    const now = this.#options.clock.now();
    return this.#write({
      ...{ id, wish, phase: "planned", version: this.#options.version },
      ...{ createdAt: known?.createdAt ?? now, changedAt: now },
    });
  }

  /** Writes what has changed of a record, whole. The time of another phase is now where the change names none. */
  async update(id: string, change: Partial<Omit<MadeRecord, "id" | "createdAt">>): Promise<MadeRecord> {
    const known = await this.get(id);
    if (known === undefined) throw new Error(`The record of ${id} has gone.`);
    const isSame = change.phase === undefined || change.phase === known.phase;
    const changedAt = isSame ? known.changedAt : this.#options.clock.now();
    return this.#write({ ...known, changedAt, ...change });
  }

  /** Removes a cluster's folder: only where nothing was made, or all of it was destroyed. */
  async forget(id: string): Promise<void> {
    const record = await this.get(id);
    if (record === undefined && !(await stat(this.folder(id)).catch(unlessMissing))) return;
    if (record?.phase !== "planned" && record?.phase !== "destroyed")
      throw new UserError("cluster-kept", "The cluster's folder was not removed.", {
        why: "The cloud may still hold what it describes, and only this folder knows it.",
        hint: "Destroy the cluster first.",
      });
    await rm(this.folder(id), { recursive: true, force: true });
    this.#changed.fire();
  }

  async #write(record: MadeRecord): Promise<MadeRecord> {
    await writeWhole(path.join(this.folder(record.id), RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
    this.#changed.fire();
    return record;
  }
}

function isId(text: string): boolean {
  return v.is(RecordSchema.entries.id, text);
}

/** The same cluster has the same id: where it is, with whose account, and its name. */
export function clusterId({ where, name, gke, eks, local }: Wish): string {
  const place = { gke: [gke.project, gke.region], eks: [eks.profile, eks.region], local: [local.tool] }[where];
  const hash = createHash("sha256")
    .update(JSON.stringify([where, ...place, name]))
    .digest("hex");
  const readable = name.toLowerCase().replace(/[^a-z0-9-]+/g, "-");
  return `${where}-${readable}-${hash.slice(0, 8)}`.slice(0, 150);
}
