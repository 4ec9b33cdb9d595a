// Beside the form, always current: the drawing, the price, what will be made, the comparison, the files, the checks.
import type { Check, Comparison, Cost, MadeThing, Preview, PriceLine } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import type { FromWizard, WizardState } from "../../src/contract/wizard.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { button, fold, spinner } from "../ui/elements.ts";
import { drawing } from "./drawing.ts";
import { perHour, perMonth } from "./money.ts";
import { errors, type State } from "./state.ts";
import { CHECK_WORDS, TOOL_WORDS, WHERE_WORDS, WORDS } from "./words.ts";

export type Press = (message: FromWizard) => void;

/** `ml-team on GKE, us-central1`; `Kubeflow in ml-team` where that is all. */
export function placeWords(wish: Wish, mode: WizardState["mode"]): string {
  if (mode === "install") return WORDS.kubeflowIn(wish.name);
  const place = wish.where === "local" ? TOOL_WORDS[wish.local.tool] : wish[wish.where].region;
  return `${wish.name} on ${wish.where === "local" ? WHERE_WORDS.local.toLowerCase() : WHERE_WORDS[wish.where]}, ${place}`;
}

export function preview(state: State, wish: Wish, press: Press): VNode[] {
  const shown = state.preview;
  if (shown === undefined) return [];
  if (state.wizard.mode === "install")
    return [section("made", WORDS.installed, groupedMade(shown)), checksPart(state, press)];
  return [
    picture(state, wish, shown),
    costPart(wish, shown.cost),
    checksPart(state, press),
    section("made", WORDS.made, groupedMade(shown)),
    shown.compare.length > 0 && section("compare", WORDS.compare, compareTable(shown.compare)),
    shown.files.length > 0 &&
      section(
        "files",
        WORDS.files,
        shown.files.map(({ name, text }) => {
          const open = button(WORDS.openFile, () => press({ type: "openFile", name }), {
            spoken: WORDS.openFileSpoken(name),
          });
          return fold(
            name,
            name,
            h("div", { class: "file" }, open, h("pre", { tabindex: "0", "aria-label": name }, text)),
          );
        }),
      ),
  ].filter((part) => part !== false);
}

/** What comes of the cluster, and below a heading of its own what of Kubeflow goes into it. */
export function groupedMade({ made }: Preview): VNode {
  const kubeflow = made.filter(({ part }) => part === "kubeflow");
  const rest = made.filter(({ part }) => part !== "kubeflow");
  if (kubeflow.length === 0 || rest.length === 0) return madeList(made);
  return madeList(rest, h("div", { class: "group" }, h("dt", {}, WORDS.kubeflow), h("dd", {}, madeList(kubeflow))));
}

function madeList(made: readonly MadeThing[], ...groups: readonly Child[]): VNode {
  const rows = made.map(({ what, detail }) => h("div", {}, h("dt", {}, what), h("dd", {}, detail)));
  return h("dl", { class: "made" }, rows, groups);
}

export function picture(state: State, wish: Wish, shown: Preview): VNode {
  const gpu = wish.where === "local" ? "" : (wish[wish.where].gpu?.gpu ?? "");
  const name = shown.choices[`${wish.where}.gpu.gpu`]?.find(({ value }) => value === gpu)?.label ?? gpu;
  const wrong = new Set(errors(state).map(({ field }) => field));
  return drawing(wish, name, (path) => !wrong.has(path));
}

/** `$0.50/h empty · $1.54/h full`, and by month. */
export function costSum({ where }: Wish, cost: Cost): VNode {
  const prefix = cost.complete ? "" : `${WORDS.atLeast} `;
  const both = (show: (dollars: number) => string, sums: Cost["hour"]): string =>
    `${prefix}${show(sums.least)} ${WORDS.empty} · ${show(sums.most)} ${WORDS.full}`;
  return h(
    "div",
    { class: "sum", role: "status", "aria-atomic": "true" },
    cost.lines.length === 0 || (where === "local" && cost.hour.most === 0)
      ? h("p", { class: "hour" }, WORDS.costsNothing)
      : [
          h("p", { class: "hour" }, both(perHour, cost.hour)),
          h("p", { class: "month" }, both(perMonth, cost.month)),
          !cost.complete && h("p", { class: "hint" }, WORDS.incomplete),
        ],
  );
}

