import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { TrainingJob } from "../../kubeflow/model.ts";
import { COMMANDS } from "../../manifest.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { JobNode, ReplicaNode } from "../../tree/nodes.ts";
import type { CommandDeps } from "../deps.ts";
import { isNode } from "../nodes.ts";

interface Picked {
  readonly engine: Engine;
  readonly context: string;
  readonly job: TrainingJob;
}

export async function followJob(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, job } = await jobOf(deps, target);
  await deps.tasks.follow(context, job, isNode(target, "replica") ? target.rank : undefined);
}

export async function stopJob(deps: CommandDeps, target: unknown): Promise<void> {
  const { engine, context, job } = await jobOf(deps, target, (own, candidate) => own.isActive(candidate));
  const detail = vscode.l10n.t("Its pods end and their logs go with them. The job stays and can be looked at.");
  if (!(await deps.notify.confirm(vscode.l10n.t("Stop {0}?", job.name), detail, vscode.l10n.t("Stop")))) return;
  await withProgress(vscode.l10n.t("Stopping {0}", job.name), (signal) => engine.stopJob(context, job, signal));
}

export async function deleteJob(deps: CommandDeps, target: unknown): Promise<void> {
  const { engine, context, job } = await jobOf(deps, target);
  const detail = vscode.l10n.t(
    "The job, its pods with their logs, and its copy of the code are deleted from {0} / {1}. Log files on this computer stay.",
    context,
    job.namespace,
  );
  if (!(await deps.notify.confirm(vscode.l10n.t("Delete {0}?", job.name), detail, vscode.l10n.t("Delete")))) return;
  await withProgress(vscode.l10n.t("Deleting {0}", job.name), (signal) => engine.deleteJob(context, job, signal));
}

/** The file on this computer: asks no cluster, and works when the job is long gone. */
export async function openLog(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const at = referenceOf(target) ?? (await pickLaunch(engine));
  const file = await engine.latestLog(at.name, at.uid);
  if (file === undefined) {
    throw new UserError("no-log", vscode.l10n.t("There is no log file of {0} on this computer.", label(at.name)), {
      hint: vscode.l10n.t("Following its logs makes one."),
      next: [
        { title: vscode.l10n.t("Follow Logs"), command: COMMANDS.followJob, args: [jobReference(at.context, at)] },
      ],
    });
  }
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false });
}

/** A job outside the tree, for buttons: what `jobOf` finds the job by. */
interface JobReference {
  readonly kind: "job-reference";
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function jobReference(context: string, job: Pick<TrainingJob, "namespace" | "name" | "uid">): JobReference {
  return { kind: "job-reference", context, namespace: job.namespace, name: job.name, uid: job.uid };
}

function isReference(target: unknown): target is JobReference {
  return typeof target === "object" && target !== null && "kind" in target && target.kind === "job-reference";
}

/** The job that a row or a button means, without asking its cluster. */
function referenceOf(target: unknown): JobReference | undefined {
  if (isReference(target)) return target;
  const node = isNode(target, "job") ? target : isNode(target, "replica") ? ownerOf(target) : undefined;
  return node && jobReference(node.context, node);
}

/** The job that a row, a button or the person means, as it is now. From the palette the person picks among the last launches. */
export async function jobOf(
  deps: Pick<CommandDeps, "engine">,
  target: unknown,
  fits?: (engine: Engine, job: TrainingJob) => boolean,
): Promise<Picked> {
  const engine = await deps.engine();
  await engine.load();
  const named = referenceOf(target);
  const at = named ?? (await pickLaunch(engine));
  const job = await withProgress(vscode.l10n.t("Looking for {0}", label(at.name)), (signal) =>
    engine.findJob(at.context, at, signal),
  );
  if (job === undefined) {
    throw new UserError("gone", vscode.l10n.t("{0} is not in the cluster any more.", label(at.name)));
  }
  if (fits !== undefined && !fits(engine, job)) {
    throw new UserError("not-active", vscode.l10n.t("{0} does not run any more.", label(at.name)));
  }
  return { engine, context: at.context, job };
}

function ownerOf(node: ReplicaNode): JobNode | undefined {
  return node.parent?.kind === "job" ? node.parent : undefined;
}

/** From the palette: one of the last launches. */
async function pickLaunch(engine: Engine): Promise<JobReference> {
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
