import * as vscode from "vscode";
import { DisposableStore } from "../core/dispose.ts";
import { label } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import { gpuWords } from "../kubeflow/gpuNames.ts";
import type { Holder, NodeUse } from "../kubeflow/gpuUse.ts";
import type { GpuPod } from "../kubeflow/kinds/gpuPod.ts";
import { NODE } from "../kubeflow/kinds/node.ts";
import { POD } from "../kubeflow/kinds/resources.ts";
import type { ContainerRef } from "../kubeflow/model.ts";
import type { Reason } from "../kubeflow/why.ts";
import { allowedIn } from "./allowed.ts";
import { type Drawn, type Folder, type FolderSite, GRACE_MS, learnRights, type ObjectRef } from "./folder.ts";
import { folderWords } from "./clusterRows.ts";
import { emptyNode, failureNode, filteredNode, forbiddenNode, loadingNode } from "./messages.ts";
import { withHalt } from "./liveFolder.ts";
import { type HolderNode, holderNode, holderPodNode, type MachineNode, machineNode, type TreeNode } from "./nodes.ts";
import { holderRow, machineRow, machineState, machineWhy } from "./nodeRows.ts";
import { soon } from "./soon.ts";

const { None, Collapsed } = vscode.TreeItemCollapsibleState;

/** Nodes of a cluster, those with GPUs first, and what holds their GPUs. */
export class NodesFolder implements Folder {
  readonly cluster: FolderSite["cluster"];
  readonly #site: FolderSite;
  readonly #held = new DisposableStore();

  constructor(site: FolderSite) {
    this.#site = site;
    this.cluster = site.cluster;
    this.#held.add(site.cluster.gpus.hold());
    this.#held.add(site.cluster.gpus.onDidChange(() => site.redrawFolder()));
    this.#held.add(site.cluster.rights.onDidChange(() => site.redrawFolder()));
    // Where the nodes are known already, nothing else would draw the folder's words.
    if (site.cluster.gpus.totals !== undefined) site.redrawFolder();
  }

  readonly isOutdated = false;

  answered(ms: number): Promise<void> {
    return this.cluster.gpus.answered(ms);
  }

  words(): string {
    const { gpus } = this.cluster;
    if (gpus.state.kind === "stale") return folderWords(gpus.state, new Map(), [], this.#site.clock.now());
    const words = gpuWords(gpus.totals);
    if (words !== "" || gpus.totals === undefined) return words;
    return gpus.nodes.length === 0 ? "" : vscode.l10n.t("{0} without GPUs", plural(gpus.nodes.length, "node"));
  }

  async rows(): Promise<readonly TreeNode[]> {
    const { node, choices } = this.#site;
    const { gpus } = this.cluster;
    await gpus.answered(GRACE_MS);
    const { state } = gpus;
    if (state.kind === "forbidden") return [forbiddenNode(node, vscode.l10n.t("nodes"), state.why)];
    if (state.kind === "failed") return [failureNode(node, state.error)];
    if (gpus.nodes.length === 0)
      return [state.kind === "live" ? emptyNode(node, vscode.l10n.t("No nodes.")) : loadingNode(node)];
    const shown = gpus.nodes.filter((use) => choices.shows(use.node.name, () => machineState(use)));
    if (shown.length === 0) return [filteredNode(node, gpus.nodes.length)];
    const rows = shown.map((use) => machineNode(node, use.node.name));
    return withHalt(node, state, rows);
  }

  async below(node: TreeNode): Promise<readonly TreeNode[]> {
    if (node.kind === "holder") return this.#holder(node)?.pods.map((pod) => holderPodNode(node, pod)) ?? [];
    if (node.kind !== "machine") return [];
    const holders = this.#use(node.name)?.holders ?? [];
    const namespaces = [...new Set(holders.map(({ namespace }) => namespace))];
    await soon(Promise.all(namespaces.map((namespace) => learnRights(this.cluster, namespace))), GRACE_MS);
    return holders.map((holder) => holderNode(node, holder));
  }

  draw(node: TreeNode): Drawn | undefined {
    if (node.kind === "machine") return this.#drawMachine(node);
    return node.kind === "holder" ? this.#drawHolder(node) : undefined;
  }

  object(node: TreeNode): ObjectRef | undefined {
    const use = node.kind === "machine" ? this.#use(node.name) : undefined;
    if (use !== undefined) return { resource: NODE, namespace: undefined, name: use.node.name, uid: use.node.uid };
    const pod = node.kind === "holder" ? this.#pod(node) : undefined;
    return pod && { resource: POD, namespace: pod.namespace, name: pod.pod, uid: pod.uid };
  }

  container(node: TreeNode): ContainerRef | undefined {
    const pod = node.kind === "holder" ? this.#pod(node) : undefined;
    return pod && { namespace: pod.namespace, pod: pod.pod, container: pod.container };
  }

  why(node: TreeNode): readonly Reason[] {
    const use = node.kind === "machine" ? this.#use(node.name) : undefined;
    return use === undefined ? [] : machineWhy(use);
  }

  ageing(): readonly string[] {
    return this.cluster.gpus.state.kind === "stale" ? [this.#site.node.id] : [];
  }

  refresh(): void {
    this.cluster.gpus.refresh();
  }

  dispose(): void {
    this.#held.dispose();
  }

  #use(name: string): NodeUse | undefined {
    return this.cluster.gpus.nodes.find(({ node }) => node.name === name);
  }

  #drawMachine({ name }: MachineNode): Drawn | undefined {
    const use = this.#use(name);
    return use && { row: machineRow(use), collapsible: use.holders.length === 0 ? None : Collapsed };
  }

  #drawHolder(node: HolderNode): Drawn | undefined {
    const holder = this.#holder(node);
    if (holder === undefined) return undefined;
    const pod = this.#pod(node);
    const now = this.#site.clock.now();
    if (pod === undefined) return { row: holderRow(holder, now), collapsible: Collapsed };
    const allowed = allowedIn(this.cluster, pod.namespace, POD);
    const shown = node.pod === undefined ? holder : { ...holder, name: label(pod.pod), gpus: pod.gpus };
    return { row: holderRow({ ...shown, pods: [pod], since: pod.since }, now, allowed), collapsible: None };
  }

  #holder(node: HolderNode): Holder | undefined {
    const { parent } = node;
    if (parent?.kind === "holder") return this.#holder(parent);
    const use = parent?.kind === "machine" ? this.#use(parent.name) : undefined;
    return use?.holders.find(
      ({ kind, namespace, name }) => kind === node.what && namespace === node.namespace && name === node.name,
    );
  }

  /** The pod that a row is about: one of several, or the only one. */
  #pod(node: HolderNode): GpuPod | undefined {
    const { pods = [] } = this.#holder(node) ?? {};
    return node.pod === undefined
      ? pods.length === 1
        ? pods[0]
        : undefined
      : pods.find(({ uid }) => uid === node.pod);
  }
}
