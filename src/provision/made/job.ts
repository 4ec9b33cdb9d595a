// What the kinds of work on a cluster (make, change, destroy; in a cloud, on this computer) have in common.
import type { PlanWords } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { UserError } from "../../core/errors.ts";
import type { MadeByKubernetes } from "../cloud/kubernetesMade.ts";
import type { RunEnd } from "../terraform/runEnd.ts";
import type { Run } from "../terraform/runs.ts";
import type { RunWatch } from "../terraform/runWatch.ts";
import type { Terraform } from "../terraform/terraform.ts";
import { clusterId, type MadeClusters } from "./madeClusters.ts";
import type { MadeRecord, Mode } from "./record.ts";
import type { Timeline } from "../../install/index.ts";

export interface Button {
  readonly title: string;
  /** `show`: tells another end where that is what came of it. */
  readonly press: (show: (ending: Ending) => void) => Promise<void> | void;
}

/** How work ended, in a sentence, and what may be done next. */
export interface Ending {
  readonly message: string;
  readonly buttons: readonly Button[];
}

export interface JobPlanOptions {
  /** Before a destroy, what becomes of what Kubernetes made: left as it is, or deleted first. The person agreed to it. */
  readonly made?: "keep" | "delete";
  /** What exactly is deleted. */
  readonly agreed?: readonly MadeByKubernetes[];
  /** On this computer: what an earlier attempt left is deleted first. */
  readonly deleteLeft?: boolean;
}

/** One piece of work. `timeline` has the step of planning, and from `carryOut` on those of the work. */
export interface Job {
  readonly wish: Wish;
  readonly record: MadeRecord | undefined;
  readonly timeline: Timeline;
  /** Terraform's run, once there is one. */
  readonly watch: RunWatch | undefined;
  readonly terraform: Terraform | undefined;
  readonly mode: Mode;
  /** The cluster itself is made: what is left to do, or failed, is only what comes after. */
  readonly isThere: boolean;
  /** What aborting means now, where no run of Terraform is on. */
  readonly cancelMeaning: string;
  plan(signal: AbortSignal, options: JobPlanOptions): Promise<PlanWords>;
  exactPlan(signal: AbortSignal): Promise<string | undefined>;
  /** Resolves with the end of Terraform's run where that was no success; rejects with what else failed. */
  carryOut(signal: AbortSignal): Promise<RunEnd | undefined>;
  /** Goes on where an earlier window stood. `run`: the last one of Terraform, which may be over. */
  resume(run: Run | undefined, signal: AbortSignal): Promise<RunEnd | undefined>;
  /** Writes into the record that it came to a good end. */
  finish(): Promise<Ending>;
  /** Writes into the record that it did not; `nothingDone`: it is as it was before. */
  failed(note: string, nothingDone?: boolean): Promise<MadeRecord | undefined>;
  /** After a failure or a cancellation without Terraform's own words: what there is now. */
  left(words: string): Promise<Ending>;
  dispose(): void;
}

interface Answer {
  readonly title: string;
  /** Asked once more before it. */
  readonly sure?: { readonly question: string; readonly detail: string; readonly agree: string };
  /** How to plan then. */
  readonly options: JobPlanOptions;
}

/** A plan that first needs an answer of the person. */
export class Question extends Error {
  readonly answers: readonly Answer[];

  constructor(message: string, answers: readonly Answer[]) {
    super(message);
    this.name = "Question";
    this.answers = answers;
  }
}

/** The record that a wish is planned in, as it is now: another window may have gone on, or removed it. Throws UserError. */
export async function recordFor(
  made: MadeClusters,
  mode: Mode,
  wish: Wish,
  known: MadeRecord | undefined,
): Promise<MadeRecord> {
  const now = known === undefined ? undefined : await made.get(known.id);
  if (mode === "new") return now !== undefined && /^(failed|making)$/.test(now.phase) ? now : made.plan(wish);
  if (now === undefined)
    throw new UserError("cluster-forgotten", "There is no plan.", { why: "The cluster’s folder has gone." });
  if (clusterId(wish) === now.id) return now;
  throw new UserError("other-cluster", "There is no plan.", {
    why: "Another name, account or place is another cluster.",
    hint: "Make that one anew, beside this one.",
  });
}
