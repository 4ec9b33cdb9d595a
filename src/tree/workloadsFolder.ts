import * as vscode from "vscode";
import type { Workload } from "../kubeflow/kinds/workload.ts";
import type { NamespaceWorkloads } from "../kubeflow/namespaceWorkloads.ts";
import type { Reason } from "../kubeflow/why.ts";
import { WORKLOAD_RESOURCES, type WorkloadKind } from "../kubeflow/workloadKinds.ts";
import { allowedIn } from "./allowed.ts";
import { type Drawn, type FolderSite, type LogChoice, namespaceOf, type ObjectRef } from "./folder.ts";
import { LiveFolder, objectRef, YOUNG_MS } from "./liveFolder.ts";
import { type TreeNode, workloadNode } from "./nodes.ts";
import { WORKLOAD_STATES, workloadRow } from "./workloadRows.ts";

const TEXTS: Readonly<Record<WorkloadKind, () => Readonly<Record<"what" | "missing" | "none", string>>>> = {
  experiments: () => ({
    what: vscode.l10n.t("experiments"),
    missing: vscode.l10n.t("No experiments in this cluster: it has no Katib."),
    none: vscode.l10n.t("No experiments yet. New from Template… makes one around a training script."),
  }),
  models: () => ({
    what: vscode.l10n.t("model servers"),
    missing: vscode.l10n.t("No model servers in this cluster: it has no KServe."),
    none: vscode.l10n.t("No model servers yet. New from Template… makes one."),
  }),
  rayJobs: () => ({
    what: vscode.l10n.t("Ray jobs"),
    missing: vscode.l10n.t("No Ray jobs in this cluster: it has no KubeRay."),
    none: vscode.l10n.t("No Ray jobs yet. New from Template… makes one."),
  }),
};

/** The experiments, model servers or Ray jobs of a namespace, or of all. */
export class WorkloadsFolder extends LiveFolder<Workload, NamespaceWorkloads> {
  readonly #what: WorkloadKind;

  constructor(site: FolderSite, what: WorkloadKind) {
    const live = site.cluster.workloads(what, namespaceOf(site.node));
    super(site, live, { order: WORKLOAD_STATES, texts: TEXTS[what]() });
    this.#what = what;
  }

  draw(node: TreeNode): Drawn | undefined {
    const item = this.#item(node);
    if (item === undefined) return undefined;
    const row = workloadRow(item, {
      what: this.#what,
      summary: this.live.summary(item),
      namespace: this.namespace === undefined ? item.namespace : "",
      allowed: allowedIn(this.cluster, this.namespace, WORKLOAD_RESOURCES[this.#what]),
      why: this.live.why(item),
    });
    return { row, collapsible: vscode.TreeItemCollapsibleState.None };
  }

  object(node: TreeNode): ObjectRef | undefined {
    return objectRef(WORKLOAD_RESOURCES[this.#what], this.#item(node));
  }

  family(node: TreeNode): readonly string[] {
    const item = this.#item(node);
    return item === undefined ? [] : this.live.warningsOf(item).map(({ aboutUid }) => aboutUid);
  }

  /** Of one of its pods: there may be many, such as a trial's each. */
  async logs(node: TreeNode, signal: AbortSignal): Promise<readonly LogChoice[]> {
    const item = this.#item(node);
    const found = item === undefined ? [] : await this.live.containers(item, signal);
    return found.map((container) => ({
      title: container.pod,
      detail: container.container,
      container,
      // It is followed instead.
      read: () => Promise.resolve(""),
    }));
  }

  why(node: TreeNode): readonly Reason[] {
    const item = this.#item(node);
    return item === undefined ? [] : this.live.why(item);
  }

  protected node(item: Workload): TreeNode {
    return workloadNode(this.site.node, this.#what, item);
  }

  protected ages({ created, since }: Workload, now: number): boolean {
    return now - Math.max(created, since) < YOUNG_MS;
  }

  #item(node: TreeNode): Workload | undefined {
    return node.kind === "workload" ? this.live.get(node.uid) : undefined;
  }
}
