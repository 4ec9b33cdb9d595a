// Which cluster the page showed, and to what end: a page that comes back after a reload knows only its form.
import type { StateStore } from "../core/storage.ts";

const KEY = "trainyard.wizard.shown";

/** A cluster that was made from here, by its id, or a context of which Kubeflow's part is shown. */
type Shown =
  | { readonly id: string; readonly mode: "new" | "edit" | "destroy" }
  /** `isRunning`: it installs, and goes on when the window is there again. */
  | { readonly context: string; readonly mode: "install"; readonly isRunning: boolean };

export async function rememberShown(state: StateStore, shown: Shown | undefined): Promise<void> {
  await state.set(KEY, shown);
}

export function clusterShown(state: StateStore): Extract<Shown, { id: string }> | undefined {
  const shown = read(state);
  return shown?.mode === "install" ? undefined : shown;
}

/** Undefined where it was something else. */
export function installShown(state: StateStore): Extract<Shown, { mode: "install" }> | undefined {
  const shown = read(state);
  return shown?.mode === "install" ? shown : undefined;
}

function read(state: StateStore): Shown | undefined {
  const value = state.get(KEY);
  if (typeof value !== "object" || value === null || !("mode" in value)) return undefined;
  const { mode } = value;
  if (mode === "install") {
    if (!("context" in value) || typeof value.context !== "string") return undefined;
    return { context: value.context, mode, isRunning: "isRunning" in value && value.isRunning === true };
  }
  if (mode !== "new" && mode !== "edit" && mode !== "destroy") return undefined;
  return "id" in value && typeof value.id === "string" ? { id: value.id, mode } : undefined;
}
