import type { Clock } from "../core/clock.ts";
import { type Disposable, DisposableStore, toDisposable } from "../core/dispose.ts";
import { Emitter, type Event } from "../core/events.ts";
import { settledWithin } from "../kube/settledWithin.ts";
import type { Store, StoreDefinition, StoreState } from "../kube/store.ts";
import { type GpuAmounts, type GpuCount, gpuNoun, mergeCounts, sumOf } from "./gpuNames.ts";
import { type GpuPod, type HolderKind, podsOnNode, SCHEDULED_PODS } from "./kinds/gpuPod.ts";
import type { NodeInfo } from "./kinds/node.ts";

export interface GpuUseOptions {
  readonly clock: Clock;
  readonly nodes: Store<NodeInfo>;
  /** A store that nobody else gets; it ends with its holder. */
  readonly own: (definition: StoreDefinition<GpuPod | null>, namespace?: string) => Store<GpuPod | null>;
  /** Where pods may not be read cluster-wide: namespaces to read instead. */
  readonly namespaces: () => readonly string[];
}

/** What holds GPUs of one node: the pods of a job there, a notebook, or others of one owner. */
export interface Holder {
  readonly kind: HolderKind;
  readonly namespace: string;
  /** Ready to be shown. */
  readonly name: string;
  readonly pods: readonly GpuPod[];
  readonly gpus: GpuAmounts;
  /** Since when the first of its pods has been there; wall ms. */
  readonly since: number;
}

export interface NodeUse {
  readonly node: NodeInfo;
  /** By sort; none is free where the node is not ready or takes no pods. */
  readonly counts: readonly GpuCount[];
  /** The same by resource name. */
  readonly resources: readonly (GpuCount & { readonly resource: string })[];
  /** Most GPUs first. */
  readonly holders: readonly Holder[];
}

export interface GpuTotals {
  readonly counts: readonly GpuCount[];
  /** False where some pods may not be read: `used` is the least then, and `free` the most that there can be. */
  readonly complete: boolean;
}

interface PodStore {
  readonly store: Store<GpuPod | null>;
  readonly held: Disposable;
}

/** With more GPU nodes than this their pods come by one watch of all pods: each watch is a stream of its own. */
const MOST_NODE_WATCHES = 30;
/** Namespaces read where pods may not be read cluster-wide. */
const MOST_NAMESPACES = 20;
/** Changes are told together, at most this often, in ms. */
const GATHER_MS = 100;

/**
 * GPUs of a cluster and who holds them, live while somebody holds this. Watches the nodes, and pods only where a node
 * has GPUs: by node as long as these are few. A person who may not read pods everywhere gets what theirs hold.
 */
export class GpuUse implements Disposable {
  readonly #options: GpuUseOptions;
  readonly #changed = new Emitter<void>();
  /** The state, a node or a holder is not as it was. */
  readonly onDidChange: Event<void> = this.#changed.event;
  readonly #pods = new Map<string, PodStore>();
  #subscriptions: readonly Disposable[] = [];
  #holders = 0;
  #wide = false;
  #refused = false;
  #computed: readonly NodeUse[] | undefined;
  #shown = "";
  #timer: AbortController | undefined;

  constructor(options: GpuUseOptions) {
    this.#options = options;
  }

