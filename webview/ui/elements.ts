// The elements of our pages: the only file that knows which library draws them.
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeRadio,
  vsCodeRadioGroup,
  vsCodeTextArea,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit";
import { after, type Child, h, type VNode } from "./dom.ts";

/** Makes the elements known to the browser; once, before the first drawing. */
export function registerElements(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeRadio(),
    vsCodeRadioGroup(),
    vsCodeTextArea(),
    vsCodeTextField(),
  );
}

export interface ButtonLooks {
  readonly id?: string;
  readonly key?: string;
  readonly primary?: boolean;
  /** Takes something away: never the button that the eye is led to. */
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** What a screen reader says where the title alone would not do. */
  readonly spoken?: string;
}

export function button(title: string, press: () => void, looks: ButtonLooks = {}): VNode {
  return h(
    "vscode-button",
    {
      key: looks.key,
      id: looks.id,
      class: looks.danger === true ? "danger" : undefined,
      appearance: looks.primary === true ? "primary" : "secondary",
      disabled: looks.disabled,
      "aria-label": looks.spoken,
      onclick: () => {
        if (looks.disabled !== true) press();
      },
    },
    title,
  );
}

export interface FieldLooks {
  readonly id: string;
  readonly label: string;
  readonly disabled: boolean;
  readonly invalid: boolean;
  /** Ids of what is said about the field. */
  readonly describedBy: readonly string[];
}

/** Characters that a field takes; the extension takes no more (contract/wish.ts). */
export const MOST_TEXT = 4_096;
/** The same for what may be many lines, or as long (contract/jobForm.ts). */
export const MOST_LINES = 32_768;

interface TextLooks extends FieldLooks {
  readonly placeholder?: string | undefined;
}

/** A line of text; its label stands above it. */
export function textField(
  looks: TextLooks & { readonly numeric?: boolean; readonly most?: number },
  value: string,
  input: (text: string) => void,
): VNode {
  const node = written("vscode-text-field", looks, value, { maxlength: looks.most ?? MOST_TEXT }, input);
  return after(node, (element) => {
    const control = described(element, "input", looks);
    if (control !== null && looks.numeric === true) control.inputMode = "numeric";
  });
}

/** Several lines of text, one entry a line. */
export function textArea(looks: TextLooks, value: string, input: (text: string) => void): VNode {
  // As many lines as are written, within reason.
  const rows = Math.min(8, Math.max(2, value.split("\n").length));
  const node = written("vscode-text-area", looks, value, { rows, resize: "vertical", maxlength: MOST_LINES }, input);
  return after(node, (element) => void described(element, "textarea", looks));
}

function written(
  tag: string,
  looks: TextLooks,
  value: string,
  more: Readonly<Record<string, string | number>>,
  input: (text: string) => void,
): VNode {
  return h(
    tag,
    {
      ...more,
      id: looks.id,
      "aria-label": looks.label, // The element itself names itself only once, by its first text.
      value,
      disabled: looks.disabled,
      placeholder: looks.placeholder,
      spellcheck: "false",
      oninput: (event: Event) => input(textOf(event)),
    },
    looks.label,
  );
}

/** The field itself is in a shadow tree, where ids of the page mean nothing: it is given the elements. */
function described(element: Element, tag: "input" | "textarea", looks: FieldLooks): HTMLElement | null {
  const control = element.shadowRoot?.querySelector<HTMLElement>(tag) ?? null;
  if (control === null) return null; // Not upgraded yet: drawn again with the first state.
  control.ariaDescribedByElements = looks.describedBy.flatMap((id) => document.getElementById(id) ?? []);
  control.ariaInvalid = looks.invalid ? "true" : null;
  return control;
}

export interface Option {
  readonly value: string;
  readonly label: string;
  /** Shown below the label of a radio. */
  readonly detail?: string;
}

/** A list to pick one from; `value` must be among the options. */
export function dropdown(
  looks: FieldLooks,
  value: string,
  options: readonly Option[],
  pick: (value: string) => void,
): VNode {
  const node = h(
    "vscode-dropdown",
    {
      id: looks.id,
      disabled: looks.disabled,
      "aria-label": looks.label,
      "aria-invalid": looks.invalid ? "true" : undefined,
      "aria-describedby": looks.describedBy.join(" ") || undefined,
      onchange: (event: Event) => pick(textOf(event)),
    },
    options.map((option) =>
      h(
        "vscode-option",
        { key: option.value, "aria-label": option.label, value: option.value, selected: option.value === value },
        option.label,
      ),
    ),
  );
  // A list that is open is in somebody's hands. The options reach it a moment after they were drawn.
  return after(node, (element) =>
    setTimeout(() => {
      if (Reflect.get(element, "open") !== true && Reflect.get(element, "value") !== value)
        Reflect.set(element, "value", value);
    }),
  );
}

export function checkbox(
  looks: FieldLooks & { readonly detail?: string | undefined },
  checked: boolean,
  change: (checked: boolean) => void,
): VNode {
  const detail = about(looks.id, looks.detail);
  const node = h(
    "vscode-checkbox",
    {
      key: looks.id,
      id: looks.id,
      "aria-label": looks.label,
      checked,
      disabled: looks.disabled,
      "aria-describedby":
        [...looks.describedBy, ...(detail === undefined ? [] : [aboutId(looks.id)])].join(" ") || undefined,
      onchange: (event: Event) => change(read(event, "checked") === true),
    },
    looks.label,
    detail,
  );
  return named(node, looks.label);
}

/** `value` undefined: nothing is chosen yet. Options with a detail stand below each other. */
export function radios(
  looks: FieldLooks,
  value: string | undefined,
  options: readonly Option[],
  pick: (value: string) => void,
): VNode {
  return h(
    "vscode-radio-group",
    {
      id: looks.id,
      value,
      disabled: looks.disabled,
      orientation: options.some(({ detail }) => detail !== undefined) ? "vertical" : "horizontal",
      "aria-invalid": looks.invalid ? "true" : undefined,
      "aria-describedby": looks.describedBy.join(" ") || undefined,
      onchange: (event: Event) => pick(textOf(event)),
    },
    h("label", { slot: "label" }, looks.label),
    options.map(({ value: own, label, detail }) => {
      const id = `${looks.id}-${own}`;
      const more = about(id, detail);
      const spoken = more === undefined ? undefined : aboutId(id);
      return named(h("vscode-radio", { key: own, value: own, "aria-describedby": spoken }, label, more), label);
    }),
  );
}

/** The elements name themselves by all of their text when they come into the page. */
function named(node: VNode, label: string): VNode {
  return after(node, (element) => element.setAttribute("aria-label", label));
}

/** What tells an option from its neighbours, below its label: a screen reader says it after the name, not as one. */
function about(id: string, detail: string | undefined): VNode | undefined {
  return detail === undefined || detail === ""
    ? undefined
    : h("span", { id: aboutId(id), class: "small about" }, detail);
}

function aboutId(id: string): string {
  return `${id}-about`;
}

export function spinner(): VNode {
  return h("vscode-progress-ring", { "aria-hidden": "true" });
}

/** A list that opens on its heading. */
export function fold(key: string, heading: string, ...children: readonly Child[]): VNode {
  return h("details", { key }, h("summary", {}, heading), ...children);
}

function textOf(event: Event): string {
  const value = read(event, "value");
  return typeof value === "string" ? value : "";
}

function read(event: Event, property: string): unknown {
  return event.currentTarget === null ? undefined : Reflect.get(event.currentTarget, property);
}
