// The cluster as boxes: the network around the control plane and its pools, a square per node, a dot per GPU.
// A drawing for the eye; the same is said in a sentence for who does not see it.
import type { FieldPath } from "../../src/contract/preview.ts";
import type { CpuPool, GpuPool, Wish } from "../../src/contract/wish.ts";
import { h, type VNode } from "../ui/dom.ts";
import { TOOL_WORDS, WHERE_WORDS, WORDS } from "./words.ts";

/** Squares that are drawn before the rest is only counted. */
const MOST_NODES = 8;
const MOST_GPUS = 8;

/** Whether a field of the form is not in error: what no cluster can be is not drawn. */
type IsRight = (path: FieldPath) => boolean;

/** `gpu`: the name that people know the GPU of the pool by. */
export function drawing(wish: Wish, gpu: string, isRight: IsRight): VNode {
  const inner = wish.where === "local" ? localBoxes(wish, isRight) : cloudBoxes(wish, wish.where, gpu, isRight);
  const outer = wish.where === "local" ? WORDS.thisComputer : WORDS.network;
  return h(
    "figure",
    { key: "drawing", class: "drawing" },
    h("div", { class: "net", "aria-hidden": "true" }, h("span", { class: "net-name" }, outer), inner),
    h("figcaption", { class: "unseen" }, sentence(wish, gpu, isRight)),
  );
}

function cloudBoxes(wish: Wish, where: "gke" | "eks", gpuName: string, isRight: IsRight): VNode[] {
  const { cpu, gpu } = wish[where];
  const cpuRight = isPoolRight(`${where}.cpu`, isRight);
  const gpuRight = isPoolRight(`${where}.gpu`, isRight);
  const plane = h("div", { class: "box plane" }, name(WORDS.controlPlane), detail(WORDS.managed(WHERE_WORDS[where])));
  const pools = [
    h(
      "div",
      { class: "box pool" },
      name(WORDS.cpuPool),
      detail(cpuWords(cpu, cpuRight)),
      cpuRight && nodes(cpu.nodes, cpu.maxNodes, 0),
    ),
  ];
  if (gpu !== null)
    pools.push(
      h(
        "div",
        { class: "box pool gpu" },
        name(WORDS.gpuPool),
        detail(gpu.machine),
        detail(gpuRight ? WORDS.gpusEach(gpu.perNode, gpuName) : WORDS.unclear),
        gpuRight && nodes(0, gpu.maxNodes, gpu.perNode),
      ),
    );
  return [plane, h("div", { class: "pools" }, pools)];
}

/** Numbers of a pool bear on each other: where one is wrong, none is drawn. */
function isPoolRight(pool: string, isRight: IsRight): boolean {
  return ["nodes", "maxNodes", "perNode"].every((field) => isRight(`${pool}.${field}`));
}

function localBoxes(wish: Wish, isRight: IsRight): VNode[] {
  const { tool, registry } = wish.local;
  const words = localWords(wish, isRight);
  const one = h("div", { class: "box pool" }, name(TOOL_WORDS[tool]), detail(words), nodes(1, 1, 0));
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

function cpuWords({ machine, nodes: least, maxNodes }: CpuPool, right: boolean): string {
  return `${right ? WORDS.starts(least, maxNodes) : WORDS.unclear}, ${machine}`;
}

function gpuWords({ machine, maxNodes, perNode }: GpuPool, gpuName: string, right: boolean): string {
  return right
    ? `${WORDS.starts(0, maxNodes)}, ${machine}, ${WORDS.gpusEach(perNode, gpuName)}`
    : `${WORDS.unclear}, ${machine}`;
}

function localWords({ local }: Wish, isRight: IsRight): string {
  const { cpus, memoryGiB } = local;
  const sizes = [
    cpus > 0 && isRight("local.cpus") && `${cpus} CPUs`,
    memoryGiB > 0 && isRight("local.memoryGiB") && `${memoryGiB} GB`,
  ];
  return sizes.filter((size) => size !== false).join(", ");
}

function sentence(wish: Wish, gpuName: string, isRight: IsRight): string {
  const { where } = wish;
  if (where === "local") return `${WORDS.thisComputer}: ${TOOL_WORDS[wish.local.tool]}, ${localWords(wish, isRight)}.`;
  const { cpu, gpu } = wish[where];
  const parts = [WORDS.controlPlane, `${WORDS.cpuPool} (${cpuWords(cpu, isPoolRight(`${where}.cpu`, isRight))})`];
  if (gpu !== null) parts.push(`${WORDS.gpuPool} (${gpuWords(gpu, gpuName, isPoolRight(`${where}.gpu`, isRight))})`);
  return `${WORDS.network}: ${parts.join(", ")}.`;
}
