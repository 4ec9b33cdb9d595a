// One function per kind of field: its element, what it may hold, and what is wrong with it, tied to each other.
import type { Choice, FieldPath, Finding } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import { fieldOf } from "../../src/contract/wishFields.ts";
import type { FromWizard } from "../../src/contract/wizard.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { button, checkbox, dropdown, type FieldLooks, type Option, radios, textField } from "../ui/elements.ts";
import type { Action, State } from "./state.ts";
import { findings, locked } from "./state.ts";
import { WORDS } from "./words.ts";

export interface FormContext {
  readonly state: State;
  readonly wish: Wish;
  readonly found: readonly Finding[];
  readonly dispatch: (action: Action) => void;
  /** Paths of the fields that are on the page; what is said about others goes above the form. */
  readonly shown: Set<FieldPath>;
}

export interface FieldOptions {
  readonly hint?: string;
  readonly placeholder?: string;
  /** Cannot be changed while the cluster exists. */
  readonly fixed?: boolean;
  readonly numeric?: boolean;
}

export function formContext(state: State, wish: Wish, dispatch: FormContext["dispatch"]): FormContext {
  return { state, wish, found: findings(state), dispatch, shown: new Set() };
}

/** A line of text. */
export function text(context: FormContext, path: FieldPath, label: string, options: FieldOptions = {}): VNode {
  return framed(context, path, label, line(context, path, label, options), options);
}

function line(context: FormContext, path: FieldPath, label: string, options: FieldOptions): VNode {
  const value = context.state.typed[path] ?? shownText(fieldOf(context.wish, path));
  const looks = { ...looksOf(context, path, label, options), numeric: options.numeric === true };
  return textField({ ...looks, placeholder: options.placeholder }, value, (typed) => {
    const parsed = options.numeric === true ? wholeNumber(typed) : typed;
    context.dispatch({ type: "edit", path, value: parsed, typed });
  });
}

/** A folder of this computer: typed, or chosen in the editor's own dialog. */
export function folder(
  context: FormContext,
  path: Extract<FromWizard, { type: "pickFolder" }>["field"],
  label: string,
  options: FieldOptions = {},
): VNode {
  const browse = (): void => context.dispatch({ type: "press", message: { type: "pickFolder", field: path } });
  const looks = { spoken: `${WORDS.pickFolder} ${label}`, disabled: locked(context.state) };
  const row = h(
    "div",
    { class: "row with-button" },
    line(context, path, label, options),
    button(WORDS.pickFolder, browse, looks),
  );
  return framed(context, path, label, row, options);
}

/** Several values in one line, separated by commas. */
export function list(context: FormContext, path: FieldPath, label: string, options: FieldOptions): VNode {
  const value = context.state.typed[path] ?? shownText(fieldOf(context.wish, path));
  const looks = { ...looksOf(context, path, label, options), placeholder: options.placeholder };
  const field = textField(looks, value, (typed) => {
    const parts = typed.split(/[\s,;]+/).filter((part) => part !== "");
    context.dispatch({ type: "edit", path, value: parts, typed });
  });
  return framed(context, path, label, field, options);
}

export function number(context: FormContext, path: FieldPath, label: string, options: FieldOptions = {}): VNode {
  return text(context, path, label, { ...options, numeric: true });
}

/** One of the extension's choices; a field to type in where it has none. */
export function pick(context: FormContext, path: FieldPath, label: string, options: FieldOptions = {}): VNode {
  const choices = context.state.preview?.choices[path] ?? [];
  if (choices.length === 0) return text(context, path, label, options);
  const value = shownText(fieldOf(context.wish, path));
  const known = choices.map((choice) => ({
    value: choice.value,
    label: choice.detail === undefined || choice.detail === "" ? choice.label : `${choice.label} · ${choice.detail}`,
  }));
  const missing = known.every((choice) => choice.value !== value);
  const odd = { value, label: value === "" ? (options.placeholder ?? WORDS.choose) : WORDS.notOffered(value) };
  const looks = looksOf(context, path, label, options);
  const field = dropdown(looks, value, missing ? [odd, ...known] : known, (chosen) => {
    context.dispatch({ type: "edit", path, value: options.numeric === true ? wholeNumber(chosen) : chosen });
  });
  const labelled = [h("label", { class: "label", for: looks.id }, label), field];
  return framed(context, path, label, labelled, options);
}

