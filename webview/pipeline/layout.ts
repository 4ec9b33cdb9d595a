// Where everything of a graph stands: each group is laid out by itself, and is then one box in what is around it. Pure.
import { graphlib, layout as dagreLayout } from "@dagrejs/dagre";
import type { GraphTask } from "../../src/contract/pipeline.ts";

/** Pixels at a zoom of 1. pipeline.css has the same sizes. */
export const TASK = { width: 208, height: 54 } as const;
const GROUP = { head: 40, padding: 16 } as const;
const GAP = { tasks: 28, edges: 12, ranks: 44 } as const;
/** With more neighbours, or more of them side by side, dagre takes longer than a person waits, and its lines grow wide. */
const MOST_SEARCHED = { tasks: 100, beside: 16 } as const;
/** Times that rows are brought nearer to what their tasks are tied to. */
const SWEEPS = 4;

export interface Placed {
  readonly task: GraphTask;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** A group whose children are drawn in it. */
  readonly isOpen: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  /** Paths. */
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Each group before what is in it; neighbours in an order in which they could be run. */
  readonly tasks: readonly Placed[];
  readonly edges: readonly PlacedEdge[];
}

/** `closed`: paths of groups whose children are not drawn. */
export function layoutOf(tasks: readonly GraphTask[], closed: ReadonlySet<string>): Layout {
  const inner = new Map<string, Layout>();
  for (const { path, children } of tasks)
    if (children.length > 0 && !closed.has(path)) inner.set(path, layoutOf(children, closed));
  const sizes = tasks.map((task) => sizeOf(inner.get(task.path)));
  const { forward, back } = edgesOf(tasks);
  const ranks = ranksOf(sizes.length, forward);
  const isLarge = tasks.length > MOST_SEARCHED.tasks || ranks.some(({ length }) => length > MOST_SEARCHED.beside);
  const { drawn, implied } = isLarge ? { drawn: forward, implied: back } : reduced(sizes.length, forward, back);
  const level = isLarge ? rows(sizes, drawn, ranks) : searched(sizes, drawn);
  const placed: Placed[] = [];
  const edges: PlacedEdge[] = [];
  tasks.forEach((task, index) => {
    const box = level.boxes[index];
    const size = sizes[index];
    if (box === undefined || size === undefined) return;
    const own = inner.get(task.path);
    placed.push({ task, ...box, ...size, isOpen: own !== undefined });
    const at = { x: box.x + GROUP.padding, y: box.y + GROUP.head };
    placed.push(...(own?.tasks ?? []).map((one) => ({ ...one, x: one.x + at.x, y: one.y + at.y })));
    edges.push(...(own?.edges ?? []).map((edge) => ({ ...edge, points: edge.points.map((one) => moved(one, at)) })));
  });
  for (const [index, [from, to]] of drawn.entries())
    edges.push(edge(tasks, from, to, level.lines[index] ?? straight(level.boxes, sizes, from, to)));
  for (const [from, to] of implied) edges.push(edge(tasks, from, to, straight(level.boxes, sizes, from, to)));
  return { width: level.width, height: level.height, tasks: placed, edges };
}

type Edge = readonly [from: number, to: number];
interface Size {
  readonly width: number;
  readonly height: number;
}
/** Top left corners by task, ways by edge. */
interface Level extends Size {
  readonly boxes: readonly Point[];
  readonly lines: readonly (readonly Point[])[];
}

function sizeOf(inner: Layout | undefined): Size {
  if (inner === undefined) return TASK;
  const width = Math.max(TASK.width, inner.width + 2 * GROUP.padding);
  return { width, height: inner.height + GROUP.head + GROUP.padding };
}

/** By index, in the order of the tasks that they lead to. Where tasks wait for each other, some lead back. */
function edgesOf(tasks: readonly GraphTask[]): { readonly forward: readonly Edge[]; readonly back: readonly Edge[] } {
  const indices = new Map(tasks.map(({ path }, index) => [path, index]));
  const edges = tasks.flatMap(({ after }, to) =>
    [...new Set(after)].flatMap((path): Edge[] => {
      const from = indices.get(path);
      return from === undefined || from === to ? [] : [[from, to]];
    }),
  );
  return { forward: edges.filter(([from, to]) => from < to), back: edges.filter(([from, to]) => from > to) };
}

/** What comes after a task that comes after this one: its line would only make all the others give way. */
function reduced(
  count: number,
  forward: readonly Edge[],
  back: readonly Edge[],
): { readonly drawn: readonly Edge[]; readonly implied: readonly Edge[] } {
  const nearest = Array.from({ length: count }, (): number[] => []);
  for (const [from, to] of forward) nearest[to]?.push(from);
  const before: Set<number>[] = [];
  for (const froms of nearest) before.push(new Set(froms.flatMap((from) => [from, ...(before[from] ?? [])])));
  const isImplied = ([from, to]: Edge): boolean => nearest[to]?.some((other) => before[other]?.has(from)) === true;
  return { drawn: forward.filter((edge) => !isImplied(edge)), implied: [...forward.filter(isImplied), ...back] };
}

