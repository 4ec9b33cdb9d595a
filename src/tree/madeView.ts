import { readdir } from "node:fs/promises";
import type { Disposable } from "../core/dispose.ts";
import { unlessMissing } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { MadeRecord, Provisioning } from "../provision/index.ts";
import { madeRow } from "./madeRows.ts";
import { type MadeNode, madeNode } from "./nodes.ts";
import type { Row } from "./row.ts";

export interface MadeViewOptions {
  /** Folder of the records (provision/made). */
  readonly folder: string;
  readonly provisioning: () => Promise<Provisioning>;
  readonly onError: (error: unknown) => void;
}

/** Rows for clusters that are not, or not yet, contexts; and which contexts were made from here. */
export class MadeView implements Disposable {
  readonly #options: MadeViewOptions;
  readonly #changed = new Emitter<"set" | readonly string[]>();
  #provisioning: Provisioning | undefined;
  #records: readonly MadeRecord[] = [];
  /** Why, by id. */
  #unread: Provisioning["made"]["unread"] = new Map();
  #looked = false;
  #reading = false;
  #again = false;
  /** Other rows, or the ids of those that say something else now. */
  readonly onDidChange = this.#changed.event;

  constructor(options: MadeViewOptions) {
    this.#options = options;
  }

  /** Somebody looks at the tree: its rows. The first look takes up what an earlier window began, where there is anything. */
  look(): readonly MadeNode[] {
    if (!this.#looked) {
      this.#looked = true;
      this.#begin().catch(this.#options.onError);
    }
    return this.#nodes();
  }

  /** The provisioning was loaded, by whoever needed it. */
  attach(provisioning: Provisioning): void {
    if (this.#provisioning !== undefined) return;
    this.#provisioning = provisioning;
    provisioning.made.onDidChange(() => this.#read());
    // Several a second while Terraform is at work: its row is drawn anew, and nothing is read.
    provisioning.onDidProgress(() => this.#changed.fire(this.#nodes().map(({ id }) => id)));
    this.#read();
  }

  #nodes(): readonly MadeNode[] {
    // A plan alone has made nothing; what was made and is in a kubeconfig has its cluster's row.
    const shown = this.#records.filter(({ phase }) => phase !== "planned" && phase !== "made");
    return [
      ...shown.map(({ id, wish }) => madeNode(id, wish.name)),
      ...[...this.#unread.keys()].map((id) => madeNode(id, id)),
    ];
  }

  row(node: MadeNode, now: number): Row {
    const record = this.#records.find(({ id }) => id === node.made);
    const step = this.#provisioning?.making(node.made)?.state.steps.find(({ state }) => state === "running");
    return madeRow(record, node.name, step?.detail ?? this.#unread.get(node.made) ?? "", now);
  }

  /** Where a context's cluster was made from here; undefined where it was not. */
  whereOf(context: string): MadeRecord["wish"]["where"] | undefined {
    return this.#records.find(({ kubeconfig }) => kubeconfig?.context === context)?.wish.where;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #begin(): Promise<void> {
    // Nothing is loaded for those who never made a cluster.
    const names = await readdir(this.#options.folder).catch(unlessMissing);
    if (names === undefined || names.length === 0) return;
    const provisioning = await this.#options.provisioning();
    this.attach(provisioning);
    await provisioning.resume();
  }

  /** One reading at a time; what changes meanwhile is read after it. */
  #read(): void {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    this.#readAll()
      .catch(this.#options.onError)
      .finally(() => (this.#reading = false));
  }

  async #readAll(): Promise<void> {
    while (this.#again && this.#provisioning !== undefined) {
      this.#again = false;
      const { made } = this.#provisioning;
      const before = signature(this.#records, this.#unread);
      this.#records = await made.list();
      this.#unread = made.unread;
      const changed = signature(this.#records, this.#unread) !== before;
      this.#changed.fire(changed ? "set" : this.#nodes().map(({ id }) => id));
    }
  }
}

function signature(records: readonly MadeRecord[], unread: ReadonlyMap<string, string>): string {
  return JSON.stringify([records.map(({ id, phase, kubeconfig, note }) => [id, phase, kubeconfig, note]), [...unread]]);
}
