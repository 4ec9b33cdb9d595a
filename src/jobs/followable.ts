import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { ConnectError } from "../kube/errors.ts";
import type { StoreState } from "../kube/store.ts";
import type { FollowTarget } from "./follow.ts";
import { adminStep } from "./launchErrors.ts";

/**
 * A store that may not be read, now or from now on, makes following impossible: said at once, in the server's words.
 * `isReading`: a log is still being read, over a connection that was let in, and may go on to its end.
 */
export function assertFollowable(target: FollowTarget, state: StoreState, isReading: boolean): void {
  const halted = haltedBy(state);
  if (halted !== undefined && !isReading) throw halted;
  const what = `${target.name} cannot be followed.`;
  if (state.kind === "absent")
    throw new UserError("no-operator", what, {
      why: `No ${target.kind === "TrainJob" ? "Kubeflow Trainer" : "training operator"} in this cluster.`,
    });
  if (state.kind !== "forbidden") return;
  throw new UserError("no-rights", what, {
    why: `The cluster says: ${label(state.why, 300)}.`,
    hint: "An administrator can allow it.",
    next: [adminStep(target, "rights")],
  });
}

/** What only a person can mend, such as by a sign-in. */
function haltedBy(state: StoreState): Error | undefined {
  if (state.kind === "stale") return state.halted;
  if (state.kind !== "failed") return undefined;
  return state.error instanceof ConnectError && state.error.code !== "unreachable" ? state.error : undefined;
}
