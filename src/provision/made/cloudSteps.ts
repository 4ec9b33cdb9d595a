// The steps of a cluster in a cloud: what Terraform does, and what comes before and after it.
import path from "node:path";
import type { PlanWords } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText, isCancelled, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { duration, plural } from "../../core/text.ts";
import {
  choiceOf,
  componentGroup,
  type FlowPorts,
  installInto,
  installNotes,
  type Prepared,
  type Timeline,
  wantedOf,
} from "../../install/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { NODE, projectNode } from "../../kubeflow/kinds/node.ts";
import { applyDevicePlugin, devicePluginIs, fetchKubeconfig, gpuState, storageClassIs } from "../cloud/afterCreate.ts";
import { type Leftovers, leftovers } from "../cloud/leftovers.ts";
import { files } from "../files/files.ts";
import { writeFolder } from "../files/folder.ts";
import type { TerraformPlace } from "../terraform/commands.ts";
import type { FailureContext } from "../terraform/failures.ts";
import { Terraform } from "../terraform/terraform.ts";
import type { Button } from "./job.ts";
import type { Desk, MakingPorts } from "./ports.ts";
import type { MadeRecord } from "./record.ts";

/** Where one cluster's Terraform works: the files that a person may read, and what is ours beside them. */
export function placeOf(ports: Pick<MakingPorts, "made" | "pluginCache">, { id, wish }: MadeRecord): TerraformPlace {
  const folder = ports.made.folder(id);
  const { profile, region } = wish.eks;
  return {
    ...{ folder: path.join(folder, "terraform"), storage: path.join(folder, "work"), pluginCache: ports.pluginCache },
    ...(wish.where === "eks" && { aws: { profile, region } }),
  };
}

export function failureContext({ where, gke, eks }: Wish): FailureContext {
  if (where === "gke") return { project: gke.project, region: gke.region };
  return { region: eks.region, machines: { cpu: eks.cpu.machine, ...(eks.gpu && { gpu: eks.gpu.machine }) } };
}

/** Writes the wish's files and finds Terraform for them. Throws UserError where either cannot be. */
export async function terraformFor(ports: MakingPorts, record: MadeRecord, signal: AbortSignal): Promise<Terraform> {
  const place = placeOf(ports, record);
  await writeFolder(place.folder, files(record.wish, await ports.templates(), ports.live(record.wish)));
  return foundTerraform(ports, record, signal);
}

/** Terraform for the files that are there. */
export async function foundTerraform(ports: MakingPorts, record: MadeRecord, signal: AbortSignal): Promise<Terraform> {
  const { clock, log, platform } = ports;
  return new Terraform({
    ...{ program: await ports.findTerraform(signal), place: placeOf(ports, record), platform, clock, log },
    context: failureContext(record.wish),
  });
}

/** The steps after a cloud's cluster was made, with the names that the page shows. */
export const AFTER_STEPS = [
  ["kubeconfig", "Kubeconfig"],
  ["nodes", "Nodes"],
  ["storage", "Default storage"],
  ["gpus", "GPU device plugin"],
] as const;

/** After its networks or pools were changed: its endpoint may be another one, and its first GPU pool may be new. */
export const CHANGED_STEPS = [
  ["kubeconfig", "Kubeconfig"],
  ["gpus", "GPU device plugin"],
] as const;

/** Milliseconds that the first nodes may take after the cloud says that they are made. */
const NODES_MS = 600_000;
const LOOK_AGAIN_MS = 3_000;

/**
 * Fetches the kubeconfig, shows the cluster in the tree, and sees to what training needs of it, as far as the timeline has
 * a step for it. What is wrong with nodes, storage or GPUs is said in its step and fails nothing: the cluster is there.
 */
