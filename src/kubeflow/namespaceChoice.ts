import type { NamespaceList } from "./namespaces.ts";

/** The namespaces of a cluster that are shown, and whether there may be others. */
export interface ShownNamespaces {
  readonly shown: readonly string[];
  readonly more: boolean;
}

/** Namespaces shown at once where the person has not chosen. */
const SHOWN = 20;

/** What is shown where nobody has chosen; `own` is the namespace that the context names. */
export function firstNamespaces({ names, mayList }: NamespaceList, own: string): ShownNamespaces {
  const first = !mayList || names.includes(own) ? [own] : [];
  const others = names.filter((candidate) => candidate !== own);
  return { shown: [...first, ...others.slice(0, SHOWN)], more: !mayList || others.length > SHOWN };
}

/** What there is to choose from. What was chosen may have been typed, or lie beyond what a listing reads: it stays. */
export function namespacesToChoose(
  { names, mayList }: NamespaceList,
  own: string,
  chosen: readonly string[] = [],
): NamespaceList {
  if (mayList) return { names: [...new Set([...names, ...chosen])].sort(), mayList };
  return { names: [...new Set([...chosen, own])], mayList };
}
