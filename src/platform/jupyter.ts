// Finds the Jupyter extension, where it is installed, once there is something to run (its API: @vscode/jupyter-extension
// 1.1.1). What it is given then, jupyterServers.ts, is a bundle's that is loaded on demand.
import type { Jupyter } from "@vscode/jupyter-extension";
import * as vscode from "vscode";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

const ID = "ms-toolsai.jupyter";
const NOTEBOOK_TYPE = "jupyter-notebook";

/** Registers once a notebook is open, which is what wakes the Jupyter extension, too; asks nothing before it is asked. */
export function offerServers(register: (api: Jupyter) => Promise<vscode.Disposable>, log: Logger): vscode.Disposable {
  const held: vscode.Disposable[] = [];
  let isOffered = false;
  let isDisposed = false;
  const offer = async ({ notebookType }: vscode.NotebookDocument): Promise<void> => {
    const jupyter = vscode.extensions.getExtension<Partial<Jupyter> | undefined>(ID);
    if (notebookType !== NOTEBOOK_TYPE || isOffered || jupyter === undefined) return;
    isOffered = true;
    try {
      const api = await jupyter.activate();
      if (api === undefined || !hasCollections(api)) return;
      const made = await register(api);
      if (isDisposed) made.dispose();
      else held.push(made);
    } catch (error) {
      // The next notebook that is opened tries again.
      isOffered = false;
      throw error;
    }
  };
  const look = (document: vscode.NotebookDocument): void => {
    offer(document).catch((error: unknown) => log.warn(`the Jupyter extension: ${errorText(error)}`));
  };
  for (const document of vscode.workspace.notebookDocuments) look(document);
  held.push(vscode.workspace.onDidOpenNotebookDocument(look));
  return new vscode.Disposable(() => {
    isDisposed = true;
    held.splice(0).forEach((one) => void one.dispose());
  });
}

function hasCollections(api: Partial<Jupyter>): api is Jupyter {
  return typeof api.createJupyterServerCollection === "function";
}
