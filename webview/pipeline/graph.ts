// The drawing of a graph: tasks are buttons on a plane that scrolls and zooms, edges one drawing below them. Elements stay as
// long as their task does: a change of state touches that task alone.
import type { GraphTask, StepStatus } from "../../src/contract/pipeline.ts";
import { kindIcon, stateIcon, svg } from "./icons.ts";
import { type Layout, type Placed, type PlacedEdge, type Point, TASK } from "./layout.ts";
import { alsoSpoken, stateWords, WORDS } from "./words.ts";

export interface GraphActions {
  /** A task was pressed. */
  readonly press: (task: GraphTask) => void;
  /** A group is to be opened or closed. */
  readonly fold: (task: GraphTask) => void;
}

interface Drawn {
  readonly box: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly state: HTMLElement;
  placed: Placed;
  status: StepStatus | undefined;
}

const ZOOM = { least: 0.1, most: 2, step: 1.25 } as const;
/** A press that moves further, in pixels, is no press of a task. */
const DRAG_PX = 4;

export class GraphView {
  readonly #region: HTMLElement;
  readonly #actions: GraphActions;
  readonly #sized = element("div", "sized");
  readonly #plane = element("div", "plane");
  readonly #lines = svg("svg", { class: "lines", "aria-hidden": "true" });
  readonly #edges = svg("path", { class: "edges" });
  readonly #heads = svg("path", { class: "heads" });
  readonly #near = svg("path", { class: "edges near" });
  readonly #drawn = new Map<string, Drawn>();
  #layout: Layout = { width: 0, height: 0, tasks: [], edges: [] };
  #names: ReadonlyMap<string, string> = new Map();
  #zoom = 1;
  /** Path of the one that Tab reaches. */
  #current = "";
  #selected = "";

