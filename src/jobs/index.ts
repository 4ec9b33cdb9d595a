// What the rest of the project uses of launching and following.
export { type AdminNeeds, adminRequest } from "./adminRequest.ts";
export { checkRun } from "./checks/checkRun.ts";
export { dryRunFinding } from "./checks/dryRun.ts";
export {
  type CheckSources,
  type Finding,
  type MadePool,
  ok,
  problem,
  REQUEST,
  seen,
  type Seen,
  untold,
  warning,
} from "./checks/finding.ts";
export { limitsOf, podAmounts, type RunGang, tolerationOf } from "./checks/gang.ts";
export { limitFindings } from "./checks/limits.ts";
export { quotaFindings } from "./checks/quota.ts";
export { referenceFindings } from "./checks/references.ts";
export { gpuOf, growthOf, roomFinding } from "./checks/room.ts";
export { claimFinding } from "./checks/storage.ts";
export { type ConfigurationFile } from "./configurationFile.ts";
export { type Configuration } from "./configurations.ts";
export { createJobDesk, type JobDesk, type RunChoice, type RunPlan } from "./desk.ts";
export { type RaisedException } from "./exceptions.ts";
export { type FollowSink, type FollowSources, type FollowTarget } from "./follow.ts";
export { Follows } from "./follows.ts";
export { type JobIdentity, readJob, resumeJob, stopJob } from "./jobObjects.ts";
export { LaunchedJobs, type LaunchedNow } from "./launchedJobs.ts";
export { type FormPorts, type FoundForForm } from "./form/host.ts";
export { type CodeOfRun, type CodePlace, type LocalPlace } from "./history/localPlace.ts";
export { gitOutput } from "./git.ts";
export { latestLog, pruneLogs } from "./logFile.ts";
export { imageProblem } from "./images.ts";
export { type AdminTarget, adminStep, explainLaunchError, INSTALL_COMMAND, launchFailure } from "./launchErrors.ts";
export { needsProblems, type SecretVariable } from "./needs.ts";
export { withRetries } from "./retry.ts";
export { type LaunchEntry } from "./journal.ts";
export { type LaunchedJob } from "./launcher.ts";
export { type CheckedManifest, type ManifestSite, missingCode, refusals } from "./manifestDesk.ts";
export { type KindFinder, type Manifest, type Problem, type ReadManifest, readObject } from "./manifestDocument.ts";
export { findImports, type ImportedFiles, importedNames } from "./code/imports.ts";
export { type CodeChoice } from "./code/snapshot.ts";
export { buildManifests, codeName } from "./manifests/index.ts";
export { checkObject, emptyFields, type Objection, readSchema, without } from "./schema.ts";
export { withoutServerFields } from "./convert.ts";
export { LAUNCH_ID_LABEL, MANAGED_BY, MANAGED_BY_LABEL, OWNER_LABEL } from "./labels.ts";
export { CONFIG_MAPS, type ConfigMap, type JobObject } from "./types.ts";
export { CurvesFeed, type CurveSource } from "./metrics/curvesFeed.ts";
export { type LogFile } from "./logFile.ts";
export { type LogLine } from "./logReplay.ts";
export { type LogRecord } from "./readings.ts";
export { claimWords, listClaims } from "./mover/outputs.ts";
export { type Taken } from "./mover/untar.ts";
export { type OpenFollow } from "./openFollows.ts";
export { runSample, sampleWords } from "./sample.ts";
export { mayBeSecret } from "./secretValues.ts";
export { followIntoFile, type FollowResult, type LogWords } from "./session.ts";
export { type LaunchKind, type Output, parseCustomSize, type Size } from "./spec.ts";
export { type Verdict } from "./verdict.ts";
export { contributeSchemas } from "./yamlSchemas.ts";
