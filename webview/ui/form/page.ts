// What stands beside and below a form that is planned and checked: the verdict with its button, the checks, the manifest.
import type { FormFinding } from "../../../src/core/formHost.ts";
import { type Child, h, type VNode } from "../dom.ts";
import { button, spinner } from "../elements.ts";
import { focusOn } from "../focus.ts";
import { type FormContext, says } from "./fields.ts";
import { type FormState, type ManifestPreview, type Name, said, type Values } from "./state.ts";
import { WORDS } from "./words.ts";

type State<Form extends Values, More extends string> = FormState<Form, ManifestPreview<Name<Form>>, More>;

export interface FooterWords {
  readonly reading: string;
  readonly run: string;
  readonly runAnyway: string;
  readonly running: string;
}

export function reading(words: string): Child[] {
  return [h("main", { key: "none" }, h("div", { class: "reading" }, spinner(), h("p", {}, words)))];
}

/** `others`: more buttons, told whether the form can be sent. */
export function footer<Form extends Values, More extends string>(
  state: State<Form, More>,
  words: FooterWords,
  run: () => void,
  others: (isRunnable: boolean) => Child = () => false,
): VNode {
  const { preview, busy } = state;
  const isRunnable = preview.problems.length === 0 && preview.manifest !== "";
  const found = said(state);
  const problem = found.find(({ level }) => level === "problem");
  const worst = problem ?? found.find(({ level }) => level === "warning");
  return h(
    "div",
    { key: "footer", class: "footer" },
    button(busy ? words.running : isRunnable && problem !== undefined ? words.runAnyway : words.run, run, {
      ...{ id: "run", primary: true },
      // Not while it is being sent: a button that is switched off loses the focus.
      disabled: !isRunnable,
    }),
    others(isRunnable),
    h("p", { class: "hint" }, worst === undefined ? verdict(state, words) : wayTo(verdict(state, words), worst.field)),
  );
}

/** The verdict, as the way to the field that it is about. */
function wayTo(words: string, field: string): VNode {
  const id = document.getElementById(`f-${field}`) === null ? "checks" : `f-${field}`;
  const go = (event: Event): void => {
    event.preventDefault();
    focusOn(id);
  };
  return h("a", { id: "verdict", href: `#${id}`, onclick: go }, words);
}

export function verdict<Form extends Values, More extends string>(
  state: State<Form, More>,
  words: Pick<FooterWords, "reading">,
): string {
  const { preview, findings, checking } = state;
  if (preview.problems.length > 0) return WORDS.unreadable(preview.problems.length);
  if (checking || (findings.length === 0 && preview.manifest !== "")) return WORDS.checking;
  const [first, ...others] = findings;
  if (first === undefined) return words.reading;
  // What the button has done, too: the checks may be out of sight.
  if (first.level === "ok" && others.length === 0) return first.text;
  const count = (level: string): number => findings.filter((finding) => finding.level === level).length;
  return WORDS.checked(count("problem"), count("warning"), count("unknown"));
}

export function checks<Form extends Values, More extends string>(
  context: FormContext<Form, More>,
  again: () => void,
): VNode {
  const { state, fields } = context;
  const { checking, busy, preview } = state;
  /** Away from its field a finding names it. */
  const named = <Finding extends FormFinding<Name<Form>>>(finding: Finding): Finding =>
    finding.field === "form" ? finding : { ...finding, text: `${fields[finding.field].label}: ${finding.text}` };
  return h(
    "section",
    { key: "checks", "aria-labelledby": "checks" },
    h("h2", { id: "checks", tabindex: "-1" }, WORDS.checks),
    h(
      "div",
      { class: "checks" },
      said(state).map((finding, index) => says(context, named(finding), `check-${index}`)),
    ),
    checking && h("div", { class: "row still" }, spinner(), h("p", { class: "hint" }, WORDS.checking)),
    preview.problems.length === 0 &&
      h("div", { class: "buttons" }, button(WORDS.check, again, { id: "check", disabled: checking || busy })),
  );
}

export function manifest<Form extends Values, More extends string>(
  { preview, busy }: State<Form, More>,
  open: () => void,
): VNode | false {
  const { manifest: yaml, problems } = preview;
  return (
    yaml !== "" &&
    h(
      "section",
      { key: "manifest" },
      h("h2", {}, WORDS.manifest),
      problems.length > 0 && h("p", { class: "hint" }, WORDS.stale),
      h("pre", { class: "manifest", tabindex: 0, role: "region", "aria-label": WORDS.manifest }, yaml),
      h(
        "div",
        { class: "buttons" },
        button(WORDS.openManifest, open, { id: "open", disabled: busy || problems.length > 0 }),
      ),
    )
  );
}
