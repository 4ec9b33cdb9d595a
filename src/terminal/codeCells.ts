import * as vscode from "vscode";

/** The code cells of a notebook, which is opened where it is not. */
export async function codeCells(uri: vscode.Uri): Promise<readonly vscode.NotebookCell[]> {
  const notebook = await vscode.workspace.openNotebookDocument(uri);
  return notebook.getCells().filter(({ kind }) => kind === vscode.NotebookCellKind.Code);
}
