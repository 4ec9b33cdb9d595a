import * as vscode from "vscode";
import { UserError } from "../core/errors.ts";
import { label, pickLabel, plainLine } from "../core/sanitize.ts";
import { wrap } from "../core/text.ts";
import type { Engine } from "../engine.ts";
import type { Reason } from "../kubeflow/why.ts";
import { PodTerminals } from "../terminal/podTerminals.ts";
import { COMMANDS } from "../manifest.ts";
import { pickOne } from "../platform/pick.ts";
import { withProgress } from "../platform/progress.ts";
import type { Folder, Removal } from "../tree/folder.ts";
import { folderOf, type TreeNode } from "../tree/nodes.ts";
import { deleteNotebook } from "./notebook.ts";
import { nextStepOf } from "./nextSteps.ts";
import { contextOf, namespaceOf, rowOf } from "./nodes.ts";
import type { CommandDeps } from "./deps.ts";

/** Here, and not in the start bundle: nobody needs them before a command. */
const terminals = new PodTerminals();

/** The object as YAML, read-only, as it is now. */
export async function openYaml(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const own = rowOf(deps, target);
  const folder = deps.tree.folder(own);
  if (folder?.yaml !== undefined) return openOwnYaml(deps, own, folder);
  const { row, context, object } = await objectOf(deps, target);
  const text = await withProgress(vscode.l10n.t("Reading {0}", label(object.name)), (signal) =>
    engine.objectYaml(context, object, signal),
  );
  await deps.documents.show([context, object.namespace ?? "", row.kind, `${object.name}.yaml`], text);
}

/** The same for what is no object of the cluster, but of a server in it. */
async function openOwnYaml(deps: CommandDeps, row: TreeNode, folder: Folder): Promise<void> {
  const name = "name" in row ? row.name : "";
  const text = await withProgress(vscode.l10n.t("Reading {0}", label(name)), async (signal) =>
    folder.yaml?.(row, signal),
  );
  if (text === undefined) throw gone(row);
  const { context } = folder.cluster.connection;
  await deps.documents.show([context.name, namespaceOf(row) ?? "", row.kind, documentName(row, name, "yaml")], text);
}

/** Names of a server other than Kubernetes are no names of files, and may be the same for several. */
function documentName({ id }: TreeNode, name: string, ending: string): string {
  const short = label(name, 60).replace(/[^\w.-]+/g, "-");
  return `${short}-${id.slice(-8)}.${ending}`;
}

/** What the cluster tells of the object and what belongs to it, oldest first. */
export async function showEvents(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const { row, context, object, family } = await objectOf(deps, target);
  const uids = new Set([object.uid, ...family]);
  const text = await withProgress(vscode.l10n.t("Reading the events of {0}", label(object.name)), (signal) =>
    engine.events(context, object, uids, signal),
  );
  await deps.documents.show([context, object.namespace ?? "", row.kind, `${object.name}.events.txt`], text);
}

