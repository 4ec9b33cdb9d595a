import * as v from "valibot";
import { WishSchema } from "../../contract/wish.ts";

/** What can be begun with a cluster. */
const MODES = ["new", "edit", "destroy"] as const;

/**
 * How far a cluster has come, as a person would say it. What its Terraform does at the moment is not told here but by
 * its run (terraform/): a record is only written by somebody who has seen something end.
 */
const PHASES = ["planned", "making", "made", "failed", "destroying", "destroyed"] as const;

/** What we know of one cluster that was made from here; `trainyard.json` in its folder. No secrets. */
export const RecordSchema = v.object({
  /** Name of its folder. */
  id: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,150}$/)),
  wish: WishSchema,
  phase: v.picklist(PHASES),
  /** Version of the extension that wrote its files. */
  version: v.string(),
  /** Wall time, ms. */
  createdAt: v.number(),
  /** Of the last change of the phase. */
  changedAt: v.number(),
  /** What was begun last, for a window that takes it up. */
  begun: v.optional(v.picklist(MODES)),
  /** Why it failed, or what is left; a sentence. */
  note: v.optional(v.string()),
  /** The person's own kubeconfig, once they had it merged there. */
  merged: v.optional(v.string()),
  /** What Kubeflow's files were when its plan was shown; they are held to. */
  kubeflow: v.optional(v.object({ ref: v.string(), commit: v.string(), checksum: v.string() })),
  /** Its kubeconfig, a file of ours. */
  kubeconfig: v.optional(v.object({ file: v.string(), context: v.string() })),
});

export type Mode = (typeof MODES)[number];
export type MadeRecord = v.InferOutput<typeof RecordSchema>;
