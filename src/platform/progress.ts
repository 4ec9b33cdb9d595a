import * as vscode from "vscode";
import { inert } from "../core/inert.ts";

/** What is over sooner is not worth a notification that flashes. Milliseconds. */
const WORTH_SHOWING = 700;

/** Work that may take more than a second: shown after a moment, with a Cancel that aborts the signal. */
export async function withProgress<T>(
  title: string,
  work: (signal: AbortSignal, report: (text: string) => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let text: string | undefined;
  let show: (message: string) => void = () => undefined;
  const report = (message: string): void => {
    text = message;
    show(message);
  };
  const running = work(controller.signal, report);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), WORTH_SHOWING)));
  const over = running.then(
    () => false,
    () => false,
  );
  const isLate = await Promise.race([over, late]);
  clearTimeout(timer);
  if (!isLate) return running;
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: inert(title), cancellable: true },
    async (progress, token) => {
      show = (message) => progress.report({ message: inert(message) });
      if (text !== undefined) show(text);
      const subscription = token.onCancellationRequested(() => controller.abort());
      try {
        return await running;
      } finally {
        subscription.dispose();
      }
    },
  );
}
