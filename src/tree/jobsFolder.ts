import * as vscode from "vscode";
import { DisposableStore } from "../core/dispose.ts";
import { jobKey, kindOf } from "../kubeflow/jobKinds.ts";
import type { JobState, TrainingJob } from "../kubeflow/model.ts";
import { POD } from "../kubeflow/kinds/pod.ts";
import type { NamespaceJobs } from "../kubeflow/namespaceJobs.ts";
import { mainContainer, type Replica } from "../kubeflow/replicas.ts";
import type { Reason } from "../kubeflow/why.ts";
import { allowedIn } from "./allowed.ts";
import { folderWords } from "./clusterRows.ts";
import {
  type ContainerRef,
  type Drawn,
  type Folder,
  type FolderSite,
  GRACE_MS,
  learnRights,
  namespaceOf,
  type ObjectRef,
} from "./folder.ts";
import { JOB_STATES, jobRow, replicaRow } from "./jobRows.ts";
import { emptyNode, failureNode, filteredNode, forbiddenNode, loadingNode, missingNode } from "./messages.ts";
import { type JobNode, jobNode, type ReplicaNode, replicaNode, type TreeNode } from "./nodes.ts";
import { soon } from "./soon.ts";

const { None, Collapsed } = vscode.TreeItemCollapsibleState;

/** States in which a person asks why. */
const ASKED_WHY: ReadonlySet<JobState> = new Set(["Waiting", "Failed", "Restarting", "Unknown", "Queued"]);
/** Of more jobs than this the folder, which brings all of their rows, is drawn again more rarely for a count alone. */
const MANY = 500;
const COUNT_DELAY_MS = 2_000;
/** An age is drawn anew while it shows minutes. */
const YOUNG_MS = 3_600_000;

/** The training jobs of a namespace, or of all, with their replicas. */
export class JobsFolder implements Folder {
  readonly cluster: FolderSite["cluster"];
  readonly #site: FolderSite;
  readonly #jobs: NamespaceJobs;
  readonly #held = new DisposableStore();
  readonly #namespace: string | undefined;
  readonly #kinds: string;
  #drawnWords = "";
  #rights: Promise<void>;
  #isDrawn = false;

