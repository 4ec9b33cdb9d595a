// The plan in plain words, and the timeline of what is made of it.
import type { PlanWords, Step, StepPart } from "../../src/contract/preview.ts";
import type { CancelWords, WizardState } from "../../src/contract/wizard.ts";
import { duration } from "../../src/core/text.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { button, fold, spinner } from "../ui/elements.ts";
import { perHour } from "./money.ts";
import { capital, checksPart, type Press, section } from "./side.ts";
import type { State } from "./state.ts";
import { ACT_WORDS, ACTION_WORDS, PART_WORDS, STEP_WORDS, WORDS } from "./words.ts";

/** Ids that `next` bears for buttons that belong to no step. */
export const PLAN_STEP = "plan";
export const OUTCOME_STEP = "outcome";

/** Parts that are shown by name; a thousand of them help nobody. */
const MOST_PARTS = 12;
/** Things of a plan that are listed openly; where there are more, each group opens on its heading. */
const MOST_ITEMS = 40;
/** The step whose parts are steps themselves: `kubeflow-trainer`, … They stand alone where there is no such step. */
const KUBEFLOW = "kubeflow";
const isComponent = ({ id }: Step): boolean => id.startsWith(`${KUBEFLOW}-`);

/** The plan with the one button that acts on it, and what speaks for and against it. */
export function planPart(state: State, plan: PlanWords, press: Press): VNode {
  const { mode } = state.wizard;
  const cost = state.preview?.cost;
  const act = button(ACT_WORDS[mode], () => press({ type: "create" }), {
    id: "act",
    primary: mode !== "destroy",
    danger: mode === "destroy",
    disabled: state.stale || state.pressed === "create",
  });
  const priced = mode !== "destroy" && state.wish?.where !== "local" && cost !== undefined && cost.lines.length > 0;
  return h(
    "div",
    { key: "plan", class: "plan" },
    h("p", { class: "lead" }, capital(plan.sentence)),
    priced && h("p", {}, WORDS.planCost(perHour(cost.hour.least), perHour(cost.hour.most))),
    state.stale && h("p", { class: "says warning" }, WORDS.planStale),
    h(
      "div",
      { class: "buttons" },
      act,
      button(mode === "install" ? WORDS.openObjects : WORDS.openPlan, () => press({ type: "openPlan" })),
    ),
    // Of a cluster that is there it is all that there is to say; else it comes after what is made.
    mode === "install" && planGroups(plan),
    plan.notes?.map(({ title, lines }) => {
      const items = lines.map((line) => h("li", {}, line));
      return section(`note-${title}`, title, h("ul", { class: "notes" }, items));
    }),
    checksPart(state, press),
    mode !== "install" && planGroups(plan),
  );
}

function planGroups({ groups }: PlanWords): Child[] {
  const count = groups.reduce((sum, { items }) => sum + items.length, 0);
  return groups.map(({ title, items }) => {
    const list = h(
      "ul",
      { class: "items" },
      items.map(({ action, what, address }) =>
        h(
          "li",
          { key: `${address} ${what}`, class: action },
          h("span", { class: "tag" }, ACTION_WORDS[action]),
          h("span", {}, what, address !== "" && [" ", h("code", {}, address)]),
        ),
      ),
    );
    const key = `group-${title}`;
    return count > MOST_ITEMS ? fold(key, WORDS.groupOf(title, items.length), list) : section(key, title, list);
  });
}

export function planFailure(wizard: WizardState, press: Press): VNode | false {
  const failure = wizard.planFailure;
  return (
    failure !== undefined && verdict("failure", false, WORDS.noPlan, failure.message, failure.next, PLAN_STEP, press)
  );
}

/** `now` in milliseconds since 1970. */
export function timeline(state: State, now: number, press: Press): Child[] {
  const { wizard } = state;
  const { outcome, steps } = wizard;
  const parts = steps.some(({ id }) => id === KUBEFLOW) ? steps.filter(isComponent) : [];
  return [
    outcome !== undefined &&
      verdict(
        "outcome",
        outcome.good,
        outcome.good ? WORDS.ended.good : WORDS.ended.bad,
        outcome.message,
        outcome.next,
        OUTCOME_STEP,
        press,
      ),
    h(
      "ol",
      { key: "steps", class: "steps", "aria-label": WORDS.steps },
      steps
        .filter((step) => !parts.includes(step))
        .map((step) => stepLine(step, now, press, step.id === KUBEFLOW ? parts : [])),
    ),
    (wizard.phase === "running" || wizard.phase === "planning") &&
      cancelPart(wizard.cancel, state.pressed === "cancel", press),
  ];
}

