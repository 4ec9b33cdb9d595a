import { homedir } from "node:os";
import * as vscode from "vscode";
import { label, pickLabel } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { COMMANDS } from "../../manifest.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { AddClusterStep, AddedCluster, CloudCluster, CloudList, ExistingClusters } from "../../provision/index.ts";
import type { CommandDeps } from "../deps.ts";
import { addFile } from "./files.ts";

/** A kubeconfig file, or a cluster that the person has at Google or Amazon. `target` is a step that a failure offered. */
export async function addCluster(deps: CommandDeps, target?: unknown): Promise<void> {
  const { existing } = await deps.engine();
  if (isStep(target)) return carryOut(existing, target);
  const [gcloud, aws] = await withProgress(vscode.l10n.t("Looking for gcloud and aws"), () =>
    Promise.all([existing.has("gcloud"), existing.has("aws")]),
  );
  // The wizard's questions without its page.
  const create = vscode.l10n.t("None yet: create one by quick picks…");
  const needs = (program: string, found: boolean): string => (found ? "" : vscode.l10n.t("{0} was not found", program));
  const source = await pickOne({
    title: vscode.l10n.t("Add Cluster"),
    placeholder: vscode.l10n.t("Where is the cluster known?"),
    items: [
      { label: vscode.l10n.t("Kubeconfig file…"), value: "file" },
      { label: vscode.l10n.t("Google Kubernetes Engine…"), description: needs("gcloud", gcloud), value: "gke" },
      { label: vscode.l10n.t("Amazon EKS…"), description: needs("aws", aws), value: "eks" },
      { label: create, value: "create" },
    ],
  });
  if (source === "create") {
    await vscode.commands.executeCommand(COMMANDS.createCluster, "quick");
    return;
  }
  if (source === "file") return addChosenFile(deps);
  await show(deps, existing, source === "gke" ? await fromGke(existing) : await fromEks(existing));
}

async function fromGke({ gke }: ExistingClusters): Promise<AddedCluster> {
  const title = vscode.l10n.t("Google Kubernetes Engine");
  const { items, current } = await withProgress(vscode.l10n.t("Asking gcloud for your projects"), (signal) =>
    gke.projects(signal),
  );
  const projects = items.map(({ id, name }) => ({ label: pickLabel(id), description: pickLabel(name), value: id }));
  for (;;) {
    const project = await pickName(title, vscode.l10n.t("Project"), projects, current);
    const clusters = await withProgress(
      vscode.l10n.t("Asking gcloud for the clusters of {0}", label(project)),
      (signal) => gke.clusters(project, signal),
    );
    const cluster = await pickCluster(title, project, clusters, vscode.l10n.t("Another project…"));
    if (cluster !== undefined) return withProgress(adding(cluster), (signal) => gke.add(project, cluster, signal));
  }
}

async function fromEks({ eks }: ExistingClusters): Promise<AddedCluster> {
  const title = vscode.l10n.t("Amazon EKS");
  const profiles = await withProgress(vscode.l10n.t("Asking aws for your profiles"), (signal) => eks.profiles(signal));
  // An empty name is no profile's: what the environment gives, such as keys or a role.
  const none = { label: vscode.l10n.t("Default credentials"), description: vscode.l10n.t("no profile"), value: "" };
  const named = profiles.items.map((name) => ({ label: pickLabel(name), value: name }));
  const profile =
    (await pickName(title, vscode.l10n.t("Profile"), [none, ...named], profiles.current ?? "")) || undefined;
  const regions = await withProgress(vscode.l10n.t("Asking aws for your regions"), (signal) =>
    eks.regions(profile, signal),
  );
  const choices = regions.items.map((name) => ({ label: pickLabel(name), value: name }));
  for (;;) {
    const region = await pickName(title, vscode.l10n.t("Region"), choices, regions.current);
    const clusters = await withProgress(vscode.l10n.t("Asking aws for the clusters of {0}", label(region)), (signal) =>
      eks.clusters({ profile, region }, signal),
    );
    const cluster = await pickCluster(title, region, clusters, vscode.l10n.t("Another region…"));
    if (cluster !== undefined)
      return withProgress(adding(cluster), (signal) => eks.add({ profile, region }, cluster, signal));
  }
}

