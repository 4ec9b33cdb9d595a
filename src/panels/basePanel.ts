// A page in an editor tab: who may speak to it, what is believed of what it says, and that it comes back after a reload.
import * as vscode from "vscode";
import { type Disposable, DisposableStore } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import { isTabOf } from "./again.ts";
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
  /** The page came onto the screen, or went behind another. */
  seen?(isVisible: boolean): void;
  dispose(): void;
}

export interface PageKind<From> {
  /** Type of the tab, `trainyard.wizard`: the editor finds the page again by it after a reload. */
  readonly viewType: string;
  readonly title: string;
  /** Name of the page's bundle in dist/webview. */
  readonly page: string;
  /** Where a new tab opens; over the one that is looked at where it is left out. */
  readonly column?: vscode.ViewColumn;
  /** Checks a message by the schema of its contract; throws where it does not fit. */
  readonly parse: (data: unknown) => From;
}

/** What all pages of this window share. */
export interface PageSite {
  readonly extensionUri: vscode.Uri;
  readonly log: Logger;
  /** Types of pages of which no tab can be left that the editor has kept over a reload and nobody has looked at. */
  readonly settled: Set<string>;
}

export interface Page extends Disposable {
  reveal(): void;
  /** Hears and says nothing more: the tab is another page's, which was opened in it. */
  release(): void;
  readonly onDidDispose: (listener: () => void) => Disposable;
}

/** Opens a page in a tab of its own, or takes over the tab that the editor has kept over a reload. */
export function openPage<From extends { readonly type: string }, To>(
  site: PageSite,
  kind: PageKind<From>,
  host: PageHost<From, To>,
  kept?: vscode.WebviewPanel,
): Page {
  const { extensionUri, log } = site;
  if (kept === undefined) closeLeft(kind.viewType, site);
  const dist = vscode.Uri.joinPath(extensionUri, "dist", "webview");
  const options: vscode.WebviewOptions = {
    enableScripts: true,
    enableForms: false,
    localResourceRoots: [dist, vscode.Uri.joinPath(extensionUri, "media")],
  };
  const panel =
    kept ??
    vscode.window.createWebviewPanel(kind.viewType, kind.title, kind.column ?? vscode.ViewColumn.Active, {
      ...options,
    });
  panel.webview.options = options;
  panel.title = kind.title;
  // An icon of a tab has the colours of its file.
  const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, "media", name);
  panel.iconPath = { light: icon("trainyard.svg"), dark: icon("trainyard-dark.svg") };
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
  store.add(
    panel.onDidChangeViewState(() => {
      ready &&= panel.visible;
      host.seen?.(panel.visible);
    }),
  );
  store.add(panel.onDidDispose(() => release()));
  const release = (): void => {
    ready = false;
    store.dispose();
    host.dispose();
  };
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
    release,
    dispose: () => void panel.dispose(),
    onDidDispose: (listener) => panel.onDidDispose(listener),
  };
}

/** Of each page there is one: a tab that would become one when it is looked at makes way. */
function closeLeft(viewType: string, { settled, log }: PageSite): void {
  if (settled.has(viewType)) return;
  settled.add(viewType);
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const left = tabs.filter(({ input }) => isTabOf(input, viewType));
  if (left.length === 0) return;
  vscode.window.tabGroups
    .close(left, true)
    .then(undefined, (error: unknown) => log.warn(`${viewType}: an old tab was not closed: ${errorText(error)}`));
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
