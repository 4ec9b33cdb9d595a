// Page object of VS Code's workbench (selectors of 1.139). Everything waits for what it needs; nothing sleeps.
import fs from "node:fs";
import path from "node:path";
import type { FrameLocator, Locator, Page } from "playwright-core";
import { chooseFromMenu, openMenu, openMenuWith, readMenu } from "./menu.ts";
import {
  fillInput,
  inputMessage,
  pickRow,
  quickInput,
  quickInputBox,
  quickPickItems,
  runCommand,
} from "./quickInput.ts";
import type { QuickPickRow } from "./quickInput.ts";
import type { EditorSession } from "./session.ts";
import { THEMES } from "./settings.ts";
import type { Theme } from "./settings.ts";
import { clickTerminalLink, focusTerminal, terminalText, waitForTerminal } from "./terminal.ts";
import { until } from "./until.ts";

/**
 * Runs in the page: resolves once nothing has changed below the side bar for a moment. An expression: of a function
 * that is passed as text Playwright makes a value, and never calls it.
 */
const AT_REST = `new Promise((resolve) => {
  const done = () => { watcher.disconnect(); resolve(true); };
  let timer = setTimeout(done, 600);
  const watcher = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 600); });
  watcher.observe(document.querySelector(".part.sidebar"), { subtree: true, childList: true, characterData: true });
})`;

/** A click on a twistie that has shown nothing for so long was lost. */
const CLICK_LOST_MS = 5_000;

export class Workbench {
  readonly page: Page;
  private readonly theme: Theme | undefined;

  constructor(session: Pick<EditorSession, "page" | "theme">) {
    this.page = session.page;
    this.theme = session.theme;
    this.page.setDefaultTimeout(20_000);
  }

