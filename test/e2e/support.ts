import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { ROOT } from "../../scripts/build.ts";
import { installExtension } from "../editor/serve.ts";
import { type EditorSession, openEditor, type SessionOptions } from "../editor/session.ts";
import { Workbench } from "../editor/workbench.ts";
import { violations } from "../pages/axe.ts";
import { copyProject } from "../start/project.ts";

/** A variable that the ring has set. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: run this through npm test`);
  return value;
}

/** One real workbench with the packaged extension installed in a profile of its own. */
export class Stage {
  readonly folder: string;
  readonly session: EditorSession;
  readonly workbench: Workbench;
  readonly #name: string;

  private constructor(name: string, folder: string, session: EditorSession) {
    this.#name = name;
    this.folder = folder;
    this.session = session;
    this.workbench = new Workbench(session);
  }

  /** `open` is what the window shows: the sample project, nothing, or a folder. */
  static async set(
    name: string,
    options: SessionOptions,
    open: "project" | "nothing" = "project",
    /** Into the project, before the editor reads it. */
    files: Readonly<Record<string, string>> = {},
  ): Promise<Stage> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-e2e-"));
    const extensionsDir = path.join(folder, "extensions");
    const userDataDir = path.join(folder, "user");
    await installExtension(variable("TRAINYARD_VSIX"), extensionsDir, userDataDir);
    const shown = open === "project" ? { folder: copyProject(path.join(folder, "project")) } : {};
    for (const [file, text] of Object.entries(files)) {
      const at = path.join(folder, "project", file);
      fs.mkdirSync(path.dirname(at), { recursive: true });
      fs.writeFileSync(at, text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
    }
    const session = await openEditor({ ...shown, extensionsDir, userDataDir, theme: "dark", ...options });
    const stage = new Stage(name, folder, session);
    await stage.workbench.ready();
    // Menus know an extension only once it has been read; on a busy machine that is after the workbench is up.
    await stage.workbench.hasView("Kubeflow");
    return stage;
  }

  look(name: string): Promise<void> {
    return this.workbench.screenshot(path.join(ROOT, "out", "e2e", `${this.#name}-${name}.png`));
  }

  async strike(): Promise<void> {
    await this.session.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What of the screen is ours, for axe: a page; the words in the editor's own text editors and lists. */
const OURS = { page: undefined, text: ".editor-instance .view-lines", list: ".quick-input-list" } as const;

/** Looks at it in each of the four themes, with a picture; `show` brings onto the screen what does not stay there. */
export async function inFourThemes(
  stage: Stage,
  name: string,
  what: keyof typeof OURS,
  show?: () => Promise<void>,
): Promise<void> {
  const { workbench } = stage;
  for (const theme of ["light", "hc-black", "hc-light", "dark"] as const) {
    await workbench.setTheme(theme);
    await show?.();
    await stage.look(`${name}-${theme}`);
    const page = what === "page" ? await workbench.webview().locator("body").elementHandle() : undefined;
    const found = await violations((await page?.ownerFrame()) ?? workbench.page, OURS[what]);
    assert.deepEqual(found, [], `${name} in ${theme}`);
  }
}

/**
 * Keeps a picture of what was on the screen when a test failed, and says what was read there beside the error: of a run
 * elsewhere only its output is left. For `afterEach`.
 */
export async function lookAtFailure(context: Mocha.Context, stage: Stage): Promise<void> {
  const test = context.currentTest;
  if (test?.state !== "failed") return;
  const { page } = stage.workbench;
  const said: readonly string[] = await Promise.all(
    [".notification-toast, .monaco-dialog-box", ".quick-input-widget", ".tab.active"].map(async (part) =>
      (await page.locator(part).filter({ visible: true }).allInnerTexts()).join(" | ").replace(/\s+/g, " ").trim(),
    ),
  );
  const [told, asked, tabs] = said;
  const rows = (await spokenRows(stage.workbench)).join(" | ");
  if (test.err !== undefined)
    test.err.message += `\non the screen: told «${told}», asked «${asked}», tabs «${tabs}», rows «${rows}»`;
  await stage.look(`failed-${test.title.replace(/\W+/g, "-").slice(0, 60)}`);
}

/** What a screen reader says of each row of the side bar that is on the screen, from the top. */
export function spokenRows({ page }: Workbench): Promise<readonly string[]> {
  const rows = "document.querySelectorAll('.part.sidebar [role=treeitem]')";
  return page.evaluate<string[]>(`[...${rows}].map((row) => row.getAttribute('aria-label') ?? '')`);
}

/** Drags the edge of the side bar so many pixels to the right: as wide as people have it who look there all day. */
export async function widenSideBar({ page }: Workbench, by: number): Promise<void> {
  const box = await page.locator(".part.sidebar").boundingBox();
  const x = (box?.x ?? 0) + (box?.width ?? 0);
  await page.mouse.move(x, 400);
  await page.mouse.down();
  await page.mouse.move(x + by, 400, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(x + by + 170, 700);
}
