import type { Disposable } from "../core/dispose.ts";
import { errorCode, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import { yamlOf } from "../kube/anyObject.ts";
import { LiveReading } from "../kube/liveReading.ts";
import { assertName } from "../kube/names.ts";
import { type Json, list, text } from "../kubeflow/read.ts";
import {
  int64,
  isActive,
  type PipelineItem,
  type PipelineRun,
  readPipeline,
  readRecurringRun,
  readRun,
  readVersion,
} from "./model.ts";
import { type Pages, readPages } from "./pages.ts";
import { PipelineServer } from "./pipelineServer.ts";
import type { RunReader } from "./run/model.ts";
import { OpenRun } from "./run/openRun.ts";
import { archivedLog, type RunLog, runLogs } from "./runLogs.ts";
import type { Access, Query, ServerPlace } from "./waysIn.ts";

export type ListKind = "runs" | "archived" | "recurring" | "pipelines" | "versions";
export type PipelineList = Pages<PipelineItem>;

interface ListInfo {
  /** `parent`: the pipeline's id, of versions. */
  readonly path: (parent: string) => string;
  /** What the answer calls them: the API's own spelling. */
  readonly field: string;
  readonly read: (json: Json) => PipelineItem | undefined;
  readonly query?: Query;
}

/** Archived runs are out of the way, as in Kubeflow's own page. */
const inState = (state: string): Query => ({
  filter: JSON.stringify({ predicates: [{ operation: "EQUALS", key: "storage_state", string_value: state }] }),
});
const LISTS: Readonly<Record<ListKind, ListInfo>> = {
  runs: { path: () => "/runs", field: "runs", read: readRun, query: inState("AVAILABLE") },
  archived: { path: () => "/runs", field: "runs", read: readRun, query: inState("ARCHIVED") },
  recurring: { path: () => "/recurringruns", field: "recurringRuns", read: readRecurringRun },
  pipelines: { path: () => "/pipelines", field: "pipelines", read: readPipeline },
  versions: {
    path: (parent) => `/pipelines/${assertName(parent)}/versions`,
    field: "pipeline_versions",
    read: readVersion,
  },
};
/** Rows of a page: a run brings all of its tasks along, some 4 KB each. */
const PAGE_SIZE = 20;
/** Milliseconds after which a page is read again: with runs that are under way, and without. */
const ACTIVE_MS = 10_000;
const IDLE_MS = 60_000;
/** The way in is looked at again after this, in ms, where nothing fails. */
const ACCESS_MS = 3_600_000;

export interface ClusterPipelinesOptions extends ServerPlace {
  readonly log: Logger;
  readonly random?: () => number;
}

/** A list that grows page by page. */
export class LiveList extends LiveReading<PipelineList> {
  #wanted = 1;

  constructor(options: ClusterPipelinesOptions, fetch: (token: string, signal: AbortSignal) => ReturnType<Fetch>) {
    const { clock } = options;
    const everyMs = (items: readonly PipelineItem[]): number => (items.some(isUnderWay) ? ACTIVE_MS : IDLE_MS);
    super({
      ...options,
      what: "pipelines",
      everyMs: ({ items }) => everyMs(items),
      isSame: (before, { items, total, hasMore }) =>
        before.items === items && before.total === total && before.hasMore === hasMore,
      read: (before, anew, signal) => {
        const now = (): number => clock.monotonic();
        return readPages(before, { count: this.#wanted, fetch: (token) => fetch(token, signal), everyMs, now, anew });
      },
    });
  }

  /** One page more than there is. */
  more(): void {
    this.#wanted = (this.value?.pages.length ?? 0) + 1;
    this.refresh(false);
  }
}

type Fetch = Parameters<typeof readPages<PipelineItem>>[1]["fetch"];

/** The pipelines of one cluster, as far as somebody looks at them. Asks nothing before a look; ends with `dispose`. */
export class ClusterPipelines implements Disposable {
  readonly access: LiveReading<Access>;
  readonly #options: ClusterPipelinesOptions;
  /** For all that is made and done there; `changed` tells the lists of it. */
  readonly server: PipelineServer;
  readonly #lists = new Map<string, LiveList>();
  readonly #runs = new Set<RunReader>();
  #isDisposed = false;

  constructor(options: ClusterPipelinesOptions) {
    this.#options = options;
    this.server = new PipelineServer(options);
    this.access = new LiveReading<Access>({
      ...options,
      what: "pipelines",
      read: (_, _anew, signal) => this.server.open(signal),
      everyMs: () => ACCESS_MS,
      isSame: (before, now) => JSON.stringify(before) === JSON.stringify(now),
    });
  }

  /** `namespace` is empty where the server keeps none apart; `parent` is the pipeline's id, of versions. */
  list(kind: ListKind, namespace: string, parent = ""): LiveList {
    const key = `${kind}/${namespace}/${parent}`;
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const { path, field, read, query = {} } = LISTS[kind];
    const place: Query = namespace === "" || kind === "versions" ? {} : { namespace };
    const made = new LiveList(this.#options, async (token, signal) => {
      const page: Query = { page_size: String(PAGE_SIZE), sort_by: "created_at desc", ...query, ...place };
      const wanted = token === "" ? page : { ...page, page_token: token };
      const answer = await this.server.json(path(parent), wanted, namespace, signal);
      const items = list(answer[field])
        .slice(0, PAGE_SIZE)
        .flatMap((json) => read(json) ?? []);
      return { items, next: text(answer["next_page_token"]) ?? "", total: int64(answer["total_size"]) };
    });
    this.#lists.set(key, made);
    return made;
  }

  /** What the server keeps of a row, whole, as YAML. Rejects as PipelineServer does. */
  async yaml(item: PipelineItem, namespace: string, parent: string, signal: AbortSignal): Promise<string> {
    return yamlOf(await this.server.json(pathOf(item, parent), {}, namespace, signal));
  }

  /**
   * Deletes what a row stands for, a pipeline with its versions; what is looked at is read anew, however far that went.
   * Resolves also where it is gone; rejects as PipelineServer does.
   */
  async remove(item: PipelineItem, namespace: string, parent: string, signal: AbortSignal): Promise<void> {
    const path = pathOf(item, parent);
    try {
      if (item.kind === "pipeline") await this.#removeVersions(item, namespace, signal);
      await this.server.remove(path, namespace, signal);
    } finally {
      this.changed();
    }
  }

  /** The server refuses a pipeline that has any (2.0.0 on: resource_manager.go, DeletePipeline). */
  async #removeVersions(of: PipelineItem, namespace: string, signal: AbortSignal): Promise<void> {
    const deleted = new Set<string>();
    for (;;) {
      const versions = await this.#versionsOf(of, namespace, signal);
      if (versions.length === 0) return;
      for (const one of versions) {
        if (deleted.has(one.id)) throw stillThere(one);
        deleted.add(one.id);
        await this.server.remove(pathOf(one, of.id), namespace, signal);
      }
    }
  }

  /** The first page of them; none where the pipeline is gone. */
  async #versionsOf({ id }: PipelineItem, namespace: string, signal: AbortSignal): Promise<readonly PipelineItem[]> {
    const { path, field, read } = LISTS.versions;
    try {
      const answer = await this.server.json(path(id), { page_size: String(PAGE_SIZE) }, namespace, signal);
      return list(answer[field]).flatMap((json) => read(json) ?? []);
    } catch (error) {
      if (errorCode(error) === "gone") return [];
      throw error;
    }
  }

  /** Where the pods of runs are: where namespaces are not kept apart, runs are made beside the server. */
  podNamespace(namespace: string): string {
    return namespace === "" ? this.#options.namespace : namespace;
  }

  /** The logs of a run, or of its tasks of that name: those of its pods, else what the server has. */
  logs(run: PipelineRun, namespace: string, task: string | undefined, signal: AbortSignal): Promise<readonly RunLog[]> {
    return runLogs({
      client: this.#options.client,
      run,
      task,
      namespace: this.podNamespace(namespace),
      archived: (pod, reading) => archivedLog(this.server, run.id, pod, namespace, reading),
      signal,
    });
  }

  /** A run for whoever looks at it closely; see RunReader. It ends with this, if not before. */
  openRun(run: string, namespace: string): RunReader {
    const made: RunReader = new OpenRun({
      ...this.#options,
      ...{ server: this.server, run, runNamespace: namespace, podNamespace: this.podNamespace(namespace) },
      onDispose: () => void this.#runs.delete(made),
    });
    this.#runs.add(made);
    return made;
  }

  /** There is reason to hope again: what failed is tried now. */
  retry(): void {
    for (const one of [this.access, ...this.#lists.values()]) if (one.state.kind !== "live") one.refresh(false);
  }

  /** Something was made or done there from here: what is looked at is read anew. */
  changed(): void {
    for (const one of [...this.#lists.values(), ...this.#runs]) one.refresh();
  }

  /** A person wants all of it read anew. */
  refresh(): void {
    for (const one of [this.access, ...this.#lists.values(), ...this.#runs]) one.refresh();
  }

  /** There may be another way in: all of it is read anew by that. */
  reopen(): void {
    this.server.reopen();
    this.refresh();
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const one of [...this.#lists.values(), ...this.#runs]) one.dispose();
    this.access.dispose();
    this.server.dispose();
  }
}

/** Of one of them, at the server. */
function pathOf({ kind, id }: PipelineItem, parent: string): string {
  const of = kind === "recurring" ? kind : (`${kind}s` as const);
  return `${LISTS[of].path(parent)}/${assertName(id)}`;
}

function stillThere({ name }: PipelineItem): UserError {
  return new UserError("server-error", "The pipeline was not deleted.", {
    why: `The server still lists a version of it that it has deleted: ${label(name)}.`,
    hint: "Delete it again in a moment.",
  });
}

function isUnderWay(item: PipelineItem): boolean {
  return item.kind === "run" && isActive(item);
}
