import type { Clock } from "../core/clock.ts";
import type { Store } from "../kube/store.ts";
import { type Claim, CLAIMS } from "../kubeflow/kinds/claim.ts";
import { newestOf } from "../kubeflow/events.ts";
import { JOB_WARNINGS } from "../kubeflow/kinds/event.ts";
import { type Notebook, NOTEBOOK_PODS, NOTEBOOKS } from "../kubeflow/kinds/notebook.ts";
import type { ContainerRef, JobEvent, JobPod } from "../kubeflow/model.ts";
import type { JobSource } from "../kubeflow/namespaceJobs.ts";
import { NamespaceObjects, uidOf } from "../kubeflow/namespaceObjects.ts";
import { containerOf } from "../kubeflow/replicas.ts";
import { disruptionWords } from "../kubeflow/podWords.ts";
import { StoreIndex } from "../kubeflow/storeIndex.ts";
import type { Reason } from "../kubeflow/why.ts";
import { useLines } from "./culling.ts";
import {
  type LostPod,
  type NotebookSight,
  type NotebookState,
  type NotebookSummary,
  notebookSummary,
  notebookWhy,
} from "./notebookStatus.ts";
import { waitsForVolume } from "./volumeWords.ts";

/** The notebooks of one namespace, or of all, with their pods and warnings. */
export class NamespaceNotebooks extends NamespaceObjects<Notebook, NotebookState> {
  readonly #source: Pick<JobSource, "store">;
  readonly #namespace: string | undefined;
  readonly #readCulling: () => Promise<number | undefined>;
  readonly #pods: StoreIndex<JobPod>;
  readonly #warnings: StoreIndex<JobEvent>;
  /** Pods that were taken away while this watched, by their notebook's key, with their uid. */
  readonly #lost = new Map<string, LostPod & { readonly pod: string }>();
  /** Read once a pod waits for a volume. */
  #claims: StoreIndex<Claim> | undefined;
  /** Read once somebody keeps count of use: undefined before, and where it cannot be. */
  #cullAfter: number | undefined;
  #isCullingAsked = false;

