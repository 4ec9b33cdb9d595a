// One function per kind of field: its element, what it may hold, and what is said about it, tied to each other.
import type { FormFinding, FormOption, FormPreview } from "../../../src/core/formHost.ts";
import { type Child, h, type VNode } from "../dom.ts";
import {
  button,
  checkbox,
  dropdown,
  type FieldLooks,
  MOST_LINES,
  MOST_TEXT,
  type Option,
  radios,
  textArea,
  textField,
} from "../elements.ts";
import { type FormState, type Name, said, type Values } from "./state.ts";
import { LEVELS, WORDS } from "./words.ts";

export interface FieldWords {
  readonly label: string;
  readonly hint?: string;
  readonly example?: string;
}

export interface FormContext<Form extends Values, More extends string = never> {
  readonly state: Omit<FormState<Form, FormPreview<Name<Form>>, More>, "form" | "seq">;
  readonly form: Form;
  readonly fields: Readonly<Record<Name<Form>, FieldWords>>;
  /** Fields that somebody else has decided. */
  readonly locked?: readonly Name<Form>[];
  readonly edit: (change: Partial<Form>) => void;
  /** The button of a finding. */
  readonly press: (finding: number) => void;
}

/** Suggestions that fit beside a field. */
const MOST_CHIPS = 8;

export function part(key: string, legend: string, ...children: readonly Child[]): VNode {
  return h("fieldset", { key, class: "part" }, h("legend", {}, legend), children);
}

export function row(...fields: readonly Child[]): VNode {
  return h("div", { class: "row" }, fields);
}

/** A line of text. */
export function text<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
  { numeric = false, isLong = false }: { readonly numeric?: boolean; readonly isLong?: boolean } = {},
): VNode {
  return framed(context, field, line(context, field, numeric, isLong ? MOST_LINES : MOST_TEXT));
}

/** A line of text with what the cluster has, to be taken by a press. */
export function suggested<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
): VNode {
  return framed(context, field, [line(context, field), chips(context, field, (value) => changeOf(field, value))]);
}

/** Several entries, one a line. `take` makes an entry of a suggestion. */
export function lines<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
  take?: (value: string) => Partial<Form>,
): VNode {
  const looks = { ...looksOf(context, field), placeholder: context.fields[field].example };
  const area = textArea(looks, textOf(context, field), (typed) => context.edit(changeOf(field, typed)));
  return framed(context, field, [area, take !== undefined && chips(context, field, take)]);
}

/** One of what the cluster has; a line to type in where it tells none. `empty`: what "" means. */
export function pick<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
  empty?: string,
  choices: Name<Form> | More = field,
): VNode {
  const options = context.state.choices[choices] ?? [];
  if (options.length === 0) return text(context, field);
  // Of more than are listed, any other is typed.
  if (context.state.choices.partial?.includes(field) === true) return suggested(context, field);
  const all = empty === undefined ? options : [{ value: "", label: empty }, ...options];
  const choose = (chosen: string): void => context.edit(changeOf(field, chosen));
  return framed(context, field, list(looksOf(context, field), textOf(context, field), all, choose));
}

/** The same for what is no field of its own. */
export function pickOther(
  { busy }: { readonly busy: boolean },
  id: string,
  label: string,
  value: string,
  options: readonly FormOption[],
  choose: (value: string) => void,
): VNode {
  const looks = { id: `f-${id}`, label, disabled: busy, invalid: false, describedBy: [] };
  return h("div", { key: id, class: "field" }, list(looks, value, options, choose));
}

export function oneOf<Form extends Values, More extends string, Field extends Name<Form>>(
  context: FormContext<Form, More>,
  field: Field,
  options: readonly (Option & { readonly value: Form[Field] & string })[],
): VNode {
  const choose = (value: string): void => {
    if (options.some((option) => option.value === value)) context.edit(changeOf(field, value));
  };
  return framed(context, field, radios(looksOf(context, field), textOf(context, field), options, choose));
}

export function toggle<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
): VNode {
  const looks = looksOf(context, field);
  return framed(
    context,
    field,
    checkbox(looks, context.form[field] === true, (on) => context.edit(changeOf(field, on))),
  );
}

/** A box for each of what the cluster has; nothing where it has none. */
export function boxes<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
): VNode | false {
  const options = context.state.choices[field] ?? [];
  const value = context.form[field];
  const held = Array.isArray(value) ? value.map(String) : [];
  const { label } = context.fields[field];
  const { disabled, describedBy } = looksOf(context, field);
  const all = options.map((option, index) =>
    checkbox(
      { id: `f-${field}-${index}`, label: option.label, disabled, invalid: false, describedBy: [] },
      held.includes(option.value),
      (on) => {
        const others = held.filter((one) => one !== option.value);
        context.edit(changeOf(field, on ? [...others, option.value] : others));
      },
    ),
  );
  const group = { role: "group", id: `f-${field}`, "aria-label": label, "aria-describedby": describedBy.join(" ") };
  return all.length > 0 && framed(context, field, [h("p", { class: "label" }, label), h("div", group, all)]);
}

