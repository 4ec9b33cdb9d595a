// Messages between the wizard's page and the extension. The page shows and asks; every decision is the extension's.
import * as v from "valibot";
import type { Check, PlanWords, Preview, Step } from "./preview.ts";
import { type Wish, WishSchema } from "./wish.ts";

const id = v.pipe(v.string(), v.maxLength(200));

/** From the page. Anything else is refused, see panels/. */
export const FromWizardSchema = v.variant("type", [
  /** The page is drawn and wants its first state. */
  v.strictObject({ type: v.literal("ready") }),
  /** The form changed; answered by `preview` with the same `seq`. */
  v.strictObject({ type: v.literal("change"), seq: v.pipe(v.number(), v.integer()), wish: WishSchema }),
  /** Run the checks for the wish as it is. */
  v.strictObject({ type: v.literal("check") }),
  /** Press a check's button. */
  v.strictObject({ type: v.literal("fix"), check: id }),
  v.strictObject({ type: v.literal("plan") }),
  /** Show the plan's exact text in an editor. */
  v.strictObject({ type: v.literal("openPlan") }),
  /** Open one of the files that would be written. */
  v.strictObject({ type: v.literal("openFile"), name: id }),
  v.strictObject({ type: v.literal("exportFolder") }),
  /** Make what the plan that was shown says. */
  v.strictObject({ type: v.literal("create") }),
  v.strictObject({ type: v.literal("cancel") }),
  /** Press a button of a step: `next` is its title. */
  v.strictObject({ type: v.literal("next"), step: id, next: id }),
  /** Choose a folder of this computer for the field. */
  v.strictObject({ type: v.literal("pickFolder"), field: v.picklist(["local.volume", "kubeflow.folder"]) }),
]);
export type FromWizard = v.InferOutput<typeof FromWizardSchema>;

/** Where the page stands. `form`: being filled in; `planned`: a plan is shown; `running`, `ended`: the timeline. */
export type WizardPhase = "form" | "planning" | "planned" | "running" | "ended";

/** What Cancel would do now. */
export interface CancelWords {
  /** False: the button is off and `meaning` says why. */
  readonly possible: boolean;
  readonly meaning: string;
}

export interface WizardState {
  readonly phase: WizardPhase;
  /** `new` cluster, or another plan for one that is there; `install`: the Kubeflow part alone, for such a one. */
  readonly mode: "new" | "edit" | "destroy" | "install";
  /** Nobody has proven it on a real account yet: what the page says about it, "" where somebody has. */
  readonly maturity: string;
  readonly plan?: PlanWords;
  /** Why there is no plan, in a sentence. */
  readonly planFailure?: { readonly message: string; readonly next: readonly string[] };
  readonly steps: readonly Step[];
  readonly cancel: CancelWords;
  /** The end, in a sentence: what is there now, or what may be left. */
  readonly outcome?: { readonly good: boolean; readonly message: string; readonly next: readonly string[] };
}

/** To the page. */
export type ToWizard =
  | { readonly type: "init"; readonly wish: Wish; readonly preview: Preview; readonly state: WizardState }
  | { readonly type: "preview"; readonly seq: number; readonly preview: Preview }
  /**
   * The extension changed the wish itself, as after `pickFolder` or a fix. `seq`: in answer to that change, as where a
   * machine must follow its GPU; the page ignores it where the form has gone on.
   */
  | { readonly type: "wish"; readonly wish: Wish; readonly preview: Preview; readonly seq?: number }
  | { readonly type: "checks"; readonly checks: readonly Check[] }
  | { readonly type: "state"; readonly state: WizardState };
