// What a cluster that was made from here offers afterwards: its GPU nodes, its price now, a GPU test, its kubeconfig.
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { pickOne } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CostNow, MadeRecord, PoolNow, Provisioning, Wish } from "../../provision/index.ts";
import type { CommandDeps } from "../deps.ts";
import { madeCluster } from "./target.ts";

type CareDeps = Pick<CommandDeps, "provisioning" | "notify" | "documents">;

const inCloud = ({ phase, wish }: MadeRecord): boolean => phase === "made" && wish.where !== "local";
const isThere = ({ kubeconfig }: MadeRecord): boolean => kubeconfig !== undefined;

/** How many nodes the GPU pool has: from none to some and back, the price named before. */
export async function setGpuNodes(deps: CareDeps, target: unknown): Promise<void> {
  const title = vscode.l10n.t("Set GPU Nodes");
  const { id, wish } = await madeCluster(deps, target, title, inCloud);
  const provisioning = await deps.provisioning();
  const now = await withProgress(vscode.l10n.t("Asking for the pools of {0}", label(wish.name)), (signal) =>
    provisioning.costNow(id, signal),
  );
  const pool = now.pools.find(({ name }) => name === "gpu");
  if (pool?.scalesItself === true)
    throw new UserError("scales-itself", vscode.l10n.t("The GPU nodes of {0} are not set by hand.", label(wish.name)), {
      why: vscode.l10n.t("GKE starts one when a pod waits for it, and stops it when none needs it."),
    });
  if (pool === undefined) {
    const asked = wish.where !== "local" && wish[wish.where].gpu !== null;
    const words = asked
      ? vscode.l10n.t("The cloud lists no GPU pool of {0}, though one was asked for.", label(wish.name))
      : vscode.l10n.t("{0} has no GPU pool. Change Cluster adds one.", label(wish.name));
    deps.notify.info(words);
    return;
  }
  const nodes = await pickNodes(title, pool, now);
  await withProgress(vscode.l10n.t("Setting the GPU nodes of {0}", label(wish.name)), (signal) =>
    provisioning.setNodes(id, pool, nodes, signal),
  );
  deps.notify.info(
    nodes === 0
      ? vscode.l10n.t("The GPU pool of {0} becomes empty: its nodes go within minutes.", label(wish.name))
      : vscode.l10n.t("{0} will have {1}: a node comes within minutes.", label(wish.name), plural(nodes, "GPU node")),
  );
}

function pickNodes(title: string, pool: PoolNow, { gpuNode }: CostNow): Promise<number> {
  const words = (count: number): string => {
    if (count === 0) return vscode.l10n.t("nothing is paid for GPUs");
    return `${pool.machines[0] ?? ""}, ${nodePrice(gpuNode, count)}`;
  };
  const counts = Array.from({ length: pool.max - pool.min + 1 }, (_, index) => pool.min + index);
  return pickOne({
    title,
    placeholder: vscode.l10n.t("{0} now, {1} at most", pool.desired ?? "?", pool.max),
    items: counts.map((count) => ({ label: plural(count, "node"), description: words(count), value: count })),
  });
}

/** `$1.05/h list, on demand` for so many, or why that is not known. */
function nodePrice(gpuNode: CostNow["gpuNode"], count: number): string {
  if (gpuNode === undefined) return vscode.l10n.t("no price");
  return gpuNode.perHour === null ? gpuNode.note : `$${(gpuNode.perHour * count).toFixed(2)}/h ${gpuNode.note}`;
}

