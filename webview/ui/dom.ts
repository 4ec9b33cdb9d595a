// Draws a page from plain descriptions: `h` describes an element, `patch` changes only what differs from what was
// described last. So a page is a pure function of its state, and yet what a person is typing in is never touched.
// Everything is built by code: no markup is parsed, no style is set.

type Handler = (event: Event) => void;
export type Attributes = Readonly<Record<string, string | number | boolean | undefined | Handler>>;

export interface VNode {
  readonly tag: string;
  readonly attributes: Attributes;
  readonly children: readonly (VNode | string)[];
  /** Runs each time the element was drawn, once the whole page is in place. */
  readonly after?: (element: Element) => void;
}

export type Child = VNode | string | false | undefined | readonly Child[];

/**
 * Describes an element. `key` tells it from its siblings where their order changes; `on…` are handlers, those of PROPERTIES
 * are properties, all others as attributes (true: present, false or undefined: absent).
 */
export function h(tag: string, attributes: Attributes = {}, ...children: readonly Child[]): VNode {
  return { tag, attributes, children: flatten(children) };
}

export function after(node: VNode, run: (element: Element) => void): VNode {
  return { ...node, after: run };
}

function flatten(children: readonly Child[]): (VNode | string)[] {
  return children.flatMap((child) =>
    child === undefined || child === false || child === ""
      ? []
      : typeof child === "object" && "tag" in child
        ? [child]
        : typeof child === "string"
          ? [child]
          : flatten(child),
  );
}

/** What a component reads as a property once it is in the page. */
const PROPERTIES: ReadonlySet<string> = new Set(["value", "checked", "appearance"]);

/** What each node was drawn from; nodes that components add by themselves are not in here and stay as they are. */
const drawn = new WeakMap<Node, VNode | string>();

/** Makes `parent` hold exactly these children. */
export function patch(parent: Element, children: readonly Child[]): void {
  const later: (() => void)[] = [];
  patchChildren(parent, flatten(children), later);
  for (const run of later) run();
}

function patchChildren(parent: Element, wanted: readonly (VNode | string)[], later: (() => void)[]): void {
  const old = new Map<string, ChildNode>();
  const ours = [...parent.childNodes].filter((node) => drawn.has(node));
  keys(ours.map((node) => drawn.get(node) ?? "")).forEach((key, index) => {
    const node = ours[index];
    if (node !== undefined) old.set(key, node);
  });
  const wantedKeys = keys(wanted);
  const kept = new Set(wantedKeys);
  for (const [key, node] of old) if (!kept.has(key)) node.remove();
  let previous: ChildNode | undefined;
  wanted.forEach((child, index) => {
    const node = old.get(wantedKeys[index] ?? "") ?? create(child);
    // Components look at themselves when they come into the page: a new one is complete by then.
    update(node, child, later);
    const place: ChildNode | null = previous === undefined ? parent.firstChild : previous.nextSibling;
    // A node that stands right is not moved: moving it would take the focus from it.
    if (node !== place) parent.insertBefore(node, place);
    previous = node;
  });
}

/** One key per child: its own, else its tag and which one of that tag it is. */
function keys(children: readonly (VNode | string)[]): string[] {
  const counts = new Map<string, number>();
  return children.map((child) => {
    const tag = typeof child === "string" ? "#text" : child.tag;
    const own = typeof child === "string" ? undefined : child.attributes["key"];
    if (own !== undefined) return `${tag} ${String(own)}`;
    const count = counts.get(tag) ?? 0;
    counts.set(tag, count + 1);
    return `${tag}#${count}`;
  });
}

function create(child: VNode | string): ChildNode {
  return typeof child === "string" ? document.createTextNode("") : document.createElement(child.tag);
}

function update(node: ChildNode, child: VNode | string, later: (() => void)[]): void {
  const before = drawn.get(node);
  drawn.set(node, child);
  if (typeof child === "string") {
    if (before !== child) node.textContent = child;
    return;
  }
  if (!(node instanceof Element)) return;
  const had = typeof before === "object" ? before.attributes : {};
  // Options before their list's value, text before what is derived from it.
  patchChildren(node, child.children, later);
  for (const name of Object.keys(had)) if (!(name in child.attributes)) setAttribute(node, name, undefined);
  for (const [name, value] of Object.entries(child.attributes))
    if (had[name] !== value) setAttribute(node, name, value);
  const { after: run } = child;
  if (run !== undefined) later.push(() => run(node));
}

function setAttribute(element: Element, name: string, value: Attributes[string]): void {
  if (name === "key") return;
  if (name.startsWith("on")) Reflect.set(element, name, value ?? null);
  else if (PROPERTIES.has(name)) {
    if (Reflect.get(element, name) !== value) Reflect.set(element, name, value);
  } else if (value === undefined || value === false) element.removeAttribute(name);
  else if (typeof value !== "function") element.setAttribute(name, value === true ? "" : String(value));
}
