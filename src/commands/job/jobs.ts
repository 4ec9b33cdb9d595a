import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { JobIdentity } from "../../jobs/index.ts";
import type { JobKind, Source, TrainingJob } from "../../kubeflow/model.ts";
import { COMMANDS } from "../../manifest.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { ReplicaNode } from "../../tree/nodes.ts";
import type { CommandDeps } from "../deps.ts";
import { isNode, isTreeNode } from "../nodes.ts";

interface Picked {
  readonly engine: Engine;
  readonly context: string;
  readonly job: TrainingJob;
}

export async function followJob(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, job } = await jobOf(deps, target);
  await deps.tasks.follow(context, job, isNode(target, "replica") ? sourceOf(target) : undefined);
}

/** A replica's row is told apart by its rank, or by the name of what has none. */
function sourceOf({ key }: ReplicaNode): Source {
  return /^\d+$/.test(key) ? Number(key) : key;
}

export async function stopJob(deps: CommandDeps, target: unknown): Promise<void> {
  const { engine, context, job } = await jobOf(deps, target, (own, candidate) => own.isActive(candidate));
  const detail = vscode.l10n.t("Its pods end and their logs go with them. The job stays and can be looked at.");
  if (!(await deps.notify.confirm(vscode.l10n.t("Stop {0}?", job.name), detail, vscode.l10n.t("Stop")))) return;
  await withProgress(vscode.l10n.t("Stopping {0}", job.name), (signal) => engine.stopJob(context, job, signal));
}

/** Lets a stopped job run again, from its beginning. */
export async function resumeJob(deps: CommandDeps, target: unknown): Promise<void> {
  const { engine, context, job } = await jobOf(deps, target);
  if (!job.suspended) throw new UserError("not-stopped", vscode.l10n.t("{0} is not stopped.", label(job.name)));
  await withProgress(vscode.l10n.t("Starting {0}", label(job.name)), (signal) =>
    engine.resumeJob(context, job, signal),
  );
}

/** The file on this computer: asks no cluster, and works when the job is long gone. */
export async function openLog(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const at = referenceOf(deps, target) ?? (await pickLaunch(engine));
  const file = await engine.latestLog(at.name, at.uid);
  if (file === undefined) {
    throw new UserError("no-log", vscode.l10n.t("There is no log file of {0} on this computer.", label(at.name)), {
      hint: vscode.l10n.t("Following its logs makes one."),
      next: [{ title: vscode.l10n.t("Follow Logs"), command: COMMANDS.followJob, args: [at] }],
    });
  }
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false });
}

/** A job outside the tree, for buttons: what `jobOf` finds the job by. */
export interface JobReference {
  readonly kind: "job-reference";
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty: whatever has the name now. */
  readonly uid: string;
  readonly jobKind: JobKind;
}

export function jobReference(context: string, job: JobIdentity): JobReference {
  const { namespace, name, uid, kind = "PyTorchJob" } = job;
  return { kind: "job-reference", context, namespace, name, uid, jobKind: kind };
}

export function isJobReference(target: unknown): target is JobReference {
  return typeof target === "object" && target !== null && "kind" in target && target.kind === "job-reference";
}

/** The job that a row or a button means, without asking its cluster. */
export function referenceOf(deps: Pick<CommandDeps, "tree">, target: unknown): JobReference | undefined {
  if (isJobReference(target)) return target;
  const row = isTreeNode(target) ? target : deps.tree.selected;
  const node = row?.kind === "replica" ? row.parent : row;
  if (node?.kind !== "job") return undefined;
  const { context, namespace, name, jobKind } = node;
  const uid = deps.tree.folder(node)?.object?.(node)?.uid ?? "";
  return jobReference(context, { namespace, name, uid, kind: jobKind });
}

/** The job that a row, a button or the person means, as it is now. From the palette the person picks among the last launches. */
export async function jobOf(
  deps: Pick<CommandDeps, "engine" | "tree">,
  target: unknown,
  fits?: (engine: Engine, job: TrainingJob) => boolean,
): Promise<Picked> {
  const engine = await deps.engine();
  await engine.load();
  const { context, name, jobKind: kind, ...at } = referenceOf(deps, target) ?? (await pickLaunch(engine));
  const job = await withProgress(vscode.l10n.t("Looking for {0}", label(name)), (signal) =>
    engine.findJob(context, { ...at, name, kind }, signal),
  );
  if (job === undefined) throw new UserError("gone", vscode.l10n.t("{0} is not in the cluster any more.", label(name)));
  if (fits !== undefined && !fits(engine, job))
    throw new UserError("not-active", vscode.l10n.t("{0} does not run any more.", label(name)));
  return { engine, context, job };
}

/** From the palette: one of the last launches. */
export async function pickLaunch(engine: Engine): Promise<JobReference> {
  const launches = engine.jobs.lastRuns.files().flatMap((file) => {
    const launch = engine.jobs.lastRuns.get(file)?.launch;
    return launch === undefined ? [] : [{ file, launch }];
  });
  if (launches.length === 0) {
    throw new UserError("no-job", vscode.l10n.t("No training job was launched from here yet."), {
      hint: vscode.l10n.t("Pick one in the Kubeflow view, or run a file."),
    });
  }
  const items: Choice<JobReference>[] = launches.map(({ file, launch }) => ({
    label: label(launch.name),
    description: label(`${launch.context} / ${launch.namespace}`),
    detail: path.basename(file),
    value: jobReference(launch.context, launch),
  }));
  return pickOne({ title: vscode.l10n.t("Training jobs"), placeholder: vscode.l10n.t("Which job?"), items });
}
