// Where a run goes: the cluster, its namespace, and the kind of job that the cluster has.
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { LaunchKind } from "../../jobs/index.ts";
import { isNamespaceName } from "../../kube/names.ts";
import { COMMANDS } from "../../manifest.ts";
import { type Choice, pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";

export type Step = readonly [step: number, of: number];

/** The kind that is wanted, where the cluster has it; else the one that it prefers. */
export async function kindFor(engine: Engine, context: string, wanted: LaunchKind | undefined): Promise<LaunchKind> {
  const kinds = await withProgress(vscode.l10n.t("Connecting to {0}", label(context)), (signal) =>
    engine.launchKinds(context, signal),
  );
  return kinds.find((kind) => kind === wanted) ?? kinds[0] ?? "PyTorchJob";
}

export async function askContext(
  engine: Engine,
  title: string,
  last: string | undefined,
  step?: Step,
  why?: string,
  /** What did not happen where there is no cluster. */
  what = vscode.l10n.t("The job was not created."),
): Promise<string> {
  const contexts = engine.contexts();
  const [only] = contexts;
  if (only === undefined) throw noCluster(engine, what);
  if (contexts.length === 1 && why === undefined) return only.name;
  const items: Choice<string>[] = contexts.map((context) => ({
    label: pickLabel(context.name),
    description: pickLabel(context.server),
    value: context.name,
  }));
  const preferred = last ?? contexts.find((context) => context.isCurrent)?.name;
  const active = items.find((item) => item.value === preferred);
  const placeholder = why ?? vscode.l10n.t("On which cluster?");
  return pickOne({ title, placeholder, items, active, ...steps(step) });
}

/** There is no cluster to run on, or none that can be read: one sentence with what to press. */
function noCluster(engine: Engine, what: string): UserError {
  const add = { title: vscode.l10n.t("Add Cluster…"), command: COMMANDS.addCluster };
  const [problem] = engine.problems();
  if (problem !== undefined) {
    const open = { title: vscode.l10n.t("Open Kubeconfig"), command: COMMANDS.openKubeconfig, args: [problem.file] };
    return new UserError("kubeconfig", what, {
      why: problem.message,
      next: [open, add],
    });
  }
  return new UserError("no-kubeconfig", what, {
    why: vscode.l10n.t("No kubeconfig was found, so there is no cluster to run on."),
    next: [add],
  });
}

export async function askNamespace(
  engine: Engine,
  title: string,
  context: string,
  last: string | undefined,
  step?: Step,
): Promise<string> {
  const { names, mayList } = await withProgress(vscode.l10n.t("Connecting to {0}", label(context)), (signal) =>
    engine.allNamespaces(context, signal),
  );
  const items: Choice<string>[] = names.map((name) => ({ label: pickLabel(name), value: name }));
  const preferred = last ?? engine.context(context).namespace;
  return pickOne({
    title,
    placeholder: mayList
      ? vscode.l10n.t("In which namespace of {0}?", label(context))
      : vscode.l10n.t("In which namespace of {0}? You may not list them: type its name.", label(context)),
    items,
    active: items.find((item) => item.value === preferred),
    ...steps(step),
    typed: (text) =>
      isNamespaceName(text) ? { label: text, description: vscode.l10n.t("as typed"), value: text } : undefined,
  });
}

export function steps(step: Step | undefined): { readonly step?: Step } {
  return step === undefined ? {} : { step };
}