  constructor(region: HTMLElement, actions: GraphActions) {
    this.#region = region;
    this.#actions = actions;
    this.#lines.append(this.#edges, this.#heads, this.#near);
    this.#plane.append(this.#lines);
    this.#sized.append(this.#plane);
    region.append(this.#sized);
    region.addEventListener("keydown", (event) => this.#key(event));
    region.addEventListener("pointerdown", (event) => this.#drag(event));
    region.addEventListener("focusin", ({ target }) => this.#focused(target));
    region.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoomBy(event.deltaY < 0 ? ZOOM.step : 1 / ZOOM.step, { x: event.clientX, y: event.clientY });
      },
      { passive: false },
    );
  }

  /** Draws it; what was drawn and is in it stays. */
  show(layout: Layout, states: ReadonlyMap<string, StepStatus>, selected: string): void {
    const isFirst = this.#layout.tasks.length === 0;
    this.#layout = layout;
    this.#names = new Map(layout.tasks.map(({ task }) => [task.path, task.name]));
    const kept = new Set(layout.tasks.map(({ task }) => task.path));
    for (const [path, { box }] of this.#drawn) {
      if (kept.has(path)) continue;
      box.remove();
      this.#drawn.delete(path);
    }
    let before: Element = this.#lines;
    for (const placed of layout.tasks) {
      const { box } = this.#place(placed, states.get(placed.task.path));
      // In their order, in which a screen reader goes through them. One that stands right is not moved: it would lose the focus.
      if (before.nextSibling !== box) before.after(box);
      before = box;
    }
    if (!this.#drawn.has(this.#current)) this.#moveTo(layout.tasks[0]?.task.path ?? "");
    this.#selected = selected;
    for (const [path, { button }] of this.#drawn) {
      button.classList.toggle("selected", path === selected);
      button.ariaCurrent = path === selected ? "true" : null;
    }
    this.#lines.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
    this.#edges.setAttribute("d", layout.edges.map(({ points }) => curve(points)).join(""));
    this.#heads.setAttribute("d", layout.edges.map(({ points }) => head(points)).join(""));
    this.#near.setAttribute(
      "d",
      layout.edges
        .filter((edge) => this.#isNear(edge))
        .map(({ points }) => curve(points))
        .join(""),
    );
    this.#resize();
    if (isFirst) this.fit(1);
  }

  /** What of the states has changed; durations of those that go on tick by it, too. */
  setStates(states: ReadonlyMap<string, StepStatus>, paths: Iterable<string>): void {
    for (const path of paths) {
      const drawn = this.#drawn.get(path);
      if (drawn !== undefined) this.#setState(drawn, states.get(path));
    }
  }

  zoomBy(factor: number, at?: Point): void {
    const { left, top, width, height } = this.#region.getBoundingClientRect();
    const x = (at?.x ?? left + width / 2) - left;
    const y = (at?.y ?? top + height / 2) - top;
    const old = this.#zoom;
    this.#zoom = Math.min(ZOOM.most, Math.max(ZOOM.least, old * factor));
    const { scrollLeft, scrollTop } = this.#region;
    this.#resize();
    // What was under the pointer stays there.
    this.#region.scrollLeft = ((scrollLeft + x) * this.#zoom) / old - x;
    this.#region.scrollTop = ((scrollTop + y) * this.#zoom) / old - y;
  }

  zoomIn(): void {
    this.zoomBy(ZOOM.step);
  }

  zoomOut(): void {
    this.zoomBy(1 / ZOOM.step);
  }

  /** All of it is to be seen, no larger than `most`. */
  fit(most: number = ZOOM.most): void {
    const { clientWidth, clientHeight } = this.#region;
    const share = Math.min(clientWidth / this.#layout.width, clientHeight / this.#layout.height, most);
    // Words that nobody could read are no help: a large graph is looked through from its beginning.
    this.#zoom = Math.max(most === ZOOM.most ? ZOOM.least : 0.5, Number.isFinite(share) ? share : 1);
    this.#resize();
    this.#region.scrollTo(Math.max(0, (this.#layout.width * this.#zoom - clientWidth) / 2), 0);
  }

  #isNear({ from, to }: PlacedEdge): boolean {
    return this.#selected !== "" && (from === this.#selected || to === this.#selected);
  }

  #place(placed: Placed, status: StepStatus | undefined): Drawn {
    const { task, x, y, width, height, isOpen } = placed;
    const drawn = this.#drawn.get(task.path) ?? this.#make(placed);
    const { box, button } = drawn;
    Object.assign(box.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
    box.classList.toggle("group", isOpen);
    const before = drawn.placed.task;
    drawn.placed = placed;
    const foldable = task.children.length > 0;
    const fold = box.querySelector<HTMLButtonElement>(".fold");
    if (fold !== null) {
      fold.hidden = !foldable;
      fold.ariaLabel = WORDS.fold(task.name, isOpen);
    }
    // Of the button that the keyboard comes to, where Space opens and closes it.
    button.ariaExpanded = foldable ? String(isOpen) : null;
    button.ariaKeyShortcuts = foldable ? "Space" : null;
    if (before.name !== task.name || before.kind !== task.kind || before.short !== task.short) write(button, task);
    this.#setState(drawn, status);
    return drawn;
  }

  #make(placed: Placed): Drawn {
    const { task } = placed;
    const box = element("div", "box");
    const button = document.createElement("button");
    button.className = "task";
    button.dataset["path"] = task.path;
    button.tabIndex = -1;
    const state = element("span", "state");
    button.append(
      element("span", "kind"),
      element("span", "name"),
      element("span", "short"),
      state,
      element("span", "unseen"),
    );
    write(button, task);
    const fold = document.createElement("button");
    fold.className = "fold";
    fold.tabIndex = -1;
    const drawn: Drawn = { box, button, state, placed, status: undefined };
    button.addEventListener("click", () => this.#actions.press(drawn.placed.task));
    fold.addEventListener("click", () => this.#actions.fold(drawn.placed.task));
    box.append(button, fold);
    this.#drawn.set(task.path, drawn);
    return drawn;
  }

  #setState(drawn: Drawn, status: StepStatus | undefined): void {
    const { button, state, placed } = drawn;
    const words = stateWords(status, Date.now());
    if (drawn.status?.state !== status?.state || state.dataset["words"] === undefined) {
      drawn.status = status;
      button.dataset["state"] = status?.state ?? "";
      state.replaceChildren(...(status === undefined ? [] : [stateIcon(status.state), element("span", "words")]));
    }
    state.dataset["words"] = words;
    const text = state.querySelector(".words");
    if (text !== null) text.textContent = words;
    const unseen = button.querySelector(".unseen");
    if (unseen !== null) unseen.textContent = alsoSpoken(placed.task, this.#names);
    button.title = [placed.task.name, placed.task.short, words].filter((line) => line !== "").join("\n");
  }

  #resize(): void {
    const { width, height } = this.#layout;
    Object.assign(this.#sized.style, { width: `${width * this.#zoom}px`, height: `${height * this.#zoom}px` });
    Object.assign(this.#plane.style, { width: `${width}px`, height: `${height}px`, scale: String(this.#zoom) });
  }

  #focused(target: EventTarget | null): void {
    const box = target instanceof HTMLElement ? target.closest(".box") : null;
    const path = box?.querySelector<HTMLElement>(".task")?.dataset["path"];
    if (path !== undefined) this.#moveTo(path);
  }

  /** Tab comes to one of them, from which arrows lead on. */
  #moveTo(path: string): void {
    const before = this.#drawn.get(this.#current);
    if (before !== undefined) before.button.tabIndex = -1;
    this.#current = path;
    const now = this.#drawn.get(path);
    if (now !== undefined) now.button.tabIndex = 0;
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = this.#actionOf(event.key);
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #actionOf(key: string): (() => void) | undefined {
    switch (key) {
      case "+":
      case "=":
        return () => this.zoomIn();
      case "-":
        return () => this.zoomOut();
      case "0":
        return () => this.fit();
      case "ArrowUp":
        return () => this.#step(0, -1);
      case "ArrowDown":
        return () => this.#step(0, 1);
      case "ArrowLeft":
        return () => this.#step(-1, 0);
      case "ArrowRight":
        return () => this.#step(1, 0);
      case "Home":
        return () => this.#focus(this.#layout.tasks[0]?.task.path);
      case "End":
        return () => this.#focus(this.#layout.tasks.at(-1)?.task.path);
      case " ": {
        const task = this.#drawn.get(this.#current)?.placed.task;
        return task !== undefined && task.children.length > 0 ? () => this.#actions.fold(task) : undefined;
      }
      default:
        return undefined;
    }
  }

  /** To the nearest task that way; those that stand aside count as further away. */
  #step(dx: number, dy: number): void {
    const at = this.#drawn.get(this.#current)?.placed;
    if (at === undefined) return;
    const from = middle(at);
    let best: { readonly path: string; readonly far: number } | undefined;
    for (const placed of this.#layout.tasks) {
      const to = middle(placed);
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      const far = along + 2 * aside;
      if (placed !== at && along > 1 && (best === undefined || far < best.far)) best = { path: placed.task.path, far };
    }
    this.#focus(best?.path);
  }

  #focus(path: string | undefined): void {
    const drawn = path === undefined ? undefined : this.#drawn.get(path);
    drawn?.button.focus({ preventScroll: true });
    drawn?.button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The background is taken hold of; a task that is pressed stays one. */
  #drag(event: PointerEvent): void {
    const { target, button, clientX, clientY, pointerId } = event;
    if (button !== 0 || !(target instanceof Element) || target.closest("button") !== null) return;
    const { scrollLeft, scrollTop } = this.#region;
    const move = ({ clientX: x, clientY: y }: PointerEvent): void => {
      if (!this.#region.hasPointerCapture(pointerId)) {
        if (Math.hypot(x - clientX, y - clientY) < DRAG_PX) return;
        this.#region.setPointerCapture(pointerId);
      }
      this.#region.scrollTo(scrollLeft - (x - clientX), scrollTop - (y - clientY));
    };
    const over = new AbortController();
    const { signal } = over;
    this.#region.addEventListener("pointermove", move, { signal });
    for (const end of ["pointerup", "pointercancel"])
      this.#region.addEventListener(end, () => over.abort(), { signal });
  }
}

/** Of the part of a box that has its words. */
function middle({ x, y, width }: Placed): Point {
  return { x: x + width / 2, y: y + TASK.height / 2 };
}

function write(button: HTMLButtonElement, task: GraphTask): void {
  button.querySelector(".kind")?.replaceChildren(kindIcon(task.kind));
  for (const [part, text] of [
    ["name", task.name],
    ["short", task.short],
  ] as const) {
    const place = button.querySelector(`.${part}`);
    if (place !== null) place.textContent = text;
  }
}

/** Down from point to point, without corners. */
function curve([first, ...rest]: readonly Point[]): string {
  if (first === undefined) return "";
  let before = first;
  const parts = rest.map((point) => {
    const half = (before.y + point.y) / 2;
    const part = `C${round(before.x)} ${round(half)} ${round(point.x)} ${round(half)} ${round(point.x)} ${round(point.y)}`;
    before = point;
    return part;
  });
  return `M${round(first.x)} ${round(first.y)}${parts.join("")}`;
}

function head(points: readonly Point[]): string {
  const last = points.at(-1);
  return last === undefined ? "" : `M${round(last.x - 4)} ${round(last.y - 7)}h8l-4 7z`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function element(tag: string, name: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}