  constructor(site: FolderSite) {
    this.#site = site;
    this.cluster = site.cluster;
    this.#namespace = namespaceOf(site.node);
    this.#kinds = site.cluster.jobKinds.join();
    this.#jobs = this.#held.add(site.cluster.jobs(this.#namespace));
    this.#held.add(this.#jobs.onDidChange(({ jobs, set }) => this.#onChange(jobs, set)));
    this.#held.add(this.#jobs.onDidChangeState(() => site.redrawFolder()));
    this.#held.add(site.cluster.rights.onDidChange((namespace) => this.#onRights(namespace)));
    this.#rights = learnRights(site);
    // The folder's row was drawn before it opened. Where its jobs are known already, nothing else would tell.
    if (this.#jobs.state.kind === "live") site.redrawFolder();
  }

  get isOutdated(): boolean {
    return this.cluster.jobKinds.join() !== this.#kinds;
  }

  answered(ms: number): Promise<void> {
    return this.#jobs.answered(ms);
  }

  words(): string {
    const { state, counts } = this.#jobs;
    return (this.#drawnWords = folderWords(state, counts, JOB_STATES, this.#site.clock.now()));
  }

  async rows(): Promise<readonly TreeNode[]> {
    const { node, choices } = this.#site;
    // Only the first time: while rows are read again, VS Code knows none of them, and their menus lead nowhere.
    if (!this.#isDrawn) await soon(Promise.all([this.#jobs.answered(GRACE_MS), this.#rights]), GRACE_MS);
    this.#isDrawn = true;
    const { state } = this.#jobs;
    const jobs = [...this.#jobs.jobs];
    const what = vscode.l10n.t("training jobs");
    if (state.kind === "absent") return [missingNode(node, vscode.l10n.t("No training operator in this cluster."))];
    if (state.kind === "forbidden") return [forbiddenNode(node, what, state.why)];
    if (state.kind === "failed") return [failureNode(node, state.error)];
    if (jobs.length === 0) {
      if (state.kind !== "live" && state.kind !== "stale") return [loadingNode(node)];
      return [emptyNode(node, vscode.l10n.t("No training jobs yet. Right-click a Python file to run one."))];
    }
    const shown = jobs.filter((job) => choices.shows(job.name, () => this.#jobs.summary(job).state));
    if (shown.length === 0) return [filteredNode(node, jobs.length)];
    const rows = shown.sort(choices.compare).map((job) => jobNode(node, job));
    // The rows are old, and stay so till a person does something.
    return state.kind === "stale" && state.halted !== undefined ? [failureNode(node, state.halted), ...rows] : rows;
  }

  async below(node: TreeNode): Promise<readonly TreeNode[]> {
    if (node.kind !== "job") return [];
    let failure: unknown;
    const look = this.#jobs.look(jobKey(nameOf(node))).catch((error: unknown) => (failure = error));
    await soon(look, GRACE_MS);
    const job = this.#job(node);
    if (job?.partial !== true) return job === undefined ? [] : this.#replicas(node, job);
    if (failure !== undefined) return [failureNode(node, failure)];
    // Drawn again when it has been read, or could not be.
    look.then(
      () => this.#site.redraw([node.id]),
      () => undefined,
    );
    return [loadingNode(node)];
  }

  async look(node: TreeNode, signal: AbortSignal): Promise<void> {
    const row = node.kind === "replica" ? node.parent : node;
    if (row.kind === "job") await this.#jobs.look(jobKey(nameOf(row)), signal);
  }

  object(node: TreeNode): ObjectRef | undefined {
    if (node.kind === "job") {
      const job = this.#job(node);
      return job && { resource: kindOf(job.kind).resource, namespace: job.namespace, name: job.name, uid: job.uid };
    }
    const pod = node.kind === "replica" ? this.#replica(node)?.pod : undefined;
    return pod && { resource: POD, namespace: pod.namespace, name: pod.name, uid: pod.uid };
  }

  container(node: TreeNode): ContainerRef | undefined {
    // Of a job: its first replica that runs.
    const job = node.kind === "job" ? this.#job(node) : undefined;
    const running = job && this.#jobs.replicas(job).find(({ pod }) => pod && mainContainer(pod)?.state === "running");
    const pod = node.kind === "replica" ? this.#replica(node)?.pod : running?.pod;
    const main = pod && mainContainer(pod);
    return main && { namespace: pod.namespace, pod: pod.name, container: main.name };
  }

  family(node: TreeNode): readonly string[] {
    const job = node.kind === "job" ? this.#job(node) : undefined;
    if (job === undefined) return [];
    const pods = this.#jobs.podsOf(job);
    return [
      ...pods.flatMap(({ uid, owner }) => [uid, owner ?? ""]),
      ...this.#jobs.warningsOf(job).map((e) => e.aboutUid),
    ];
  }

  why(node: TreeNode): readonly Reason[] {
    const row = node.kind === "replica" ? node.parent : node;
    const job = row.kind === "job" ? this.#job(row) : undefined;
    const { totals, nodes, state } = this.cluster.gpus;
    const areKnown = totals?.complete === true && state.kind === "live";
    return job === undefined ? [] : this.#jobs.why(job, areKnown ? { gpusFree: totals.free, nodes } : {});
  }

  notes(): readonly string[] {
    const kinds = this.#jobs.forbidden.map(({ kind }) => kind);
    return kinds.length === 0 || this.#jobs.state.kind === "forbidden"
      ? []
      : [vscode.l10n.t("You may not list here: {0}", kinds.join(", "))];
  }

  draw(node: TreeNode): Drawn | undefined {
    if (node.kind === "job") return this.#drawJob(node);
    return node.kind === "replica" ? this.#drawReplica(node) : undefined;
  }

  ageing(): readonly string[] {
    const { node, clock } = this.#site;
    const now = clock.now();
    if (this.#jobs.state.kind === "stale") return [node.id];
    return [...this.#jobs.jobs]
      .filter((job) => now - Math.max(job.created, job.started ?? 0, job.finished ?? 0) < YOUNG_MS)
      .map((job) => jobNode(node, job).id);
  }

  refresh(): void {
    this.#rights = learnRights(this.#site);
    this.#jobs.refresh();
  }

  dispose(): void {
    this.#held.dispose();
  }

  #job(node: JobNode): TrainingJob | undefined {
    return this.#jobs.get(jobKey(nameOf(node)));
  }

  #replicas(node: JobNode, job: TrainingJob): readonly TreeNode[] {
    return this.#jobs.replicas(job).map(({ source }) => replicaNode(node, String(source)));
  }

  #replica(node: ReplicaNode): Replica | undefined {
    const job = this.#job(node.parent);
    return job && this.#jobs.replicas(job).find(({ source }) => String(source) === node.key);
  }

  #drawJob(node: JobNode): Drawn | undefined {
    const job = this.#job(node);
    if (job === undefined) return undefined;
    const summary = this.#jobs.summary(job);
    const row = jobRow(job, {
      summary,
      mine: this.#site.isMine(job),
      namespace: this.#namespace === undefined ? job.namespace : "",
      allowed: allowedIn(this.cluster, this.#namespace, kindOf(job.kind).resource),
      why: summary.troubled || ASKED_WHY.has(summary.state),
    });
    return { row, collapsible: Collapsed };
  }

  #drawReplica(node: ReplicaNode): Drawn | undefined {
    const job = this.#job(node.parent);
    const replica = this.#replica(node);
    if (job === undefined || replica === undefined) return undefined;
    const allowed = allowedIn(this.cluster, this.#namespace, kindOf(job.kind).resource);
    return { row: replicaRow(replica, this.#jobs.podsKnownOf(job), allowed), collapsible: None };
  }

  #onChange(keys: readonly string[], set: boolean): void {
    if (set) {
      this.#site.redrawFolder();
      return;
    }
    this.#site.redraw(keys.map((key) => `${this.#site.node.id}/${key}`));
    // A row alone is cheap to draw; the folder, which counts states, brings all of them.
    const before = this.#drawnWords;
    if (before !== this.words() || this.#site.choices.isFiltering)
      this.#site.redrawFolder(this.#jobs.size > MANY ? COUNT_DELAY_MS : undefined);
  }

  #onRights(namespace: string | undefined): void {
    if (namespace === this.#namespace && this.#isDrawn) this.#site.redrawFolder();
  }
}

function nameOf({ jobKind: kind, namespace, name }: JobNode): Pick<TrainingJob, "kind" | "namespace" | "name"> {
  return { kind, namespace, name };
}
