import * as vscode from "vscode";
import type { Step } from "../../contract/preview.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { InstallRecord, TakenAlong } from "../../install/index.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { kubeflowOf } from "./cluster.ts";

/** Kinds that bring volumes along, by themselves or in the namespaces that they stand for. */
const WITH_VOLUMES: ReadonlySet<string> = new Set(["PersistentVolumeClaim", "StatefulSet", "Profile"]);

/** Names in one list of the question. */
const MOST_SHOWN = 12;

/** Undefined where nothing that was installed has any. */
type Volumes = "go" | "stay" | undefined;

/** Takes away what Trainyard installed, in reverse order; volumes stay unless the person says otherwise, twice. */
export async function uninstallKubeflow(deps: CommandDeps, target: unknown): Promise<void> {
  const { context, connection, installers } = await kubeflowOf(deps, target);
  const { client } = connection;
  const installer = installers.of(client);
  const title = vscode.l10n.t("Uninstall Kubeflow from {0}", label(context, 60));
  const [record, along] = await withProgress(title, (signal) =>
    Promise.all([installer.installed(signal), installer.takenAlong(signal)]),
  );
  if (record === undefined)
    throw new UserError(
      "nothing-installed",
      vscode.l10n.t("Trainyard has installed nothing in {0}.", label(context, 60)),
    );
  const volumes = await askVolumes(title, record);
  const titles = Object.values(record.components).map((component) => label(component.title, 60));
  const detail = [vscode.l10n.t("What goes: {0}.", titles.join(", ")), ...alongWords(along)];
  let agree = vscode.l10n.t("Uninstall");
  if (volumes === "go") {
    detail.push(vscode.l10n.t("The volumes go as well: the data on them is lost, and nothing brings it back."));
    agree = vscode.l10n.t("Uninstall and Delete Data");
  } else if (volumes === "stay") {
    detail.push(vscode.l10n.t("Volumes with data stay, and the namespaces that they are in."));
    agree = vscode.l10n.t("Uninstall, Keep Volumes");
  }
  if (!(await deps.notify.confirm(`${title}?`, detail, agree))) return;
  try {
    const { left, gone } = await withProgress(title, async (signal, report) => {
      const { left } = await installer.uninstall(
        { volumes: volumes === "go" },
        (steps) => report(underWay(steps)),
        signal,
      );
      const gone = (await installer.installed(signal)) === undefined;
      if (gone) await installers.dashboards.forget(connection, signal);
      return { left, gone };
    });
    const said = gone
      ? vscode.l10n.t("Kubeflow was taken away from {0}.", label(context, 60))
      : vscode.l10n.t("Some of Kubeflow is still in {0}.", label(context, 60));
    const lines = [said, vscode.l10n.t("This was left, and why:"), "", ...left];
    if (left.length > 0) await deps.documents.show(["left-of-kubeflow.txt"], `${lines.join("\n")}\n`);
    else deps.notify.info(said);
  } finally {
    deps.tree.refresh();
  }
}

/** What people have that goes with it. */
function alongWords({ kinds, namespaces }: TakenAlong): readonly string[] {
  const shown = (names: readonly string[]): string => {
    const more = names.length - MOST_SHOWN;
    const first = names.slice(0, MOST_SHOWN).map((name) => label(name, 63));
    return [...first, ...(more > 0 ? [vscode.l10n.t("{0} more", more)] : [])].join(", ");
  };
  const objects = shown(kinds.map(([kind, count]) => `${count} × ${kind}`));
  return [
    ...(kinds.length > 0 ? [vscode.l10n.t("What people have made of these kinds goes with them: {0}.", objects)] : []),
    ...(namespaces.length > 0
      ? [vscode.l10n.t("These namespaces go with all that is in them: {0}.", shown(namespaces))]
      : []),
  ];
}

/** What is done now, once for all parts that do the same. */
function underWay(steps: readonly Step[]): string {
  const parts = new Map<string, string[]>();
  for (const { state, label: part, detail } of steps)
    if (state === "running") parts.set(detail, [...(parts.get(detail) ?? []), part]);
  return [...parts].map(([detail, labels]) => `${labels.join(", ")}: ${detail}`).join("; ");
}

/** Whether volumes are to go as well. Asked only where there may be any. */
async function askVolumes(title: string, { components }: InstallRecord): Promise<Volumes> {
  const objects = Object.values(components).flatMap((component) => component.objects);
  if (!objects.some(({ kind }) => WITH_VOLUMES.has(kind))) return undefined;
  return pickOne<Volumes>({
    title,
    placeholder: vscode.l10n.t("What becomes of the volumes with data?"),
    items: [
      { label: vscode.l10n.t("Keep Volumes"), value: "stay" },
      { label: vscode.l10n.t("Delete Volumes Too…"), value: "go" },
    ],
  });
}
