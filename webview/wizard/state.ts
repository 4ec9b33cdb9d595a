// What the page knows, and how it changes: `step` is the only place where it does. No drawing, no clock, no editor.
import type { Check, FieldPath, Finding, Preview } from "../../src/contract/preview.ts";
import type { GpuPool, Where, Wish } from "../../src/contract/wish.ts";
import { fieldOf, withField } from "../../src/contract/wishFields.ts";
import type { FromWizard, ToWizard, WizardState } from "../../src/contract/wizard.ts";
import { CHECK_WORDS, STEP_WORDS, WORDS } from "./words.ts";

/** Buttons that wait for the form to be right first. */
type Gated = "plan" | "exportFolder";

export interface State {
  /** Undefined until the extension has answered for the first time. */
  readonly wish: Wish | undefined;
  readonly preview: Preview | undefined;
  /** Fields as they were typed, until the extension sets them: `10.0.0.0/8,` is on its way to become a list. */
  readonly typed: Readonly<Record<FieldPath, string>>;
  /** Typed fields that cannot be read as what they must be; nothing is sent of them. */
  readonly unreadable: Readonly<Record<FieldPath, string>>;
  /** Number of the last change that was sent, and of the one that the preview answers. */
  readonly seq: number;
  readonly answered: number;
  /** The wish was typed in since it was sent. */
  readonly unsent: boolean;
  /** Pressed while the answer to a change is under way. */
  readonly waiting: Gated | undefined;
  /** How often a button found errors in the form; the summary is shown from the first time on. */
  readonly complaints: number;
  /** Pressed, and the extension has not answered yet. */
  readonly pressed: FromWizard["type"] | undefined;
  /** The form has changed since the plan was made. */
  readonly stale: boolean;
  /** GPU pools that were switched off, to switch them on again as they were. */
  readonly lastGpu: Readonly<Partial<Record<Where, GpuPool>>>;
  readonly checks: readonly Check[];
  /** Checks were run, and the form has changed since. */
  readonly checksLeft: boolean;
  readonly wizard: WizardState;
  /** For screen readers: what has just happened. */
  readonly said: string;
}

export type Action =
  | ToWizard
  /** A field has another value; undefined where what was typed is not one. `typed` for fields with a caret. */
  | { readonly type: "edit"; readonly path: FieldPath; readonly value: unknown; readonly typed?: string }
  | { readonly type: "gpu"; readonly on: boolean }
  /** A moment without typing, or the page goes away. */
  | { readonly type: "flush" }
  | { readonly type: "press"; readonly message: FromWizard };

export interface Turn {
  readonly state: State;
  readonly send: readonly FromWizard[];
}

export const START: State = {
  wish: undefined,
  preview: undefined,
  typed: {},
  unreadable: {},
  seq: 0,
  answered: 0,
  unsent: false,
  waiting: undefined,
  complaints: 0,
  pressed: undefined,
  stale: false,
  lastGpu: {},
  checks: [],
  checksLeft: false,
  wizard: { phase: "form", mode: "new", maturity: "", steps: [], cancel: { possible: false, meaning: "" } },
  said: "",
};

export function step(state: State, action: Action): Turn {
  switch (action.type) {
    case "init":
      return still({
        ...withWish(state, action.wish, action.preview),
        // A page that is drawn anew has sent nothing yet: what the extension holds is the truth.
        answered: state.seq,
        unsent: false,
        wizard: action.state,
        pressed: undefined,
      });
    case "wish":
      return takeWish(state, action);
    case "preview":
      return takePreview(state, action.seq, action.preview);
    case "checks":
      return still(takeChecks(state, action.checks));
    case "state":
      return still(takeState(state, action.state));
    case "edit":
      return edit(state, action.path, action.value, action.typed);
    case "gpu":
      return switchGpu(state, action.on);
    case "flush":
      return state.unsent ? sendChange(state) : still(state);
    case "press":
      return press(state, action.message);
  }
}

