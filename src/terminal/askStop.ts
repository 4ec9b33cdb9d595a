import * as vscode from "vscode";
import { isCancelled } from "../core/errors.ts";
import { pickOne } from "../platform/pick.ts";

export type StopAnswer = "stop-following" | "stop-job" | "go-on";

/** Ctrl+C in a terminal ends a program; here the job is somewhere else, so the person says what is meant. */
export async function askStop(name: string): Promise<StopAnswer> {
  try {
    return await pickOne<StopAnswer>({
      title: name,
      placeholder: vscode.l10n.t("What should stop?"),
      items: [
        {
          label: `$(debug-disconnect) ${vscode.l10n.t("Stop following")}`,
          detail: vscode.l10n.t("The job goes on in the cluster"),
          value: "stop-following",
        },
        {
          label: `$(debug-stop) ${vscode.l10n.t("Stop the job")}`,
          detail: vscode.l10n.t("Its pods end; the job can still be looked at"),
          value: "stop-job",
        },
        { label: `$(play) ${vscode.l10n.t("Go on")}`, value: "go-on" },
      ],
    });
  } catch (error) {
    if (isCancelled(error)) return "go-on";
    throw error;
  }
}