export function toggle(context: FormContext, path: FieldPath, label: string): VNode {
  const looks = looksOf(context, path, label, {});
  const field = checkbox(looks, fieldOf(context.wish, path) === true, (value) =>
    context.dispatch({ type: "edit", path, value }),
  );
  return framed(context, path, label, field, {});
}

/** Any number of the extension's choices. */
export function several(context: FormContext, path: FieldPath, label: string, none: string): VNode {
  const choices = context.state.preview?.choices[path] ?? [];
  const now = fieldOf(context.wish, path);
  const chosen = Array.isArray(now) ? now.map(String) : [];
  const extra = chosen.filter((value) => choices.every((choice) => choice.value !== value));
  const all: Choice[] = [...choices, ...extra.map((value) => ({ value, label: WORDS.notOffered(value) }))];
  const looks = looksOf(context, path, label, {});
  const boxes = all.map((choice, index) =>
    checkbox(
      // The first box stands for the field where something leads to it.
      {
        ...looks,
        id: index === 0 ? looks.id : `${looks.id}-${choice.value}`,
        label: choice.label,
        detail: choice.detail,
      },
      chosen.includes(choice.value),
      (on) => {
        const next = all.map(({ value }) => value).filter((v) => (v === choice.value ? on : chosen.includes(v)));
        context.dispatch({ type: "edit", path, value: next });
      },
    ),
  );
  const legend = h("legend", { class: "label" }, label);
  const told = all.some(({ detail }) => detail !== undefined);
  const body = h(
    "div",
    { class: told ? "boxes told" : "boxes" },
    boxes.length === 0 ? h("span", { class: "hint" }, none) : boxes,
  );
  return framed(context, path, label, h("fieldset", { class: "plain" }, legend, body), {});
}

export function oneOf(
  context: FormContext,
  path: FieldPath,
  label: string,
  options: readonly Option[],
  value: string | undefined,
  choose: (value: string) => void,
  more: FieldOptions = {},
): VNode {
  const looks = looksOf(context, path, label, more);
  return framed(context, path, label, radios(looks, value, options, choose), more);
}

/** Id of a field's element. */
export function fieldId(path: FieldPath): string {
  return `f-${path.replaceAll(".", "-")}`;
}

function looksOf(context: FormContext, path: FieldPath, label: string, options: FieldOptions): FieldLooks {
  context.shown.add(path);
  const id = fieldId(path);
  const about = context.found.filter((finding) => finding.field === path);
  return {
    id,
    label,
    disabled: locked(context.state) || (options.fixed === true && context.state.wizard.mode !== "new"),
    invalid: about.some(({ severity }) => severity === "error"),
    describedBy: [
      ...(options.hint === undefined ? [] : [`${id}-hint`]),
      ...about.map((_, index) => `${id}-says-${index}`),
    ],
  };
}

/** The field with its hint below, and what is said about it. */
function framed(context: FormContext, path: FieldPath, label: string, field: Child, options: FieldOptions): VNode {
  const id = fieldId(path);
  const about = context.found.filter((finding) => finding.field === path);
  return h(
    "div",
    { key: path, class: about.some(({ severity }) => severity === "error") ? "field wrong" : "field" },
    field,
    options.hint !== undefined && h("p", { class: "hint", id: `${id}-hint` }, options.hint),
    about.map((finding, index) => said(context, finding, `${id}-says-${index}`, label)),
  );
}

/** A finding with buttons for what would be right. */
export function said(context: FormContext, finding: Finding, id: string, label: string): VNode {
  const { field, severity, message, instead = [] } = finding;
  const use = instead.map((offer) =>
    button(offer.label, () => context.dispatch({ type: "edit", path: field, value: offer.value }), {
      key: String(offer.value),
      spoken: WORDS.use(offer.label, label),
      disabled: locked(context.state),
    }),
  );
  return h(
    "div",
    { key: id, class: `says ${severity}` },
    h("p", { id }, h("strong", {}, `${severity === "error" ? WORDS.error : WORDS.warning}: `), message),
    use.length > 0 && h("div", { class: "instead" }, use),
  );
}

function shownText(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Undefined where the text is not a whole number that the wish can hold. */
function wholeNumber(typed: string): number | undefined {
  const value = /^\s*\d+\s*$/.test(typed) ? Number(typed) : Number.NaN;
  return value <= 100_000 ? value : undefined;
}
