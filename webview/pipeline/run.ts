// What the page shows of a run besides its graph: how it stands, what failed, what went into a step and came out of it.
import type {
  FailedStep,
  GraphFact,
  Round,
  RunHead,
  ShownArtifact,
  ShownContent,
  ShownTable,
  StepDetails,
} from "../../src/contract/pipeline.ts";
import { ago, duration, joined } from "../../src/core/text.ts";
import { after, type Child, h, type VNode } from "../ui/dom.ts";
import { button, spinner } from "../ui/elements.ts";
import { stateIcon } from "./icons.ts";
import { factWords, WORDS } from "./words.ts";

export interface RunActions {
  readonly deed: (title: string) => void;
  readonly log: (path: string) => void;
  readonly artifact: (id: string, how: "show" | "stop" | "save") => void;
  /** An artifact that only seemed to be an image. */
  readonly broken: (id: string) => void;
  readonly select: (path: string) => void;
}

/** `for 2 min`, `took 3 s · 5 min ago`; empty before it has begun. */
function lasted({ state, started, finished }: RunHead, now: number): string {
  if (started === null || state === "Waiting") return "";
  return finished === null
    ? `for ${duration(now - started)}`
    : joined([`took ${duration(finished - started)}`, ago(now - finished)]);
}

export function runHead(head: RunHead, act: RunActions): Child[] {
  const { name, state, words, deeds } = head;
  return [
    h("h1", { key: "run" }, name),
    // Its time passes: what is told aloud is how it stands.
    h("p", { key: "said", class: "unseen", role: "status" }, state),
    h(
      "p",
      { key: "stands", class: "stands" },
      after(h("span", { class: "icon", "aria-hidden": "true" }), (element) => drawIcon(element, state)),
      joined([state, lasted(head, Date.now()), words]),
    ),
    deeds.length > 0 &&
      h(
        "div",
        { key: "deeds", class: "controls" },
        deeds.map((title, index) => button(title, () => act.deed(title), { key: title, id: `deed-${index}` })),
      ),
  ];
}

/** Drawn anew only where it is another: a running one turns. */
function drawIcon(element: Element, state: RunHead["state"]): void {
  if (element.getAttribute("data-state") === state) return;
  element.setAttribute("data-state", state);
  element.replaceChildren(stateIcon(state));
}

export function failedStep({ path, name, why, lines, noLog }: FailedStep, act: RunActions): VNode {
  return h(
    "section",
    { key: "failure", class: "failure", "aria-labelledby": "failed" },
    h("h2", { id: "failed" }, WORDS.failedAt(name)),
    h("p", { key: "why" }, why),
    lines.length > 0
      ? h("pre", { key: "lines", tabindex: 0, role: "region", "aria-label": WORDS.lastLines(name) }, lines.join("\n"))
      : noLog !== "" && h("p", { key: "none", class: "small" }, noLog),
    h(
      "div",
      { key: "buttons", class: "controls" },
      button(WORDS.log, () => act.log(path), { id: "failed-log" }),
      button(WORDS.goToStep, () => act.select(path), { id: "failed-step" }),
    ),
  );
}

/** Undefined: it is being read. */
export function stepParts(
  path: string,
  step: StepDetails | undefined,
  contents: ReadonlyMap<string, ShownContent>,
  act: RunActions,
): VNode {
  const parts =
    step === undefined
      ? [h("div", { key: "reading", class: "status" }, spinner(), h("p", {}, WORDS.readingIt))]
      : [
          step.message !== "" && h("p", { key: "message", class: "said" }, step.message),
          step.hasLog && button(WORDS.log, () => act.log(path), { key: "log", id: "log", primary: true }),
          step.rounds.map((round, index) => roundOf(round, index, contents, act)),
          step.note !== "" && h("p", { key: "note", class: "small" }, step.note),
        ];
  return h("div", { key: `step ${path}`, class: "step" }, parts);
}

function roundOf(round: Round, index: number, contents: ReadonlyMap<string, ShownContent>, act: RunActions): VNode {
  const { title, inputs, outputs, read, written } = round;
  return h(
    "div",
    { key: index, class: "round" },
    title !== "" && h("h3", { key: "title" }, title),
    part(WORDS.read, inputs, read, contents, act),
    part(WORDS.written, outputs, written, contents, act),
  );
}

