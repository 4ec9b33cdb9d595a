// The page of a pipeline: its graph, or the same as a table; beside it the particulars of the task that was pressed.
import type { FromPipeline, GraphFact, GraphTask, ToPipeline } from "../../src/contract/pipeline.ts";
import { after, type Child, h, patch, type VNode } from "../ui/dom.ts";
import { button, checkbox, dropdown, type FieldLooks, registerElements, spinner } from "../ui/elements.ts";
import { openHost } from "../ui/host.ts";
import { drawing } from "../ui/redraw.ts";
import { GraphView } from "./graph.ts";
import { failedStep, type RunActions, runHead, stepParts } from "./run.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { all, find, fold, outline, restored, START, type State, take } from "./state.ts";
import { factWords, stateWords, WORDS } from "./words.ts";

/** Durations of what goes on are counted in seconds. */
const TICK_MS = 1_000;

const host = openHost<FromPipeline, ToPipeline>(["graph", "status", "states", "run", "step", "content"], (message) => {
  if (message.type === "states") view?.setStates(take(state, message).states, Object.keys(message.states));
  change(take(state, message));
});
let state: State = { ...START, ...restored(host.kept()) };
let view: GraphView | undefined;
let viewOf: Element | undefined;
/** What was laid out last, and of what. */
let laidOut: { readonly graph: State["graph"]; readonly closed: State["closed"]; readonly layout: Layout } | undefined;
let shown: { readonly layout: Layout; readonly selected: string } | undefined;
let ticking: ReturnType<typeof setTimeout> | undefined;

function change(next: State): void {
  const { table, closed } = next;
  if (table !== state.table || closed !== state.closed) host.keep({ table, closed: [...closed] });
  state = next;
  draw();
}

const draw = drawing(() => {
  patch(document.body, [
    h(
      "header",
      {},
      state.run === undefined
        ? h("h1", { key: "file" }, WORDS.title(state.graph?.name ?? "", state.file))
        : runHead(state.run, act),
      state.graph !== null && controls(),
    ),
    state.run?.failure != null && failedStep(state.run.failure, act),
    statusLine(),
    state.graph === null
      ? h("main", { key: "none" })
      : h("main", { key: "page", class: "page" }, state.table ? table() : graph(), side()),
  ]);
  tick();
});

function field(id: string, label: string): FieldLooks {
  return { id, label, disabled: false, invalid: false, describedBy: [] };
}

function controls(): VNode {
  const { names, shown: name } = state;
  const options = names.map((value) => ({ value, label: value }));
  return h(
    "div",
    { class: "controls" },
    names.length > 1 &&
      h(
        "div",
        { key: "choice", class: "choice" },
        h("label", { for: "choice" }, WORDS.pipeline),
        dropdown(field("choice", WORDS.pipelines), name, options, (value) => {
          if (value !== state.shown) host.send({ type: "choose", name: value });
        }),
      ),
    !state.table && [
      button("−", () => view?.zoomOut(), { id: "out", key: "out", spoken: WORDS.zoomOut }),
      button("+", () => view?.zoomIn(), { id: "in", key: "in", spoken: WORDS.zoomIn }),
      button(WORDS.fit, () => view?.fit(), { id: "fit", key: "fit" }),
    ],
    checkbox(field("table", WORDS.table), state.table, (on) => {
      if (on !== state.table) change({ ...state, table: on });
    }),
  );
}

function statusLine(): VNode {
  const { status, graph: there } = state;
  const isWorking = status === undefined || status.kind === "working";
  return h(
    "div",
    { key: "status", class: `status ${status?.kind ?? "working"}`, role: "status" },
    isWorking && spinner(),
    h("p", { key: "words" }, status?.text ?? WORDS.reading),
    there?.isCut === true && h("p", { key: "cut" }, WORDS.cut),
    status?.steps.map((title, step) =>
      button(title, () => host.send({ type: "press", step }), { key: title, primary: step === 0 && !isWorking }),
    ),
  );
}

function graph(): VNode {
  const count = all(state.graph?.tasks ?? []).length;
  // One of its tasks is what Tab comes to.
  const looks = { key: "graph", class: "graph", id: "graph", role: "group", tabindex: -1 };
  const node = h("div", { ...looks, "aria-label": WORDS.graph(count) });
  return after(node, (region) => {
    if (viewOf !== region && region instanceof HTMLElement) {
      view = new GraphView(region, { press, fold: (task) => change(fold(state, task.path)) });
      viewOf = region;
      shown = undefined;
    }
    const { graph: drawn, closed, selected } = state;
    if (laidOut?.graph !== drawn || laidOut.closed !== closed)
      laidOut = { graph: drawn, closed, layout: layoutOf(drawn?.tasks ?? [], closed) };
    const { layout } = laidOut;
    if (shown?.layout !== layout || shown.selected !== selected) view?.show(layout, state.states, selected);
    shown = { layout, selected };
  });
}

