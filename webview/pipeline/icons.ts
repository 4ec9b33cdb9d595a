// Small drawings of our own, on a square of 16: what kind a task is of, how it stands. Words stand beside each.
import type { GraphKind, StepState } from "../../src/contract/pipeline.ts";

const SVG = "http://www.w3.org/2000/svg";

const KINDS: Readonly<Record<GraphKind, string>> = {
  container: "M2 4.5 8 1.5l6 3v7l-6 3-6-3zM2 4.5l6 3 6-3M8 7.5v7",
  importer: "M8 1.5v8M4.5 6 8 9.5 11.5 6M2 10.5v4h12v-4",
  dag: "M5.5 1.5h5v4h-5zM1.5 10.5h5v4h-5zM9.5 10.5h5v4h-5zM8 5.5v2.5M4 10.5V8h8v2.5",
  loop: "M13.5 8A5.5 5.5 0 1 1 11.5 3.8M11.5 1v3h-3",
  condition: "M8 1.5 14.5 8 8 14.5 1.5 8zM8 5v3.5M8 10.4v.6",
  "exit handler": "M9.5 1.5h-7v13h7M6 8h8.5M11.5 5l3 3-3 3",
};

const STATES: Readonly<Record<StepState, string>> = {
  Waiting: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 4.5V8l2.5 1.5",
  Running: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6.5 5.2 11 8l-4.5 2.8z",
  Succeeded: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5 8.2l2.2 2.3L11.2 6",
  Skipped: "M2 8h9M8 4.5 11.5 8 8 11.5M13.5 4v8",
  Failed: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5.5 5.5l5 5M10.5 5.5l-5 5",
  Stopping: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6 6h4v4H6z",
  Stopped: "M3 3h10v10H3z",
  Suspended: "M5.5 3v10M10.5 3v10",
  Unknown: "M5.5 5.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .7-1 1.7M8 12.3v.7",
};

export function kindIcon(kind: GraphKind): SVGElement {
  return icon(KINDS[kind], "icon");
}

export function stateIcon(state: StepState): SVGElement {
  return icon(STATES[state], "icon");
}

/** An element of a drawing, with its attributes. */
export function svg(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

function icon(path: string, name: string): SVGElement {
  const drawing = svg("svg", { class: name, viewBox: "0 0 16 16", "aria-hidden": "true" });
  drawing.append(svg("path", { d: path }));
  return drawing;
}
