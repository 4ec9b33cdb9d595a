// What the page knows, and how a message or an edit changes it. Pure.
import type { FromJobForm, JobForm, JobPreview, ToJobForm } from "../../src/contract/jobForm.ts";
import { type FormState, stepForm } from "../ui/form/state.ts";

export interface State extends FormState<JobForm, JobPreview, "gpuTypes" | "queuePriority"> {
  readonly file: string;
}

export type Action =
  | ToJobForm
  | { readonly type: "edit"; readonly change: Partial<JobForm> }
  | { readonly type: "press"; readonly message: FromJobForm };

export const START: State = {
  form: undefined,
  file: "",
  preview: { problems: [], manifest: "", summary: "", price: "", files: "" },
  choices: {},
  findings: [],
  checking: false,
  busy: false,
  seq: 0,
};

/** @returns the state after it, and what the extension is told */
export function step(state: State, action: Action): { readonly state: State; readonly send: readonly FromJobForm[] } {
  if (action.type !== "init") return stepForm(state, action);
  return { state: { ...state, form: action.form, file: action.file, preview: action.preview }, send: [] };
}

/** The GPU type among the node labels, `label=value`; "" for any. `types`: those of the cluster. */
export function gpuTypeOf(nodeSelector: string, types: readonly string[]): string {
  return nodeSelector.split("\n").find((line) => types.includes(line.trim())) ?? "";
}

/** The node labels with another GPU type. */
export function withGpuType(nodeSelector: string, types: readonly string[], type: string): string {
  const others = nodeSelector.split("\n").filter((line) => line.trim() !== "" && !types.includes(line.trim()));
  return [...others, ...(type === "" ? [] : [type])].join("\n");
}
