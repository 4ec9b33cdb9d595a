import type { Disposable } from "../core/dispose.ts";
import type { Logger } from "../core/log.ts";
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
import { archivedLog, type RunLog, runLogs } from "./runLogs.ts";
import type { Access, Query, ServerPlace } from "./waysIn.ts";

export type ListKind = "runs" | "recurring" | "pipelines" | "versions";
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
const AVAILABLE = { predicates: [{ operation: "EQUALS", key: "storage_state", string_value: "AVAILABLE" }] };
const LISTS: Readonly<Record<ListKind, ListInfo>> = {
  runs: { path: () => "/runs", field: "runs", read: readRun, query: { filter: JSON.stringify(AVAILABLE) } },
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
  readonly #server: PipelineServer;
  readonly #lists = new Map<string, LiveList>();

  constructor(options: ClusterPipelinesOptions) {
    this.#options = options;
    this.#server = new PipelineServer(options);
    this.access = new LiveReading<Access>({
      ...options,
      what: "pipelines",
      read: (_, _anew, signal) => this.#server.open(signal),
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
      const answer = await this.#server.json(path(parent), wanted, namespace, signal);
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
    return yamlOf(await this.#server.json(pathOf(item, parent), {}, namespace, signal));
  }

  /** Deletes what a row stands for. Resolves also where it is gone; rejects as PipelineServer does. */
  remove(item: PipelineItem, namespace: string, parent: string, signal: AbortSignal): Promise<void> {
    return this.#server.remove(pathOf(item, parent), namespace, signal);
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
      archived: (pod, reading) => archivedLog(this.#server, run.id, pod, namespace, reading),
      signal,
    });
  }

  /** There is reason to hope again: what failed is tried now. */
  retry(): void {
    for (const one of [this.access, ...this.#lists.values()]) if (one.state.kind !== "live") one.refresh(false);
  }

  /** A person wants all of it read anew. */
  refresh(): void {
    for (const one of [this.access, ...this.#lists.values()]) one.refresh();
  }

  dispose(): void {
    for (const one of this.#lists.values()) one.dispose();
    this.access.dispose();
    this.#server.dispose();
  }
}

/** Of one of them, at the server. */
function pathOf({ kind, id }: PipelineItem, parent: string): string {
  const of = kind === "recurring" ? kind : (`${kind}s` as const);
  return `${LISTS[of].path(parent)}/${assertName(id)}`;
}

function isUnderWay(item: PipelineItem): boolean {
  return item.kind === "run" && isActive(item);
}
