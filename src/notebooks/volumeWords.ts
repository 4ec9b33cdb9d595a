// Why a notebook waits for its volumes: the scheduler names neither the claim nor what keeps it.
import { label } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import type { Claim } from "../kubeflow/kinds/claim.ts";
import { newestOf } from "../kubeflow/events.ts";
import type { JobEvent } from "../kubeflow/model.ts";

/** What is known of the volume claims that a notebook mounts. */
export interface ClaimsKnown {
  /** The mounted ones that are there; undefined where they may not be read, or nobody has yet. */
  readonly claims: readonly Claim[] | undefined;
  /** Of all claims of its namespace. */
  readonly warnings: readonly JobEvent[];
}

/** True for what the scheduler says while a claim has no volume. */
export function waitsForVolume(unschedulable: string | undefined): boolean {
  return /unbound immediate PersistentVolumeClaims/i.test(unschedulable ?? "");
}

/** `its volume claim data has no volume: there is no StorageClass fast`; `names` are the claims that it mounts. */
export function volumeWords(names: readonly string[], { claims, warnings }: ClaimsKnown): string {
  const pending = claims?.filter(({ phase }) => phase !== "Bound") ?? [];
  const [first] = pending.length > 0 ? pending.map(({ name }) => name) : names;
  if (first === undefined) return "its volume claim is not bound to a volume";
  if (pending.length === 0 && names.length > 1)
    return shorten(`one of its volume claims has no volume: ${label(names.join(", "))}`, 100);
  const claim = pending.find(({ name }) => name === first);
  const why = whyUnbound(
    claim,
    newestOf(warnings, ({ aboutName }) => aboutName === first),
  );
  const more = pending.length > 1 ? ` (and ${pending.length - 1} more)` : "";
  return shorten(`its volume claim ${label(first, 63)} has no volume${more}${why === "" ? "" : `: ${why}`}`, 160);
}

function whyUnbound(claim: Claim | undefined, said: JobEvent | undefined): string {
  if (claim?.phase === "Lost") return "it has lost the one that it had";
  const [, missing] = /storageclass\S* "([^"]+)" not found/i.exec(said?.message ?? "") ?? [];
  if (missing !== undefined) return `there is no StorageClass ${label(missing, 63)}`;
  if (said !== undefined) return shorten(label(said.message), 80);
  if (claim === undefined) return "";
  // Of these two the volume controller tells in events that are no warnings (pv_controller.go: FailedBinding).
  if (claim.storageClass === undefined) return "it names no StorageClass, and the cluster has no default";
  return claim.storageClass === "" ? "none fits it" : `the class ${label(claim.storageClass, 63)} has not made it yet`;
}
