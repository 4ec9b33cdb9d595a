// What the rest of the project uses of launching.
export {
  adminRequest,
  type AdminRequestInput,
  NEEDED_RIGHTS,
  rightsYaml,
  TRAINING_OPERATOR_VERSION,
} from "./adminRequest.ts";
export { createJobDesk, JobDesk, type JobDeskOptions, type OpenFollow, type RunChoice, type RunPlan } from "./desk.ts";
export { type RaisedException } from "./exceptions.ts";
export {
  type FollowSink,
  type FollowSources,
  type FollowTarget,
  followJob,
  type LogRecord,
  type Verdict,
} from "./follow.ts";
export { latestLog, pruneLogs } from "./logFile.ts";
export { followIntoFile, type FollowResult, type LogWords } from "./session.ts";
export { gitState, type GitState } from "./git.ts";
export { BUILT_IN_IMAGE, chooseImage, type ImageChoice, imageProblem } from "./images.ts";
export { isInstanceAlive, newInstance } from "./instance.ts";
export { type Journal, type LaunchEntry, LaunchJournal, type LaunchStep } from "./journal.ts";
export { ownerLabel } from "./labels.ts";
export { LastRuns, type RememberedLaunch, type RememberedRun } from "./lastRuns.ts";
export {
  CHANGE_RUN_COMMAND,
  COPY_ADMIN_REQUEST_COMMAND,
  explainLaunchError,
  LAUNCH_COMMANDS,
  type LaunchCommands,
} from "./launchErrors.ts";
export { type LaunchedJob, Launcher, type LauncherOptions, type ResumeChoice, type ResumeOutcome } from "./launcher.ts";
export { buildCodeConfigMap, buildPyTorchJob, CODE_ROOT, codeName, type LaunchMeta } from "./manifest.ts";
export { type ExceededQuota, parseMissingQuota, parseQuota, quotaSentence } from "./quota.ts";
export { collectSnapshot, type Snapshot, type SnapshotFile, type SnapshotOptions } from "./snapshot.ts";
export {
  assertSpec,
  describeSize,
  type LaunchSpec,
  MAX_JOB_NAME,
  newLaunchId,
  parseCustomSize,
  type Size,
  size,
  SIZES,
  suggestName,
} from "./spec.ts";
export { findReferences, localFile, type CodeReference, type ReferenceOptions } from "./traceback.ts";
export { CONFIG_MAPS, type ConfigMap, type EnvVar, type PyTorchJob } from "./types.ts";
