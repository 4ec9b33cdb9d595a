import * as vscode from "vscode";
import type { NextStep } from "../core/errors.ts";
import type { Engine } from "../engine.ts";
import type { Notify } from "../platform/notify.ts";
import type { FollowEnd } from "./jobTerminal.ts";

/** Records that a follow is over, and tells the person where nobody is looking at its terminal. */
export function endOfJob(
  deps: { readonly notify: Notify; readonly engine: () => Promise<Engine> },
  terminal: string,
  end: FollowEnd,
): void {
  const { followed, verdict, line, log } = end;
  deps
    .engine()
    .then(async (engine) => {
      const { jobs } = engine;
      const { outcome, took } = verdict;
      const { client } = engine.cluster(followed.context).connection;
      await jobs.history.ended(followed.target.uid, { outcome, took, line, log }, client);
      await jobs.followEnded(followed.target.uid);
    })
    .catch((error: unknown) => deps.notify.error(error));
  if (isInFront(terminal) || verdict.outcome === "deleted") return;
  const open: NextStep = {
    title: vscode.l10n.t("Open Log File"),
    command: "vscode.open",
    args: [vscode.Uri.file(log)],
  };
  if (verdict.outcome === "failed") deps.notify.warning(line, open);
  else deps.notify.info(line, open);
}

/**
 * The window has the focus and this terminal is the one in front. Whether the panel is closed, VS Code tells nobody, and a
 * hidden terminal answers a status report like one that shows.
 */
function isInFront(terminal: string): boolean {
  return vscode.window.state.focused && vscode.window.activeTerminal?.name === terminal;
}
