import * as vscode from "vscode";
import type { NextStep } from "../core/errors.ts";
import type { Engine } from "../engine.ts";
import type { Verdict } from "../jobs/index.ts";
import type { Notify } from "../platform/notify.ts";
import type { Followed } from "./jobTerminal.ts";

/** Records that a follow is over, and tells the person where nobody is looking at its terminal. */
export function endOfJob(
  deps: { readonly notify: Notify; readonly engine: () => Promise<Engine> },
  terminal: string,
  followed: Followed,
  verdict: Verdict,
  line: string,
  log: string,
): void {
  deps
    .engine()
    .then((engine) => engine.jobs.followEnded(followed.target.uid))
    .catch((error: unknown) => deps.notify.error(error));
  if (isLookedAt(terminal) || verdict.outcome === "deleted") return;
  const open: NextStep = {
    title: vscode.l10n.t("Open Log File"),
    command: "vscode.open",
    args: [vscode.Uri.file(log)],
  };
  if (verdict.outcome === "failed") deps.notify.warning(line, open);
  else deps.notify.info(line, open);
}

/** The window has the focus and this terminal is the one that shows. */
function isLookedAt(terminal: string): boolean {
  return vscode.window.state.focused && vscode.window.activeTerminal?.name === terminal;
}
