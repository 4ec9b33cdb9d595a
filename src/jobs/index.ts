// What the rest of the project uses of launching and following.
export { type AdminNeeds, adminRequest } from "./adminRequest.ts";
export { createJobDesk, type JobDesk, type RunChoice, type RunPlan } from "./desk.ts";
export { type RaisedException } from "./exceptions.ts";
export { type FollowSink, type FollowSources, type FollowTarget } from "./follow.ts";
export { Follows } from "./follows.ts";
export { type JobIdentity, readJob, resumeJob, stopJob } from "./jobObjects.ts";
export { LaunchedJobs, type LaunchedNow } from "./launchedJobs.ts";
export { latestLog, pruneLogs } from "./logFile.ts";
export { type AdminTarget } from "./launchErrors.ts";
export { type LaunchEntry } from "./journal.ts";
export { type LaunchedJob } from "./launcher.ts";
export { codeName } from "./manifest.ts";
export { type LogRecord } from "./readings.ts";
export { type OpenFollow } from "./openFollows.ts";
export { runSample } from "./sample.ts";
export { followIntoFile, type FollowResult, type LogWords } from "./session.ts";
export { type Size } from "./spec.ts";
export { type Verdict } from "./verdict.ts";
