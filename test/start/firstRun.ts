// From an installed extension and a kubeconfig to the first line of a log, as somebody does who has never seen it.
import type { Workbench } from "../editor/workbench.ts";
import { until } from "../editor/until.ts";

export interface FirstRun {
  /** Questions before the confirm line, each answered with Enter: the answer that is offered first. */
  readonly questions: number;
  /** Characters typed, besides the name of the command that opens the sample. */
  readonly typed: number;
  /** The first line of the script's own output. */
  readonly line: string;
}

const FIRST_LINE = /^0 │ (rank 0 of .*)$/m;

export async function firstRun(workbench: Workbench, look: (name: string) => Promise<void>): Promise<FirstRun> {
  await workbench.openView("Kubeflow");
  await look("view");
  await workbench.viewMenu("Open Sample Script");
  await until(
    "the sample's tab",
    () => workbench.activeEditorTab(),
    (tab) => tab === "train.py",
  );
  await look("sample");
  await workbench.editorAction("Run as Training Job");
  let questions = 0;
  for (let before = ""; ;) {
    const now = await until(
      "a question",
      () => workbench.placeholder(),
      (text) => text !== "" && text !== before,
      30_000,
    );
    if (!now.includes("?")) break;
    questions++;
    before = now;
    await look(`question-${questions}`);
    await workbench.page.keyboard.press("Enter");
  }
  await look("confirm");
  await workbench.page.keyboard.press("Enter");
  const shown = await workbench.waitForTerminal(FIRST_LINE, 60_000);
  await look("first-line");
  return { questions, typed: 0, line: FIRST_LINE.exec(shown)?.[1] ?? "" };
}
