// The loop of a page that is a pure view of its state: what comes in is a step, what the step asks for is sent, and the
// page is drawn anew.
import { type Child, patch } from "./dom.ts";
import { registerElements } from "./elements.ts";
import { openHost } from "./host.ts";
import { drawing } from "./redraw.ts";

interface Press<From> {
  readonly type: "press";
  readonly message: From;
}

export interface LoopParts<State, Action extends { readonly type: string }, From> {
  /** The extension's messages among the actions, see `openHost`. */
  readonly types: readonly Action["type"][];
  readonly start: State;
  readonly step: (
    state: State,
    action: Action | Press<From>,
  ) => { readonly state: State; readonly send: readonly From[] };
  readonly view: (state: State) => readonly Child[];
  /** Runs after each step, once it is drawn. */
  readonly stepped?: (before: State, state: State) => void;
}

export interface Loop<State, Action, From> {
  readonly state: State;
  /** See `Host`. */
  readonly keep: (state: unknown) => void;
  readonly dispatch: (action: Action | Press<From>) => void;
  readonly press: (message: From) => void;
  readonly draw: () => void;
  /** Called last in the page's script: what the view uses must be there. */
  readonly begin: () => void;
}

export function openLoop<State, Action extends { readonly type: string }, From>({
  types,
  start,
  step,
  view,
  stepped,
}: LoopParts<State, Action, From>): Loop<State, Action, From> {
  let state = start;
  const host = openHost<From | { readonly type: "ready" }, Action>(types, dispatch);
  const draw = drawing(() => patch(document.body, view(state)));

  function dispatch(action: Action | Press<From>): void {
    const before = state;
    const turn = step(state, action);
    state = turn.state;
    for (const message of turn.send) host.send(message);
    if (state !== before) draw();
    stepped?.(before, state);
  }

  return {
    get state() {
      return state;
    },
    keep: (kept) => host.keep(kept),
    dispatch,
    press: (message) => dispatch({ type: "press", message }),
    draw,
    begin: () => {
      registerElements();
      draw();
      host.send({ type: "ready" });
    },
  };
}
