// A page in an editor tab: who may speak to it, what is believed of what it says, and that it comes back after a reload.
import * as vscode from "vscode";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import { pageHtml } from "./page.ts";

/** What the extension does for one open page. */
export interface PageHost<From, To> {
  /**
   * Called once for each page that opens. `send` reaches a page that is drawn; while it is hidden or not drawn yet a
   * message is dropped, for the page says that it is ready each time it is drawn, and then wants everything anew.
   */
  start(send: (message: To) => void): void;
  /** Only messages that fit the contract. What it throws is logged; the page hears nothing of it. */
  receive(message: From): void | Promise<void>;
  dispose(): void;
}

export interface PageKind<From> {
  /** Type of the tab, `trainyard.wizard`: the editor finds the page again by it after a reload. */
  readonly viewType: string;
  readonly title: string;
  /** Name of the page's bundle in dist/webview. */
  readonly page: string;
  /** Checks a message by the schema of its contract; throws where it does not fit. */
  readonly parse: (data: unknown) => From;
}

export interface Page extends Disposable {
  reveal(): void;
  readonly onDidDispose: (listener: () => void) => Disposable;
}

/** Opens a page in a tab of its own, or takes over the tab that the editor has kept over a reload. */
export function openPage<From extends { readonly type: string }, To>(
  extensionUri: vscode.Uri,
  kind: PageKind<From>,
  host: PageHost<From, To>,
  log: Logger,
  kept?: vscode.WebviewPanel,
): Page {
  const dist = vscode.Uri.joinPath(extensionUri, "dist", "webview");
  const options: vscode.WebviewOptions = {
    enableScripts: true,
    enableForms: false,
    localResourceRoots: [dist, vscode.Uri.joinPath(extensionUri, "media")],
  };
  const panel =
    kept ?? vscode.window.createWebviewPanel(kind.viewType, kind.title, vscode.ViewColumn.Active, { ...options });
  panel.webview.options = options;
  panel.title = kind.title;
  panel.iconPath = vscode.Uri.joinPath(extensionUri, "media", "trainyard.svg");
  const store = new DisposableStore();
  let ready = false;
  store.add(
    panel.webview.onDidReceiveMessage((data: unknown) => {
      const message = read(kind, data, log);
      if (message === undefined) return;
      if (message.type === "ready") ready = true;
      void deliver(kind, host, message, log);
    }),
  );
  // A hidden page does not exist: it is drawn anew, and says so, when it is shown.
  store.add(panel.onDidChangeViewState(() => (ready &&= panel.visible)));
  store.add(
    panel.onDidDispose(() => {
      store.dispose();
      host.dispose();
    }),
  );
  host.start((message) => {
    if (ready) void panel.webview.postMessage(message);
  });
  panel.webview.html = pageHtml({
    title: kind.title,
    language: vscode.env.language,
    cspSource: panel.webview.cspSource,
    script: panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, `${kind.page}.js`)).toString(),
    style: panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, `${kind.page}.css`)).toString(),
  });
  return {
    reveal: () => panel.reveal(),
    dispose: () => void panel.dispose(),
    onDidDispose: (listener) => panel.onDidDispose(listener),
  };
}

/** The message, or undefined where it is none of ours: a page is never believed, and never makes us fail. */
function read<From>(kind: PageKind<From>, data: unknown, log: Logger): From | undefined {
  try {
    return kind.parse(data);
  } catch (error) {
    log.warn(`${kind.viewType}: a message was ignored: ${label(errorText(error))}`);
    return undefined;
  }
}

async function deliver<From extends { readonly type: string }, To>(
  kind: PageKind<From>,
  host: PageHost<From, To>,
  message: From,
  log: Logger,
): Promise<void> {
  try {
    await host.receive(message);
  } catch (error) {
    log.error(`${kind.viewType}: ${message.type} failed: ${errorText(error)}`);
  }
}
