import * as vscode from "vscode";

/** What is wrong at a place of a document: line and columns from 0. */
interface DocumentProblem {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly isWarning: boolean;
}

/** Problems of documents as they were when they were checked: an edit or the end of a document takes them away. */
export class DocumentProblems implements vscode.Disposable {
  readonly #shown = vscode.languages.createDiagnosticCollection("trainyard-manifest");
  readonly #subscriptions = vscode.Disposable.from(
    this.#shown,
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.#shown.delete(document.uri);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#shown.delete(uri)),
  );

  show({ uri }: vscode.TextDocument, problems: readonly DocumentProblem[]): void {
    const { Error: error, Warning: warning } = vscode.DiagnosticSeverity;
    const found = problems.map(({ line, from, to, text, isWarning }) => {
      const diagnostic = new vscode.Diagnostic(
        new vscode.Range(line, from, line, to),
        text,
        isWarning ? warning : error,
      );
      diagnostic.source = "Trainyard";
      return diagnostic;
    });
    this.#shown.set(uri, found);
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }
}
