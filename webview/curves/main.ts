// The page of curves: a chart for each metric, the runs laid over each other, or the same as tables.
import type { FromCurves, ToCurves } from "../../src/contract/curves.ts";
import { type Child, h, patch, type VNode } from "../ui/dom.ts";
import { button, checkbox, type FieldLooks, radios, registerElements, spinner } from "../ui/elements.ts";
import { openHost } from "../ui/host.ts";
import { chart, looks, redrawCharts, sweepCharts } from "./chart.ts";
import {
  type Aligned,
  aligned,
  axesOf,
  type Choices,
  type Curve,
  figure,
  lastOf,
  placeWords,
  restored,
  spaced,
  START,
  take,
  X_KINDS,
} from "./state.ts";
import { WORDS } from "./words.ts";

/** While a long log is read, news comes faster than charts can be drawn: at least so long, and most of the time, is left. */
const PAUSE_MS = 250;
/** Rows that a person may still look through, and a page still draws at once. */
const MOST_ROWS = 500;

const host = openHost<FromCurves, ToCurves>(["curves"], (message) => {
  const isFirst = !state.told;
  state = take(state, message);
  if (isFirst) draw();
  else pause ??= setTimeout(draw, Math.max(PAUSE_MS, 3 * tookMs));
});
let state = { ...START, ...restored(host.kept()) };
let pause: ReturnType<typeof setTimeout> | undefined;
let tookMs = 0;

function choose(choices: Partial<Choices>): void {
  state = { ...state, ...choices };
  const { x, smooth, table, hidden } = state;
  host.keep({ x, smooth, table, hidden });
  draw();
}

function draw(): void {
  clearTimeout(pause);
  pause = undefined;
  const begun = performance.now();
  const reading = !state.told || state.runs.some((run) => run.state === "reading");
  const isEmpty = state.metrics.size === 0;
  patch(document.body, [
    h("header", {}, h("h1", {}, WORDS.title), !isEmpty && controls()),
    h("div", { class: "unseen", role: "status" }, said(reading)),
    problems(),
    isEmpty
      ? h("main", { key: "none" }, reading ? waiting() : nothing())
      : h("main", { key: "page", class: "page" }, legend(), [...state.metrics].map(metricPart)),
  ]);
  sweepCharts();
  tookMs = performance.now() - begun;
}

function said(reading: boolean): string {
  if (reading) return WORDS.reading;
  return state.metrics.size === 0 ? WORDS.empty : WORDS.found(state.metrics.size, state.runs.length);
}

function waiting(): VNode {
  return h("div", { class: "reading" }, spinner(), h("p", {}, WORDS.reading));
}

function nothing(): VNode {
  return h("div", { class: "nothing" }, h("h2", {}, WORDS.empty), h("p", {}, WORDS.emptyHint));
}

function problems(): VNode | false {
  const lines = state.runs.flatMap(({ name, problem, leftOut }) => [
    ...(problem === "" ? [] : [`${name}: ${problem}`]),
    ...(leftOut === 0 ? [] : [WORDS.leftOut(name, leftOut)]),
  ]);
  return (
    lines.length > 0 &&
    h(
      "ul",
      { class: "problems" },
      lines.map((line) => h("li", {}, line)),
    )
  );
}

function field(id: string, label: string): FieldLooks {
  return { id, label, disabled: false, invalid: false, describedBy: [] };
}

function controls(): VNode {
  const axes = axesOf(state);
  // A choice that was made stays to be seen, though no point of what is here has a place on it.
  const options = X_KINDS.filter((kind) => axes.includes(kind) || kind === state.x);
  return h(
    "div",
    { class: "controls" },
    radios(
      field("axis", WORDS.axis),
      state.x,
      options.map((value) => ({ value, label: WORDS.axes[value] })),
      (value) => pickAxis(value),
    ),
    checkbox(field("smooth", WORDS.smooth), state.smooth, (smooth) => setChoice("smooth", smooth)),
    checkbox(field("table", WORDS.table), state.table, (table) => setChoice("table", table)),
    button(WORDS.exportCsv, () => host.send({ type: "saveCsv" }), { id: "csv" }),
  );
}

