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
      `Created ${new Date(notebook.created).toLocaleString()}`,
    ],
    contextValue: contextValue("notebook", notebookFlags(notebook, sight)),
    spoken: spokenText([name, "notebook", state.toLowerCase(), ...more]),
  };
}

function notebookFlags({ deleting, stopped }: Notebook, { summary, allowed, hasPod, why }: NotebookSight): RowFlags {
  const isReady = summary.state === "Ready";
  const change = allowed.change && !deleting;
  return {
    object: true,
    name: true,
    events: allowed.events,
    why,
    open: isReady && allowed.forward,
    logs: hasPod && allowed.logs,
    shell: isReady && allowed.shell,
    start: change && stopped,
    stop: change && !stopped,
    delete: allowed.delete,
  };
}