const act: RunActions = {
  deed: (title) => host.send({ type: "deed", title }),
  log: (path) => host.send({ type: "logs", path }),
  broken: (id) => {
    const content = { kind: "none", why: WORDS.brokenImage } as const;
    change({ ...state, contents: new Map([...state.contents, [id, content]]) });
  },
  artifact: (id, how) => host.send({ type: "artifact", id, how }),
  select: (path) => {
    const task = find(state.graph?.tasks ?? [], path);
    if (task !== undefined) press(task);
  },
};

function press(task: GraphTask): void {
  change({ ...state, selected: task.path });
  host.send({ type: "open", path: task.path, stay: true });
}

function table(): VNode {
  const name = state.graph?.name ?? "";
  const rows = outline(state.graph?.tasks ?? []);
  const names = new Map(rows.map(([task]) => [task.path, task.name]));
  const hasStates = state.states.size > 0;
  const columns = [WORDS.task, WORDS.kind, ...(hasStates ? [WORDS.state] : []), WORDS.after, WORDS.inputs];
  return h(
    "div",
    { key: "table", class: "scrolled", id: "rows", tabindex: 0, role: "region", "aria-label": WORDS.tableOf(name) },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, WORDS.tableOf(name)),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([task, level]) => row(task, level, names, hasStates)),
      ),
    ),
  );
}

function row(task: GraphTask, level: number, names: ReadonlyMap<string, string>, hasStates: boolean): VNode {
  return h(
    "tr",
    { key: task.path },
    h(
      "th",
      { scope: "row", class: `level-${Math.min(level, 6)}` },
      h("button", { class: "link", onclick: () => press(task) }, task.name),
    ),
    h("td", {}, [WORDS.kinds[task.kind], task.short].filter((part) => part !== "").join(" · ")),
    hasStates && h("td", { key: "state" }, stateWords(state.states.get(task.path), Date.now())),
    h("td", {}, task.after.map((path) => names.get(path) ?? path).join(", ")),
    h("td", {}, task.inputs.map(factWords).join("; ")),
  );
}

function side(): VNode {
  const { graph: drawn, selected } = state;
  const task = find(drawn?.tasks ?? [], selected);
  return h(
    "aside",
    { key: "side", class: "side", "aria-label": task?.name ?? WORDS.pipeline },
    task === undefined ? aboutAll() : about(task),
  );
}

function aboutAll(): Child[] {
  const { description = "", inputs = [], name = "" } = state.graph ?? {};
  const choose = state.hasSource ? WORDS.choose : WORDS.chooseServed;
  return [
    h("h2", { key: "name" }, name),
    description !== "" && h("p", { key: "description" }, description),
    facts(WORDS.inputs, inputs),
    h("p", { key: "choose", class: "small" }, state.run === undefined ? choose : WORDS.chooseStep),
  ];
}

function about(task: GraphTask): Child[] {
  const isStep = task.children.length === 0;
  const isKnown = (state.steps.get(task.path)?.rounds.length ?? 0) > 0;
  const pairs: (readonly [string, string])[] = [
    [WORDS.state, stateWords(state.states.get(task.path), Date.now())],
    [WORDS.kind, [WORDS.kinds[task.kind], isStep ? "" : task.short].filter((part) => part !== "").join(" · ")],
    [WORDS.component, task.component === task.name ? "" : task.component],
    [WORDS.image, task.image],
    [WORDS.caching, isStep ? (task.caching ? WORDS.on : WORDS.off) : ""],
    [WORDS.retries, task.retry === 0 ? "" : String(task.retry)],
  ];
  return [
    h("h2", { key: "name" }, task.name),
    h(
      "dl",
      { key: "facts", class: "facts" },
      pairs.filter(([, words]) => words !== "").map(([name, words]) => [h("dt", {}, name), h("dd", {}, words)]),
    ),
    task.always && h("p", { key: "always", class: "small" }, WORDS.alwaysRuns),
    state.run !== undefined && stepParts(task.path, state.steps.get(task.path), state.contents, act),
    // What went in and out says more than what was meant to.
    !isKnown && [facts(WORDS.inputs, task.inputs), facts(WORDS.outputs, task.outputs)],
    state.hasSource &&
      button(WORDS.source, () => host.send({ type: "open", path: task.path, stay: false }), {
        key: "source",
        id: "source",
      }),
  ];
}

function facts(heading: string, all: readonly GraphFact[]): VNode | false {
  return (
    all.length > 0 &&
    h(
      "section",
      { key: heading },
      h("h3", {}, heading),
      h(
        "ul",
        {},
        all.map((fact) => h("li", {}, factWords(fact))),
      ),
    )
  );
}

/** Draws again in a second where anything goes on. */
function tick(): void {
  const going = [...state.states].filter(([, { finished, started }]) => finished === null && started !== null);
  const isGoing = going.length > 0 || (state.run !== undefined && state.run.finished === null);
  if (!isGoing || ticking !== undefined) return;
  ticking = setTimeout(() => {
    ticking = undefined;
    view?.setStates(
      state.states,
      going.map(([path]) => path),
    );
    draw();
  }, TICK_MS);
}

registerElements();
draw();
host.send({ type: "ready" });
