import * as vscode from "vscode";
import { label } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import type { InstallHealth } from "../install/index.ts";
import type { MadeView } from "./madeView.ts";
import { clusterRow, folderRow, groupRow, namespaceRow } from "./clusterRows.ts";
import type { Folder } from "./folder.ts";
import { installRow } from "./kubeflowRows.ts";
import type { ClusterChoices } from "./arrange.ts";
import type { MessageNode, TreeNode } from "./nodes.ts";
import { COMMANDS } from "../manifest.ts";
import { clustersOf } from "./roots.ts";
import { treeItem } from "./treeItem.ts";

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** What rows are drawn from. */
export interface Sight {
  readonly engine: Engine;
  readonly preferences: ClusterChoices;
  readonly made: MadeView;
  /** The live side of the folder that a row stands in. */
  readonly folder: (node: TreeNode) => Folder | undefined;
  /** What was installed in a context's cluster. */
  readonly install: (context: string) => InstallHealth | undefined;
}

/** A row as it is now, from what the engine and the watched folders know. */
export function drawItem(sight: Sight, node: Exclude<TreeNode, MessageNode>): vscode.TreeItem {
  const { engine, preferences } = sight;
  switch (node.kind) {
    case "group":
      return treeItem(node.id, groupRow(node.server, clustersOf(engine, preferences, node).length), Expanded);
    case "cluster": {
      const { context } = node;
      const row = clusterRow(
        engine.context(context),
        engine.clusterState(context),
        {
          ...engine.clusterFacts(context),
          pinned: preferences.pinned.has(context),
          made: sight.made.whereOf(context),
        },
        engine.clock.now(),
      );
      return treeItem(node.id, row, Collapsed);
    }
    case "made": {
      const item = treeItem(node.id, sight.made.row(node, engine.clock.now()), None);
      const title = vscode.l10n.t("Show Progress");
      item.command = { command: COMMANDS.open, title, arguments: [node] };
      return item;
    }
    case "namespace":
      return treeItem(
        node.id,
        namespaceRow(node.namespace, engine.namespaceDesk.word(node.context, node.namespace)),
        Collapsed,
      );
    case "folder": {
      if (node.what === "kubeflow")
        return treeItem(node.id, installRow(sight.install(node.context), engine.clock.now()), Collapsed);
      // The cluster's row knows of its GPUs before anybody opens the nodes.
      const before = node.what === "nodes" ? engine.clusterFacts(node.context).gpus : "";
      const flags = {
        upload: node.what === "pipelines",
        create: node.what !== "nodes",
        spawn: node.what === "notebooks",
      };
      const row = folderRow(node.what, sight.folder(node)?.words() ?? before, [], flags);
      // Jobs are what most people came for; the rest is read when somebody looks.
      return treeItem(node.id, row, node.what === "jobs" ? Expanded : Collapsed);
    }
    default: {
      const drawn = sight.folder(node)?.draw(node);
      if (drawn !== undefined) return treeItem(node.id, drawn.row, drawn.collapsible);
      // Gone, or not watched now: its folder draws the rows anew in a moment.
      const opens =
        node.kind === "job" ||
        node.kind === "machine" ||
        (node.kind === "pipeline" && !["task", "version", "recurring"].includes(node.what));
      const item = new vscode.TreeItem(label("name" in node ? node.name : node.key), opens ? Collapsed : None);
      item.id = node.id;
      return item;
    }
  }
}