/** Errors that keep the form from being planned: the extension's, and what cannot be read here. */
export function errors(state: State): Finding[] {
  const where = state.wish?.where;
  const isAsked = (path: FieldPath): boolean =>
    path.startsWith("kubeflow.quota.")
      ? hasAccounts(state)
      : !/^(gke|eks|local)\./.test(path) || path.startsWith(`${where ?? ""}.`);
  const unreadable = Object.entries(state.unreadable)
    .filter(([path]) => isAsked(path))
    .map(([field, message]) => ({ field, severity: "error" as const, message }));
  const own = new Set(unreadable.map(({ field }) => field));
  const found = state.preview?.findings.filter(({ severity, field }) => severity === "error" && !own.has(field)) ?? [];
  return [...unreadable, ...found];
}

/** Everything there is to say about the fields, the errors first. */
export function findings(state: State): Finding[] {
  return [...errors(state), ...(state.preview?.findings.filter(({ severity }) => severity === "warning") ?? [])];
}

/** Whether people get accounts of their own: the extension offers to name them then. */
export function hasAccounts({ wish, preview }: State): boolean {
  return wish !== undefined && wish.kubeflow.profile !== "" && preview?.choices["kubeflow.people"] !== undefined;
}

/** Whether the form may be changed: not while something is being made of it. */
export function locked(state: State): boolean {
  return state.wizard.phase === "planning" || state.pressed === "create";
}

function still(state: State): Turn {
  return { state, send: [] };
}

function withWish(state: State, wish: Wish, preview: Preview): State {
  return { ...state, wish, preview, typed: {}, unreadable: {}, lastGpu: remembered(state, wish) };
}

function remembered(state: State, wish: Wish): State["lastGpu"] {
  const { gke, eks } = wish;
  return {
    ...state.lastGpu,
    ...(gke.gpu === null ? {} : { gke: gke.gpu }),
    ...(eks.gpu === null ? {} : { eks: eks.gpu }),
  };
}

function takeWish(state: State, message: Extract<ToWizard, { type: "wish" }>): Turn {
  // An answer to a change that the form has left behind: the answer to the newest is on its way.
  if (message.seq !== undefined && (message.seq !== state.seq || state.unsent)) return still(state);
  const { wish, preview } = message;
  // What was typed into fields that the extension left alone stays as it was typed.
  const same = ([path]: [string, string]): boolean =>
    state.wish !== undefined && String(fieldOf(state.wish, path)) === String(fieldOf(wish, path));
  const typed = Object.fromEntries(Object.entries(state.typed).filter(same));
  const unreadable = Object.fromEntries(Object.entries(state.unreadable).filter(same));
  const next = { ...withWish(state, wish, preview), typed, unreadable, answered: state.seq, unsent: false };
  return next.waiting === undefined ? still(next) : gate({ ...next, waiting: undefined }, next.waiting);
}

function takePreview(state: State, seq: number, preview: Preview): Turn {
  if (seq !== state.seq) return still(state);
  const next = { ...state, preview, answered: seq };
  if (next.waiting === undefined || next.unsent) return still(next);
  return gate({ ...next, waiting: undefined }, next.waiting);
}

function takeState(state: State, wizard: WizardState): State {
  const planned = wizard.phase === "planned" && wizard.plan !== state.wizard.plan;
  return {
    ...state,
    wizard,
    pressed: undefined,
    stale: wizard.phase === "planned" && !planned && state.stale,
    said: stateSaid(state.wizard, wizard) || state.said,
  };
}

function takeChecks(state: State, checks: readonly Check[]): State {
  const checksLeft = checks.length === 0 && (state.checksLeft || state.checks.length > 0);
  return { ...state, checks, checksLeft, said: checksSaid(state.checks, checks) || state.said };
}

function edit(state: State, path: FieldPath, value: unknown, typed: string | undefined): Turn {
  if (state.wish === undefined || locked(state)) return still(state);
  const texts = typed === undefined ? without(state.typed, path) : { ...state.typed, [path]: typed };
  if (value === undefined) {
    const message = /^\s*\d+\s*$/.test(typed ?? "") ? WORDS.tooMany : WORDS.wholeNumber;
    const unreadable = { ...state.unreadable, [path]: message };
    return still({ ...state, typed: texts, unreadable });
  }
  const next = { ...state, typed: texts, unreadable: without(state.unreadable, path) };
  // Components tell of values that the page itself has set, too.
  if (JSON.stringify(fieldOf(state.wish, path)) === JSON.stringify(value)) return still(next);
  const wish = withField(state.wish, path, value);
  const changed = { ...next, wish, stale: state.wizard.phase === "planned", lastGpu: remembered(state, wish) };
  return typed === undefined ? sendChange(changed) : still({ ...changed, unsent: true });
}

