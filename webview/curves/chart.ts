// One chart: uPlot on a canvas, in the colours of the theme as they are when it is drawn.
import uPlot from "uplot";
import { joined } from "../../src/core/text.ts";
import { after, h, type VNode } from "../ui/dom.ts";
import { type Aligned, figure, lastOf, placeWords, smoothed, type XKind } from "./state.ts";

const HEIGHT_PX = 240;
const COLOURS = 6;
/** Of the canvas, in pixels; curves.css draws the same beside a run's name. */
const STROKES: readonly (readonly number[])[] = [[], [8, 4], [2, 3]];

/** Colour and stroke of a run: told apart without colours, too. */
export function looks(colour: number): { readonly colour: number; readonly stroke: number } {
  return { colour: colour % COLOURS, stroke: (colour + Math.floor(colour / COLOURS)) % STROKES.length };
}

export interface ChartParts {
  /** What a screen reader says of it. */
  readonly spoken: string;
  readonly x: XKind;
  readonly smooth: boolean;
  readonly data: Aligned;
}

interface Shown {
  readonly plot: uPlot;
  readonly observer: ResizeObserver;
  /** What it was made for; data alone goes into the chart that is there. */
  readonly shape: string;
  data: Aligned;
}

const shown = new Map<Element, Shown>();

export function chart(parts: ChartParts): VNode {
  const node = h("div", { key: "plot", class: "plot", role: "img", "aria-label": parts.spoken });
  return after(node, (element) => show(element, parts));
}

/** After the page was drawn: charts that are not in it any more end. */
export function sweepCharts(): void {
  for (const [element, one] of shown) if (!element.isConnected) end(element, one);
}

/** After the theme has changed. */
export function redrawCharts(): void {
  for (const { plot } of shown.values()) plot.redraw(false, true);
}

function show(element: Element, parts: ChartParts): void {
  const { data, x, smooth } = parts;
  const shape = JSON.stringify([x, smooth, data.runs.map(({ name, colour }) => [name, colour])]);
  const had = shown.get(element);
  if (had?.shape === shape) {
    had.data = data;
    had.plot.setData(columns(parts));
    readOut(element, x, data, had.plot.cursor.idx);
    return;
  }
  if (had !== undefined) end(element, had);
  const plot = new uPlot(options(element, parts), columns(parts));
  element.append(plot.root);
  const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
  observer.observe(element);
  shown.set(element, { plot, observer, shape, data });
  readOut(element, x, data, undefined);
}

function end(element: Element, { plot, observer }: Shown): void {
  observer.disconnect();
  plot.destroy();
  shown.delete(element);
}

/** X, then each run; where smoothed, what was smoothed behind it. A value that is not finite is a gap. */
function columns({ data, smooth }: ChartParts): uPlot.AlignedData {
  const drawn = (values: readonly (number | undefined)[]): (number | null | undefined)[] =>
    values.map((value) => (value === undefined || Number.isFinite(value) ? value : null));
  const plain = data.columns.map(drawn);
  return [[...data.xs], ...plain, ...(smooth ? data.columns.map((values) => drawn(smoothed(values))) : [])];
}

function options(element: Element, { data, x, smooth }: ChartParts): uPlot.Options {
  const points = { fill: () => css("--vscode-editor-background") };
  const line = (colour: number): uPlot.Series => {
    const own = looks(colour);
    return { stroke: () => css(`--run-${own.colour}`), dash: [...(STROKES[own.stroke] ?? [])], width: 2, points };
  };
  const { fontSize, fontFamily } = getComputedStyle(document.body);
  const axis: uPlot.Axis = {
    stroke: () => css("--quiet"),
    grid: { stroke: () => css("--grid"), width: 1 },
    ticks: { stroke: () => css("--grid"), width: 1 },
    font: `${fontSize} ${fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    scales: { x: { time: false } },
    // Nothing that a mouse alone could do.
    cursor: { drag: { x: false, y: false }, y: false, sync: { key: "curves" } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => placeWords(x, at)) },
      { ...axis, size: 64, values: (_, splits) => splits.map(figure) },
    ],
    series: [
      {},
      ...data.runs.map(({ colour }) => (smooth ? { ...line(colour), width: 1, alpha: 0.35 } : line(colour))),
      ...(smooth ? data.runs.map(({ colour }) => line(colour)) : []),
    ],
    hooks: {
      setCursor: [(plot) => readOut(element, x, shown.get(element)?.data ?? data, plot.cursor.idx)],
    },
  };
}

/** What stands under the pointer, else what the runs ended with; the table and the chart's name say it to who sees neither. */
function readOut(element: Element, x: XKind, data: Aligned, index: number | null | undefined): void {
  const at = index == null ? undefined : data.xs[index];
  const values = data.runs.flatMap(({ name }, run) => {
    const value = index == null ? lastOf(data, run) : data.columns[run]?.[index];
    return value === undefined ? [] : [`${name} ${typeof value === "string" ? value : figure(value)}`];
  });
  const target = element.parentElement?.querySelector(".readout");
  if (target != null) target.textContent = joined([at === undefined ? "" : placeWords(x, at), ...values]);
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
