import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { Component, Release } from "./release.ts";

/** A component of a plan, in an order in which none comes before what it needs. */
export interface Resolved {
  readonly component: Component;
  /** False where it comes only because another needs it. */
  readonly wanted: boolean;
}

/**
 * What has to be installed for a choice of profiles and components, each after all that it needs, else in the release's
 * own order. Throws UserError `unknown-component`, `component-missing` (the release names a need that it lacks)
 * `component-cycle` or `component-conflict`.
 */
export function resolve(release: Release, wanted: readonly string[]): readonly Resolved[] {
  const byId = new Map(release.components.map((component) => [component.id, component]));
  const asked = new Set(wanted.flatMap((id) => componentsOf(release, byId, id)));
  const order: Resolved[] = [];
  const done = new Set<string>();
  const visit = (component: Component, path: readonly string[]): void => {
    const { id, needs } = component;
    if (done.has(id)) return;
    if (path.includes(id)) throw cycle([...path.slice(path.indexOf(id)), id]);
    for (const need of needs) visit(known(byId, need, component), [...path, id]);
    done.add(id);
    order.push({ component, wanted: asked.has(id) });
  };
  for (const component of release.components) if (asked.has(component.id)) visit(component, []);
  for (const { component } of order) {
    const other = order.find(({ component: { id } }) => component.excludes?.includes(id) === true);
    if (other !== undefined) throw conflict(component, other.component);
  }
  return order;
}

function componentsOf(release: Release, byId: ReadonlyMap<string, Component>, id: string): readonly string[] {
  const profile = release.profiles.find((one) => one.id === id);
  if (profile !== undefined) return profile.components.map((one) => known(byId, one, profile).id);
  if (byId.has(id)) return [id];
  throw new UserError("unknown-component", `Kubeflow ${release.id} has no component «${label(id, 60)}».`, {
    hint: `It has ${[...byId.keys()].join(", ")}.`,
  });
}

function known(
  byId: ReadonlyMap<string, Component>,
  id: string,
  by: { readonly id: string; readonly title: string },
): Component {
  const found = byId.get(id);
  if (found !== undefined) return found;
  throw new UserError("component-missing", `${by.title} needs the component «${label(id, 60)}».`, {
    why: "This release’s data does not hold it.",
  });
}

function conflict({ title }: Component, other: Component): UserError {
  return new UserError("component-conflict", `${title} and ${other.title} cannot both be installed.`, {
    why: "They bring the same objects.",
    hint: "Choose one of them.",
  });
}

function cycle(path: readonly string[]): UserError {
  return new UserError("component-cycle", `Components need each other in a circle: ${path.join(" → ")}.`);
}

/** Pieces of work so that none comes before what it needs of them; those that need nothing stay in their order. */
export function inOrder<T extends { readonly needs: readonly string[] }>(
  items: Readonly<Record<string, T>>,
): Record<string, T> {
  const ordered = new Map<string, T>();
  const visit = (id: string, path: readonly string[]): void => {
    const item = items[id];
    if (item === undefined || ordered.has(id) || path.includes(id)) return;
    for (const need of item.needs) visit(need, [...path, id]);
    ordered.set(id, item);
  };
  for (const id of Object.keys(items)) visit(id, []);
  return Object.fromEntries(ordered);
}

/** How a piece of work in the graph came out; `skipped`: what it needs did not come to be. */
export type Outcome = "done" | "failed" | "skipped";

/**
 * Runs work for each component as soon as all that it needs is done, side by side where nothing forbids it. One that
 * fails (`work` answers false) keeps those that need it from starting, and no others. Needs outside of the list count as
 * done. Rejects only where `work` does, and then once nothing of it goes on.
 */
export async function runGraph(
  items: readonly { readonly id: string; readonly needs: readonly string[] }[],
  work: (id: string) => Promise<boolean>,
  skip: (id: string, because: string) => void,
): Promise<ReadonlyMap<string, Outcome>> {
  const running = new Map<string, Promise<Outcome>>();
  for (const { id, needs } of items) {
    const before = needs.flatMap((need) => {
      const outcome = running.get(need);
      return outcome === undefined ? [] : [{ need, outcome }];
    });
    const run = async (): Promise<Outcome> => {
      const outcomes = await Promise.all(before.map(async ({ need, outcome }) => ({ need, outcome: await outcome })));
      const missing = outcomes.find(({ outcome }) => outcome !== "done");
      if (missing === undefined) return (await work(id)) ? "done" : "failed";
      skip(id, missing.need);
      return "skipped";
    };
    running.set(id, run());
  }
  const results = [...running].map(async ([id, outcome]) => [id, await outcome] as const);
  await Promise.allSettled(results);
  return new Map(await Promise.all(results));
}
