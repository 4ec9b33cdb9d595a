import { createHash } from "node:crypto";
import { OUR_ANNOTATIONS, OUR_LABELS } from "../kubeflow/labels.ts";

/**
 * Everything of ours is marked with the prefix `trainyard`, a valid DNS subdomain of one label: no domain is claimed
 * that is not ours. Labels are for finding, annotations for telling.
 */
export const LAUNCH_ID_LABEL = OUR_LABELS.launch;
export const OWNER_LABEL = OUR_LABELS.owner;
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
export const MANAGED_BY = "trainyard";

export const SCRIPT_ANNOTATION = OUR_ANNOTATIONS.script;
export const SOURCE_HASH_ANNOTATION = "trainyard/source-hash";
export const GIT_COMMIT_ANNOTATION = "trainyard/git-commit";
export const VERSION_ANNOTATION = "trainyard/version";
export const OUTPUT_ANNOTATION = "trainyard/output";
/** Digest of the text that a job was launched from. */
export const MANIFEST_ANNOTATION = "trainyard/manifest";
export const FILES_ANNOTATION = "trainyard/files";

/**
 * Value for the owner label out of any identity: an installation id or the user name that SelfSubjectReview gives.
 * Hashed, because a label's value may hold neither `@` nor `:`, and because it needs no names in it.
 */
export function ownerLabel(identity: string): string {
  return createHash("sha256").update(`trainyard-owner\0${identity}`).digest("hex").slice(0, 16);
}