function costPart(wish: Wish, cost: Cost): VNode {
  return section(
    "cost",
    WORDS.cost,
    costSum(wish, cost),
    cost.lines.length > 0 && wish.where !== "local" && priceTable(WORDS.item, cost.lines.map(lineRow)),
    cost.notIncluded.length > 0 && h("p", { class: "hint" }, WORDS.notIncluded(cost.notIncluded.join(", "))),
  );
}

function lineRow(line: PriceLine): VNode {
  const about = [line.note, line.source, line.date, line.age].filter((text) => text !== undefined && text !== "");
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      h("span", {}, `${line.what} `),
      h("span", { class: "amount" }, line.amount),
      small(about.join(" · ")),
    ),
    h("td", {}, line.least === null ? WORDS.noPrice : perHour(line.least)),
    h("td", {}, line.most === null ? WORDS.noPrice : perHour(line.most)),
  );
}

function compareTable(rows: readonly Comparison[]): VNode {
  return priceTable(
    WORDS.offer,
    rows.map((row) => {
      const about = [row.note, row.source, row.date].filter((text) => text !== "").join(" · ");
      const offer = [h("span", {}, row.what), row.chosen && h("span", { class: "chosen" }, ` (${WORDS.yours})`)];
      return h(
        "tr",
        { class: row.chosen ? "chosen-row" : undefined },
        h("th", { scope: "row" }, offer, small(row.detail), small(about)),
        h("td", {}, row.hour === null ? WORDS.noPrice : perHour(row.hour.least)),
        h("td", {}, row.hour === null ? WORDS.noPrice : perHour(row.hour.most)),
      );
    }),
  );
}

function priceTable(first: string, rows: readonly VNode[]): VNode {
  const head = [first, capital(WORDS.empty), capital(WORDS.full)].map((title) => h("th", { scope: "col" }, title));
  return h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}

export function checksPart({ checks, checksLeft, wizard }: State, press: Press): VNode {
  const unchecked = wizard.mode === "install" ? WORDS.notCheckedInstall : WORDS.notChecked;
  const busy = checks.some(({ state }) => state === "running" || state === "waiting");
  const run = button(checks.length === 0 ? WORDS.runChecks : WORDS.runAgain, () => press({ type: "check" }), {
    key: "run",
    disabled: busy,
  });
  return section(
    "checks",
    WORDS.checks,
    checks.length === 0
      ? h("p", { class: "hint" }, checksLeft ? WORDS.checkedBefore : unchecked)
      : h(
          "ul",
          { class: "checks" },
          checks.map((check) => checkLine(check, press)),
        ),
    run,
  );
}

const GLYPHS: Readonly<Record<Check["state"], string>> = {
  waiting: "·",
  running: "",
  ok: "✓",
  warning: "!",
  failed: "✗",
  skipped: "–",
};

function checkLine(check: Check, press: Press): VNode {
  const { id, label, state, detail, fix } = check;
  return h(
    "li",
    { key: id, class: `line ${state}` },
    h("span", { class: "glyph", "aria-hidden": "true" }, state === "running" ? spinner() : GLYPHS[state]),
    h(
      "div",
      { class: "line-text" },
      h("strong", {}, label),
      h("span", { class: "unseen" }, `: ${CHECK_WORDS[state]}. `),
      h("span", { class: "detail" }, detail),
    ),
    fix !== undefined &&
      button(fix, () => press({ type: "fix", check: id }), { key: "fix", spoken: `${fix} (${label})` }),
  );
}

/** A part of the side under its own heading. */
export function section(key: string, title: string, ...children: readonly Child[]): VNode {
  const id = `part-${key}`;
  return h("section", { key, "aria-labelledby": id }, h("h3", { id }, title), ...children);
}

function small(text: string): VNode | false {
  return text !== "" && h("span", { class: "small" }, text);
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