function switchGpu(state: State, on: boolean): Turn {
  const where = state.wish?.where;
  if (state.wish === undefined || where === undefined || where === "local") return still(state);
  const path = `${where}.gpu`;
  if ((fieldOf(state.wish, path) !== null) === on) return still(state);
  const cleared: State = {
    ...state,
    typed: withoutBelow(state.typed, path),
    unreadable: withoutBelow(state.unreadable, path),
  };
  return edit(cleared, path, on ? (state.lastGpu[where] ?? firstGpu(state, path)) : null, undefined);
}

function firstGpu(state: State, path: string): GpuPool {
  const first = (field: string): string => state.preview?.choices[`${path}.${field}`]?.[0]?.value ?? "";
  return { gpu: first("gpu"), machine: first("machine"), perNode: 1, maxNodes: 1, spot: false };
}

function without<T>(record: Readonly<Record<string, T>>, path: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== path));
}

function withoutBelow<T>(record: Readonly<Record<string, T>>, path: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !key.startsWith(`${path}.`)));
}

function sendChange(state: State): Turn {
  if (state.wish === undefined) return still(state);
  const seq = state.seq + 1;
  return { state: { ...state, seq, unsent: false }, send: [{ type: "change", seq, wish: state.wish }] };
}

function press(state: State, message: FromWizard): Turn {
  if (state.pressed === message.type && message.type !== "fix") return still(state);
  const flushed = state.unsent ? sendChange(state) : still(state);
  if (message.type === "plan" || message.type === "exportFolder") {
    const turn =
      flushed.state.answered === flushed.state.seq
        ? gate(flushed.state, message.type)
        : still({ ...flushed.state, waiting: message.type });
    return { state: turn.state, send: [...flushed.send, ...turn.send] };
  }
  if (message.type === "create" && (state.stale || flushed.send.length > 0)) return flushed;
  const answered = message.type === "create" || message.type === "cancel";
  const pressed = answered ? message.type : flushed.state.pressed;
  return { state: { ...flushed.state, pressed }, send: [...flushed.send, message] };
}

/** Sends what was pressed, or shows what is wrong with the form. */
function gate(state: State, what: Gated): Turn {
  const wrong = state.wizard.mode === "destroy" ? 0 : errors(state).length;
  if (wrong > 0)
    return still({ ...state, complaints: state.complaints + 1, said: WORDS.errorsFound(wrong, what === "plan") });
  const pressed = what === "plan" ? what : undefined;
  return { state: { ...state, complaints: 0, pressed }, send: [{ type: what }] };
}

function checksSaid(before: readonly Check[], now: readonly Check[]): string {
  const changed = now.filter(
    ({ id, state }) =>
      (state === "failed" || state === "warning") && before.find((old) => old.id === id)?.state !== state,
  );
  return changed.map(({ label, state, detail }) => `${label}: ${CHECK_WORDS[state]}. ${detail}`).join(" ");
}

function stateSaid(before: WizardState, now: WizardState): string {
  if (now.outcome !== undefined && now.outcome.message !== before.outcome?.message) return now.outcome.message;
  if (now.planFailure !== undefined && now.planFailure.message !== before.planFailure?.message)
    return now.planFailure.message;
  if (now.phase === "planned" && now.plan !== undefined && now.plan !== before.plan)
    return WORDS.planReady(now.plan.sentence);
  return now.steps
    .filter(({ id, state }) => state !== "waiting" && before.steps.find((old) => old.id === id)?.state !== state)
    .map(({ label, state, detail }) => `${label}: ${STEP_WORDS[state]}.${detail === "" ? "" : ` ${detail}`}`)
    .join(" ");
}