/** The cluster's price as its pools are now. */
export async function showCost(deps: CareDeps, target: unknown): Promise<void> {
  const { id, wish } = await madeCluster(deps, target, vscode.l10n.t("Show What It Costs Now"), inCloud);
  const provisioning = await deps.provisioning();
  const now = await withProgress(vscode.l10n.t("Asking for the pools of {0}", label(wish.name)), (signal) =>
    provisioning.costNow(id, signal),
  );
  const sum = `$${now.hour.toFixed(2)}/h`;
  const lines = now.lines.map(({ what, amount, most, source, date, age }) => ({
    label: what,
    description: `${amount} · ${most === null ? vscode.l10n.t("no price") : `$${most.toFixed(2)}/h`}`,
    detail: pickLabel([source, date, age ?? ""].filter((part) => part !== "").join(", ")),
    value: undefined,
  }));
  await pickOne({
    title: now.complete
      ? vscode.l10n.t("{0} costs {1} now", label(wish.name), sum)
      : vscode.l10n.t("{0} costs more than {1} now", label(wish.name), sum),
    placeholder: vscode.l10n.t("Not included: {0}", now.notIncluded.join(", ")),
    items: lines,
  });
}

/** `nvidia-smi` in a pod of the cluster, and what it wrote. */
export async function testGpu(deps: CareDeps, target: unknown): Promise<void> {
  const { id, wish } = await madeCluster(deps, target, vscode.l10n.t("Run GPU Test Pod"), isThere);
  const provisioning = await deps.provisioning();
  const agreed = await deps.notify.confirm(
    vscode.l10n.t("Run nvidia-smi in a pod of {0}?", label(wish.name)),
    gpuTestCost(provisioning, wish),
    vscode.l10n.t("Run"),
  );
  if (!agreed) return;
  const result = await withProgress(vscode.l10n.t("GPU test on {0}", label(wish.name)), (signal, report) =>
    provisioning.testGpu(id, report, signal),
  );
  if (result.log.length > 0)
    await deps.documents.show(["nvidia-smi.txt"], `${result.detail}\n\n${result.log.join("\n")}\n`);
  else if (result.state === "done") deps.notify.info(result.detail);
  else deps.notify.warning(result.detail);
}

/** What the test may cost: on GKE a waiting pod brings a node. */
function gpuTestCost(provisioning: Provisioning, wish: Wish): string {
  if (wish.where !== "gke") return vscode.l10n.t("It needs a node with a free GPU, and asks for none to be started.");
  const price = nodePrice(provisioning.gpuNodePrice(wish), 1);
  return vscode.l10n.t("Where no GPU node is up, GKE starts one for it ({0}) and stops it some minutes later.", price);
}

/** The cluster's context in the person's own kubeconfig: shown first, written when they say so, the old file kept. */
export async function mergeKubeconfig(deps: CareDeps, target: unknown): Promise<void> {
  const { id } = await madeCluster(deps, target, vscode.l10n.t("Merge into My Kubeconfig"), isThere);
  const provisioning = await deps.provisioning();
  const shown = await provisioning.previewMerge(id);
  if (shown.before === shown.after) {
    deps.notify.info(vscode.l10n.t("{0} is in {1} already.", label(shown.context), shown.file));
    return;
  }
  // Never as unsaved documents, which the editor keeps on disk: there are credentials in them.
  const [before, after] = [
    deps.documents.put(["kubeconfig-before.yaml"], shown.before),
    deps.documents.put(["kubeconfig-after.yaml"], shown.after),
  ];
  await vscode.commands.executeCommand("vscode.diff", before, after, vscode.l10n.t("Merge into {0}", shown.file));
  const question = [vscode.l10n.t("Write {0} as the editor shows it?", shown.file), ...shown.renamed].join(" ");
  if (!(await deps.notify.ask(question, vscode.l10n.t("Write")))) return;
  const kept = await provisioning.merge(id, shown);
  deps.notify.info(
    kept === undefined
      ? vscode.l10n.t("{0} was written. Its context is {1}.", shown.file, label(shown.context))
      : vscode.l10n.t("{0} was written; as it was, it is in {1}.", shown.file, kept),
  );
}

/** Takes a cluster of which nothing was made, or nothing is left, out of the list. */
export async function forgetCluster(deps: CareDeps, target: unknown): Promise<void> {
  const gone = ({ phase }: MadeRecord): boolean => phase === "planned" || phase === "destroyed";
  const { id } = await madeCluster(deps, target, vscode.l10n.t("Remove from List"), gone);
  await (await deps.provisioning()).made.forget(id);
}
