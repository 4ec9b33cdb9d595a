import { label } from "../core/sanitize.ts";
import { joined, plural } from "../core/text.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import { contextValue, type RowFlags } from "../manifest.ts";
import type { NotebookState, NotebookSummary } from "../notebooks/index.ts";
import type { Allowed } from "./allowed.ts";
import { iconOf, type Row, spokenText, STATE_ICONS } from "./row.ts";

/** What a person wants to know first. */
export const NOTEBOOK_STATES: readonly NotebookState[] = [
  "Ready",
  "Failed",
  "Starting",
  "Restarting",
  "Waiting",
  "Stopping",
  "Stopped",
];

export interface NotebookSight {
  readonly summary: NotebookSummary;
  /** Shown where rows of several namespaces stand together. */
  readonly namespace: string;
  readonly allowed: Allowed;
  readonly hasPod: boolean;
  /** When it was used, and when it is stopped for want of use. */
  readonly use: readonly string[];
  readonly why: boolean;
}

export function notebookRow(notebook: Notebook, sight: NotebookSight): Row {
  const { state, detail, when } = sight.summary;
  const name = label(notebook.name);
  const gpus = notebook.gpus === 0 ? "" : plural(notebook.gpus, "GPU");
  const more = [label(detail), gpus, when, label(sight.namespace, 63)];
  return {
    label: name,
    description: joined([state, ...more]),
    ...iconOf(STATE_ICONS[state]),
    tooltip: [
      `${name} · notebook · ${state}`,
      ...(detail === "" ? [] : [label(detail)]),
      ...(notebook.image === undefined ? [] : [`Image: ${label(notebook.image)}`]),
      ...(gpus === "" ? [] : [gpus]),
      ...sight.use,
      `Created ${new Date(notebook.created).toLocaleString()}`,
    ],
    contextValue: contextValue("notebook", notebookFlags(notebook, sight)),
    spoken: spokenText([name, "notebook", state.toLowerCase(), ...more]),
  };
}

/** Whether a minute later it says something else: of hours they do not tick, save for those until it is stopped. */
export function ticks({ detail, when }: NotebookSummary): boolean {
  return /\b(?:min|minute|moment|just now|stops in)\b/.test(`${detail} ${when}`);
}

function notebookFlags({ deleting, stopped }: Notebook, { summary, allowed, hasPod, why }: NotebookSight): RowFlags {
  const isReady = summary.state === "Ready";
  const change = allowed.change && !deleting;
  return {
    object: true,
    name: true,
    events: allowed.events,
    why,
    // Whoever lacks the right to forward ports is told so, and offered the gateway.
    open: isReady,
    logs: hasPod && allowed.logs,
    shell: isReady && allowed.shell,
    start: change && stopped,
    stop: change && !stopped,
    restart: change && !stopped,
    delete: allowed.delete,
  };
}