  /** `readCulling`: see `readCulling` of culling.ts. */
  constructor(
    source: Pick<JobSource, "store">,
    namespace: string | undefined,
    clock: Clock,
    readCulling: () => Promise<number | undefined> = () => Promise.resolve(undefined),
  ) {
    super(source.store(NOTEBOOKS, namespace), keyOf, clock);
    this.#source = source;
    this.#namespace = namespace;
    this.#readCulling = readCulling;
    this.#pods = this.held.add(
      new StoreIndex(source.store(NOTEBOOK_PODS, namespace), podKey, uidOf, (items) => this.#onPods(items)),
    );
    this.#warnings = this.held.add(
      new StoreIndex(source.store(JOB_WARNINGS, namespace), aboutKey, uidOf, (items) =>
        this.#onParts(items?.map(aboutKey)),
      ),
    );
    this.#lookAround();
  }

  summary(notebook: Notebook): NotebookSummary {
    return notebookSummary(this.#sightOf(notebook), this.clock.now());
  }

  /** When it was used, and when it is stopped for want of use; empty where nobody keeps count. */
  use({ lastActivity, stopped }: Notebook): readonly string[] {
    return lastActivity === undefined || stopped ? [] : useLines(lastActivity, this.#cullAfter, this.clock.now());
  }

  why(notebook: Notebook): readonly Reason[] {
    return notebookWhy(this.#sightOf(notebook), this.clock.now());
  }

  /** Stopped, and its pod gone; where pods may not be read, as far as its own status tells. */
  isDown(notebook: Notebook): boolean {
    const { kind } = this.#pods.store.state;
    return kind !== "idle" && kind !== "loading" && this.summary(notebook).state === "Stopped";
  }

  /** The pod for logs and a shell: the newest, and not one that an earlier notebook of the same name has left. */
  podOf(notebook: Notebook): JobPod | undefined {
    const own = [...this.#pods.get(keyOf(notebook))].filter(({ created }) => isSince(created, notebook));
    return own.sort((a, b) => a.created - b.created).at(-1);
  }

  /** Where its log and a shell are. */
  containerOf(notebook: Notebook): ContainerRef | undefined {
    const pod = this.podOf(notebook);
    return pod && containerOf(pod);
  }

  /** About the notebook, its StatefulSet and its pod. */
  warningsOf(notebook: Notebook): readonly JobEvent[] {
    return [...this.#warnings.get(keyOf(notebook))].filter(({ time }) => isSince(time, notebook));
  }

  /** Uids of what belongs to it and is told of in events: its pod, what made that, and the claims that it waits for. */
  familyOf(notebook: Notebook): readonly string[] {
    const pod = this.podOf(notebook);
    const { claims } = this.#sightOf(notebook);
    return [
      ...(pod === undefined ? [] : [pod.uid, pod.owner ?? ""]),
      ...[...this.warningsOf(notebook), ...claims.warnings].map(({ aboutUid }) => aboutUid),
      ...(claims.claims ?? []).map(uidOf),
    ];
  }

  protected stateOf(notebook: Notebook): NotebookState {
    return this.summary(notebook).state;
  }

  protected get others(): readonly Store<object>[] {
    return [this.#pods.store, this.#warnings.store, ...(this.#claims === undefined ? [] : [this.#claims.store])];
  }

  #sightOf(notebook: Notebook): NotebookSight {
    const { namespace } = notebook;
    const pod = this.podOf(notebook);
    const warnings = this.warningsOf(notebook);
    const kept = this.#lost.get(keyOf(notebook));
    // The kubelet's own evictions are told of in events, too, and so also where they happened before anybody looked.
    const evicted = newestOf(warnings, ({ reason, aboutUid }) => reason === "Evicted" && aboutUid !== pod?.uid);
    const told = evicted && { words: `evicted: ${evicted.message}`, at: evicted.time };
    return {
      notebook,
      pod,
      warnings,
      claims: {
        claims: this.#claims?.store.state.kind === "live" ? this.#claimsOf(notebook) : undefined,
        warnings: notebook.claims.flatMap((name) => [...this.#warnings.get(claimKey({ namespace, name }))]),
      },
      lost: kept === undefined || kept.pod === pod?.uid || !isSince(kept.at, notebook) ? told : kept,
      cullAfter: this.#cullAfter,
    };
  }

  #claimsOf({ namespace, claims }: Notebook): readonly Claim[] {
    return claims.flatMap((name) => [...(this.#claims?.get(keyOf({ namespace, name })) ?? [])]);
  }

  /** What is read only where something makes it matter. */
  #lookAround(): void {
    if (!this.#isCullingAsked && [...this.items].some(({ lastActivity }) => lastActivity !== undefined)) {
      this.#isCullingAsked = true;
      this.#readCulling().then(
        (ms) => {
          this.#cullAfter = ms;
          if (ms !== undefined) this.#onParts(undefined);
        },
        // The rows themselves say that the cluster does not answer; the next folder asks again.
        () => undefined,
      );
    }
    const waits = [...this.#pods.store.items.values()].some(({ unschedulable }) => waitsForVolume(unschedulable));
    if (this.#claims === undefined && waits)
      this.#claims = this.held.add(
        new StoreIndex(this.#source.store(CLAIMS, this.#namespace), keyOf, uidOf, () => this.#onParts(undefined)),
      );
  }

  #onPods(pods: readonly JobPod[] | undefined): void {
    for (const pod of pods ?? this.#pods.store.items.values()) {
      const words = pod.deleting || pod.phase === "Failed" ? disruptionWords(pod) : undefined;
      const known = this.#lost.get(podKey(pod));
      if (words !== undefined && known?.pod !== pod.uid)
        this.#lost.set(podKey(pod), { words, at: this.clock.now(), pod: pod.uid });
    }
    this.#lookAround();
    this.#onParts(pods?.map(podKey));
  }

  protected override onObjects(items: readonly Notebook[] | undefined): void {
    this.#lookAround();
    super.onObjects(items);
  }

  #onParts(keys: readonly string[] | undefined): void {
    // A claim may be any notebook's.
    const isAny = keys === undefined || (this.#claims !== undefined && keys.some((key) => key.endsWith("/claim")));
    this.told(isAny ? this.items : keys.flatMap((key) => [...this.objects.get(key)]));
  }
}

type Named = Pick<Notebook, "namespace" | "name">;

function keyOf({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

function podKey({ namespace, job }: JobPod): string {
  return `${namespace}/${job}`;
}

/** A claim's name is no notebook's. */
function claimKey({ namespace, name }: Named): string {
  return `${keyOf({ namespace, name })}/claim`;
}

/** The notebook and its StatefulSet have one name, its pod the same with `-0`. */
function aboutKey({ namespace, aboutKind, aboutName }: JobEvent): string {
  if (aboutKind === "PersistentVolumeClaim") return claimKey({ namespace, name: aboutName });
  return keyOf({ namespace, name: aboutKind === "Pod" ? aboutName.replace(/-0$/, "") : aboutName });
}

/** Clocks of the cluster's parts differ a little. */
function isSince(time: number, { created }: Notebook): boolean {
  return time >= created - 1000;
}