function verdict(
  key: string,
  good: boolean,
  title: string,
  message: string,
  next: readonly string[],
  step: string,
  press: Press,
): VNode {
  return h(
    "div",
    { key, id: key, tabindex: "-1", class: `verdict ${good ? "good" : "bad"}` },
    h("h3", {}, title),
    h("p", {}, message),
    nextButtons(step, next, press, good),
  );
}

function nextButtons(step: string, next: readonly string[], press: Press, lead = false): VNode | false {
  const buttons = next.map((title, index) =>
    button(title, () => press({ type: "next", step, next: title }), { key: title, primary: lead && index === 0 }),
  );
  return buttons.length > 0 && h("div", { class: "buttons" }, buttons);
}

const GLYPHS: Readonly<Record<Step["state"], string>> = {
  waiting: "",
  running: "",
  done: "✓",
  failed: "✗",
  cancelled: "–",
  skipped: "–",
};

function stepLine(step: Step, now: number, press: Press, inner: readonly Step[]): VNode {
  const { id, label, state, detail, parts = [] } = step;
  // There are many of them, and what is done or has not begun needs no line more.
  const isBrief = isComponent(step) && /^(done|waiting|skipped)$/.test(state);
  return h(
    "li",
    {
      key: id,
      class: `step ${state}${isComponent(step) ? " close" : ""}`,
      "aria-current": state === "running" ? "step" : undefined,
    },
    h("span", { class: "glyph", "aria-hidden": "true" }, state === "running" ? spinner() : GLYPHS[state]),
    h(
      "div",
      { class: "step-body" },
      h(
        "div",
        { class: "step-head" },
        h("strong", {}, label),
        h("span", { class: "state-word" }, STEP_WORDS[state]),
        isBrief && detail !== "" && h("span", { class: "small" }, detail),
        h("span", { class: "time" }, timeWords(step, now)),
      ),
      progress(step, now),
      !isBrief && detail !== "" && h("p", { class: "detail" }, detail),
      parts.length > 0 && partList(parts),
      nextButtons(id, step.next ?? [], press),
      inner.length > 0 &&
        h(
          "ol",
          { class: "steps inner", "aria-label": WORDS.stepsOf(label) },
          inner.map((part) => stepLine(part, now, press, [])),
        ),
    ),
  );
}

/** `3 min 12 s of about 8 min` while it runs, `3 min 12 s` afterwards, `about 8 min` before. */
function timeWords(step: Step, now: number): string {
  const expected = step.expectedMs === undefined ? undefined : duration(step.expectedMs);
  if (step.startedAt === undefined)
    return expected === undefined || step.state !== "waiting" ? "" : `about ${expected}`;
  const took = duration((step.endedAt ?? now) - step.startedAt);
  return step.state === "running" && expected !== undefined ? WORDS.expected(took, expected) : took;
}

function progress(step: Step, now: number): VNode | false {
  if (step.state !== "running" || step.startedAt === undefined || step.expectedMs === undefined) return false;
  // An estimate never says that it is over.
  const share = Math.min(0.97, (now - step.startedAt) / Math.max(1, step.expectedMs));
  return h("progress", {
    max: "100",
    value: Math.round(share * 100),
    "aria-label": step.label,
    title: step.expectedFrom,
  });
}

const PART_ORDER: Readonly<Record<StepPart["state"], number>> = { failed: 0, running: 1, waiting: 2, done: 3 };

function partList(parts: readonly StepPart[]): VNode {
  const done = parts.filter(({ state }) => state === "done").length;
  const open = parts.filter(({ state }) => state === "failed" || state === "running");
  const shown = open.sort((a, b) => PART_ORDER[a.state] - PART_ORDER[b.state]).slice(0, MOST_PARTS);
  return h(
    "div",
    { class: "parts" },
    h("p", { class: "small" }, WORDS.partsDone(done, parts.length)),
    h(
      "ul",
      { class: "part-list" },
      shown.map((part) =>
        h(
          "li",
          { key: part.address, class: part.state },
          h("span", {}, part.what),
          h("code", {}, part.address),
          h("span", { class: "state-word" }, `${PART_WORDS[part.action][part.state]}, ${duration(part.elapsedMs)}`),
        ),
      ),
      open.length > shown.length && h("li", { key: "more" }, WORDS.partsMore(open.length - shown.length)),
    ),
  );
}

function cancelPart(cancel: CancelWords, pressed: boolean, press: Press): VNode {
  const title = pressed ? WORDS.cancelling : WORDS.cancel;
  return h(
    "div",
    { key: "cancel", class: "cancel" },
    button(title, () => press({ type: "cancel" }), { id: "cancel", disabled: !cancel.possible || pressed }),
    h("p", { class: "hint" }, cancel.meaning),
  );
}