/** Elements tell of values that the page itself has set, too. */
function pickAxis(value: string): void {
  const x = X_KINDS.find((kind) => kind === value);
  if (x !== undefined && x !== state.x) choose({ x });
}

function setChoice(name: "smooth" | "table", on: boolean): void {
  if (state[name] !== on) choose({ [name]: on });
}

function legend(): VNode {
  const items = state.runs.map(({ id, name, colour }) => {
    const { colour: own, stroke } = looks(colour);
    const isShown = !state.hidden.includes(id);
    const show = (on: boolean): void => {
      if (on !== isShown) choose({ hidden: on ? state.hidden.filter((run) => run !== id) : [...state.hidden, id] });
    };
    return h(
      "li",
      { key: String(id) },
      h("span", { class: `mark colour-${own} stroke-${stroke}`, "aria-hidden": "true" }),
      state.runs.length > 1 ? checkbox(field(`run-${id}`, name), isShown, show) : name,
    );
  });
  return h("ul", { class: "legend", "aria-label": WORDS.runs }, items);
}

function metricPart([metric, curves]: [string, ReadonlyMap<number, Curve>], index: number): VNode {
  const data = aligned(state, curves);
  const id = `metric-${index}`;
  const isHidden = state.runs.every((run) => !curves.has(run.id) || state.hidden.includes(run.id));
  const ends = data.runs.map(({ name }, run) => WORDS.ends(name, lastOf(data, run))).join(", ");
  return h(
    "section",
    { key: metric, class: "metric", "aria-labelledby": id },
    h("h2", { id }, metric),
    data.xs.length === 0
      ? h("p", { key: "none", class: "none" }, isHidden ? WORDS.allHidden : WORDS.nothing[state.x])
      : state.table
        ? table(metric, data)
        : [
            // Named, since what its text is, the page does not know.
            h("p", { key: "readout", class: "readout", "aria-hidden": "true" }),
            chart({ spoken: WORDS.chart(metric, state.x, ends), x: state.x, smooth: state.smooth, data }),
          ],
    notes(curves, data),
  );
}

/** What must be known of the curves, a line for each run that it is true of. */
function notes(curves: ReadonlyMap<number, Curve>, data: Aligned): Child {
  const lines = data.runs.flatMap(({ id, name }, run) => {
    const curve = curves.get(id);
    if (curve === undefined) return [];
    const values = data.columns[run]?.filter((value) => value !== undefined && !Number.isFinite(value)) ?? [];
    return [
      values.length > 0 && WORDS.notFinite(name, values.length),
      curve.every > 1 && WORDS.thinned(name, curve.every),
      curve.counted && state.x === "step" && WORDS.counted(name),
      curve.rank !== "rank 0" && WORDS.ranks(name, curve.rank),
    ].filter((line) => line !== false);
  });
  return lines.map((line) => h("p", { class: "small" }, line));
}

function table(metric: string, { runs, xs, columns }: Aligned): Child[] {
  const rows = spaced(xs.length, MOST_ROWS);
  const cells = (row: number): VNode[] =>
    columns.map((values) => {
      const value = values[row];
      return h("td", {}, value === undefined ? "" : figure(value));
    });
  return [
    h(
      "div",
      { key: "table", class: "scrolled", tabindex: 0, role: "region", "aria-label": WORDS.tableOf(metric) },
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, metric),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            heading(WORDS.axes[state.x]),
            runs.map(({ name }) => heading(name)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((row) => h("tr", {}, h("th", { scope: "row" }, placeWords(state.x, xs[row] ?? 0)), cells(row))),
        ),
      ),
    ),
    rows.length < xs.length && h("p", { class: "small" }, WORDS.someRows(rows.length, xs.length)),
  ];
}

function heading(text: string): VNode {
  return h("th", { scope: "col" }, text);
}

registerElements();
draw();
// The editor sets the theme's colours on the document and its kind on the body.
const theme = new MutationObserver(redrawCharts);
for (const element of [document.documentElement, document.body])
  theme.observe(element, { attributes: true, attributeFilter: ["style", "class", "data-vscode-theme-id"] });
host.send({ type: "ready" });
