import * as vscode from "vscode";

/** Work that may take more than a second: shown after a moment, with a Cancel that aborts the signal. */
export async function withProgress<T>(
  title: string,
  work: (signal: AbortSignal, report: (text: string) => void) => Promise<T>,
): Promise<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const controller = new AbortController();
      const subscription = token.onCancellationRequested(() => controller.abort());
      try {
        return await work(controller.signal, (text) => progress.report({ message: text }));
      } finally {
        subscription.dispose();
      }
    },
  );
}