  /** Waits until the workbench is up and has its colours, which come up to two seconds later. */
  async ready(timeout = 60_000): Promise<void> {
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout });
    await this.page.locator(".part.activitybar .action-label").first().waitFor({ timeout });
    if (this.theme) await this.themeShown(this.theme);
  }

  // ── views and trees ──

  /** Shows a view container by the title that the activity bar has for it. */
  async openView(label: string): Promise<void> {
    const item = this.page
      .locator(".part.activitybar .action-item")
      .filter({ has: this.page.locator(`a.action-label[aria-label^="${label}"]`) });
    await item.waitFor();
    // A click on what is shown would hide it, and one that comes while a window is still restoring itself is lost.
    let clicked = 0;
    await until(
      `view ${label}`,
      async () => {
        const selected = await item.getAttribute("aria-selected");
        if (selected !== "true" && Date.now() - clicked > 2000) {
          clicked = Date.now();
          await item.locator("a.action-label").click();
        }
        return selected;
      },
      (selected) => selected === "true",
    );
  }

  /** Waits until the activity bar has a view container: the extension that brings it has been read. */
  async hasView(label: string, timeout = 30_000): Promise<void> {
    await this.page.locator(`.part.activitybar a.action-label[aria-label^="${label}"]`).waitFor({ timeout });
  }

  /** A row of the side bar's trees: by its exact label, or by all that a screen reader says of it. */
  treeRow(name: string | RegExp): Locator {
    return this.row(this.page.locator(".part.sidebar"), name);
  }

  explorerRow(file: string | RegExp): Locator {
    return this.row(this.page.locator(".explorer-folders-view"), file);
  }

  private row(within: Locator, name: string | RegExp): Locator {
    if (name instanceof RegExp) return within.getByRole("treeitem", { name });
    return within
      .getByRole("treeitem")
      .filter({ has: this.page.locator(".label-name").getByText(name, { exact: true }) });
  }

  /** Labels of the rows on the screen, from the top. */
  async treeLabels(): Promise<string[]> {
    return this.page.locator(".part.sidebar").getByRole("treeitem").locator(".label-name").allInnerTexts();
  }

  /** Brings a row onto the screen: rows that are out of sight are not in the page at all. */
  async revealRow(name: string | RegExp): Promise<Locator> {
    const row = this.treeRow(name);
    if (await row.isVisible()) return row;
    const list = this.page.locator(".part.sidebar [role=tree]").filter({ visible: true }).first();
    await list.focus();
    await list.press("Home");
    for (let previous = ""; !(await row.isVisible());) {
      await list.press("PageDown");
      const now = (await list.getAttribute("aria-activedescendant")) ?? "";
      if (now === previous) throw new Error(`there is no row ${String(name)} in the tree`);
      previous = now;
    }
    return row;
  }

  expandRow(name: string | RegExp): Promise<Locator> {
    return this.turnRow(name, "true");
  }

  foldRow(name: string | RegExp): Promise<Locator> {
    return this.turnRow(name, "false");
  }

  private async turnRow(name: string | RegExp, wanted: "true" | "false"): Promise<Locator> {
    const row = this.treeRow(name).first();
    await row.waitFor();
    let clicked = -Infinity;
    await until(
      `row ${String(name)} ${wanted === "true" ? "expanded" : "folded"}`,
      async () => {
        const expanded = await row.getAttribute("aria-expanded");
        // A row that is drawn anew under the mouse loses the click.
        if (performance.now() - clicked > CLICK_LOST_MS && expanded !== null && expanded !== wanted) {
          clicked = performance.now();
          await row.locator(".monaco-tl-twistie").click();
        }
        return row.getAttribute("aria-expanded");
      },
      (expanded) => expanded === wanted,
    );
    return row;
  }

  /**
   * Waits until the side bar's trees have not changed for a moment: a row that is drawn anew while its menu is open, or
   * under the mouse, is lost to the command that is chosen, since VS Code then passes none.
   */
  async treesAtRest(): Promise<void> {
    const isAtRest = await this.page.evaluate<unknown>(AT_REST);
    if (isAtRest !== true) throw new Error("nobody waited for the trees to be at rest");
  }

  /** The menu of a file in the explorer, where it is drawn: the editor's watcher misses what came before it was up. */
  async fileMenu(name: string, ...items: string[]): Promise<void> {
    const row = this.explorerRow(name);
    for (let tries = 1; tries < 5 && !(await isThere(row)); tries++) {
      await this.page.locator(".explorer-folders-view").hover();
      await this.page.getByRole("button", { name: "Refresh Explorer" }).first().click();
    }
    await this.contextMenu(row, ...items);
  }

  /** Chooses from a row's context menu; several names lead into submenus. */
  async rowMenu(row: string | RegExp | Locator, ...items: string[]): Promise<void> {
    await this.treesAtRest();
    await this.contextMenu(this.locate(row), ...items);
  }

  /** Presses one of the buttons that a row shows under the mouse. */
  async rowButton(row: string | RegExp | Locator, label: string): Promise<void> {
    await this.treesAtRest();
    await this.locate(row).hover();
    await this.locate(row).locator(`a.action-label[aria-label^="${label}"]`).click();
  }

  /** Presses a button in the title of the side bar or of one of its views. */
  async viewButton(label: string): Promise<void> {
    const sidebar = this.page.locator(".part.sidebar");
    await sidebar.locator(".title").first().hover();
    await sidebar.locator(`.actions-container a.action-label[aria-label^="${label}"]`).first().click();
  }

  /** Chooses from the `…` menu in the title of the side bar. */
  async viewMenu(...items: string[]): Promise<void> {
    await this.viewButton("Views and More Actions");
    await chooseFromMenu(this.page, items);
  }

  /** Presses a button in the title of the editor in front. */
  async editorAction(label: string): Promise<void> {
    const actions = this.page.locator(".editor-group-container.active .editor-actions");
    await actions.locator(`a.action-label[aria-label^="${label}"]`).first().click();
  }

  private locate(row: string | RegExp | Locator): Locator {
    return typeof row === "string" || row instanceof RegExp ? this.treeRow(row).first() : row;
  }

  // ── menus ──

  /** Chooses from the context menu of anything; several names lead into submenus. */
  async contextMenu(target: Locator, ...items: string[]): Promise<void> {
    await openMenuWith(target, items[0] ?? "");
    await chooseFromMenu(this.page, items);
  }

  /** Labels of a context menu, which is closed again. */
  async contextMenuItems(target: Locator): Promise<string[]> {
    await openMenu(target);
    return readMenu(this.page);
  }

  // ── command palette, picks, inputs ──

  /** Runs a command by its full title, category and all. */
  async palette(title: string): Promise<void> {
    await runCommand(this.page, title);
  }

  async quickPickItems(): Promise<QuickPickRow[]> {
    return quickPickItems(this.page);
  }

  /** What the box asks for; empty where none is open. */
  async placeholder(): Promise<string> {
    const box = quickInputBox(this.page);
    return (await box.isVisible()) ? ((await box.getAttribute("placeholder")) ?? "") : "";
  }

  async pick(label: string): Promise<void> {
    await pickRow(this.page, label);
  }

  async input(text: string): Promise<void> {
    await fillInput(this.page, text);
  }

  /** The input box's prompt, or why it refuses its value. */
  async inputMessage(expected = /\S/): Promise<string> {
    return inputMessage(this.page, expected);
  }

  /** The box itself, for what the methods above have no word for. */
  get quickInput(): Locator {
    return quickInput(this.page);
  }

  /** Opens a file of the workspace by quick open. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press("ControlOrMeta+P");
    await quickInputBox(this.page).fill(name);
    await pickRow(this.page, path.posix.basename(name));
    await until(
      `editor of ${name}`,
      () => this.activeEditorTab(),
      (tab) => tab === path.posix.basename(name),
    );
  }

  // ── notifications and dialogs ──

  /** A notification on the screen: as a toast, or in the list that `showNotifications()` opens. */
  notification(text: string | RegExp): Locator {
    return this.page.locator(".notification-list-item").filter({ hasText: text });
  }

  async notificationButton(text: string | RegExp, button: string): Promise<void> {
    await this.notification(text).first().getByRole("button", { name: button, exact: true }).click();
  }

  /** Opens the list of all: toasts go after a while, and three within 800 ms or on the screen let no other through. */
  async showNotifications(): Promise<void> {
    await this.palette("Notifications: Show Notifications");
    await this.page.locator(".notifications-center").waitFor();
  }

  async clearNotifications(): Promise<void> {
    await this.palette("Notifications: Clear All Notifications");
    await this.page.locator(".notification-list-item").first().waitFor({ state: "detached" });
  }

  dialog(text: string | RegExp): Locator {
    return this.page.locator(".monaco-dialog-box").filter({ hasText: text });
  }

  async dialogButton(text: string | RegExp, button: string): Promise<void> {
    await this.dialog(text).getByRole("button", { name: button, exact: true }).click();
  }

  // ── terminal ──

  async terminalText(): Promise<string> {
    return terminalText(this.page);
  }

  async waitForTerminal(text: string | RegExp, timeout?: number): Promise<string> {
    return waitForTerminal(this.page, text, timeout);
  }

  /** Types text; `\r` is Enter. */
  async terminalType(text: string): Promise<void> {
    await focusTerminal(this.page);
    await this.page.keyboard.type(text);
  }

  /** Presses a key or chord as Playwright names it, e.g. `Control+C`. */
  async terminalKey(key: string): Promise<void> {
    await focusTerminal(this.page);
    await this.page.keyboard.press(key);
  }

  async clickTerminalLink(text: string): Promise<void> {
    await clickTerminalLink(this.page, text);
  }

  // ── editor, panels, looks ──

  /** Label of the tab in front, empty where no editor is open. */
  async activeEditorTab(): Promise<string> {
    const tab = this.page.locator(".editor-group-container.active .tab.active").first();
    return (await tab.count()) > 0 ? ((await tab.getAttribute("data-resource-name")) ?? "") : "";
  }

  /** Line of the cursor, as the status bar has it; 0 where it has none. */
  async cursorLine(): Promise<number> {
    const texts = await this.page.locator('.part.statusbar [id="status.editor.selection"]').allInnerTexts();
    return Number(/\d+/.exec(texts[0] ?? "")?.[0] ?? 0);
  }

  async waitForCursor(tab: string, line: number, timeout?: number): Promise<void> {
    const where = async () => `${await this.activeEditorTab()}:${await this.cursorLine()}`;
    await until(`cursor at ${tab}:${line}`, where, (now) => now === `${tab}:${line}`, timeout);
  }

  statusItem(text: string | RegExp): Locator {
    return this.page.locator(".part.statusbar .statusbar-item").filter({ hasText: text });
  }

  /** What a screen reader says of each row of the problems view, once there are any. */
  async problems(): Promise<string[]> {
    await this.palette("Problems: Focus on Problems View");
    const rows = this.page.locator(".markers-panel-container .monaco-list-row");
    await rows.first().waitFor();
    return Promise.all((await rows.all()).map(async (row) => (await row.getAttribute("aria-label")) ?? ""));
  }

  /** Inside of the webview in front. */
  webview(): FrameLocator {
    return this.page
      .locator("iframe.webview.ready")
      .filter({ visible: true })
      .first()
      .contentFrame()
      .frameLocator("iframe#active-frame");
  }

  /** By hand: the editor does not notice when its file of user settings is changed from outside. */
  async setTheme(theme: Theme): Promise<void> {
    await this.palette("Preferences: Color Theme");
    await this.pick(THEMES[theme].label);
    await this.themeShown(theme);
  }

  private async themeShown(theme: Theme): Promise<void> {
    await this.page.locator(`.monaco-workbench.${THEMES[theme].className}`).waitFor();
  }

  async screenshot(file: string): Promise<void> {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file, animations: "disabled" });
  }
}

/** Waits a moment for it. */
function isThere(row: Locator): Promise<boolean> {
  return row.waitFor({ timeout: 3_000 }).then(
    () => true,
    () => false,
  );
}
