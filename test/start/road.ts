// The main job through the real interface, as a person does it: explorer, right-click, questions, terminal.
import fs from "node:fs";
import path from "node:path";
import type { Locator } from "playwright-core";
import type { Workbench } from "../editor/workbench.ts";
import { until } from "../editor/until.ts";

export interface RoadOptions {
  /** File of the workspace as the explorer shows it. */
  readonly script: string;
  readonly namespace: string;
  /** Label of the size in the list; the one that is offered first where left out. */
  readonly size?: string;
  /** Called at each place that is worth a look. */
  readonly look?: (name: string) => Promise<void>;
  /** False: stops after the last question, since no confirm line will come. */
  readonly expectConfirm?: boolean;
  /** Milliseconds for the whole run of the job. */
  readonly timeout?: number;
}

export interface RoadResult {
  /** Questions that were asked before the confirm line. */
  readonly questions: number;
  readonly job: string;
  readonly verdict: string;
  /** The whole log file, with the rank before each line. */
  readonly log: string;
}

const RUN = "Run as Training Job";
const VERDICT = /^[✓✗■] (\S+) (succeeded|failed|was stopped|was deleted).*/m;

/** Right-click on the script, *Run as Training Job*, and everything that is asked, up to the confirm line. */
export async function askToRun(workbench: Workbench, options: RoadOptions): Promise<number> {
  const look = options.look ?? (() => Promise.resolve());
  await workbench.openView("Explorer");
  const row = await explorerRow(workbench, path.basename(options.script));
  // While the window is still young the entry may be missing or disabled, and a menu stays as it was opened.
  await until(
    "the menu with its entry",
    () => workbench.contextMenuItems(row),
    (items) => items.includes(RUN),
  );
  await workbench.contextMenu(row, RUN);
  let questions = 0;
  for (;;) {
    const placeholder = await question(workbench, questions);
    if (!placeholder.endsWith("?") && !placeholder.includes("type its name")) return questions;
    questions++;
    await look(`question-${questions}`);
    if (placeholder.startsWith("In which namespace")) await workbench.pick(options.namespace);
    else if (placeholder.startsWith("How large") && options.size !== undefined) await workbench.pick(options.size);
    else await workbench.quickInput.locator("input").first().press("Enter");
    if (options.expectConfirm === false && placeholder.startsWith("How large")) return questions;
    await until(
      "the next question",
      () => workbench.placeholder(),
      (now) => now !== placeholder,
      30_000,
    );
  }
}

/** The explorer has only the rows that are in sight: in a large folder the file is opened, which shows its row. */
async function explorerRow(workbench: Workbench, name: string): Promise<Locator> {
  const row = workbench.explorerRow(name);
  await workbench.explorerRow(/\S/).first().waitFor();
  try {
    await row.waitFor({ timeout: 3000 });
  } catch {
    await workbench.openFile(name);
    await workbench.openView("Explorer");
    await row.waitFor();
  }
  return row;
}

/** Runs the script and waits for the verdict in the terminal. The log comes from the file that the terminal names. */
export async function runRoad(workbench: Workbench, logFolder: string, options: RoadOptions): Promise<RoadResult> {
  const look = options.look ?? (() => Promise.resolve());
  const before = new Set(logFiles(logFolder));
  const questions = await askToRun(workbench, options);
  await look("confirm");
  await workbench.pick("Run");
  await workbench.waitForTerminal("▶", 60_000);
  await look("terminal");
  const shown = await workbench.waitForTerminal(VERDICT, options.timeout ?? 150_000);
  await look("verdict");
  const file = await until(
    "the log file",
    () => Promise.resolve(logFiles(logFolder).find((name) => !before.has(name))),
    (name) => name !== undefined,
  );
  const log = fs.readFileSync(path.join(logFolder, file ?? ""), "utf8");
  // In the terminal the line is wrapped, and VS Code's own words may follow it.
  const [verdict = "", job = ""] = VERDICT.exec(log) ?? VERDICT.exec(shown.replaceAll("\n", " ")) ?? [];
  return { questions, job, verdict, log };
}

/** Where the extension keeps log files in this profile. */
export function logFolderOf(userData: string): string {
  return path.join(userData, "User", "globalStorage", "trainyard.trainyard", "logs");
}

function logFiles(folder: string): readonly string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

async function question(workbench: Workbench, asked: number): Promise<string> {
  return until(
    `question ${asked + 1} or the confirm line`,
    () => workbench.placeholder(),
    (text) => text !== "",
    60_000,
  );
}
