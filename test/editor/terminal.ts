// The visible terminal of the workbench. Its text is in the page as long as GPU acceleration is off.
import process from "node:process";
import type { Page } from "playwright-core";
import { until } from "./until.ts";

const ACTIVE = ".terminal-wrapper.active";

interface Place {
  x: number;
  y: number;
}

/** The rows on the screen, one a line, without trailing blanks; what was scrolled out is not among them. */
export async function terminalText(page: Page): Promise<string> {
  const rows = await page.locator(`${ACTIVE} .xterm-rows > div`).allInnerTexts();
  return rows
    .map((row) => row.replaceAll("\u00a0", " ").replace(/[\s\n]+$/, ""))
    .join("\n")
    .trimEnd();
}

export function waitForTerminal(page: Page, text: string | RegExp, timeout?: number): Promise<string> {
  const accept = (shown: string) => (typeof text === "string" ? shown.includes(text) : text.test(shown));
  return until(`terminal showing ${String(text)}`, () => terminalText(page), accept, timeout);
}

export async function focusTerminal(page: Page): Promise<void> {
  await page.locator(`${ACTIVE} .xterm-helper-textarea`).focus();
}

/** Clicks on a link in the terminal, as a person does: the key that follows links held, on the text itself. */
export async function clickTerminalLink(page: Page, text: string): Promise<void> {
  const follow = process.platform === "darwin" ? "Meta" : "Control";
  await waitForTerminal(page, text);
  const place = await until(
    `place of ${text} in the terminal`,
    () => placeOf(page, text),
    (found) => found !== undefined,
  );
  if (!place) return;
  // Links are looked for when the mouse moves onto another cell: come from beside the text, then onto it.
  await page.mouse.move(place.x - 1, place.y + 40);
  await page.keyboard.down(follow);
  try {
    await until(
      `link ${text} in the terminal`,
      async () => {
        await page.mouse.move(place.x + 3, place.y, { steps: 3 });
        await page.mouse.move(place.x, place.y);
        return page
          .locator(`${ACTIVE} .xterm-screen.xterm-cursor-pointer, ${ACTIVE} .xterm.xterm-cursor-pointer`)
          .count();
      },
      (pointers) => pointers > 0,
    );
    await page.mouse.down();
    await page.mouse.up();
  } finally {
    await page.keyboard.up(follow);
  }
}

/** Middle of the last place on the screen where the text stands in one row. Text of a program: it runs in the page. */
async function placeOf(page: Page, text: string): Promise<Place | undefined> {
  const found = await page.evaluate<Place | null>(`(() => {
    const wanted = ${JSON.stringify(text)};
    for (const row of [...document.querySelectorAll("${ACTIVE} .xterm-rows > div")].reverse()) {
      const nodes = [];
      const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) nodes.push(walker.currentNode);
      const shown = nodes.map((node) => node.data).join("").replaceAll("\\u00a0", " ");
      const start = shown.lastIndexOf(wanted);
      if (start < 0) continue;
      const at = (offset) => {
        for (const node of nodes) {
          if (offset < node.data.length) return [node, offset];
          offset -= node.data.length;
        }
      };
      const middle = document.createRange();
      const [node, offset] = at(start + Math.floor(wanted.length / 2));
      middle.setStart(node, offset);
      middle.setEnd(node, offset + 1);
      const box = middle.getBoundingClientRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    }
    return null;
  })()`);
  return found ?? undefined;
}
