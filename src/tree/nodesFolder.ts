import * as vscode from "vscode";
import { DisposableStore } from "../core/dispose.ts";
import { label } from "../core/sanitize.ts";
import { age, plural } from "../core/text.ts";
import { gpuWords, type Holder, type NodeUse } from "../kubeflow/gpuUse.ts";
import type { HolderKind } from "../kubeflow/kinds/gpuPod.ts";
import { NODE } from "../kubeflow/kinds/node.ts";
import type { Reason } from "../kubeflow/why.ts";
import { contextValue } from "../manifest.ts";
import { type Drawn, type Folder, type FolderSite, GRACE_MS, type ObjectRef } from "./folder.ts";
import { folderWords } from "./clusterRows.ts";
import { emptyNode, failureNode, filteredNode, forbiddenNode, loadingNode } from "./messages.ts";
import { type HolderNode, holderNode, type MachineNode, machineNode, type TreeNode } from "./nodes.ts";
import { iconOf, joined, type Row } from "./row.ts";

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
    const shown = gpus.nodes.filter((use) => choices.shows(use.node.name, () => stateOf(use)));
    if (shown.length === 0) return [filteredNode(node, gpus.nodes.length)];
    const rows = shown.map((use) => machineNode(node, use.node.name));
    return state.kind === "stale" && state.halted !== undefined ? [failureNode(node, state.halted), ...rows] : rows;
  }

  below(node: TreeNode): readonly TreeNode[] {
    if (node.kind !== "machine") return [];
    return this.#use(node.name)?.holders.map((holder) => holderNode(node, holder)) ?? [];
  }

  draw(node: TreeNode): Drawn | undefined {
    if (node.kind === "machine") return this.#drawMachine(node);
    return node.kind === "holder" ? this.#drawHolder(node) : undefined;
  }

  object(node: TreeNode): ObjectRef | undefined {
    const use = node.kind === "machine" ? this.#use(node.name) : undefined;
    return use && { resource: NODE, namespace: undefined, name: use.node.name, uid: use.node.uid };
  }

  container(): undefined {
    return undefined;
  }

  family(): readonly string[] {
    return [];
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
    const use = node.parent?.kind === "machine" ? this.#use(node.parent.name) : undefined;
    const holder = use?.holders.find(
      ({ kind, namespace, name }) => kind === node.what && namespace === node.namespace && name === node.name,
    );
    return holder && { row: holderRow(holder, this.#site.clock.now()), collapsible: None };
  }
}

function stateOf({ node }: NodeUse): string {
  return !node.ready ? "Not ready" : node.unschedulable ? "Cordoned" : "Ready";
}

export function machineRow(use: NodeUse): Row {
  const { node } = use;
  const name = label(node.name);
  const state = stateOf(use);
  const gpus = use.total === 0 ? "" : `${use.free} of ${plural(use.total, "GPU")} free`;
  const odd = state === "Ready" ? "" : state.toLowerCase();
  return {
    label: name,
    description: joined([odd, node.gpuModel ?? "", gpus, node.instanceType ?? ""]),
    ...iconOf(odd === "" ? ["server"] : ["warning", "list.warningForeground"]),
    tooltip: [
      `${name} · ${state}`,
      ...(node.notReadyWhy === undefined ? [] : [node.notReadyWhy]),
      ...use.resources.map(({ resource, total, used }) => `${label(resource, 80)}: ${used} of ${total} in use`),
      ...labelled("Instance type", node.instanceType),
      ...labelled("Pool", node.pool),
      ...labelled("Zone", node.zone),
      ...node.taints.map((taint) => `Taint ${taint}`),
    ],
    contextValue: contextValue("machine", [
      "object",
      "events",
      "name",
      ...(machineWhy(use).length === 0 ? [] : (["why"] as const)),
    ]),
    spoken: joined([name, "node", state.toLowerCase(), node.gpuModel ?? "", gpus], ", "),
  };
}

/** Why nothing new is sent to a node. */
function machineWhy({ node }: NodeUse): readonly Reason[] {
  const next = { id: "events", words: "Show events" } as const;
  return [
    ...(node.ready ? [] : [{ text: "The node is not ready.", detail: node.notReadyWhy ?? "", next }]),
    ...(node.unschedulable
      ? [{ text: "It is cordoned: it takes no new pods until somebody uncordons it.", next }]
      : []),
    ...node.taints.map((taint) => ({ text: `Only pods that tolerate it are sent here: ${taint}.` })),
  ];
}

function labelled(what: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${what}: ${value}`];
}

const HOLDER_ICONS: Readonly<Record<HolderKind, string>> = {
  "training job": "rocket",
  notebook: "notebook",
  other: "symbol-misc",
};

export function holderRow(holder: Holder, now: number): Row {
  const gpus = plural(holder.gpus, "GPU");
  const pods = holder.pods === 1 ? "" : plural(holder.pods, "pod");
  const what = holder.kind === "other" ? "pod" : holder.kind;
  return {
    label: holder.name,
    description: joined([gpus, pods, label(holder.namespace, 63), age(now - holder.since)]),
    icon: HOLDER_ICONS[holder.kind],
    tooltip: [`${holder.name} · ${what} · ${label(holder.namespace, 63)}`, joined([gpus, pods])],
    contextValue: contextValue("holder", ["name"]),
    spoken: joined([holder.name, what, `holds ${gpus}`, label(holder.namespace, 63)], ", "),
  };
}
