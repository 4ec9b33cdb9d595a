import { readFile } from "node:fs/promises";
import { UserError } from "../../core/errors.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { LaunchSpec } from "../spec.ts";
import type { Manifests } from "../types.ts";
import { buildCode, buildVolume } from "./code.ts";
import { buildPyTorchJob } from "./pytorchJob.ts";
import { buildTrainJob } from "./trainJob.ts";

export { ARCHIVE_NAME, CODE_NAME, CODE_ROOT, codeName, ownedBy } from "./parts.ts";

/**
 * All objects of a launch, the job suspended. `version` is the extension's. Throws UserError `no-runtime`, or the file
 * system's error where the archive has gone.
 */
export async function buildManifests(spec: LaunchSpec, snapshot: Snapshot, version: string): Promise<Manifests> {
  const archive = snapshot.tier === "archive" ? await readFile(snapshot.archive.file) : Buffer.alloc(0);
  return {
    job: buildJob(spec, snapshot, version),
    code: buildCode(spec, snapshot, archive, version),
    ...(snapshot.tier === "volume" && { volume: buildVolume(spec, snapshot, version) }),
  };
}

/** The job alone, suspended. Throws UserError `no-runtime`. */
export function buildJob(spec: LaunchSpec, snapshot: Snapshot, version: string): Manifests["job"] {
  if (spec.kind === "PyTorchJob") return buildPyTorchJob(spec, snapshot, version);
  if (spec.runtime === undefined)
    throw new UserError("no-runtime", "The job was not created.", { why: "A TrainJob needs a runtime." });
  return buildTrainJob(spec, spec.runtime, snapshot, version);
}