function line<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
  numeric = false,
  most = MOST_TEXT,
): VNode {
  const looks = { ...looksOf(context, field), numeric, most, placeholder: context.fields[field].example };
  return textField(looks, textOf(context, field), (typed) => context.edit(changeOf(field, typed)));
}

/** Of these; what the field holds besides is told not to be among them. */
export function list(
  looks: FieldLooks,
  value: string,
  options: readonly FormOption[],
  choose: (value: string) => void,
): Child {
  const missing = options.every((option) => option.value !== value);
  const all = missing ? [{ value, label: value === "" ? WORDS.none : WORDS.notFound(value) }, ...options] : options;
  return [h("label", { class: "label", for: looks.id }, looks.label), dropdown(looks, value, all, choose)];
}

function chips<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
  take: (value: string) => Partial<Form>,
): VNode | false {
  const { disabled } = looksOf(context, field);
  const options = (context.state.choices[field] ?? []).slice(0, MOST_CHIPS);
  const buttons = options.map(({ value, label }) =>
    button(label, () => context.edit(take(value)), {
      ...{ key: value, spoken: WORDS.use(label, context.fields[field].label), disabled },
    }),
  );
  return buttons.length > 0 && h("div", { class: "instead" }, buttons);
}

/** The one place where a value is taken for what its field holds; the extension reads it by its schema. */
function changeOf<Form extends Values>(field: Name<Form>, value: Values[string]): Partial<Form> {
  return { [field]: value } as Partial<Form>;
}

function textOf<Form extends Values, More extends string>(
  { form }: FormContext<Form, More>,
  field: Name<Form>,
): string {
  const value = form[field];
  return typeof value === "string" ? value : "";
}

function looksOf<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
): FieldLooks {
  const hasHint = hintOf(context, field) !== undefined;
  const disabled = context.state.busy || isLocked(context, field);
  return looksAbout(`f-${field}`, context.fields[field].label, disabled, hasHint, aboutField(context, field));
}

/** The looks of what `framedAbout` frames. */
export function looksAbout(
  id: string,
  label: string,
  disabled: boolean,
  hasHint: boolean,
  about: readonly FieldFinding[],
): FieldLooks {
  return {
    ...{ id, label, disabled },
    invalid: about.some(({ level }) => level === "problem"),
    describedBy: [...(hasHint ? [`${id}-hint`] : []), ...about.map((_, index) => `${id}-says-${index}`)],
  };
}

function isLocked<Form extends Values, More extends string>(
  { locked = [] }: FormContext<Form, More>,
  field: Name<Form>,
): boolean {
  return locked.includes(field);
}

function hintOf<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
): string | undefined {
  return isLocked(context, field) ? WORDS.locked : context.fields[field].hint;
}

type FieldFinding = FormFinding<string> & { readonly index: number };

/** What is not in order with it; that it is, is said among the checks. */
function aboutField<Form extends Values, More extends string>(
  { state }: FormContext<Form, More>,
  field: Name<Form>,
): readonly FieldFinding[] {
  return said(state).filter(
    (finding) => finding.field === field && (finding.level === "warning" || finding.level === "problem"),
  );
}

function framed<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  field: Name<Form>,
  element: Child,
): VNode {
  return framedAbout(context, `f-${field}`, element, hintOf(context, field), aboutField(context, field));
}

/** An element with its hint below, and what is said about it. */
export function framedAbout(
  context: Parameters<typeof says>[0],
  id: string,
  element: Child,
  hint: string | undefined,
  about: readonly FieldFinding[],
): VNode {
  return h(
    "div",
    { key: id, class: about.some(({ level }) => level === "problem") ? "field wrong" : "field" },
    element,
    hint !== undefined && h("p", { class: "hint", id: `${id}-hint` }, hint),
    // Its lines stand among the checks, where there is room.
    about.map((finding, index) => says(context, { ...finding, lines: [] }, `${id}-says-${index}`)),
  );
}

/** A finding in words, with its button. */
export function says(
  { state, press }: { readonly state: { readonly busy: boolean }; readonly press: (finding: number) => void },
  { level, text: sentence, lines: more, next, index }: FormFinding<string> & { readonly index: number },
  id: string,
): VNode {
  return h(
    "div",
    { key: id, class: `says ${level === "problem" ? "error" : level === "unknown" ? "told" : level}` },
    h("p", { id }, h("strong", {}, `${LEVELS[level]}: `), sentence),
    more.length > 0 &&
      h(
        "ul",
        { class: "small" },
        more.map((one) => h("li", {}, one)),
      ),
    next !== "" &&
      h(
        "div",
        { class: "instead" },
        button(next, () => press(index), { disabled: state.busy }),
      ),
  );
}
