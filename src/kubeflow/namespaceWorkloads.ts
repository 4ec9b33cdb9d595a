import type { Clock } from "../core/clock.ts";
import { label } from "../core/sanitize.ts";
import { ago, lasting } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import type { Store } from "../kube/store.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { POD } from "./kinds/resources.ts";
import { projectPod } from "./kinds/pod.ts";
import type { Workload, WorkloadState } from "./kinds/workload.ts";
import type { ContainerRef, JobEvent } from "./model.ts";
import type { JobSource } from "./namespaceJobs.ts";
import { NamespaceObjects, uidOf } from "./namespaceObjects.ts";
import { warningText } from "./podWords.ts";
import { containerOf } from "./replicas.ts";
import { StoreIndex } from "./storeIndex.ts";
import type { Reason } from "./why.ts";
import type { WorkloadInfo } from "./workloads.ts";

export interface WorkloadSummary {
  readonly state: WorkloadState;
  readonly detail: string;
  readonly when: string;
}

/** States in which a warning says more than the object. */
const ON_ITS_WAY: ReadonlySet<WorkloadState> = new Set(["Waiting", "Starting", "Restarting"]);
const ASKED_WHY: ReadonlySet<WorkloadState> = new Set([...ON_ITS_WAY, "Failed"]);
const MOST_REASONS = 5;
const PODS_PAGE = 200;
/** Its controller answers within seconds; said where it takes longer than this, in ms. */
const UNSEEN_AFTER_MS = 15_000;

/** The objects of one kind in a namespace, or in all, with warnings about them. */
export class NamespaceWorkloads extends NamespaceObjects<Workload, WorkloadState> {
  readonly #info: WorkloadInfo;
  readonly #client: KubeClient;
  readonly #warnings: StoreIndex<JobEvent>;

  constructor(
    source: Pick<JobSource, "store">,
    client: KubeClient,
    info: WorkloadInfo,
    namespace: string | undefined,
    clock: Clock,
  ) {
    super(source.store(info.store, namespace), namespaceKey, clock);
    this.#info = info;
    this.#client = client;
    this.#warnings = this.held.add(
      new StoreIndex(source.store(JOB_WARNINGS, namespace), namespaceKey, uidOf, (events) => this.#onWarnings(events)),
    );
  }

  summary(item: Workload): WorkloadSummary {
    const { state, detail, since, hasEnded } = item;
    const now = this.clock.now();
    const [warning] = ON_ITS_WAY.has(state) ? this.warningsOf(item) : [];
    return {
      state,
      detail: warning === undefined ? detail : warningText(warning, "it"),
      when: state === "Stopping" ? "" : hasEnded ? ago(now - since) : lasting(now - since),
    };
  }

  /** Why it is not as it should be, what it says itself first. */
  why(item: Workload): readonly Reason[] {
    const { state, said, detail, hasStatus, created } = item;
    if (!ASKED_WHY.has(state)) return [];
    const next: Reason["next"] =
      state === "Failed" ? { id: "logs", words: "Open its log" } : { id: "events", words: "Show events" };
    const { controller } = this.#info;
    const isUnseen = !hasStatus && this.clock.now() - created > UNSEEN_AFTER_MS;
    const own = said ?? (state === "Failed" ? detail : "");
    const told = [
      ...(isUnseen ? [`${controller} has not taken it up; its controller may not be running`] : []),
      ...(own === "" ? [] : [label(own, 600)]),
      ...this.warningsOf(item).map((event) => warningText(event, "it")),
    ];
    return [...new Set(told)].slice(0, MOST_REASONS).map((words) => ({ text: sentence(words), next }));
  }

  /** About it and what was made for it, which is named after it; the newest first. */
  warningsOf(item: Workload): readonly JobEvent[] {
    const { namespace, name, created } = item;
    const others = [...this.objects.get(namespace)]
      .map((other) => other.name)
      .filter((other) => other.length > name.length);
    return [...this.#warnings.get(namespace)]
      .filter(({ aboutName, time }) => time >= created - 1000 && isOf(aboutName, name))
      .filter(({ aboutName }) => !others.some((other) => isOf(aboutName, other)))
      .sort((a, b) => b.time - a.time);
  }

  /** The main containers of its pods that have begun, those that print what its code does first. Rejects as KubeClient does. */
  async containers(item: Workload, signal: AbortSignal): Promise<readonly ContainerRef[]> {
    const lists = await Promise.all(
      item.pods.map((labelSelector) => this.#pods(item.namespace, labelSelector, signal)),
    );
    const pods = lists
      .flat()
      .map(projectPod)
      .filter(({ phase }) => phase !== "Pending");
    const found = new Map(pods.map((pod) => [pod.uid, containerOf(pod)]));
    return [...found.values()].filter((one) => one !== undefined);
  }

  async #pods(namespace: string, labelSelector: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const all: KubeObject[] = [];
    let next: string | undefined;
    do {
      const page = { limit: PODS_PAGE, ...(next !== undefined && { continue: next }) };
      const { items, metadata } = await this.#client.list(POD, { namespace, labelSelector, signal, ...page });
      all.push(...items);
      next = metadata.continue;
    } while (next !== undefined && next !== "");
    return all;
  }

  protected stateOf({ state }: Workload): WorkloadState {
    return state;
  }

  protected get others(): readonly Store<object>[] {
    return [this.#warnings.store];
  }

  #onWarnings(events: readonly JobEvent[] | undefined): void {
    const waiting = [...this.items].filter(({ state }) => ASKED_WHY.has(state));
    this.told(
      waiting.filter(
        ({ name, namespace }) =>
          events?.some((event) => event.namespace === namespace && isOf(event.aboutName, name)) ?? true,
      ),
    );
  }
}

/** What controllers make is named after what they make it for. */
function isOf(about: string, name: string): boolean {
  return about === name || about.startsWith(`${name}-`);
}

function namespaceKey({ namespace }: { readonly namespace: string }): string {
  return namespace;
}

function sentence(words: string): string {
  const text = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
