// What rows of several kinds can do, each in its own way.
import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { isTreeNode } from "./nodes.ts";
import type { CommandDeps } from "./deps.ts";
import { resumeJob, stopJob } from "./job/jobs.ts";
import { startPipelineRow, stopPipelineRow } from "./pipeline/deeds.ts";
import { showGraph } from "./pipeline/graph.ts";
import { servedOf } from "./pipeline/run.ts";
import { openRunPage } from "./pipeline/runPage.ts";
import { showMaking } from "./provision/wizard.ts";
import { isUsed, openNotebook, startNotebook, stopNotebook } from "./notebook.ts";

/**
 * Where it is looked at: a notebook in the browser, a run on its page, a pipeline as its graph, a cluster that is being
 * made as its steps. That one may also be named by its id, and a notebook that is used from here by its uid.
 */
export async function openRow(deps: CommandDeps, target: unknown): Promise<void> {
  // Whatever is selected.
  if (typeof target === "string") return showMaking(deps, target);
  if (isUsed(target)) return openNotebook(deps, target);
  const row = isTreeNode(target) ? target : deps.tree.selected;
  if (row?.kind === "made") return showMaking(deps, row);
  if (row?.kind === "notebook") return openNotebook(deps, row);
  if (row?.kind === "pipeline" && (row.what === "run" || row.what === "task")) return openRunPage(deps, row);
  // A row that stands for nothing at the server would mean the file that is open.
  if (servedOf(deps, row) !== undefined) return showGraph(deps, row);
  throw new UserError("no-row", vscode.l10n.t("Select a notebook, a run or a pipeline in the Kubeflow view first."));
}

const START = { notebook: startNotebook, pipeline: startPipelineRow, job: resumeJob };
const STOP = { notebook: stopNotebook, pipeline: stopPipelineRow, job: stopJob };

/** Lets what was stopped go on, or begin. From the palette it is the row that is selected, else one of the last launches. */
export function startRow(deps: CommandDeps, target: unknown): Promise<void> {
  return START[kindOf(deps, target)](deps, target);
}

/** Asks, then stops what runs. */
export function stopRow(deps: CommandDeps, target: unknown): Promise<void> {
  return STOP[kindOf(deps, target)](deps, target);
}

function kindOf({ tree }: Pick<CommandDeps, "tree">, target: unknown): keyof typeof START {
  const row = isTreeNode(target) ? target : tree.selected;
  return row?.kind === "notebook" || row?.kind === "pipeline" ? row.kind : "job";
}
