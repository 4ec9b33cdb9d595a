import * as vscode from "vscode";
import type { Disposable } from "../core/dispose.ts";
import { elapsed, plural } from "../core/text.ts";
import { COMMANDS } from "../manifest.ts";

/** What the item counts. Times are wall ms. */
export interface LaunchedCounts {
  readonly active: number;
  readonly failed: number;
  /** The oldest word of a cluster that is not heard now; undefined while all are heard. */
  readonly staleSince: number | undefined;
}

const AGES_EVERY_MS = 60_000;

/** The one item in the status bar: running and failed jobs that were launched from here. Not there while there are none. */
export class JobsStatusBar implements Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #timer: NodeJS.Timeout;
  #counts: LaunchedCounts = { active: 0, failed: 0, staleSince: undefined };

  constructor() {
    this.#item = vscode.window.createStatusBarItem("trainyard.jobs", vscode.StatusBarAlignment.Left, 5);
    this.#item.name = vscode.l10n.t("Kubeflow Training Jobs");
    this.#item.command = COMMANDS.showJobs;
    this.#timer = setInterval(() => this.#draw(), AGES_EVERY_MS);
  }

  show(counts: LaunchedCounts): void {
    this.#counts = counts;
    this.#draw();
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#item.dispose();
  }

  #draw(): void {
    const { active, failed, staleSince } = this.#counts;
    if (active + failed === 0) {
      this.#item.hide();
      return;
    }
    const old = staleSince === undefined ? "" : vscode.l10n.t("as of {0} ago", elapsed(Date.now() - staleSince));
    const parts = [
      active === 0 ? "" : `$(rocket) ${active}`,
      failed === 0 ? "" : `$(error) ${failed}`,
      old === "" ? "" : `$(warning) ${old}`,
    ];
    const words = [
      active === 0 ? "" : vscode.l10n.t("{0} running", plural(active, "training job")),
      failed === 0 ? "" : vscode.l10n.t("{0} failed", plural(failed, "training job")),
      old,
    ].filter((part) => part !== "");
    this.#item.text = parts.filter((part) => part !== "").join(" ");
    this.#item.tooltip = words.join(", ");
    this.#item.accessibilityInformation = { label: words.join(", ") };
    this.#item.show();
  }
}
