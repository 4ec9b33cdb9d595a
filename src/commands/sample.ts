import path from "node:path";
import * as vscode from "vscode";
import type { CommandDeps } from "./deps.ts";

/**
 * A small script that trains on one or several ranks, copied to a place of the person's own: what is shipped must not
 * be edited.
 */
export async function openSample(deps: CommandDeps): Promise<void> {
  const shipped = vscode.Uri.file(path.join(deps.extensionPath, "media", "sample", "train.py"));
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const base =
    folder?.scheme === "file"
      ? vscode.Uri.joinPath(folder, "trainyard-sample")
      : vscode.Uri.joinPath(deps.storage, "sample");
  const copy = vscode.Uri.joinPath(base, "train.py");
  if (!(await exists(copy))) await vscode.workspace.fs.copy(shipped, copy);
  await vscode.window.showTextDocument(copy, { preview: false });
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") return false;
    throw error;
  }
}