function searched(sizes: readonly Size[], edges: readonly Edge[]): Level {
  const graph = new graphlib.Graph();
  const { tasks: nodesep, edges: edgesep, ranks: ranksep } = GAP;
  graph.setGraph({ rankdir: "TB", ranker: "tight-tree", nodesep, edgesep, ranksep, marginx: 8, marginy: 8 });
  sizes.forEach(({ width, height }, index) => graph.setNode(String(index), { width, height }));
  for (const [from, to] of edges) graph.setEdge(String(from), String(to), {});
  dagreLayout(graph);
  const boxes = sizes.map(({ width, height }, index) => {
    const { x, y } = pointOf(graph.node(String(index)));
    return { x: x - width / 2, y: y - height / 2 };
  });
  const lines = edges.map(([from, to]) => {
    const points: unknown = Reflect.get(Object(graph.edge(String(from), String(to))) as object, "points");
    return Array.isArray(points) ? points.map(pointOf) : [];
  });
  return { ...extent(boxes, sizes), boxes, lines };
}

/** Tasks by the length of the longest way to them. */
function ranksOf(count: number, edges: readonly Edge[]): readonly (readonly number[])[] {
  const ranks = Array.from({ length: count }, () => 0);
  // Edges come in the order of the tasks that they lead to, and lead from earlier ones.
  for (const [from, to] of edges) ranks[to] = Math.max(ranks[to] ?? 0, (ranks[from] ?? 0) + 1);
  const rows: number[][] = [];
  ranks.forEach((rank, index) => (rows[rank] ??= []).push(index));
  return rows;
}

/** Rows of ranks, a wide one in several, each task as near to what it is tied to as its neighbours let it be. */
function rows(sizes: readonly Size[], edges: readonly Edge[], ranks: readonly (readonly number[])[]): Level {
  const tied: { readonly up: number[]; readonly down: number[] }[] = sizes.map(() => ({ up: [], down: [] }));
  for (const [from, to] of edges) {
    tied[from]?.down.push(to);
    tied[to]?.up.push(from);
  }
  const middles = sizes.map(() => 0);
  const width = (index: number): number => sizes[index]?.width ?? TASK.width;
  const place = (row: readonly number[], way: "up" | "down"): number[] => {
    const wanted = (index: number): number => {
      const others = tied[index]?.[way] ?? [];
      return others.length === 0
        ? (middles[index] ?? 0)
        : others.reduce((sum, other) => sum + (middles[other] ?? 0), 0) / others.length;
    };
    const wishes = new Map(row.map((index) => [index, wanted(index)]));
    const sorted = [...row].sort((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
    let edge = -Infinity;
    let drift = 0;
    for (const index of sorted) {
      const wish = wishes.get(index) ?? 0;
      const middle = Math.max(wish, edge + width(index) / 2);
      middles[index] = middle;
      drift += middle - wish;
      edge = middle + width(index) / 2 + GAP.tasks;
    }
    // All to the right of where they would be is as far away as all to the left.
    for (const index of sorted) middles[index] = (middles[index] ?? 0) - drift / sorted.length;
    return sorted;
  };
  const { beside } = MOST_SEARCHED;
  let lines = ranks.flatMap((rank) =>
    Array.from({ length: Math.ceil(rank.length / beside) }, (_, at) => rank.slice(at * beside, (at + 1) * beside)),
  );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    lines = (isDown ? lines : lines.toReversed()).map((line) => place(line, isDown ? "up" : "down"));
    if (!isDown) lines.reverse();
  }
  const left = sizes.reduce((least, _, index) => Math.min(least, (middles[index] ?? 0) - width(index) / 2), 0);
  const boxes: Point[] = sizes.map(() => ({ x: 0, y: 0 }));
  let top = 8;
  for (const line of lines) {
    for (const index of line) boxes[index] = { x: (middles[index] ?? 0) - width(index) / 2 - left + 8, y: top };
    top += GAP.ranks + line.reduce((most, index) => Math.max(most, sizes[index]?.height ?? 0), 0);
  }
  return { ...extent(boxes, sizes), boxes, lines: [] };
}

function extent(boxes: readonly Point[], sizes: readonly Size[]): Size {
  const most = (ends: readonly number[]): number => ends.reduce((a, b) => Math.max(a, b), 0) + 8;
  return {
    width: most(boxes.map(({ x }, index) => x + (sizes[index]?.width ?? 0))),
    height: most(boxes.map(({ y }, index) => y + (sizes[index]?.height ?? 0))),
  };
}

function straight(boxes: readonly Point[], sizes: readonly Size[], from: number, to: number): readonly Point[] {
  const middle = (index: number, share: number): Point => {
    const { x, y } = boxes[index] ?? { x: 0, y: 0 };
    const { width, height } = sizes[index] ?? TASK;
    return { x: x + width / 2, y: y + height * share };
  };
  return [middle(from, 1), middle(to, 0)];
}

function edge(tasks: readonly GraphTask[], from: number, to: number, points: readonly Point[]): PlacedEdge {
  return { from: tasks[from]?.path ?? "", to: tasks[to]?.path ?? "", points };
}

function moved({ x, y }: Point, by: Point): Point {
  return { x: x + by.x, y: y + by.y };
}

/** Labels of dagre's have any shape as far as its types go. */
function pointOf(label: unknown): Point {
  const place = (name: string): number => {
    const value: unknown = Reflect.get(Object(label) as object, name);
    return typeof value === "number" ? value : 0;
  };
  return { x: place("x"), y: place("y") };
}
