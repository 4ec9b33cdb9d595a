import path from "node:path";
import * as vscode from "vscode";
import { requireTrust } from "./trust.ts";

const ID = "ms-python.python";
/** An extension that takes longer to wake up, in ms, is done without. */
const PATIENCE_MS = 5_000;

/** What `activate` of the Python extension returns, as far as it is used (vscode-python: pythonExtensionApi/src/main.ts). */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource: vscode.Uri): unknown;
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ readonly executable?: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/** Which Python the person has chosen for a file, and the folder that is open around it. UserError `untrusted`. */
export async function pythonPlace(file: string): Promise<{ chosen: string | undefined; root: string | undefined }> {
  requireTrust();
  const uri = vscode.Uri.file(file);
  const root = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PATIENCE_MS)));
  // An extension that fails has none to tell of.
  const chosen = await Promise.race([chosenFor(uri).catch(() => undefined), late]);
  clearTimeout(timer);
  return { chosen, root };
}

async function chosenFor(uri: vscode.Uri): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi | undefined>(ID);
  const environments = (await extension?.activate())?.environments;
  const active = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath(uri));
  const file = active?.executable?.uri?.fsPath;
  return file !== undefined && path.isAbsolute(file) ? file : undefined;
}