/** Why the row is as it is: every reason with the cluster's own words; the chosen one's next step is taken. */
export async function why(deps: CommandDeps, target: unknown): Promise<void> {
  const row = rowOf(deps, target);
  const folder = await lookedAt(deps, row);
  const reasons = folder.why(row);
  if (reasons.length === 0) throw new UserError("nothing-wrong", vscode.l10n.t("Nothing is known to be wrong here."));
  const title = vscode.l10n.t("Why is {0} as it is?", nameOf(row));
  const inFull = vscode.l10n.t("All of it as text");
  const startsNodes =
    deps.tree.madeWhere(folder.cluster.connection.context.name) === "eks" &&
    reasons.some(({ next }) => next?.id === "show-nodes");
  const reason = await pickOne<Reason | "start-node" | undefined>({
    title,
    placeholder: vscode.l10n.t("What matters most first; Enter takes the next step"),
    items: [
      ...reasons.map((value) => ({
        label: pickLabel(value.text, 400),
        // First there: beside a reason there is seldom room.
        detail: pickLabel([value.next?.words, value.detail].filter(Boolean).join(" · "), 1_100),
        value,
      })),
      // Nothing scales a pool on EKS by itself.
      ...(startsNodes
        ? [
            {
              label: vscode.l10n.t("Start a GPU node…"),
              description: vscode.l10n.t("the price is named first"),
              value: "start-node" as const,
            },
          ]
        : []),
      // A list cuts what is wider than it is.
      { label: inFull, description: vscode.l10n.t("with nothing cut off"), value: undefined },
    ],
  });
  if (reason === "start-node") {
    await vscode.commands.executeCommand(COMMANDS.setGpuNodes, row);
    return;
  }
  if (reason === undefined) {
    const text = reasons.map(({ text: reason, detail = "", next }) =>
      [wrap(reason), wrap(detail, "  "), next === undefined ? "" : `  → ${next.words}`].filter(Boolean).join("\n"),
    );
    const { context } = folder.cluster.connection;
    const place = [context.name, namespaceOf(row) ?? "", row.kind, documentName(row, nameOf(row), "why.txt")];
    return deps.documents.show(place, `${[title, ...text].join("\n\n")}\n`);
  }
  const step = reason.next && nextStepOf(reason.next.id, row, fileOf(await deps.engine(), row));
  if (step !== undefined) await vscode.commands.executeCommand(step.command, ...(step.args ?? []));
}

export async function openShell(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, container } = await containerOf(deps, target);
  terminals.shell(await deps.engine(), context, container);
}

export async function showLogs(deps: CommandDeps, target: unknown): Promise<void> {
  const row = rowOf(deps, target);
  const folder = deps.tree.folder(row);
  if (folder?.logs !== undefined) return showOneLog(deps, row, folder);
  const { context, container } = await containerOf(deps, target);
  terminals.logs(await deps.engine(), context, container);
}

/** One of several: followed where its pod is there, else read as the server has it. */
async function showOneLog(deps: CommandDeps, row: TreeNode, folder: Folder): Promise<void> {
  const name = label("name" in row ? row.name : "");
  const looking = vscode.l10n.t("Looking for the logs of {0}", name);
  const found = await withProgress(looking, async (signal) => (await folder.logs?.(row, signal)) ?? []);
  if (found.length === 0) throw noPod();
  const [only] = found;
  const items = found.map((value) => ({
    label: pickLabel(value.title),
    description: pickLabel(value.detail),
    value,
  }));
  const placeholder = vscode.l10n.t("Choose a task");
  const log =
    found.length === 1 && only !== undefined
      ? only
      : await pickOne({ title: vscode.l10n.t("Logs of {0}", name), placeholder, items });
  const { name: context } = folder.cluster.connection.context;
  if (log.container !== undefined) {
    terminals.logs(await deps.engine(), context, log.container);
    return;
  }
  const text = await withProgress(vscode.l10n.t("Reading the log of {0}", label(log.title)), log.read);
  const lines = text.split("\n").map(plainLine).join("\n");
  await deps.documents.show(
    [context, namespaceOf(row) ?? "", row.kind, documentName(row, log.title, "log.txt")],
    lines,
  );
}

/** The next page of a list of pipelines, runs or versions. */
export function morePipelines(deps: CommandDeps, target: unknown): void {
  const row = rowOf(deps, target);
  deps.tree.folder(row)?.more?.(row);
}