  /** All nodes by name, those with GPUs first. What pods hold is right once `totals` is there. */
  get nodes(): readonly NodeUse[] {
    return (this.#computed ??= this.#compute());
  }

  /** Undefined until nodes and pods are known, and where nodes may not be read. */
  get totals(): GpuTotals | undefined {
    const { kind } = this.state;
    if (kind !== "live" && kind !== "stale") return undefined;
    const counts = mergeCounts(this.nodes.flatMap((use) => use.counts));
    return { counts, complete: counts.every(({ total }) => total === 0) || !this.#refused };
  }

  /** That of the nodes, as long as they are not known; then the least good of what is read: the oldest, where some is. */
  get state(): StoreState {
    if (this.#holders === 0) return { kind: "idle" };
    const nodes = this.#options.nodes.state;
    if (nodes.kind !== "live" && nodes.kind !== "stale") return nodes;
    const states = [nodes, ...[...this.#pods.values()].map(({ store }) => store.state)];
    const oldest = states.filter((state) => state.kind === "stale").sort((a, b) => a.since - b.since)[0];
    return (
      states.find(({ kind }) => kind === "failed") ??
      states.find(({ kind }) => kind === "loading" || kind === "idle") ??
      oldest ?? { kind: "live" }
    );
  }

  /** Starts watching with the first holder. */
  hold(): Disposable {
    if (this.#holders++ === 0) this.#start();
    let held = true;
    return toDisposable(() => {
      if (!held) return;
      held = false;
      if (--this.#holders === 0) this.#stop();
    });
  }

  /** Resolves when there is an answer, well or not, or `ms` have passed. */
  answered(ms: number): Promise<void> {
    const { nodes, clock } = this.#options;
    if (this.#holders === 0) return Promise.resolve();
    return settledWithin(() => [nodes, ...[...this.#pods.values()].map(({ store }) => store)], clock, ms);
  }

  /** Reads everything anew, also what was refused. */
  refresh(): void {
    this.#options.nodes.refresh();
    for (const { store } of this.#pods.values()) store.refresh();
    this.askAgain();
  }

  /** Asks again for what was refused; the rest is read anew by whoever made the stores. */
  askAgain(): void {
    if (this.#refused) this.#dropPods();
    this.#refused = false;
    this.#look();
  }

  /** The namespaces to read where pods may not be read everywhere may be others now. */
  lookAgain(): void {
    if (this.#refused) this.#look();
  }

  dispose(): void {
    this.#holders = 0;
    this.#stop();
    this.#changed.dispose();
  }

  #start(): void {
    const { nodes } = this.#options;
    const look = (): void => this.#look();
    this.#subscriptions = [nodes.onDidChange(look), nodes.onDidChangeState(look), nodes.hold()];
    this.#look();
  }

  #stop(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = [];
    this.#dropPods();
    this.#wide = false;
    this.#refused = false;
    this.#timer?.abort();
    this.#timer = undefined;
    this.#look();
  }

  #dropPods(): void {
    for (const key of [...this.#pods.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    const entry = this.#pods.get(key);
    this.#pods.delete(key);
    entry?.held.dispose();
  }

  /** Something has changed: watches what is to be watched now, and tells. */
  #look(): void {
    this.#computed = undefined;
    const { kind } = this.#options.nodes.state;
    // While a load runs, which nodes there are is not known.
    if (this.#holders > 0 && (kind === "live" || kind === "stale")) this.#adjust();
    if (this.#timer !== undefined || this.#holders === 0) return;
    this.#timer = new AbortController();
    this.#options.clock.sleep(GATHER_MS, this.#timer.signal).then(
      () => {
        this.#timer = undefined;
        this.#tell();
      },
      () => undefined,
    );
  }

  /** Nodes write to their status all the time: what is no change for a reader is none. */
  #tell(): void {
    const shown = JSON.stringify([this.state, this.totals, this.nodes]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#changed.fire();
  }

  #adjust(): void {
    if ([...this.#pods].some(([key, { store }]) => !key.startsWith("in/") && store.state.kind === "forbidden"))
      this.#refused = true;
    const plan = this.#plan();
    for (const key of [...this.#pods.keys()]) if (!plan.has(key)) this.#drop(key);
    for (const [key, [definition, namespace]] of plan)
      if (!this.#pods.has(key)) this.#watch(key, definition, namespace);
  }

  /** What is to be watched, by a key of ours. */
  #plan(): Map<string, readonly [StoreDefinition<GpuPod | null>, namespace?: string]> {
    const names = [...this.#options.nodes.items.values()].filter(({ gpus }) => sumOf(gpus) > 0).map(({ name }) => name);
    if (names.length === 0) return new Map();
    if (this.#refused) {
      const namespaces = this.#options.namespaces().slice(0, MOST_NAMESPACES);
      return new Map(namespaces.map((namespace) => [`in/${namespace}`, [SCHEDULED_PODS, namespace]]));
    }
    // Not back to single nodes when some go: what is read would be read again.
    this.#wide ||= names.length > MOST_NODE_WATCHES;
    if (this.#wide) return new Map([["all", [SCHEDULED_PODS]]]);
    return new Map(names.map((name) => [`on/${name}`, [podsOnNode(name)]]));
  }

  #watch(key: string, definition: StoreDefinition<GpuPod | null>, namespace: string | undefined): void {
    const store = this.#options.own(definition, namespace);
    const held = new DisposableStore();
    // Heard from the first word after its start until the last before its end: neither is news.
    held.add(store.hold());
    held.add(store.onDidChangeState(() => this.#look()));
    held.add(
      store.onDidChange(({ reset, changed, removed }) => {
        if (reset || [...changed, ...removed].some((pod) => pod !== null)) this.#look();
      }),
    );
    this.#pods.set(key, { store, held });
  }

  #compute(): readonly NodeUse[] {
    const pods = Map.groupBy(
      [...this.#pods.values()].flatMap(({ store }) => [...store.items.values()].filter((pod) => pod !== null)),
      ({ node }) => node,
    );
    return [...this.#options.nodes.items.values()]
      .map((node) => useOf(node, pods.get(node.name) ?? []))
      .sort((a, b) => Number(hasGpus(b)) - Number(hasGpus(a)) || a.node.name.localeCompare(b.node.name));
  }
}

function hasGpus({ node }: NodeUse): boolean {
  return sumOf(node.gpus) > 0;
}

function useOf(node: NodeInfo, pods: readonly GpuPod[]): NodeUse {
  const held = together(pods);
  const takesPods = node.ready && !node.unschedulable;
  const resources = [...new Set([node.gpus, held].flatMap(Object.keys))].sort().map((resource) => {
    const [total, used] = [node.gpus[resource] ?? 0, held[resource] ?? 0];
    // By resource: a pod that outlives its GPU must not take from another kind.
    return { resource, noun: gpuNoun(resource), total, used, free: takesPods ? Math.max(0, total - used) : 0 };
  });
  return { node, counts: mergeCounts(resources), resources, holders: holdersOf(pods) };
}

function together(pods: readonly GpuPod[]): GpuAmounts {
  const sum: Record<string, number> = {};
  for (const { gpus } of pods) for (const [name, count] of Object.entries(gpus)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

function holdersOf(pods: readonly GpuPod[]): readonly Holder[] {
  return [...Map.groupBy(pods, ({ holder, namespace, name }) => `${holder}/${namespace}/${name}`).values()]
    .map((group) => ({
      kind: group[0]?.holder ?? "other",
      namespace: group[0]?.namespace ?? "",
      name: group[0]?.name ?? "",
      pods: group,
      gpus: together(group),
      since: Math.min(...group.map((pod) => pod.since)),
    }))
    .sort((a, b) => sumOf(b.gpus) - sumOf(a.gpus) || a.name.localeCompare(b.name));
}
