// What the page knows, and how a message or an edit changes it. Pure.
import type {
  FromNotebookForm,
  NotebookForm,
  NotebookPreview,
  NotebookSubject,
  ToNotebookForm,
} from "../../src/contract/notebookForm.ts";
import { type FormState, stepForm } from "../ui/form/state.ts";

export interface State extends FormState<NotebookForm, NotebookPreview, "like"> {
  readonly subject: NotebookSubject;
}

export type Action =
  | ToNotebookForm
  | { readonly type: "edit"; readonly change: Partial<NotebookForm> }
  | { readonly type: "press"; readonly message: FromNotebookForm };

export const START: State = {
  form: undefined,
  subject: { place: "", source: "", like: "", left: [], locked: [] },
  preview: { problems: [], manifest: "", summary: "" },
  choices: {},
  findings: [],
  checking: false,
  busy: false,
  seq: 0,
};

/** @returns the state after it, and what the extension is told */
export function step(
  state: State,
  action: Action,
): { readonly state: State; readonly send: readonly FromNotebookForm[] } {
  if (action.type !== "init") return stepForm(state, action);
  return { state: { ...state, form: action.form, subject: action.subject, preview: action.preview }, send: [] };
}