export async function afterMaking(
  ports: MakingPorts,
  record: MadeRecord,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<MadeRecord> {
  let made = record;
  await timeline.run("kubeconfig", async () => {
    const kubeconfig = await fetchKubeconfig(record.wish, ports, signal);
    made = await ports.made.update(record.id, { kubeconfig });
    await ports.desk.added(kubeconfig);
    return `Context ${label(kubeconfig.context)}, in a file of its own; yours is as it was.`;
  });
  const context = made.kubeconfig?.context ?? "";
  const { where, eks, gke } = record.wish;
  const has = (id: string): boolean => timeline.steps.some((step) => step.id === id);
  if (has("nodes")) {
    const { nodes } = where === "eks" ? eks.cpu : gke.cpu;
    await settle(ports, timeline, "nodes", async (tell) =>
      nodesReady(await ports.client(context, signal), nodes, ports.clock, tell, signal),
    );
  }
  if (has("storage"))
    await settle(ports, timeline, "storage", async () => storageWords(await ports.client(context, signal), signal));
  if ((where === "eks" ? eks.gpu : gke.gpu) === null) {
    timeline.put("gpus", { state: "skipped", detail: "There is no GPU pool." });
    return made;
  }
  await settle(ports, timeline, "gpus", async () => {
    const client = await ports.client(context, signal);
    const before = await gpuState(client, signal);
    // GKE brings its own; on EKS the page has said that it is installed.
    if (where === "eks" && !before.plugin) await applyDevicePlugin(client, signal);
    const outcome = devicePluginIs({ ...before, plugin: before.plugin || where === "eks" });
    if (outcome.state === "ok") return outcome.detail;
    return "GKE brings the device plugin with the first GPU node.";
  });
  return made;
}

/** Waits until so many nodes are ready. Rejects with UserError `not-ready` after ten minutes. */
async function nodesReady(
  client: KubeClient,
  wanted: number,
  clock: Clock,
  tell: (detail: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const since = clock.monotonic();
  for (;;) {
    const { items } = await client.list<KubeObject>(NODE, { signal, limit: 500 });
    const ready = items.filter((node) => projectNode(node).ready).length;
    if (ready >= wanted) return `${ready} ready.`;
    tell(`${ready} of ${wanted} ready`);
    if (clock.monotonic() - since > NODES_MS)
      throw new UserError("not-ready", `${ready} of ${wanted} nodes are ready after ${duration(NODES_MS)}.`, {
        hint: "The cloud's console says what keeps the others.",
      });
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Kubeflow, its dashboard and a job, as the wish says. What fails of it is its own: the cluster is there. */
export async function installKubeflow(
  ports: MakingPorts,
  { wish, kubeconfig, kubeflow }: MadeRecord,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<void> {
  const target = { context: kubeconfig?.context ?? "", wish: wish.kubeflow, held: kubeflow };
  try {
    await installInto(await ports.kubeflow(), timeline, target, signal);
  } catch (error) {
    if (isCancelled(error) || signal.aborted) throw error;
    ports.log.warn(`kubeflow in ${target.context}: ${errorText(error)}`);
  }
}

/** What would be installed, built before there is a cluster; undefined where nothing is wanted. Rejects as `prepare`. */
export async function preparedKubeflow(
  ports: { readonly kubeflow: () => Promise<Pick<FlowPorts, "installers">> },
  { where, kubeflow, local }: Wish,
  tell: (detail: string) => void,
  signal: AbortSignal,
): Promise<Prepared | undefined> {
  if (wantedOf(kubeflow).length === 0) return undefined;
  const { installers } = await ports.kubeflow();
  const [release] = installers.releases;
  const here = local.tool === "kind" ? "kind" : "any";
  const platform = where === "local" ? here : where;
  return release && installers.prepare(choiceOf(kubeflow, release, platform), signal, tell);
}

/** The plan of the cluster with what Kubeflow adds to it. */
export function withKubeflow(words: PlanWords, prepared: Prepared | undefined): PlanWords {
  if (prepared === undefined) return words;
  const parts = plural(prepared.components.length, "part");
  return {
    ...words,
    sentence: `${words.sentence}; then installs ${parts} of Kubeflow ${prepared.release.id}`,
    groups: [...words.groups, componentGroup(prepared)],
    notes: [...(words.notes ?? []), ...installNotes(prepared)],
  };
}

/** First of what can be done with a cluster that has a dashboard. */
export function dashboardButtons(
  { steps }: Timeline,
  desk: Pick<Desk, "openDashboard">,
  context: string | undefined,
): readonly Button[] {
  if (context === undefined || !steps.some(({ id, state }) => id === "dashboard" && state === "done")) return [];
  return [{ title: "Open Dashboard", press: () => desk.openDashboard(context) }];
}

export async function storageWords(client: KubeClient, signal: AbortSignal): Promise<string> {
  const outcome = await storageClassIs(client, signal);
  if (outcome.state !== "ok")
    throw new UserError("no-storage", outcome.detail, {
      hint: "A StorageClass that is marked as the default mends it.",
    });
  return outcome.detail;
}

/** `ml-team is ready.`, or what of it still needs somebody. */
export function readyWords(name: string, { steps }: Timeline): string {
  const failed = steps
    .filter(({ id, state }) => state === "failed" && !id.startsWith("kubeflow-"))
    .map((step) => lowered(step.label));
  return failed.length === 0 ? `${name} is ready.` : `${name} is there. See to its ${failed.join(" and its ")}.`;
}

/** `default storage`, `GPU device plugin` */
function lowered(name: string): string {
  return name === "Kubeflow" ? name : name.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

/** A step whose failure is its own: it is shown and logged, and the work goes on. Cancelling still ends all. */
export async function settle(
  ports: Pick<MakingPorts, "log">,
  timeline: Timeline,
  id: string,
  work: (tell: (detail: string) => void) => Promise<string>,
): Promise<void> {
  try {
    await timeline.run(id, work);
  } catch (error) {
    if (timeline.steps.find((step) => step.id === id)?.state === "cancelled") throw error;
    ports.log.warn(`step ${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What is left in the cloud after everything was destroyed; the words of the step and all of it for a person to read. */
export async function listLeftovers(
  ports: MakingPorts,
  wish: Wish,
  signal: AbortSignal,
): Promise<{ readonly words: string; readonly found: Leftovers }> {
  const found = await leftovers(wish, ports.programs, signal);
  const { items, notes } = found;
  const unknown = notes.length === 0 ? "" : ` Not everything could be listed: ${notes[0] ?? ""}`;
  if (items.length > 0) return { words: `${plural(items.length, "thing")} left that cost money.${unknown}`, found };
  return { words: notes.length === 0 ? "Nothing is left that bears its name." : unknown.trim(), found };
}

/** The list with the commands that remove each, for a person to read and run. */
export function leftoversText(name: string, { items, notes }: Leftovers): string {
  const lines = items.flatMap(({ what, argv }) => [
    `# ${what}`,
    argv.length === 0 ? "# to be removed in the cloud's console" : argv.map(quoted).join(" "),
    "",
  ]);
  const said = notes.map((note) => `# Not listed: ${note}`);
  return [`# What is left of ${label(name, 100)}. Read each line before you run it.`, "", ...lines, ...said, ""].join(
    "\n",
  );
}

/** For a shell that a person pastes it into. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
