import { label } from "../core/sanitize.ts";
import { joined, lasting, plural } from "../core/text.ts";
import { amountWords, freeWords } from "../kubeflow/gpuNames.ts";
import type { Holder, NodeUse } from "../kubeflow/gpuUse.ts";
import type { HolderKind } from "../kubeflow/kinds/gpuPod.ts";
import type { Reason } from "../kubeflow/why.ts";
import { contextValue } from "../manifest.ts";
import type { Allowed } from "./allowed.ts";
import { iconOf, type Row, spokenText } from "./row.ts";

/** The word that a filter by state means. */
export function machineState({ node }: NodeUse): string {
  return !node.ready ? "Not ready" : node.unschedulable ? "Cordoned" : "Ready";
}

export function machineRow(use: NodeUse): Row {
  const { node } = use;
  const name = label(node.name);
  const state = machineState(use);
  const gpus = joined(use.counts.filter(({ total }) => total > 0).map(freeWords));
  const isOdd = state !== "Ready";
  const why = label(node.notReadyWhy ?? "", 60);
  return {
    label: name,
    description: joined([state, why, node.gpuModel ?? "", gpus, node.instanceType ?? ""]),
    ...iconOf(isOdd ? ["warning", "list.warningForeground"] : ["server"]),
    tooltip: [
      `${name} · ${state}`,
      ...(node.notReadyWhy === undefined ? [] : [node.notReadyWhy]),
      ...use.resources.map(({ resource, total, used }) => `${label(resource, 80)}: ${used} of ${total} in use`),
      ...labelled("Instance type", node.instanceType),
      ...labelled("Pool", node.pool),
      ...labelled("Zone", node.zone),
      ...node.taints.map((taint) => `Taint ${taint}`),
    ],
    contextValue: contextValue("machine", { object: true, events: true, name: true, why: isOdd }),
    spoken: spokenText([name, "node", state.toLowerCase(), why, node.gpuModel ?? "", gpus]),
  };
}

/** Why nothing new is sent to a node. */
export function machineWhy({ node }: NodeUse): readonly Reason[] {
  const next = { id: "events", words: "Show events" } as const;
  return [
    ...(node.ready ? [] : [{ text: "The node is not ready.", detail: node.notReadyWhy ?? "", next }]),
    ...(node.unschedulable
      ? [{ text: "It is cordoned: it takes no new pods until somebody uncordons it.", next }]
      : []),
    ...node.taints.map((taint) => ({ text: `Only pods that tolerate it are sent here: ${taint}.` })),
  ];
}

function labelled(what: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${what}: ${value}`];
}

const HOLDER_ICONS: Readonly<Record<HolderKind, string>> = {
  "training job": "rocket",
  notebook: "notebook",
  other: "symbol-misc",
};

/** Of one pod with what may be done with it; several have rows of their own below. */
export function holderRow(holder: Holder, now: number, allowed?: Allowed): Row {
  const gpus = amountWords(holder.gpus);
  const [pod] = holder.pods;
  const pods = holder.pods.length === 1 ? "" : plural(holder.pods.length, "pod");
  const what = holder.kind === "other" ? "pod" : holder.kind;
  const where = label(holder.namespace, 63);
  return {
    label: holder.name,
    description: joined([gpus, pods, where, lasting(now - holder.since)]),
    icon: HOLDER_ICONS[holder.kind],
    tooltip: [
      `${holder.name} · ${what} · ${where}`,
      ...(allowed === undefined || pod === undefined ? [] : [`Pod ${label(pod.pod)}`]),
      joined([gpus, pods]),
    ],
    contextValue: contextValue("holder", {
      name: true,
      object: allowed !== undefined,
      events: allowed?.events === true,
      logs: allowed?.logs === true,
      shell: allowed?.shell === true && pod?.running === true,
    }),
    spoken: spokenText([holder.name, what, `holds ${gpus}`, pods, where]),
  };
}
