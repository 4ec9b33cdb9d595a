// The page on which a pipeline is run: what it asks for, how it is run, when, and one button.
import type { RunField, RunForm, RunInput, RunProblem } from "../../src/contract/runForm.ts";
import type { FormFinding, FormOption } from "../../src/core/formHost.ts";
import { label } from "../../src/core/sanitize.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { button, MOST_LINES, textArea, textField } from "../ui/elements.ts";
import {
  type FormContext,
  framedAbout,
  list,
  looksAbout,
  oneOf,
  part,
  suggested,
  text,
  toggle,
} from "../ui/form/fields.ts";
import { reading } from "../ui/form/page.ts";
import { openLoop } from "../ui/loop.ts";
import { START, type State, step } from "./state.ts";
import { CACHING, FIELDS, WHEN, WORDS } from "./words.ts";

/** The form without what the pipeline asks for. */
type Context = FormContext<Pick<RunForm, RunField>>;

const types = ["init", "preview", "choices", "busy", "said"] as const;
const { dispatch, press, begin } = openLoop({ types, start: START, step, view: page });

function page(state: State): Child[] {
  const { form, subject } = state;
  if (form === undefined) return reading(WORDS.reading);
  const context = contextOf(state, form);
  return [
    h(
      "header",
      {},
      h("h1", {}, WORDS.title(subject.pipeline)),
      h("p", { class: "lead" }, [subject.detail, subject.place].filter((part) => part !== "").join(" · ")),
    ),
    h("div", { class: "unseen", role: "status" }, verdict(state)),
    h(
      "main",
      { key: "page", class: "page" },
      h("div", { key: "left", class: "left" }, inputs(state, form), footer(state, form)),
      h("div", { key: "right", class: "right" }, how(context), when(state, context), happens(state)),
    ),
  ];
}

function contextOf({ busy, preview, choices }: State, form: RunForm): Context {
  const { experiments, serviceAccounts } = choices;
  return {
    state: {
      ...{ busy, checking: false, findings: [], preview: { problems: preview.problems.map(finding) } },
      choices: { experiment: optionsOf(experiments), serviceAccount: optionsOf(serviceAccounts) },
    },
    ...{ form, fields: FIELDS },
    edit: (change) => dispatch({ type: "edit", change }),
    press: () => undefined,
  };
}

/** Whatever a server calls it. */
function optionsOf(values: readonly string[]): FormOption[] {
  return values.map((value) => ({ value, label: label(value) }));
}

function inputs(state: State, form: RunForm): VNode {
  const { inputs: asked, description } = state.subject;
  return part(
    "inputs",
    WORDS.inputs,
    description !== "" && h("p", { class: "hint" }, description),
    asked.length === 0 && h("p", {}, WORDS.noInputs),
    asked.map((input) => inputField(state, input, form.values[input.name] ?? "")),
  );
}

function inputField({ busy, preview }: State, input: RunInput, value: string): VNode {
  const { name, type, description, choices } = input;
  const id = `i-${name}`;
  const wrong = preview.problems.filter((problem) => problem.input === name).map(finding);
  const looks = looksAbout(id, label(name), busy, true, wrong);
  const take = (text: string): void => dispatch({ type: "value", name, value: text });
  const isPicked = type === "boolean" || choices.length > 0;
  const options = [
    ...(input.optional || value === "" ? [{ value: "", label: WORDS.empty(label(input.default)) }] : []),
    ...optionsOf(choices.length > 0 ? choices : ["true", "false"]),
  ];
  const element = isPicked
    ? list(looks, value, options, take)
    : type === "list" || type === "struct"
      ? textArea(looks, value, take)
      : textField({ ...looks, numeric: type !== "string", most: MOST_LINES }, value, take);
  const hint = [description, WORDS.about(input)].filter((part) => part !== "").join(" · ");
  return framedAbout({ state: { busy }, press: () => undefined }, id, element, hint, wrong);
}

function finding({ field, text: said }: RunProblem): FormFinding<RunField> & { readonly index: number } {
  return { field: field ?? "form", level: "problem", text: said, lines: [], next: "", index: -1 };
}

function how(context: Context): VNode {
  return part(
    "how",
    WORDS.run,
    text(context, "name"),
    suggested(context, "experiment"),
    suggested(context, "serviceAccount"),
    text(context, "root"),
    oneOf(context, "caching", CACHING),
  );
}

function when(state: State, context: Context): VNode {
  const { schedule, next } = state.preview;
  const { form } = context;
  return part(
    "when",
    WORDS.when,
    oneOf(context, "when", WHEN),
    form.when === "cron" && text(context, "cron"),
    form.when === "every" && text(context, "every", { numeric: true }),
    schedule !== "" && h("p", { id: "words" }, schedule),
    next.length > 0 && [
      h("p", { class: "hint", id: "next" }, WORDS.next),
      h(
        "ul",
        { "aria-labelledby": "next", class: "times" },
        next.map((time) => h("li", { key: time }, time)),
      ),
    ],
    form.when !== "once" && [text(context, "atOnce", { numeric: true }), toggle(context, "catchUp")],
  );
}

function happens(state: State): VNode | false {
  const { notes } = state.preview;
  return (
    notes.length > 0 &&
    h(
      "section",
      { key: "happens", "aria-labelledby": "happens" },
      h("h2", { id: "happens" }, WORDS.happens),
      h(
        "ul",
        {},
        notes.map((note) => h("li", { key: note }, note)),
      ),
    )
  );
}

function footer(state: State, form: RunForm): VNode {
  const { busy, preview, said } = state;
  const title = form.when === "once" ? WORDS.start : WORDS.schedule;
  return h(
    "div",
    { key: "footer", class: "footer" },
    button(busy ? WORDS.sending : title, () => press({ type: "start" }), {
      ...{ id: "start", primary: true },
      // Not while it is being sent: a button that is switched off loses the focus.
      disabled: preview.problems.length > 0,
    }),
    button(WORDS.graph, () => press({ type: "graph" }), { id: "graph" }),
    h("p", { class: said.isError ? "says error" : "hint" }, verdict(state)),
  );
}

function verdict(state: State): string {
  const { busy, said, preview } = state;
  if (busy) return WORDS.sending;
  if (said.text !== "") return said.text;
  return preview.problems.length > 0 ? WORDS.problems(preview.problems.length) : WORDS.ready;
}

begin();
