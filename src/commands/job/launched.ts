import * as vscode from "vscode";
import { label, pickLabel } from "../../core/sanitize.ts";
import { elapsed } from "../../core/text.ts";
import type { LaunchedNow } from "../../jobs/index.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { WorkloadName } from "../../tree/reveal.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf, isTreeNode } from "../nodes.ts";
import { isJobReference, pickLaunch, referenceOf } from "./jobs.ts";

const ICONS = { active: "rocket", failed: "error", unknown: "question" } as const;

/** What the status bar counts: the chosen job is shown in the tree. To have seen that a job failed is all it waited for. */
export async function showJobs(deps: CommandDeps): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const { jobs } = engine.launched;
  if (jobs.length === 0) {
    deps.notify.info(vscode.l10n.t("No job that was launched from here is running."));
    return;
  }
  const items = jobs.map((job) => launchedChoice(job, engine.clock.now()));
  await engine.launched.seen();
  const { context, ...job } = await pickOne<LaunchedNow>({
    title: vscode.l10n.t("Launched training jobs"),
    placeholder: vscode.l10n.t("Which one to show?"),
    items,
  });
  await show(deps, context, job);
}

function launchedChoice(value: LaunchedNow, now: number): Choice<LaunchedNow> {
  const since = elapsed(now - value.launched);
  const words = {
    active: vscode.l10n.t("running"),
    failed: vscode.l10n.t("failed"),
    unknown: vscode.l10n.t("unknown"),
  };
  return {
    label: `$(${ICONS[value.state]}) ${pickLabel(value.name)}`,
    description: pickLabel(`${words[value.state]} · ${value.context} / ${value.namespace}`),
    detail: vscode.l10n.t("launched {0} ago", since),
    value,
  };
}

/** Shows a job, something made from a template, or the nodes of a cluster, in the tree. */
export async function reveal(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  if (isNodesTarget(target)) {
    const context = contextOf(target.row);
    if (context !== undefined) await deps.tree.show.nodes(context);
    return;
  }
  if (isWorkloadTarget(target)) {
    await withProgress(vscode.l10n.t("Looking for {0}", label(target.name)), () =>
      deps.tree.show.workload(target.context, target),
    );
    return;
  }
  const job = isJobReference(target) || isTreeNode(target) ? referenceOf(deps, target) : await pickLaunch(engine);
  if (job !== undefined) await show(deps, job.context, { ...job, kind: job.jobKind });
}

async function show(
  { tree }: CommandDeps,
  context: string,
  job: Parameters<CommandDeps["tree"]["show"]["job"]>[1],
): Promise<void> {
  await withProgress(vscode.l10n.t("Looking for {0}", label(job.name)), () => tree.show.job(context, job));
}

/** Handed over by a message of ours, which names it as its row does. */
function isWorkloadTarget(target: unknown): target is WorkloadName & { readonly context: string } {
  return typeof target === "object" && target !== null && "kind" in target && target.kind === "workload";
}

function isNodesTarget(target: unknown): target is { readonly row: unknown } {
  return (
    typeof target === "object" && target !== null && "row" in target && "kind" in target && target.kind === "show-nodes"
  );
}