/** One of the names, or one that is typed: not everybody may list them. */
function pickName(
  title: string,
  placeholder: string,
  items: readonly Choice<string>[],
  current: string | undefined,
): Promise<string> {
  const own = (name: string, description: string): Choice<string> => ({
    label: pickLabel(name),
    description,
    value: name,
  });
  const isListed = current === undefined || items.some(({ value }) => value === current);
  const all = isListed ? items : [own(current, vscode.l10n.t("current")), ...items];
  return pickOne({
    title,
    placeholder,
    items: all,
    active: all.find(({ value }) => value === current),
    typed: (name) => own(name, vscode.l10n.t("as typed")),
  });
}

/** Undefined where the person wants to look elsewhere. */
function pickCluster(
  title: string,
  where: string,
  { items, note }: CloudList<CloudCluster>,
  elsewhere: string,
): Promise<CloudCluster | undefined> {
  const words =
    items.length === 0 ? vscode.l10n.t("There is no cluster in {0}", label(where)) : vscode.l10n.t("Cluster");
  return pickOne<CloudCluster | undefined>({
    title,
    placeholder: note === undefined ? words : `${words} (${note})`,
    items: [
      ...items.map((cluster) => ({ label: pickLabel(cluster.name), description: describe(cluster), value: cluster })),
      { label: elsewhere, value: undefined },
    ],
  });
}

function adding({ name }: CloudCluster): string {
  return vscode.l10n.t("Adding {0}", label(name));
}

function describe({ location, version, state, nodes }: CloudCluster): string {
  const parts = [location, version, state, nodes === undefined ? "" : plural(nodes, "node")];
  return pickLabel(parts.filter((part) => part !== "").join(" · "));
}

async function show(deps: CommandDeps, existing: ExistingClusters, { file, context }: AddedCluster): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const known = engine.contexts().find(({ name }) => name === context);
  if (known !== undefined && known.file !== file) {
    // The first file that names a context decides what it is: ours would never be read.
    await existing.files.remove(file);
    deps.notify.info(vscode.l10n.t("{0} is there already: it is written in {1}.", label(context), known.file));
  } else {
    await addFile(deps, file);
  }
  await deps.tree.show.cluster(context);
}

async function addChosenFile(deps: CommandDeps): Promise<void> {
  const picked = await vscode.window.showOpenDialog({
    canSelectMany: false,
    title: vscode.l10n.t("Kubeconfig file"),
    openLabel: vscode.l10n.t("Add"),
  });
  const file = picked?.[0]?.fsPath;
  if (file === undefined) return;
  await addFile(deps, file);
  const added = (await deps.engine()).contexts().find((context) => context.file === file);
  if (added !== undefined) await deps.tree.show.cluster(added.name);
}

async function carryOut(existing: ExistingClusters, step: AddClusterStep): Promise<void> {
  if (step.kind === "copy-command") return vscode.env.clipboard.writeText(existing.pluginCommand);
  const { file, args } = await existing.signInCommand(step);
  // By argv: nothing is typed into a shell, whatever a profile is called. Not in the workspace's folder.
  const name = vscode.l10n.t("Sign in with {0}", step.program);
  vscode.window
    .createTerminal({ name, shellPath: file, shellArgs: [...args], cwd: homedir(), isTransient: true })
    .show();
}

/** Anybody may call a command with anything: what a step asks for is looked at again where it is done. */
function isStep(target: unknown): target is AddClusterStep {
  if (typeof target !== "object" || target === null || !("kind" in target)) return false;
  return target.kind === "sign-in" || target.kind === "copy-command";
}
