import * as v from "valibot";
import * as vscode from "vscode";
import { type FromPipeline, FromPipelineSchema, type ToPipeline } from "../contract/pipeline.ts";
import { openPage, type PageSite } from "./basePanel.ts";
import { FailedHost, type FailedPorts } from "./failedHost.ts";

/** In the tab of a page that could not come back after a reload: why, and a way to try again. */
export function showFailure(
  site: PageSite,
  panel: vscode.WebviewPanel,
  error: unknown,
  { again, onError }: Pick<FailedPorts, "again" | "onError">,
): void {
  const { viewType, title } = panel;
  const host = new FailedHost(title, error, {
    again: async () => {
      await again();
      // The tab belongs to its own page by now.
      page.release();
    },
    press: async ({ command, args = [] }) => {
      await vscode.commands.executeCommand(command, ...args);
    },
    onError,
  });
  const parse = (data: unknown): FromPipeline => v.parse(FromPipelineSchema, data);
  const kind = { viewType, title, page: "pipeline", parse };
  const page = openPage<FromPipeline, ToPipeline>(site, kind, host, panel);
}