/** Deletes exactly the object that the row stands for, after asking. */
export async function deleteObject(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  const own = rowOf(deps, target);
  const removal = deps.tree.folder(own)?.removal?.(own);
  if (removal !== undefined) return remove(deps, nameOf(own), removal);
  if (own.kind === "notebook") return deleteNotebook(deps, own);
  // From the palette any row may be selected, a node of the cluster too.
  if (own.kind !== "job" && own.kind !== "workload")
    throw new UserError(
      "not-deleted",
      vscode.l10n.t(
        "Only training jobs, notebooks, experiments, model servers, Ray jobs, and what Kubeflow Pipelines keeps are deleted here.",
      ),
    );
  const { context, object } = await objectOf(deps, target);
  const { resource, name, namespace, uid } = object;
  await remove(deps, label(name), {
    words: vscode.l10n.t("What belongs to it in the cluster goes with it, pods and their logs too."),
    remove: (signal) => engine.deleteObject(context, { resource, name, namespace, uid }, signal),
  });
}

async function remove({ notify }: CommandDeps, name: string, removal: Removal): Promise<void> {
  if (!(await notify.confirm(vscode.l10n.t("Delete {0}?", name), removal.words, vscode.l10n.t("Delete")))) return;
  await withProgress(vscode.l10n.t("Deleting {0}", name), removal.remove);
}

export async function copyName(deps: CommandDeps, target: unknown): Promise<void> {
  const row = rowOf(deps, target);
  const name =
    row.kind === "namespace"
      ? namespaceOf(row)
      : row.kind === "cluster"
        ? contextOf(row)
        : "name" in row
          ? row.name
          : deps.tree.folder(row)?.object?.(row)?.name;
  if (name !== undefined) await vscode.env.clipboard.writeText(name);
}

async function objectOf(deps: CommandDeps, target: unknown) {
  const row = rowOf(deps, target);
  const folder = await lookedAt(deps, row);
  const object = folder.object?.(row);
  if (object === undefined || object.uid === "") throw gone(row);
  return { row, context: folder.cluster.connection.context.name, object, family: folder.family?.(row) ?? [] };
}

/** The file that a row's job was launched from here with. */
function fileOf({ jobs: { lastRuns } }: Engine, row: TreeNode): string | undefined {
  const job = row.kind === "replica" ? row.parent : row;
  if (job.kind !== "job") return undefined;
  return lastRuns.files().find((file) => {
    const launch = lastRuns.get(file)?.launch;
    return launch?.name === job.name && launch.namespace === job.namespace && launch.context === job.context;
  });
}

/** The live side of a row, with all of its object read: in a large namespace there may be only a printed row of it. */
async function lookedAt(deps: CommandDeps, row: TreeNode): Promise<Folder> {
  const folder = deps.tree.folder(row);
  if (folderOf(row) === undefined) throw noObject(row);
  if (folder === undefined) throw notWatched(row);
  if (folder.look !== undefined)
    await withProgress(vscode.l10n.t("Reading {0}", nameOf(row)), async (signal) => folder.look?.(row, signal));
  return folder;
}

async function containerOf(deps: CommandDeps, target: unknown) {
  const row = rowOf(deps, target);
  const folder = await lookedAt(deps, row);
  const container = folder.container?.(row);
  if (container === undefined) throw noPod();
  return { context: folder.cluster.connection.context.name, container };
}

function noPod(): UserError {
  return new UserError("no-pod", vscode.l10n.t("There is no pod to look into yet."));
}

function gone(row: TreeNode): UserError {
  return new UserError("gone", vscode.l10n.t("{0} stands for nothing in the cluster now.", nameOf(row)));
}

function noObject(row: TreeNode): UserError {
  return new UserError("no-object", vscode.l10n.t("{0} is no object that this can be done with.", nameOf(row)), {
    hint: vscode.l10n.t("Select a training job, a pod, a notebook or a node in the Kubeflow view."),
  });
}

function notWatched(row: TreeNode): UserError {
  return new UserError("not-watched", vscode.l10n.t("{0} is not being watched now.", nameOf(row)), {
    hint: vscode.l10n.t("Open the Kubeflow view, and the folder that it stands in."),
  });
}

function nameOf(row: TreeNode): string {
  if (row.kind === "namespace") return label(row.namespace);
  return "name" in row ? label(row.name) : vscode.l10n.t("This row");
}
