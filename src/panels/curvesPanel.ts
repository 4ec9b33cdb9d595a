// The tab of curves. There is one: other runs take the place of those that it shows.
import * as v from "valibot";
import * as vscode from "vscode";
import { type FromCurves, FromCurvesSchema, type ToCurves } from "../contract/curves.ts";
import type { Clock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorText, UserError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { CurvesFeed, type CurveSource } from "../jobs/index.ts";
import { PAGES } from "../manifest.ts";
import { openPage, type Page } from "./basePanel.ts";
import type { PagesOptions } from "./onePage.ts";

const RunsSchema = v.array(v.object({ name: v.string(), logFile: v.string() }));
/** The runs that the page shows, of this window's folder. */
const MEMORY_KEY = "trainyard.curves.runs";

export interface CurvesPanelsOptions extends PagesOptions {
  readonly clock: Clock;
  /** A person's own regular expression for metrics; "" where there is none. */
  readonly pattern: () => string;
  readonly onError: (error: unknown) => void;
}

export class CurvesPanels implements Disposable {
  readonly #options: CurvesPanelsOptions;
  #page: Page | undefined;

  constructor(options: CurvesPanelsOptions) {
    this.#options = options;
  }

  /** Shows the curves of runs. Throws a UserError where the person's pattern cannot be used. */
  async open(runs: readonly CurveSource[]): Promise<void> {
    this.#show(runs, undefined);
    // Without it, the page does not come back after a reload.
    await this.#options.memory.update(MEMORY_KEY, runs);
  }

  /** For `WebviewPanelSerializer.deserializeWebviewPanel`. A page is not believed about which files to read: we are. */
  restore(panel: vscode.WebviewPanel): void {
    const runs = v.safeParse(RunsSchema, this.#options.memory.get(MEMORY_KEY));
    if (runs.success && runs.output.length > 0) this.#show(runs.output, panel);
    else panel.dispose();
  }

  dispose(): void {
    this.#page?.dispose();
  }

  #show(runs: readonly CurveSource[], kept: vscode.WebviewPanel | undefined): void {
    const { clock, log, pattern } = this.#options;
    const feed = new CurvesFeed({ runs, clock, log, pattern: pattern(), save: (text) => this.#save(runs, text) });
    this.#page?.dispose();
    const page = openPage<FromCurves, ToCurves>(
      this.#options,
      {
        viewType: PAGES.curves,
        title: vscode.l10n.t("Curves: {0}", runs.length === 1 ? (runs[0]?.name ?? "") : plural(runs.length, "run")),
        page: "curves",
        parse: (data) => v.parse(FromCurvesSchema, data),
      },
      feed,
      kept,
    );
    this.#page = page;
    page.onDidDispose(() => {
      if (this.#page === page) this.#page = undefined;
    });
  }

  /** Asks where; a person who says nowhere has said all. */
  async #save(runs: readonly CurveSource[], text: string): Promise<void> {
    try {
      const name = `${runs.length === 1 ? (runs[0]?.name ?? "") : ""}-metrics.csv`.replace(/^-|[^\w.-]/g, "");
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      const file = await vscode.window.showSaveDialog({
        title: vscode.l10n.t("Export Metrics"),
        filters: { CSV: ["csv"] },
        ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
      });
      if (file !== undefined) await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
    } catch (error) {
      const what = vscode.l10n.t("The metrics were not exported.");
      this.#options.onError(new UserError("export-metrics", what, { why: errorText(error), cause: error }));
    }
  }
}
