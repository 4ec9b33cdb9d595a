// What a page with a form that is planned and checked knows, and how a message or an edit changes it. Pure.
import type { FormChoices, FormFinding, FormMessage, FormPreview } from "../../../src/core/formHost.ts";

/** What fields hold. */
export type Values = Readonly<Record<string, string | boolean | readonly string[]>>;
export type Name<Form> = keyof Form & string;

export interface ManifestPreview<Field extends string> extends FormPreview<Field> {
  /** YAML; that of the last form without problems. */
  readonly manifest: string;
}

export interface FormState<
  Form extends Values,
  Preview extends FormPreview<Name<Form>> = ManifestPreview<Name<Form>>,
  More extends string = never,
> {
  /** Undefined until the extension has spoken. */
  readonly form: Form | undefined;
  readonly preview: Preview;
  readonly choices: FormChoices<Name<Form>, More>;
  readonly findings: readonly FormFinding<Name<Form>>[];
  readonly checking: boolean;
  readonly busy: boolean;
  /** Of the last edit; an answer to an older one is dropped. */
  readonly seq: number;
}

export interface Changed<Form> {
  readonly type: "change";
  readonly seq: number;
  readonly form: Form;
}

export type FormAction<Form extends Values, Preview, More extends string, From> =
  | FormMessage<Name<Form>, Preview>
  | { readonly type: "choices"; readonly choices: FormChoices<Name<Form>, More> }
  | { readonly type: "edit"; readonly change: Partial<Form> }
  | { readonly type: "press"; readonly message: From };

/** @returns the state after it, and what the extension is told */
export function stepForm<
  Form extends Values,
  Preview extends ManifestPreview<Name<Form>>,
  More extends string,
  From,
  State extends FormState<Form, Preview, More>,
>(
  state: State & FormState<Form, Preview, More>,
  action: FormAction<Form, Preview, More, From>,
): { readonly state: State; readonly send: readonly (From | Changed<Form>)[] } {
  const now = (change: Partial<FormState<Form, Preview, More>>, ...send: (From | Changed<Form>)[]) => ({
    ...{ state: { ...state, ...change }, send },
  });
  switch (action.type) {
    case "preview":
      // An answer to -1 is to a form that the extension planned by itself.
      return action.seq === state.seq || action.seq === -1 ? now({ preview: action.preview }) : now({});
    case "choices":
      return now({ choices: action.choices });
    case "findings":
      return now({ findings: action.findings, checking: action.checking });
    case "busy":
      return now({ busy: action.busy });
    case "edit": {
      if (state.form === undefined || !differs(state.form, action.change)) return now({});
      const form = { ...state.form, ...action.change };
      const seq = state.seq + 1;
      return now({ form, seq }, { type: "change", seq, form });
    }
    case "press":
      return state.busy ? now({}) : now({}, action.message);
  }
}

function differs<Form extends Values>(form: Form, change: Partial<Form>): boolean {
  return Object.keys(change).some((field) => form[field] !== change[field]);
}

/** Everything that is said: what cannot be read first, else what the cluster found, each with its place there. */
export function said<Field extends string>({
  preview,
  findings,
}: {
  readonly preview: FormPreview<Field>;
  readonly findings: readonly FormFinding<Field>[];
}): readonly (FormFinding<Field> & { readonly index: number })[] {
  const all = preview.problems.length > 0 ? preview.problems : findings;
  return all.map((finding, index) => ({ ...finding, index: preview.problems.length > 0 ? -1 : index }));
}

/** Lines of a text of entries with one more; the same where it is there already. */
export function withLine(text: string, line: string): string {
  const lines = text.split("\n").filter((one) => one.trim() !== "");
  return lines.includes(line) ? text : [...lines, line].join("\n");
}
