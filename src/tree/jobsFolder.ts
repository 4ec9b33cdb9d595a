import * as vscode from "vscode";
import { type ContainerRef, jobKey, type JobKind, type JobState, type TrainingJob } from "../kubeflow/model.ts";
import type { NodeUse } from "../kubeflow/gpuUse.ts";
import { POD } from "../kubeflow/kinds/resources.ts";
import type { NamespaceJobs } from "../kubeflow/namespaceJobs.ts";
import type { ShownReplica } from "../kubeflow/replicas.ts";
import type { Reason } from "../kubeflow/why.ts";
import { type Allowed, allowedIn } from "./allowed.ts";
import { type Drawn, type FolderSite, GRACE_MS, namespaceOf, type ObjectRef } from "./folder.ts";
import { JOB_STATES, jobRow, replicaRow } from "./jobRows.ts";
import { LiveFolder, objectRef, YOUNG_MS } from "./liveFolder.ts";
import { failureNode, loadingNode } from "./messages.ts";
import { type JobNode, jobNode, type ReplicaNode, replicaNode, type TreeNode } from "./nodes.ts";
import { soon } from "./soon.ts";

const { None, Collapsed } = vscode.TreeItemCollapsibleState;

/** States in which a person asks why. */
const ASKED_WHY: ReadonlySet<JobState> = new Set(["Waiting", "Failed", "Restarting", "Unknown", "Queued"]);
/** The training jobs of a namespace, or of all, with their replicas. */
export class JobsFolder extends LiveFolder<TrainingJob, NamespaceJobs> {
  readonly #kinds: string;

  constructor(site: FolderSite) {
    super(site, site.cluster.jobs(namespaceOf(site.node)), {
      order: JOB_STATES,
      texts: {
        what: vscode.l10n.t("training jobs"),
        missing: vscode.l10n.t(
          "No training operator. Training jobs need Kubeflow’s Training Operator or Trainer in the cluster.",
        ),
        none: vscode.l10n.t("No training jobs yet. Right-click a Python file to run one."),
      },
      isInstallable: true,
    });
    this.#kinds = site.cluster.jobKinds.join();
    this.held.add(site.cluster.gpus.onDidChange(() => this.#redrawUnplaced()));
  }

  override get isOutdated(): boolean {
    return this.cluster.jobKinds.join() !== this.#kinds;
  }

  async below(node: TreeNode): Promise<readonly TreeNode[]> {
    if (node.kind !== "job") return [];
    let failure: unknown;
    const look = this.live.look(jobKey(nameOf(node))).catch((error: unknown) => (failure = error));
    await soon(look, GRACE_MS);
    const job = this.#job(node);
    if (job?.partial !== true) return job === undefined ? [] : this.#replicas(node, job);
    if (failure !== undefined) return [failureNode(node, failure)];
    // Drawn again when it has been read, or could not be.
    look.then(
      () => this.site.redraw([node.id]),
      () => undefined,
    );
    return [loadingNode(node)];
  }

  async look(node: TreeNode, signal: AbortSignal): Promise<void> {
    const row = node.kind === "replica" ? node.parent : node;
    if (row.kind === "job") await this.live.look(jobKey(nameOf(row)), signal);
  }

  object(node: TreeNode): ObjectRef | undefined {
    if (node.kind === "job") {
      const job = this.#job(node);
      return job && objectRef(this.cluster.jobResource(job.kind), job);
    }
    return objectRef(POD, node.kind === "replica" ? this.#replica(node)?.pod : undefined);
  }

  container(node: TreeNode): ContainerRef | undefined {
    // Of a job: its first replica that runs.
    const job = node.kind === "job" ? this.#job(node) : undefined;
    const running = job && this.live.replicas(job).find((replica) => replica.running);
    return (node.kind === "replica" ? this.#replica(node) : running)?.container;
  }

  family(node: TreeNode): readonly string[] {
    const job = node.kind === "job" ? this.#job(node) : undefined;
    if (job === undefined) return [];
    const pods = this.live.podsOf(job);
    return [
      ...pods.flatMap(({ uid, owner }) => [uid, owner ?? ""]),
      ...this.live.warningsOf(job).map((e) => e.aboutUid),
    ];
  }

  why(node: TreeNode): readonly Reason[] {
    const row = node.kind === "replica" ? node.parent : node;
    const job = row.kind === "job" ? this.#job(row) : undefined;
    return job === undefined ? [] : this.live.why(job, { nodes: this.#nodes });
  }

  notes(): readonly string[] {
    const kinds = this.live.forbidden.map(({ kind }) => kind);
    return kinds.length === 0 || this.live.state.kind === "forbidden"
      ? []
      : [vscode.l10n.t("You may not list here: {0}", kinds.join(", "))];
  }

  draw(node: TreeNode): Drawn | undefined {
    if (node.kind === "job") return this.#drawJob(node);
    return node.kind === "replica" ? this.#drawReplica(node) : undefined;
  }

  protected node(job: TrainingJob): TreeNode {
    return jobNode(this.site.node, job);
  }

  protected ages({ created, started = 0, finished = 0 }: TrainingJob, now: number): boolean {
    return now - Math.max(created, started, finished) < YOUNG_MS;
  }

  /** Nodes with what they have free, where that is known and up to date. */
  get #nodes(): readonly NodeUse[] | undefined {
    const { totals, nodes, state } = this.cluster.gpus;
    return totals?.complete === true && state.kind === "live" ? nodes : undefined;
  }

  /** Rows that may say what is free. */
  #redrawUnplaced(): void {
    const unplaced = [...this.live.items].filter((job) => this.live.podsOf(job).some((pod) => pod.unschedulable));
    this.site.redraw(unplaced.map((job) => this.node(job).id));
  }

  #job(node: JobNode): TrainingJob | undefined {
    return this.live.get(jobKey(nameOf(node)));
  }

  #replicas(node: JobNode, job: TrainingJob): readonly TreeNode[] {
    return this.live.replicas(job).map(({ source }) => replicaNode(node, String(source)));
  }

  #replica({ parent, key }: ReplicaNode): ShownReplica | undefined {
    const job = this.#job(parent);
    return job && this.live.replica(job, key);
  }

  #drawJob(node: JobNode): Drawn | undefined {
    const job = this.#job(node);
    if (job === undefined) return undefined;
    const summary = this.live.summary(job, this.#nodes);
    const isAsked = summary.troubled || ASKED_WHY.has(summary.state);
    const row = jobRow(job, {
      summary,
      mine: this.site.isMine(job),
      mixed: this.live.isMixed,
      namespace: this.namespace === undefined ? job.namespace : "",
      allowed: this.#allowed(job.kind),
      why: isAsked ? (job.partial === true ? [] : this.why(node)) : undefined,
    });
    return { row, collapsible: Collapsed };
  }

  #drawReplica(node: ReplicaNode): Drawn | undefined {
    const replica = this.#replica(node);
    return replica && { row: replicaRow(replica, this.#allowed(node.parent.jobKind), this.#nodes), collapsible: None };
  }

  #allowed(kind: JobKind): Allowed {
    return allowedIn(this.cluster, this.namespace, this.cluster.jobResource(kind));
  }
}

function nameOf({ jobKind: kind, namespace, name }: JobNode): Pick<TrainingJob, "kind" | "namespace" | "name"> {
  return { kind, namespace, name };
}
