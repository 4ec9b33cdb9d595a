import * as vscode from "vscode";
import { contextValue } from "../manifest.ts";
import type { MessageNode } from "./nodes.ts";
import { firstSentence, type Row } from "./row.ts";

/** A row as VS Code wants it. Text of a cluster goes in as plain text only. */
export function treeItem(id: string, row: Row, collapsible: vscode.TreeItemCollapsibleState): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, collapsible);
  item.id = id;
  item.description = row.description;
  item.iconPath = new vscode.ThemeIcon(
    row.icon,
    row.colour === undefined ? undefined : new vscode.ThemeColor(row.colour),
  );
  item.tooltip = row.tooltip.join("\n");
  item.contextValue = row.contextValue;
  item.accessibilityInformation = { label: row.spoken };
  return item;
}

const TONES = { plain: "info", problem: "warning", working: "loading~spin" } as const;

export function messageItem(node: MessageNode): vscode.TreeItem {
  const item = new vscode.TreeItem(firstSentence(node.text), vscode.TreeItemCollapsibleState.None);
  item.id = node.id;
  item.iconPath = new vscode.ThemeIcon(TONES[node.tone]);
  item.contextValue = contextValue("message", node.flags);
  item.tooltip = node.action === undefined ? node.text : `${node.text}\n${node.action.title}`;
  item.accessibilityInformation = {
    label: node.action === undefined ? node.text : `${node.text} ${node.action.title}`,
  };
  if (node.action !== undefined) {
    item.description = node.action.title;
    item.command = { command: node.action.command, title: node.action.title, arguments: [...(node.action.args ?? [])] };
  }
  return item;
}
