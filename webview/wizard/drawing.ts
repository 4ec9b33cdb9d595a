// The cluster as boxes: the network around the control plane and its pools, a square per node, a dot per GPU.
// A drawing for the eye; the same is said in a sentence for who does not see it.
import type { CpuPool, GpuPool, Wish } from "../../src/contract/wish.ts";
import { h, type VNode } from "../ui/dom.ts";
import { TOOL_WORDS, WHERE_WORDS, WORDS } from "./words.ts";

/** Squares that are drawn before the rest is only counted. */
const MOST_NODES = 8;
const MOST_GPUS = 8;

/** `gpu`: the name that people know the GPU of the pool by. */
export function drawing(wish: Wish, gpu: string): VNode {
  const inner = wish.where === "local" ? localBoxes(wish) : cloudBoxes(wish, wish.where, gpu);
  const outer = wish.where === "local" ? WORDS.thisComputer : WORDS.network;
  return h(
    "figure",
    { key: "drawing", class: "drawing" },
    h("div", { class: "net", "aria-hidden": "true" }, h("span", { class: "net-name" }, outer), inner),
    h("figcaption", { class: "unseen" }, sentence(wish, gpu)),
  );
}

function cloudBoxes(wish: Wish, where: "gke" | "eks", gpuName: string): VNode[] {
  const { cpu, gpu } = wish[where];
  const plane = h("div", { class: "box plane" }, name(WORDS.controlPlane), detail(WORDS.managed(WHERE_WORDS[where])));
  const pools = [
    h("div", { class: "box pool" }, name(WORDS.cpuPool), detail(cpuWords(cpu)), nodes(cpu.nodes, cpu.maxNodes, 0)),
  ];
  if (gpu !== null)
    pools.push(
      h(
        "div",
        { class: "box pool gpu" },
        name(WORDS.gpuPool),
        detail(gpu.machine),
        detail(WORDS.gpusEach(gpu.perNode, gpuName)),
        nodes(0, gpu.maxNodes, gpu.perNode),
      ),
    );
  return [plane, h("div", { class: "pools" }, pools)];
}

function localBoxes(wish: Wish): VNode[] {
  const { tool, registry } = wish.local;
  const one = h("div", { class: "box pool" }, name(TOOL_WORDS[tool]), detail(localWords(wish)), nodes(1, 1, 0));
  const beside = h("div", { class: "box pool" }, name(WORDS.registry), detail("k3d"));
  return [h("div", { class: "pools alone" }, one, tool === "k3d" && registry && beside)];
}

/** Squares: whole for nodes that are there from the start, dashed for those that may come. */
function nodes(least: number, most: number, gpus: number): VNode {
  const count = Math.max(least, most);
  const squares = Array.from({ length: Math.min(count, MOST_NODES) }, (_, index) =>
    h(
      "span",
      { class: index < least ? "node" : "node later" },
      Array.from({ length: Math.min(gpus, MOST_GPUS) }, () => h("span", { class: "dot" })),
    ),
  );
  const rest = count - MOST_NODES;
  return h("span", { class: "nodes" }, squares, rest > 0 && h("span", { class: "rest" }, WORDS.more(rest)));
}

function name(text: string): VNode {
  return h("span", { class: "box-name" }, text);
}

function detail(text: string): VNode {
  return h("span", { class: "box-detail" }, text);
}

function cpuWords({ machine, nodes: least, maxNodes }: CpuPool): string {
  return `${WORDS.starts(least, maxNodes)}, ${machine}`;
}

function gpuWords(gpu: GpuPool, gpuName: string): string {
  return `${WORDS.starts(0, gpu.maxNodes)}, ${gpu.machine}, ${WORDS.gpusEach(gpu.perNode, gpuName)}`;
}

function localWords({ local }: Wish): string {
  const sizes = [local.cpus > 0 && `${local.cpus} CPUs`, local.memoryGiB > 0 && `${local.memoryGiB} GB`];
  return sizes.filter((size) => size !== false).join(", ");
}

function sentence(wish: Wish, gpuName: string): string {
  if (wish.where === "local") return `${WORDS.thisComputer}: ${TOOL_WORDS[wish.local.tool]}, ${localWords(wish)}.`;
  const { cpu, gpu } = wish[wish.where];
  const parts = [WORDS.controlPlane, `${WORDS.cpuPool} (${cpuWords(cpu)})`];
  if (gpu !== null) parts.push(`${WORDS.gpuPool} (${gpuWords(gpu, gpuName)})`);
  return `${WORDS.network}: ${parts.join(", ")}.`;
}
