import type { ContextInfo } from "../kube/context.ts";

/** What a person chose of the rows of clusters. Contexts by name; a name may be of none, or of none any more. */
export interface ClusterChoices {
  readonly pinned: ReadonlySet<string>;
  readonly hidden: ReadonlySet<string>;
  readonly groupByServer: boolean;
}

/** A row at the top of the tree: contexts of one server where there are several and they are grouped, else one context. */
export type ClusterGroup =
  | { readonly kind: "context"; readonly context: ContextInfo }
  | { readonly kind: "server"; readonly server: string; readonly contexts: readonly ContextInfo[] };

export interface ArrangedClusters {
  readonly groups: readonly ClusterGroup[];
  /** What was left out, for one row that says how many they are. */
  readonly hidden: readonly ContextInfo[];
}

/**
 * The rows of clusters in their order: pinned ones first, and a server before others where one of its contexts is
 * pinned; otherwise as the kubeconfig has them.
 */
export function arrange(contexts: readonly ContextInfo[], choices: ClusterChoices): ArrangedClusters {
  const { pinned, groupByServer } = choices;
  const { shown = [], hidden = [] } = Object.groupBy(contexts, ({ name }) =>
    choices.hidden.has(name) ? "hidden" : "shown",
  );
  const rank = ({ name }: ContextInfo): number => (pinned.has(name) ? 0 : 1);
  const ordered = shown.toSorted((a, b) => rank(a) - rank(b));
  const together = Map.groupBy(ordered, (context) => (groupByServer && serverOf(context)) || context);
  const groups = [...together].flatMap(([server, [first, ...more]]): readonly ClusterGroup[] => {
    if (first === undefined) return [];
    if (typeof server !== "string" || more.length === 0) return [{ kind: "context", context: first }];
    return [{ kind: "server", server, contexts: [first, ...more] }];
  });
  return { groups, hidden };
}

/** One spelling for one server: host in lower case, no default port, no slash at the end. Empty where it names none. */
function serverOf({ server }: ContextInfo): string {
  return URL.canParse(server) ? new URL(server).href.replace(/\/+$/, "") : server;
}
