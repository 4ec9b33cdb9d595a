import { plural } from "../../core/text.ts";
import { explain, type Failure, type FailureContext } from "./failures.ts";
import type { RunFold } from "./runFold.ts";
import type { Run } from "./runs.ts";
import type { Resource } from "./stream.ts";

export interface RunEnd {
  /** `killed`: from outside, by a signal that left Terraform no time. `lost`: nobody saw how it ended. */
  readonly kind: "succeeded" | "failed" | "cancelled" | "killed" | "lost" | "not-started";
  /** What came of it, and what may exist that the state does not know. */
  readonly message: string;
  readonly failures: readonly Failure[];
  /** Begun and never heard of again: may exist without being in the state. */
  readonly inFlight: readonly Resource[];
  /** Stopped or failed while it was made. */
  readonly halfMade: readonly Resource[];
  /** Wall time, ms; undefined where nobody saw it. */
  readonly at?: number;
}

const AGAIN = { title: "Plan Again", kind: "plan-again" } as const;

/** How a run that is over has ended; `fold` has read all of its stream. */
export function runEnd(run: Run, fold: RunFold, context: FailureContext = {}): RunEnd {
  const base = {
    ...{ inFlight: fold.inFlight(), halfMade: fold.halfMade() },
    ...(run.exit !== undefined && { at: run.exit.at }),
  };
  const say = (kind: RunEnd["kind"], message: string, failures: readonly Failure[] = []): RunEnd => ({
    ...{ kind, message, failures, ...base },
  });
  const { exit } = run;
  const finished = `${plural(fold.done, "thing")} ${run.kind === "destroy" ? "removed" : "done"}`;
  if (exit?.notStarted !== undefined) return notStarted(exit.notStarted, say);
  if (exit === undefined ? fold.complete : exit.code === 0) return say("succeeded", `${finished}.`);
  const failures = explain(fold.diagnostics, context);
  const [first] = failures;
  // Before it listens, the interrupt itself ends it.
  const interrupted = run.cancelledAt !== undefined && exit?.signal === "SIGINT";
  // Its errors are the last that it tells: it came to its end by itself, though nobody saw with which code.
  const told = fold.diagnostics.some(({ severity }) => severity === "error");
  if (exit === undefined ? !told : exit.signal !== null && !interrupted) {
    const how =
      exit === undefined ? "Terraform ended and nobody saw how" : `Terraform was ended by ${exit.signal ?? ""}`;
    const message = `${how}: ${finished}. ${unrecorded(base.inFlight)}`;
    return say(exit === undefined ? "lost" : "killed", message, [{ code: "run-killed", message, next: [AGAIN] }]);
  }
  if (run.cancelledAt !== undefined) {
    const rest = failures.filter(({ code }) => code === "state-not-saved");
    const saved = rest.length === 0 ? "the state is saved" : "the state could not be written where it belongs";
    return say("cancelled", `Stopped: ${finished}, ${saved}. ${tainted(base.halfMade)}`.trim(), rest);
  }
  if (first !== undefined) return say("failed", first.message, failures);
  const words = fold.raw.at(-1) ?? `Terraform ended with exit code ${exit?.code ?? 1} and did not say why.`;
  return say("failed", words, [{ code: "terraform-failed", message: words, next: [AGAIN] }]);
}

function notStarted(code: string, say: (kind: RunEnd["kind"], message: string, failures: Failure[]) => RunEnd): RunEnd {
  const message =
    code === "plan-changed"
      ? "The plan that was shown is no longer there as it was, so nothing was done."
      : `Terraform could not be started: the system said ${code}. Nothing was done.`;
  return say("not-started", message, [{ code: "not-started", message, next: [AGAIN] }]);
}

function unrecorded(inFlight: readonly Resource[]): string {
  if (inFlight.length === 0) return "Nothing was under way at that moment.";
  const names = inFlight.slice(0, 10).map(({ address }) => address);
  const more = inFlight.length > 10 ? ` and ${inFlight.length - 10} more` : "";
  return `Under way were ${names.join(", ")}${more}: they may exist without being in the state, and cost money.`;
}

function tainted(halfMade: readonly Resource[]): string {
  if (halfMade.length === 0) return "";
  const names = halfMade.slice(0, 10).map(({ address }) => address);
  return `Half made: ${names.join(", ")}; what of it is recorded, the next plan replaces or destroys.`;
}
