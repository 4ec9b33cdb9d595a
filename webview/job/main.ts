// The page of a training job: everything that can be said of a run, beside it what comes of it, and one button.
import type { JobForm } from "../../src/contract/jobForm.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { button } from "../ui/elements.ts";
import { checks, footer, manifest, reading, verdict } from "../ui/form/page.ts";
import {
  type FormContext,
  lines,
  oneOf,
  part,
  pick,
  pickOther,
  row,
  suggested,
  text,
  toggle,
} from "../ui/form/fields.ts";
import { withLine } from "../ui/form/state.ts";
import { openLoop } from "../ui/loop.ts";
import { gpuTypeOf, START, type State, step, withGpuType } from "./state.ts";
import { FIELDS, WORDS } from "./words.ts";

type Context = FormContext<JobForm, "gpuTypes" | "queuePriority">;

const types = ["init", "preview", "choices", "findings", "busy"] as const;
const { dispatch, press, begin } = openLoop({ types, start: START, step, view: page });

function page(state: State): Child[] {
  const { form, file } = state;
  if (form === undefined) return reading(WORDS.reading);
  const context: Context = {
    ...{ state, form, fields: FIELDS },
    edit: (change) => dispatch({ type: "edit", change }),
    press: (finding) => press({ type: "next", finding }),
  };
  const parts = formParts(context);
  return [
    h("header", {}, h("h1", {}, WORDS.title(file)), h("p", { class: "lead" }, state.preview.summary)),
    h("div", { class: "unseen", role: "status" }, verdict(state, WORDS)),
    h(
      "main",
      { key: "page", class: "page" },
      h("div", { key: "left", class: "left" }, parts, foot(state)),
      h("div", { key: "right", class: "right" }, side(state, context)),
    ),
  ];
}

function formParts(context: Context): VNode[] {
  const { form } = context;
  const isTrainJob = form.kind === "TrainJob";
  const { parts } = WORDS;
  return [
    part("where", parts.where, [
      oneOf(context, "kind", kinds(context)),
      isTrainJob && pick(context, "runtime", WORDS.preferred),
      row(pick(context, "context"), pick(context, "namespace")),
    ]),
    part("size", parts.size, [
      row(text(context, "nodes", { numeric: true }), text(context, "gpus", { numeric: true }), gpuType(context)),
      row(text(context, "cpu"), text(context, "memory"), text(context, "processes", { numeric: true })),
    ]),
    part("program", parts.program, [
      text(context, "image"),
      text(context, "args", { isLong: true }),
      oneOf(context, "code", [
        { value: "imports", label: WORDS.imports },
        { value: "folder", label: WORDS.folder },
      ]),
      toggle(context, "installs"),
    ]),
    part("data", parts.data, [
      suggested(context, "output"),
      lines(context, "volumes", (claim) => ({ volumes: withLine(form.volumes, `${claim}:/mnt/${claim}`) })),
      // What the other kind takes is shown while it holds something: else it could not be taken away.
      (isTrainJob || form.dataset !== "" || form.model !== "") && row(text(context, "dataset"), text(context, "model")),
    ]),
    part("variables", parts.variables, [lines(context, "env"), lines(context, "secrets")]),
    part("nodes", parts.nodes, [
      row(lines(context, "nodeSelector"), lines(context, "tolerations")),
      row(
        pick(context, "queue", WORDS.none),
        pick(context, "priority", WORDS.none, form.queue === "" ? "priority" : "queuePriority"),
      ),
      pick(context, "serviceAccount", WORDS.none),
    ]),
    part("limits", parts.limits, [
      row(
        text(context, "timeLimit"),
        (!isTrainJob || form.retries !== "") && text(context, "retries", { numeric: true }),
        (!isTrainJob || form.keepFor !== "") && text(context, "keepFor"),
      ),
    ]),
  ];
}

function kinds({ state }: Context): { value: "PyTorchJob" | "TrainJob"; label: string }[] {
  const there = state.choices.kind?.map(({ value }) => value);
  return (["PyTorchJob", "TrainJob"] as const).map((value) => ({
    value,
    label: there?.includes(value) === false ? WORDS.kindAbsent(value) : WORDS.kinds[value],
  }));
}

/** Chosen among the sorts of the cluster's nodes; kept as one of the node labels, and written there otherwise. */
function gpuType({ state, form, edit }: Context): VNode | false {
  const types = state.choices.gpuTypes ?? [];
  if (types.length === 0) return false;
  const values = types.map(({ value }) => value);
  const options = [{ value: "", label: WORDS.anyGpu }, ...types];
  return pickOther(state, "gpuType", WORDS.gpuType, gpuTypeOf(form.nodeSelector, values), options, (type) =>
    edit({ nodeSelector: withGpuType(form.nodeSelector, values, type) }),
  );
}

function foot(state: State): VNode {
  return footer(
    state,
    WORDS,
    () => press({ type: "run" }),
    (isRunnable) => button(WORDS.save, () => press({ type: "save" }), { id: "save", disabled: !isRunnable }),
  );
}

function side(state: State, context: Context): Child[] {
  const { price, files } = state.preview;
  return [
    checks(context, () => press({ type: "check" })),
    h(
      "section",
      { key: "sum" },
      h(
        "dl",
        { class: "facts" },
        price !== "" && [h("dt", {}, WORDS.price), h("dd", {}, `${price} ${WORDS.priceHint}`)],
        [h("dt", {}, WORDS.sent), h("dd", {}, files)],
      ),
      h(
        "div",
        { class: "buttons" },
        button(WORDS.files, () => press({ type: "open", what: "files" }), { id: "files", disabled: state.busy }),
      ),
    ),
    manifest(state, () => press({ type: "open", what: "manifest" })),
  ];
}

begin();
