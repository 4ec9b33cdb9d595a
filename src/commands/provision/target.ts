import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { pickLabel } from "../../core/sanitize.ts";
import { pickOne } from "../../platform/pick.ts";
import type { MadeRecord, Provisioning } from "../../provision/index.ts";
import type { CommandDeps } from "../deps.ts";
import { contextOf, isNode } from "../nodes.ts";

/**
 * The cluster that was made from here and that a command means: its id, its context, a row of either, else one that
 * is picked. `fits` leaves out those that the command is not for.
 */
export async function madeCluster(
  deps: Pick<CommandDeps, "provisioning">,
  target: unknown,
  title: string,
  fits: (record: MadeRecord) => boolean,
): Promise<MadeRecord> {
  const provisioning = await deps.provisioning();
  const named = await ofTarget(provisioning, target);
  if (named !== undefined) return named;
  const records = (await provisioning.made.list()).filter(fits);
  if (records.length === 0)
    throw new UserError("none-made", vscode.l10n.t("There is no cluster for this."), {
      why: vscode.l10n.t("It works on clusters that were made with Create Cluster."),
    });
  return pickOne({
    title,
    placeholder: vscode.l10n.t("Which cluster?"),
    items: records.map((record) => ({
      label: pickLabel(record.wish.name),
      description: pickLabel(placeWords(record)),
      value: record,
    })),
  });
}

/** `GKE, us-central1` */
export function placeWords({ wish }: Pick<MadeRecord, "wish">): string {
  if (wish.where === "local") return vscode.l10n.t("{0}, this computer", wish.local.tool);
  return wish.where === "gke" ? `GKE, ${wish.gke.project}, ${wish.gke.region}` : `EKS, ${wish.eks.region}`;
}

async function ofTarget(provisioning: Provisioning, target: unknown): Promise<MadeRecord | undefined> {
  const id = typeof target === "string" ? target : isNode(target, "made") ? target.made : undefined;
  // A name without a row is an id, or what a kubeconfig calls the cluster.
  if (id !== undefined)
    return (await provisioning.made.list()).find((record) => record.id === id || record.kubeconfig?.context === id);
  const context = contextOf(target);
  return context === undefined ? undefined : provisioning.ofContext(context);
}
