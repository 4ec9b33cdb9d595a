// Installing Kubeflow in a cluster that is there, and taking away what was installed.
import * as vscode from "vscode";
import { CancelledError, UserError } from "../core/errors.ts";
import { label, pickLabel } from "../core/sanitize.ts";
import { plural } from "../core/text.ts";
import type { Installer, InstallPlan, Profile, Release } from "../install/index.ts";
import { type Choice, pickFolder, pickOne } from "../platform/pick.ts";
import { withProgress } from "../platform/progress.ts";
import type { Step } from "../provision/index.ts";
import { pickContext } from "./cluster/clusters.ts";
import type { CommandDeps } from "./deps.ts";
import { contextOf } from "./nodes.ts";

/** Asks what and from where, shows what would be done, and does it; goes on with what was begun in the cluster. */
export async function installKubeflow(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, installer, releases } = await installerOf(deps, target);
  const title = vscode.l10n.t("Install Kubeflow in {0}", label(context, 60));
  const begun = await withProgress(title, (signal) => installer.unfinished(signal));
  const goOn = { label: vscode.l10n.t("Go on with what was begun"), value: "resume" as const };
  const anew = { label: vscode.l10n.t("Choose anew"), value: "anew" as const };
  const how =
    begun === undefined
      ? "anew"
      : await pickOne({ title, placeholder: vscode.l10n.t("An install was not finished"), items: [goOn, anew] });
  if (how === "resume") {
    await run(title, (tell, signal) => installer.resume(tell, signal));
  } else {
    const [release] = releases;
    if (release === undefined) return;
    const plan = await choosePlan(installer, release, title);
    if (!(await confirmed(deps, plan, context))) return;
    await run(title, (tell, signal) => installer.run(plan, tell, signal));
  }
  const parts = await withProgress(title, (signal) => installer.health(signal));
  const ill = parts.filter(({ state }) => state !== "healthy");
  if (ill.length === 0)
    deps.notify.info(vscode.l10n.t("{0} in {1}: all healthy.", plural(parts.length, "component"), label(context, 60)));
  else deps.notify.warning(`${ill[0]?.title ?? ""}: ${ill[0]?.reasons[0] ?? vscode.l10n.t("not ready yet")}`);
  deps.tree.refresh();
}

/** Takes away what Trainyard installed, in reverse order; volumes stay unless the person says otherwise. */
export async function uninstallKubeflow(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, installer } = await installerOf(deps, target);
  const title = vscode.l10n.t("Uninstall Kubeflow from {0}", label(context, 60));
  const record = await withProgress(title, (signal) => installer.installed(signal));
  if (record === undefined)
    throw new UserError(
      "nothing-installed",
      vscode.l10n.t("Trainyard has installed nothing in {0}.", label(context, 60)),
    );
  const titles = Object.values(record.components).map((component) => component.title);
  const keep = vscode.l10n.t("Uninstall, Keep Volumes");
  const detail = [titles.join(", "), vscode.l10n.t("Jobs, notebooks and runs of these kinds go with them.")];
  if (!(await deps.notify.confirm(title, detail, keep))) return;
  const report = await run(title, (tell, signal) => installer.uninstall({ volumes: false }, tell, signal));
  if (report.left.length === 0) deps.notify.info(vscode.l10n.t("Nothing is left of it."));
  else await deps.documents.show(["left-of-kubeflow.txt"], `${report.left.join("\n")}\n`);
  deps.tree.refresh();
}

async function installerOf(
  deps: CommandDeps,
  target: unknown,
): Promise<{ readonly context: string; readonly installer: Installer; readonly releases: readonly Release[] }> {
  const engine = await deps.engine();
  const context = contextOf(target) ?? (await pickContext(engine));
  const connecting = vscode.l10n.t("Connecting to {0}", label(context, 60));
  const client = await withProgress(connecting, (signal) => engine.connectedClient(context, signal));
  const installers = await deps.installers();
  return { context, installer: installers.of(client), releases: installers.releases };
}

async function choosePlan(installer: Installer, release: Release, title: string): Promise<InstallPlan> {
  const profile = await pickOne<Profile>({
    title,
    placeholder: vscode.l10n.t("Release {0}, data of {1}", release.id, release.date),
    items: release.profiles.map((value) => ({ label: value.title, description: value.about, value })),
  });
  const sources: readonly Choice<"release" | "folder">[] = [
    { label: vscode.l10n.t("From the release’s repository"), description: release.source.repository, value: "release" },
    { label: vscode.l10n.t("From a folder…"), description: vscode.l10n.t("for closed networks"), value: "folder" },
  ];
  const from = await pickOne({ title, placeholder: vscode.l10n.t("Where are its manifests?"), items: sources });
  const folder = from === "folder" ? await chosenFolder(title) : undefined;
  const choice = { release: release.id, wanted: [profile.id], platform: "any" as const };
  return withProgress(title, (signal, report) =>
    installer.plan({ ...choice, ...(folder === undefined ? {} : { folder }) }, signal, report),
  );
}

async function chosenFolder(title: string): Promise<string> {
  const folder = await pickFolder(title, vscode.l10n.t("Choose"));
  if (folder === undefined) throw new CancelledError();
  return folder;
}

/** What would be installed and changed, and what the checks say; a plan that is blocked is a failure with its request. */
async function confirmed(deps: CommandDeps, plan: InstallPlan, context: string): Promise<boolean> {
  const failed = plan.checks.filter(({ state }) => state === "failed");
  if (plan.blocked) {
    await deps.documents.show(["request-for-your-admin.yaml"], plan.adminText({ context, user: undefined }));
    throw new UserError("install-blocked", vscode.l10n.t("Kubeflow was not installed."), {
      why: failed.map((check) => `${check.label}: ${check.detail}`).join(" "),
    });
  }
  const parts = plan.components.map(
    ({ component, objects }) => `${component.title} ${component.version}: ${plural(objects.length, "object")}`,
  );
  const changes = plan.changes.map(({ component, what, why }) => `${component}: ${what} (${why})`);
  const warnings = plan.checks
    .filter(({ state }) => state === "warning")
    .map((check) => `${check.label}: ${check.detail}`);
  return deps.notify.confirm(
    vscode.l10n.t("Install {0} in {1}?", plural(parts.length, "component"), label(context, 60)),
    [...parts, ...changes.map((line) => pickLabel(line, 300)), ...warnings],
    vscode.l10n.t("Install"),
  );
}

/** The work with what it does now in its progress; Cancel stops it where it stands, and it can go on later. */
function run<T>(
  title: string,
  work: (tell: (steps: readonly Step[]) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withProgress(title, (signal, report) =>
    work((steps) => {
      const running = steps.filter(({ state }) => state === "running");
      const done = steps.filter(({ state }) => state === "done").length;
      report(`${done} / ${steps.length} · ${running.map((step) => `${step.label}: ${step.detail}`).join("; ")}`);
    }, signal),
  );
}
