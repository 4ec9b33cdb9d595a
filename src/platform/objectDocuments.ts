import * as vscode from "vscode";
import { OBJECT_SCHEME } from "../manifest.ts";

/** Serves read-only documents: what was read last. Only our own scheme reaches it. */
export class ObjectDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscription = vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString()));

  readonly onDidChange = this.#changed.event;

  /** `trainyard-object:/<context>/<namespace>/job/<name>.yaml`; every part is encoded. */
  async show(parts: readonly string[], text: string): Promise<void> {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(this.put(parts, text)), {
      preview: true,
    });
  }

  /**
   * As `show`, for who shows it in another way. Nothing of it is written to disk, as an unsaved document's text is. `query`
   * tells apart what has the same path, such as two versions of a file.
   */
  put(parts: readonly string[], text: string, query = ""): vscode.Uri {
    const path = parts
      .filter((part) => part !== "")
      .map(encodeURIComponent)
      .join("/");
    const uri = vscode.Uri.from({ scheme: OBJECT_SCHEME, path: `/${path}`, query });
    this.#texts.set(uri.toString(), text);
    // A document that is open already is shown again as it was, unless it is told.
    this.#changed.fire(uri);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    // A tab of an earlier window: what it showed was as of then.
    return this.#texts.get(uri.toString()) ?? vscode.l10n.t("Open it again from the Kubeflow view.");
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
