import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { ROOT } from "../../scripts/build.ts";
import { installExtension } from "../editor/serve.ts";
import { type EditorSession, openEditor, type SessionOptions } from "../editor/session.ts";
import { Workbench } from "../editor/workbench.ts";
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
  static async set(name: string, options: SessionOptions, open: "project" | "nothing" = "project"): Promise<Stage> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-e2e-"));
    const extensionsDir = path.join(folder, "extensions");
    const userDataDir = path.join(folder, "user");
    await installExtension(variable("TRAINYARD_VSIX"), extensionsDir, userDataDir);
    const shown = open === "project" ? { folder: copyProject(path.join(folder, "project")) } : {};
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

/** Keeps a picture of what was on the screen when a test failed. For `afterEach`. */
export async function lookAtFailure(context: Mocha.Context, stage: Stage): Promise<void> {
  if (context.currentTest?.state === "failed")
    await stage.look(`failed-${context.currentTest.title.replace(/\W+/g, "-").slice(0, 60)}`);
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
