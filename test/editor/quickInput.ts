// The box at the top of the workbench: command palette, quick picks, input boxes.
import type { Locator, Page } from "playwright-core";
import { until } from "./until.ts";

/** Before a question something may be compiled or read from afar, in ms. */
const ASKED_WITHIN_MS = 60_000;

export interface QuickPickRow {
  label: string;
  description: string;
  detail: string;
}

export function quickInput(page: Page): Locator {
  return page.locator(".quick-input-widget").filter({ visible: true });
}

export function quickInputBox(page: Page): Locator {
  return quickInput(page).locator("input[type=text], input[type=password]").first();
}

/** A detail line has the same inside as the label. */
const LABEL = ".quick-input-list-row:first-child .label-name";

function rows(page: Page): Locator {
  return quickInput(page).locator(".quick-input-list .monaco-list-row");
}

/** The row with exactly this label; icons are no part of it. */
export function quickPickRow(page: Page, label: string): Locator {
  return rows(page).filter({ has: page.locator(LABEL).getByText(label, { exact: true }) });
}

/** Runs a command by its full title, e.g. `Trainyard: Refresh`. */
export async function runCommand(page: Page, title: string): Promise<void> {
  // The palette has what could be run when it was opened: in a new window, one that waits for trust may be missing still.
  await until(
    `the command ${title}`,
    () => offered(page, title),
    (isOffered) => isOffered,
    30_000,
  );
  await quickPickRow(page, title).first().click();
  // Away from where the next box may open: it would show its tooltip.
  await page.mouse.move(0, 0);
}

async function offered(page: Page, title: string): Promise<boolean> {
  await page.keyboard.press("F1");
  const box = quickInputBox(page);
  await until(
    "command palette",
    () => box.inputValue().catch(() => ""),
    (value) => value.startsWith(">"),
  );
  await box.fill(`>${title}`);
  try {
    await quickPickRow(page, title).first().waitFor({ timeout: 5_000 });
    return true;
  } catch {
    await page.keyboard.press("Escape");
    return false;
  }
}

/** The rows on the screen of the quick pick that is open, once there are any. */
export async function quickPickItems(page: Page): Promise<QuickPickRow[]> {
  await rows(page).first().waitFor();
  const text = async (row: Locator, part: string) => (await row.locator(part).allInnerTexts()).join(" ").trim();
  const found: QuickPickRow[] = [];
  for (const row of await rows(page).all()) {
    found.push({
      label: await text(row, LABEL),
      description: await text(row, ".quick-input-list-row:first-child .label-description"),
      detail: await text(row, ".quick-input-list-label-meta"),
    });
  }
  return found;
}

export async function pickRow(page: Page, label: string): Promise<void> {
  await rows(page).first().waitFor({ timeout: ASKED_WITHIN_MS });
  // Rows out of sight are not in the page: a long list has to be narrowed down first.
  if (!(await quickPickRow(page, label).first().isVisible())) await quickInputBox(page).fill(label);
  await quickPickRow(page, label).first().click();
}

/** Fills in an input box and accepts it. Waits until it is one: the pick before it may still be on the screen. */
export async function fillInput(page: Page, text: string): Promise<void> {
  await quickInput(page).waitFor({ timeout: ASKED_WITHIN_MS });
  await quickInput(page).locator(".quick-input-list").filter({ visible: true }).waitFor({ state: "detached" });
  await quickInputBox(page).fill(text);
  await quickInputBox(page).press("Enter");
}

/** What stands below the box: the prompt, or why the value is refused. Waits until it is as expected. */
export function inputMessage(page: Page, expected: RegExp): Promise<string> {
  const message = async () => (await quickInput(page).locator(".quick-input-message").innerText()).trim();
  return until("message of the input box", message, (text) => expected.test(text));
}
