// Context menus of the workbench.
import type { Locator, Page } from "playwright-core";
import { until } from "./until.ts";

export async function openMenu(target: Locator): Promise<void> {
  await target.click({ button: "right" });
  await target.page().locator(".monaco-menu .action-label").first().waitFor();
}

/**
 * Opens a menu in which `item` can be chosen. A menu stays as it was drawn, and in its first moments an editor has not
 * told everybody yet what may be done, such as that the folder is trusted: then it is closed and opened again.
 */
export async function openMenuWith(target: Locator, item: string): Promise<void> {
  const page = target.page();
  const label = page.locator(".action-label").getByText(item, { exact: true });
  const isOffered = async (): Promise<boolean> => {
    await openMenu(target);
    if (await page.locator(".monaco-menu .action-item:not(.disabled)").filter({ has: label }).first().isVisible())
      return true;
    await closeMenu(page);
    return false;
  };
  await until(`${item} in a menu`, isOffered, Boolean);
}

async function closeMenu(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.locator(".monaco-menu").waitFor({ state: "detached" });
}

/** Chooses from the menu that is open; all names but the last are submenus. */
export async function chooseFromMenu(page: Page, items: readonly string[]): Promise<void> {
  for (const [depth, item] of items.entries()) {
    const entry = page.locator(".monaco-menu .action-label").getByText(item, { exact: true });
    if (depth < items.length - 1) await entry.hover();
    else await choose(entry);
  }
}

/**
 * A menu is deaf to the mouse for its first 100 ms: the button stays down for longer than that. Pressed once only, for a
 * second time would hit what has come in the menu's place.
 */
async function choose(entry: Locator): Promise<void> {
  await entry.click({ delay: 150 });
  await entry.waitFor({ state: "hidden" });
}

/** Labels of what can be chosen in the menu that is open, which is closed again. */
export async function readMenu(page: Page): Promise<string[]> {
  const labels = await page.locator(".monaco-menu .action-item:not(.disabled) .action-label").allInnerTexts();
  await closeMenu(page);
  return labels.map((label) => label.trim()).filter(Boolean);
}
