// The page of a new notebook: everything that the cluster offers for one, beside it what comes of it, and one button.
import type { NotebookForm } from "../../src/contract/notebookForm.ts";
import { label } from "../../src/core/sanitize.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { boxes, type FormContext, lines, oneOf, part, pick, pickOther, row, text, toggle } from "../ui/form/fields.ts";
import { checks, footer, manifest, reading, verdict } from "../ui/form/page.ts";
import { withLine } from "../ui/form/state.ts";
import { openLoop } from "../ui/loop.ts";
import { START, type State, step } from "./state.ts";
import { FIELDS, SERVERS, WORDS, WORKSPACES } from "./words.ts";

type Context = FormContext<NotebookForm, "like">;

const types = ["init", "preview", "choices", "findings", "busy"] as const;
const { dispatch, press, begin } = openLoop({ types, start: START, step, view: page });

function page(state: State): Child[] {
  const { form, subject, preview } = state;
  if (form === undefined) return reading(WORDS.reading);
  const context: Context = {
    ...{ state, form, fields: FIELDS, locked: subject.locked },
    edit: (change) => dispatch({ type: "edit", change }),
    press: (finding) => press({ type: "next", finding }),
  };
  return [
    h(
      "header",
      {},
      h("h1", {}, WORDS.title),
      h("p", { class: "lead" }, [subject.place, preview.summary].filter((part) => part !== "").join(" · ")),
      h("p", { class: "hint", id: "source" }, subject.source),
    ),
    h("div", { class: "unseen", role: "status" }, verdict(state, WORDS)),
    h(
      "main",
      { key: "page", class: "page" },
      h(
        "div",
        { key: "left", class: "left" },
        formParts(state, context),
        footer(state, WORDS, () => press({ type: "run" })),
      ),
      h("div", { key: "right", class: "right" }, [
        checks(context, () => press({ type: "check" })),
        manifest(state, () => press({ type: "open" })),
      ]),
    ),
  ];
}

function formParts(state: State, context: Context): Child[] {
  const { form } = context;
  const { parts } = WORDS;
  return [
    part("what", parts.what, [
      like(state),
      text(context, "name"),
      oneOf(context, "server", SERVERS),
      pick(context, "image"),
    ]),
    part("size", parts.size, [
      row(text(context, "cpu"), text(context, "memory")),
      row(text(context, "cpuLimit"), text(context, "memoryLimit")),
      row(text(context, "gpus", { numeric: true }), pick(context, "gpuVendor")),
    ]),
    part("storage", parts.storage, [
      oneOf(context, "workspace", WORKSPACES),
      form.workspace === "new" && [
        row(text(context, "workspaceName"), text(context, "workspaceSize")),
        row(pick(context, "workspaceClass", WORDS.default), text(context, "workspacePath")),
      ],
      form.workspace === "existing" && row(pick(context, "workspaceClaim"), text(context, "workspacePath")),
      lines(context, "volumes", (line) => ({ volumes: withLine(form.volumes, line) })),
      toggle(context, "shm"),
    ]),
    part("pod", parts.pod, [
      boxes(context, "configurations"),
      lines(context, "env"),
      pick(context, "serviceAccount", WORDS.account),
    ]),
    part("nodes", parts.nodes, [row(offered(context, "tolerations"), offered(context, "affinity"))]),
  ];
}

/** Groups are the administrators': where there are none, there is nothing to choose. */
function offered(context: Context, field: "tolerations" | "affinity"): VNode {
  const { state } = context;
  if ((state.choices[field] ?? []).length > 0) return pick(context, field, WORDS.none);
  const none = [{ value: "", label: WORDS.none }];
  const choose = (value: string): void => context.edit({ [field]: value });
  return pickOther(state, field, FIELDS[field].label, context.form[field], none, choose);
}

/** A notebook that is there, to fill the form in after. */
function like(state: State): VNode | false {
  const options = state.choices.like ?? [];
  const { like: name, left } = state.subject;
  if (options.length === 0) return false;
  const all = [{ value: "", label: WORDS.likeNone }, ...options];
  const choose = (chosen: string): void => press({ type: "like", name: chosen });
  return h(
    "div",
    { key: "like-all", class: "field" },
    pickOther(state, "like", WORDS.like, name, all, choose),
    left.length > 0 && [
      h("p", { class: "hint", id: "left" }, WORDS.left(label(name))),
      h(
        "ul",
        { class: "small", "aria-labelledby": "left" },
        left.map((one) => h("li", { key: one }, one)),
      ),
    ],
  );
}

begin();
