// The wizard's page: a form, beside it what comes of it, and one button that makes it so.
import type { Wish } from "../../src/contract/wish.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { focusOn } from "../ui/focus.ts";
import { button, spinner } from "../ui/elements.ts";
import { openLoop } from "../ui/loop.ts";
import { fieldId, formContext } from "./fields.ts";
import { form } from "./form.ts";
import { checksPart, costSum, groupedMade, picture, placeWords, preview } from "./side.ts";
import { errors, locked, START, type State, step } from "./state.ts";
import { planFailure, planPart, timeline } from "./timeline.ts";
import { WORDS } from "./words.ts";

/** Typing is sent once it has paused for so long, in milliseconds. */
const PAUSE_MS = 10;
/** How often running times are drawn anew. */
const TICK_MS = 1000;

let pause: ReturnType<typeof setTimeout> | undefined;
const types = ["init", "preview", "wish", "checks", "state"] as const;
const loop = openLoop({ types, start: START, step, view: page, stepped });
const { dispatch, press } = loop;

function stepped(before: State, state: State): void {
  if (state.wish !== undefined && state.wish !== before.wish) loop.keep(state.wish);
  clearTimeout(pause);
  if (state.unsent) pause = setTimeout(() => dispatch({ type: "flush" }), PAUSE_MS);
  lead(before, state);
}

function page(state: State): Child[] {
  return [
    h("header", {}, header(state)),
    h("div", { class: "unseen", role: "status" }, state.said),
    state.wish === undefined
      ? h("main", { key: "reading", class: "reading" }, spinner(), h("p", {}, WORDS.reading))
      : h("main", { key: "page", class: "page" }, left(state, state.wish), right(state, state.wish)),
  ];
}

function header(state: State): Child[] {
  const { maturity, mode } = state.wizard;
  // The extension spoke for the place as it was; the form may have gone on since.
  const isCloud = state.wish !== undefined && state.wish.where !== "local" && mode !== "install";
  return [h("h1", {}, WORDS.title[mode]), isCloud && maturity !== "" && h("p", { class: "maturity" }, maturity)];
}

function left(state: State, wish: Wish): VNode {
  const { phase, mode } = state.wizard;
  const making = phase === "running" || phase === "ended";
  if (making || mode === "destroy") {
    const cost = state.preview?.cost;
    return h(
      "section",
      { key: "asked", class: "left asked", "aria-labelledby": "left-title" },
      h("h2", { id: "left-title" }, WORDS.asked[mode]),
      h("p", { class: "lead" }, placeWords(wish, mode)),
      state.preview !== undefined && mode !== "install" && picture(state, wish, state.preview),
      cost !== undefined && mode !== "destroy" && mode !== "install" && costSum(wish, cost),
      mode === "destroy" && h("p", {}, WORDS.destroyHint),
      mode === "destroy" && !making && h("div", { class: "footer" }, planButton(state)),
      state.preview !== undefined &&
        (mode === "destroy"
          ? // What the details say is about making it.
            h(
              "ul",
              { class: "items" },
              state.preview.made.map(({ what }) => h("li", {}, what)),
            )
          : groupedMade(state.preview)),
    );
  }
  const fields = form(formContext(state, wish, dispatch));
  const exporting = state.preview?.files.length === 0 || locked(state);
  return h(
    "form",
    { key: "form", class: "left", "aria-labelledby": "left-title", onsubmit: (event: Event) => event.preventDefault() },
    h("h2", { id: "left-title" }, WORDS.form),
    state.complaints > 0 && summary(state),
    fields,
    h(
      "div",
      { class: "footer" },
      mode !== "install" &&
        button(WORDS.exportFolder, () => press({ type: "exportFolder" }), { id: "export", disabled: exporting }),
      planButton(state),
    ),
  );
}

function planButton(state: State): VNode {
  const { phase } = state.wizard;
  const title =
    phase === "planning" || state.pressed === "plan"
      ? WORDS.planning
      : phase === "planned"
        ? WORDS.planAgain
        : WORDS.plan;
  const disabled = phase === "planning" || state.pressed === "plan";
  return button(title, () => press({ type: "plan" }), {
    id: "plan",
    primary: phase !== "planned" || state.stale,
    disabled,
  });
}

/** What keeps the form from being planned, each with the way to its field. */
function summary(state: State): VNode | false {
  const wrong = errors(state);
  const items = wrong.map(({ field, message }, index) => {
    const go = (event: Event): void => {
      event.preventDefault();
      focusOn(fieldId(field));
    };
    return h("li", { key: `${field} ${index}` }, h("a", { href: `#${fieldId(field)}`, onclick: go }, message));
  });
  return (
    wrong.length > 0 &&
    h(
      "div",
      { key: "errors", id: "errors", class: "verdict bad", tabindex: "-1" },
      h("h3", {}, WORDS.errorsTitle(wrong.length)),
      h("ul", {}, items),
    )
  );
}

function right(state: State, wish: Wish): VNode {
  const { wizard } = state;
  const { phase, mode, plan } = wizard;
  const running = phase === "running" || phase === "ended";
  const planned = phase === "planned" && plan !== undefined;
  const title = running
    ? phase === "ended"
      ? placeWords(wish, mode)
      : `${WORDS.making[mode]} ${wish.name}`
    : planned || mode === "destroy"
      ? WORDS.planFor(wish.name)
      : placeWords(wish, mode);
  const steps = running || (phase === "planning" && wizard.steps.length > 0);
  return h(
    "aside",
    { key: "right", class: "right", "aria-labelledby": "right-title" },
    h("h2", { id: "right-title", tabindex: "-1" }, title),
    !running && planFailure(wizard, press),
    planned && planPart(state, plan, press),
    steps && timeline(state, Date.now(), press),
    !running && !planned && mode !== "destroy" && preview(state, wish, press),
    !running && !planned && mode === "destroy" && checksPart(state, press),
  );
}

/** Takes the focus along where the page has gone on: to the summary, to the plan or why there is none, to the end. */
function lead(before: State, state: State): void {
  if (state.complaints > before.complaints) focusOn("errors");
  if (before.wish === undefined) return;
  const [was, now] = [before.wizard, state.wizard];
  if (now.planFailure !== undefined && now.planFailure.message !== was.planFailure?.message) focusOn("failure");
  else if (now.outcome !== undefined && now.outcome.message !== was.outcome?.message) focusOn("outcome");
  else if (now.phase !== was.phase && /^(planned|running|ended)$/.test(now.phase)) focusOn("right-title");
}

loop.begin();
setInterval(() => {
  if (loop.state.wizard.steps.some((one) => one.state === "running")) loop.draw();
}, TICK_MS);
document.addEventListener("visibilitychange", () => dispatch({ type: "flush" }));
