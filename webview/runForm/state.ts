// What the page knows, and how a message or an edit changes it. Pure.
import type {
  FromRunForm,
  RunChoices,
  RunForm,
  RunPreview,
  RunSubject,
  ToRunForm,
} from "../../src/contract/runForm.ts";

export interface State {
  /** Undefined until the extension has spoken. */
  readonly form: RunForm | undefined;
  readonly subject: RunSubject;
  readonly preview: RunPreview;
  readonly choices: RunChoices;
  readonly busy: boolean;
  readonly said: { readonly text: string; readonly isError: boolean };
  /** Of the last edit; an answer to an older one is dropped. */
  readonly seq: number;
}

export type Action =
  | ToRunForm
  | { readonly type: "edit"; readonly change: Partial<RunForm> }
  | { readonly type: "value"; readonly name: string; readonly value: string }
  | { readonly type: "press"; readonly message: FromRunForm };

export const START: State = {
  form: undefined,
  subject: { pipeline: "", detail: "", description: "", place: "", inputs: [], steps: 0 },
  preview: { problems: [], schedule: "", next: [], notes: [] },
  choices: { experiments: [], serviceAccounts: [] },
  busy: false,
  said: { text: "", isError: false },
  seq: 0,
};

/** @returns the state after it, and what the extension is told */
export function step(state: State, action: Action): { readonly state: State; readonly send: readonly FromRunForm[] } {
  const now = (change: Partial<State>, ...send: FromRunForm[]) => ({ state: { ...state, ...change }, send });
  const edited = (form: RunForm) => {
    const seq = state.seq + 1;
    // What was said is of another form.
    return now({ form, seq, said: START.said }, { type: "change", seq, form });
  };
  const { form } = state;
  switch (action.type) {
    case "init":
      return now({ form: action.form, subject: action.subject, preview: action.preview });
    case "preview":
      return action.seq === state.seq ? now({ preview: action.preview }) : now({});
    case "choices":
      return now({ choices: action.choices });
    case "busy":
      return now({ busy: action.busy });
    case "said":
      return now({ said: { text: action.text, isError: action.isError } });
    case "edit":
      return form === undefined || !differs(form, action.change) ? now({}) : edited({ ...form, ...action.change });
    case "value": {
      const { name, value } = action;
      if (form === undefined || form.values[name] === value) return now({});
      return edited({ ...form, values: { ...form.values, [name]: value } });
    }
    case "press":
      return state.busy ? now({}) : now({}, action.message);
  }
}

function differs(form: RunForm, change: Partial<RunForm>): boolean {
  return (Object.keys(change) as (keyof RunForm)[]).some((field) => form[field] !== change[field]);
}
