// Context menus of the workbench.
import type { Locator, Page } from "playwright-core";

export async function openMenu(target: Locator): Promise<void> {
  await target.click({ button: "right" });
  await target.page().locator(".monaco-menu .action-label").first().waitFor();
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
  await page.keyboard.press("Escape");
  await page.locator(".monaco-menu").waitFor({ state: "detached" });
  return labels.map((label) => label.trim()).filter(Boolean);
}
