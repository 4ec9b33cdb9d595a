import { isNamespaceName } from "../kube/names.ts";
import type { NamespaceList } from "./namespaces.ts";

/** What a person may look at: one namespace, or all of them at once. */
export type NamespaceChoice = { readonly kind: "all" } | { readonly kind: "one"; readonly name: string };

/** Stands for all namespaces where choices are kept as texts; no namespace can be called that. */
export const ALL_NAMESPACES = "*";

/** The choice that a kept or typed text stands for; undefined where it can be no namespace. */
export function namespaceChoice(text: string): NamespaceChoice | undefined {
  if (text === ALL_NAMESPACES) return { kind: "all" };
  return isNamespaceName(text) ? { kind: "one", name: text } : undefined;
}

export type NamespaceNote = "my profile" | "pinned" | "recent";

/** The namespaces of a cluster that are shown, and whether there may be others. */
export interface ShownNamespaces {
  readonly shown: readonly string[];
  readonly more: boolean;
  /** Why a namespace stands before the others. */
  readonly notes: ReadonlyMap<string, NamespaceNote>;
}

/** The namespaces to choose from, the person's own first. */
export interface OfferedNamespaces extends NamespaceList {
  readonly notes: ReadonlyMap<string, NamespaceNote>;
}

/** What is known of a person's ways in a cluster. */
export interface NamespaceWays {
  readonly mine: readonly string[];
  readonly pinned: readonly string[];
  /** The last one first. */
  readonly recent: readonly string[];
}

const NO_WAYS: NamespaceWays = { mine: [], pinned: [], recent: [] };
/** Namespaces shown at once where the person has not chosen. */
const SHOWN = 20;

/** What is shown where nobody has chosen: the person's own, the context's (`own`), others by name. */
export function firstNamespaces(list: NamespaceList, own: string, ways = NO_WAYS): ShownNamespaces {
  const { names, mayList } = list;
  const notes = notesOn(ways);
  const known = new Set(names);
  const first = [...new Set([...notes.keys(), own])].filter((name) => !mayList || known.has(name));
  const others = names.filter((name) => !first.includes(name));
  return { shown: [...first, ...others.slice(0, SHOWN)], more: !mayList || others.length > SHOWN, notes };
}

/** What there is to choose from. What was chosen may have been typed, or lie beyond what a listing reads: it stays. */
export function namespacesToChoose(
  { names, mayList }: NamespaceList,
  own: string,
  chosen: readonly string[] = [],
  ways = NO_WAYS,
): OfferedNamespaces {
  const notes = notesOn(ways);
  const others = mayList ? [...names, ...chosen].sort() : [...chosen, own];
  return {
    names: [...new Set([...notes.keys(), ...others])].filter((name) => name !== ALL_NAMESPACES),
    mayList,
    notes,
  };
}

function notesOn({ mine, pinned, recent }: NamespaceWays): ReadonlyMap<string, NamespaceNote> {
  const notes = new Map<string, NamespaceNote>();
  const add = (names: readonly string[], note: NamespaceNote): void => {
    for (const name of names) if (!notes.has(name)) notes.set(name, note);
  };
  add(mine, "my profile");
  add(pinned, "pinned");
  add(recent, "recent");
  return notes;
}