function part(
  heading: string,
  values: readonly GraphFact[],
  artifacts: readonly ShownArtifact[],
  contents: ReadonlyMap<string, ShownContent>,
  act: RunActions,
): VNode | false {
  return (
    values.length + artifacts.length > 0 &&
    h(
      "section",
      { key: heading },
      h("h3", {}, heading),
      h(
        "ul",
        {},
        values.map((fact) => h("li", {}, factWords(fact))),
        artifacts.map((artifact) =>
          h("li", { key: artifact.id }, artifactOf(artifact, contents.get(artifact.id), act)),
        ),
      ),
    )
  );
}

function artifactOf(
  { id, name, type, uri, facts, tables }: ShownArtifact,
  content: ShownContent | undefined,
  act: RunActions,
): Child[] {
  return [
    h("p", { key: "name" }, `${name} (${type})`),
    factsOf(facts),
    tables.map((table) => h("div", { key: table.name, class: "content" }, h("h4", {}, table.name), tableOf(table))),
    uri !== "" && [
      h("p", { key: "uri", class: "small" }, uri),
      h(
        "div",
        { key: "buttons", class: "controls" },
        (content === undefined || content.kind === "none") &&
          button(WORDS.showShort, () => act.artifact(id, "show"), { spoken: WORDS.show(name) }),
        button(WORDS.saveShort, () => act.artifact(id, "save"), { spoken: WORDS.save(name) }),
      ),
    ],
    content !== undefined && h("div", { key: "content", class: "content" }, contentOf(content, id, name, act)),
  ];
}

function factsOf(facts: ShownArtifact["facts"]): Child {
  const pairs = facts.map(([key, value]) => [h("dt", {}, key), h("dd", {}, value)]);
  return facts.length > 0 && h("dl", { key: "facts", class: "facts" }, pairs);
}

function tableOf({ name, rows: [head = [], ...rows], isCut }: ShownTable): Child {
  const headings = head.map((cell) => h("th", { scope: "col" }, cell));
  const cells = (row: readonly string[]): VNode[] => row.map((cell) => h("td", {}, cell));
  const body = rows.map((row) => h("tr", {}, cells(row)));
  const table = h("table", {}, h("thead", {}, h("tr", {}, headings)), h("tbody", {}, body));
  return [
    h("div", { key: "table", class: "scroll", ...regionOf(name) }, table),
    isCut && h("p", { key: "cut", class: "small" }, WORDS.cutContent),
  ];
}

/** It scrolls, so that Tab has to come to it. */
function regionOf(name: string): { readonly tabindex: 0; readonly role: "region"; readonly "aria-label": string } {
  return { tabindex: 0, role: "region", "aria-label": name };
}

function contentOf(content: ShownContent, id: string, name: string, act: RunActions): Child {
  switch (content.kind) {
    case "reading": {
      const cancel = button(WORDS.cancel, () => act.artifact(id, "stop"), { spoken: WORDS.stop(name) });
      return h("div", { class: "status" }, spinner(), h("p", {}, WORDS.readingIt), cancel);
    }
    case "none":
      return h("p", { class: "small" }, content.why);
    case "text":
      return [
        h("pre", { key: "text", ...regionOf(name) }, content.text),
        content.isCut && h("p", { key: "cut", class: "small" }, WORDS.cutContent),
      ];
    case "scalars":
      return factsOf(content.facts);
    case "table":
      return tableOf({ ...content, name });
    case "image":
      return after(h("canvas", { role: "img", "aria-label": name }), (element) => {
        if (element instanceof HTMLCanvasElement)
          drawImage(element, content.type, content.data).catch(() => act.broken(id));
      });
  }
}

/** On a canvas: the page's policy lets no picture in but the extension's own. */
async function drawImage(canvas: HTMLCanvasElement, type: string, data: string): Promise<void> {
  if (canvas.dataset["drawn"] === "true") return;
  canvas.dataset["drawn"] = "true";
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type }));
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
}
