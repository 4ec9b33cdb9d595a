// What containers, pods and their warnings say, in words that a person can act on. All of it is hostile text.
import { label } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import { NODE_CONTAINER } from "./kinds/trainJob.ts";
import { V1_KINDS } from "./kinds/v1Job.ts";
import type { ContainerState, JobEvent, JobPod } from "./model.ts";
import { parseMissingQuota, parseQuota, quotaWords } from "./quota.ts";
import { quantity } from "./scheduling.ts";

/** Exit codes of a shell and of signals (128 + number). */
const EXIT_WORDS: ReadonlyMap<number, string> = new Map([
  [126, "its command may not be executed (exit code 126)"],
  [127, "its command was not found (exit code 127)"],
  [130, "was interrupted (SIGINT)"],
  [132, "met an illegal instruction (SIGILL): its image may be for another processor"],
  [134, "aborted (SIGABRT)"],
  [135, "met a bus error (SIGBUS), often for want of shared memory"],
  [136, "met an arithmetic error (SIGFPE)"],
  [137, "was killed (SIGKILL), often for want of memory"],
  [139, "crashed in native code (SIGSEGV)"],
  [143, "was told to end (SIGTERM)"],
]);

/** `ended with exit code 1`, `was killed (SIGKILL), …`. */
export function exitWords(code: number): string {
  if (!Number.isInteger(code) || Math.abs(code) > 2 ** 32) return "ended with an exit code that is none";
  return EXIT_WORDS.get(code) ?? `ended with exit code ${code}`;
}

/** What a runtime says of a command that it could not start (opencontainers/runc, moby: exec.Error of Go). */
const COMMANDS: readonly (readonly [RegExp, string])[] = [
  [/executable file not found|no such file or directory/i, "was not found"],
  [/permission denied/i, "may not be executed"],
  [/exec format error/i, "is built for another processor"],
  [/is a directory/i, "is a folder"],
];

/** Who has passed on what the runtime says at last. */
const PASSED_ON = /^.*(?:container process|container init|runc create failed): /s;

/** `its command pyhton3 was not found`; undefined where the text speaks of none. */
export function commandWords(text: string): string | undefined {
  const [, name, rest = ""] = /\bexec:? "?([^":\s]{1,200})"?: (.*)/s.exec(text) ?? [];
  const why = COMMANDS.find(([pattern]) => pattern.test(rest))?.[1];
  return name === undefined || why === undefined ? undefined : `its command ${label(name, 60)} ${why}`;
}

/** Without the stop at its end: something follows. */
export function unstopped(text: string): string {
  return text.replace(/[.\s]+$/, "");
}

/** Why a container ended: `out of memory (32 Gi)`, an exit code in words, or the runtime's own. */
function endWords(container: Pick<ContainerState, "reason" | "message" | "exitCode" | "memoryLimit">): string {
  const { reason, message, exitCode, memoryLimit } = container;
  if (reason === "OOMKilled")
    return memoryLimit === undefined ? "out of memory" : `out of memory (${quantity(memoryLimit)})`;
  if (message !== undefined && RENDEZVOUS.test(message)) return "gave up waiting for the other ranks";
  if (reason === "StartError" || reason === "ContainerCannotRun")
    return (
      commandWords(message ?? "") ?? label(`could not be started: ${(message ?? reason).replace(PASSED_ON, "")}`, 80)
    );
  if (reason !== undefined && reason !== "Error" && reason !== "Completed")
    return label(`${reason}${message === undefined ? "" : `: ${message}`}`, 80);
  if (exitCode === undefined) return "failed";
  const lastLine = message?.trimEnd().split("\n").at(-1) ?? "";
  return shorten(`${exitWords(exitCode)}${lastLine === "" ? "" : `: ${label(lastLine)}`}`, 120);
}

/** What torch's elastic agents and stores say when others do not come (torch.distributed.elastic.rendezvous.api). */
export const RENDEZVOUS =
  /Rendezvous(?:Timeout|Closed|Connection)Error|DistStoreError|wait timeout after \d+ms|store.{0,40}timed out/;

/** What Kubernetes did to a pod, by its reason or that of its condition DisruptionTarget. */
const DISRUPTIONS: Readonly<Record<string, string>> = {
  Evicted: "evicted",
  EvictionByEvictionAPI: "evicted",
  Preempting: "preempted by more important pods",
  PreemptionByScheduler: "preempted by more important pods",
  NodeLost: "its node was lost",
  DeletionByTaintManager: "its node was lost or closed",
  DeletionByPodGC: "its node has gone",
  TerminationByKubelet: "its node was shut down or ran short",
  NodeShutdown: "its node was shut down",
  Shutdown: "its node was shut down",
  Terminated: "its node was shut down",
  NodeAffinity: "its node no longer fits",
  UnexpectedAdmissionError: "its node refused it",
  DeadlineExceeded: "ran longer than its deadline allows",
};

/** What took the pod away; undefined where it ended by itself. */
export function disruptionWords(pod: JobPod): string | undefined {
  const reason = [pod.reason, pod.disruption].find((name) => name !== undefined && Object.hasOwn(DISRUPTIONS, name));
  const words = reason === undefined ? undefined : DISRUPTIONS[reason];
  const full = /^OutOf(\S+)$/.exec(pod.reason ?? "")?.[1];
  if (words === undefined && full === undefined) return undefined;
  const why = pod.message === undefined ? "" : `: ${unstopped(label(pod.message))}`;
  return shorten(`${words ?? `its node had too little ${label(full ?? "", 40)}`}${why}`, 100);
}

/** Why a replica failed. */
export function failureOf(pod: JobPod): string {
  const disrupted = disruptionWords(pod);
  if (disrupted !== undefined) return disrupted;
  const failed = failedContainer(pod);
  return failed === undefined ? label(pod.reason ?? "failed", 80) : endWords(failed);
}

const CONTAINERS: ReadonlyMap<string, string> = new Map(V1_KINDS.map(({ kind, container }) => [kind, container]));

/** The container that runs the person's code. Sidecars may stand before it. */
export function mainContainer(pod: JobPod): ContainerState | undefined {
  const own = pod.containers.filter(({ init }) => !init);
  const name = CONTAINERS.get(pod.kind) ?? NODE_CONTAINER;
  return own.find((container) => container.name === name || container.name === pod.role) ?? own[0];
}

/** The container whose end counts: one that was killed for memory, else the person's own, else the first that failed. */
export function failedContainer(pod: JobPod): ContainerState | undefined {
  const failed = pod.containers.filter(({ state, exitCode }) => state === "terminated" && exitCode !== 0);
  const main = mainContainer(pod);
  return failed.find(({ reason }) => reason === "OOMKilled") ?? failed.find((one) => one === main) ?? failed[0];
}

/** `keeps crashing: exit code 1`. */
export function crashWords(container: ContainerState): string {
  const { last, memoryLimit } = container;
  if (last === undefined) return "keeps crashing";
  return `keeps crashing: ${endWords({ ...last, message: undefined, memoryLimit }).replace(/^ended with /, "")}`;
}

const IMAGE_REASONS = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);

export function isImageWait(container: ContainerState): boolean {
  return container.state === "waiting" && IMAGE_REASONS.has(container.reason ?? "");
}

/** What a registry or a runtime says, most telling first (containerd, distribution's error codes). */
const IMAGE_FAILURES: readonly (readonly [RegExp, string])[] = [
  [/repository does not exist or may require authorization|insufficient_scope/i, "not found, or no access"],
  [/toomanyrequests|rate limit/i, "the registry's rate limit is reached"],
  [/unauthorized|denied|forbidden|authentication required|\b40[13]\b/i, "no access to it"],
  [/no such host|dial tcp|i\/o timeout|connection refused|TLS handshake|x509/i, "its registry cannot be reached"],
  [/no match for platform|no matching manifest/i, "not built for the node's processor"],
  [/not found|manifest unknown|name unknown/i, "not found"],
  [/no space left/i, "the node's disk is full"],
];

/** `not found`, `no access to it`; undefined where the runtime's words tell nothing of the kind. */
export function imageFailure({ reason, message = "" }: Pick<ContainerState, "reason" | "message">): string | undefined {
  if (reason === "InvalidImageName") return "its name is not one of an image";
  if (reason === "ErrImageNeverPull") return "not on the node, and never to be pulled";
  return IMAGE_FAILURES.find(([pattern]) => pattern.test(message))?.[1];
}

/** What a container waits for, where that is nothing ordinary. */
export function waitingText(container: Pick<ContainerState, "reason" | "message">): string {
  const { reason = "", message = "" } = container;
  if (IMAGE_REASONS.has(reason)) {
    const why = imageFailure(container);
    return `the image cannot be pulled${why === undefined ? "" : ` (${why})`}`;
  }
  if (reason === "CreateContainerConfigError")
    return missingWords(message) ?? shorten(`configuration: ${label(message)}`, 80);
  const command = commandWords(message);
  if (command !== undefined) return command;
  return shorten(label(`${reason} ${message}`), 80);
}

/** `Secret hub-token is missing`; undefined where the text names no such thing. */
export function missingWords(text: string): string | undefined {
  const missing = /\b(configmap|secret|persistentvolumeclaim|serviceaccount)s? "([^"]+)" not found/i.exec(text);
  if (missing !== null)
    return `${MISSING[(missing[1] ?? "").toLowerCase()] ?? ""} ${label(missing[2] ?? "", 63)} is missing`;
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (\S+)/.exec(text);
  if (key === null) return undefined;
  return `${key[2] ?? ""} ${label(key[3] ?? "", 80)} has no key ${label(key[1] ?? "", 60)}`;
}

const MISSING: Readonly<Record<string, string>> = {
  configmap: "ConfigMap",
  secret: "Secret",
  persistentvolumeclaim: "the volume claim",
  serviceaccount: "ServiceAccount",
};

/**
 * A warning in plain words: `Error creating: pods "x" is forbidden: exceeded quota: gpu, requested: …` as `the quota gpu
 * allows …`; a webhook's or Pod Security's refusal; what is missing; else its message without its wrapping. `who` it is
 * that asks for more than a quota allows.
 */
export function warningText(event: Pick<JobEvent, "message">, who = "this job"): string {
  const { message } = event;
  const quota = parseQuota(message);
  if (quota !== undefined) return `the ${quotaWords(quota, who)}`;
  const unstated = parseMissingQuota(message);
  if (unstated !== undefined) return `the quota ${unstated.quota} wants ${unstated.resources.join(", ")} to be stated`;
  const security = /violates PodSecurity "([^"]+)":?\s*(.*)/s.exec(message);
  if (security !== null)
    return shorten(`Pod Security ${label(security[1] ?? "", 40)} forbids its pods: ${label(security[2] ?? "")}`, 160);
  const hook = /admission webhook "([^"]+)" denied the request:?\s*(.*)/s.exec(message);
  if (hook !== null) return shorten(`the cluster's rules refuse it: ${label(hook[2] ?? "")}`, 160);
  const limit = /((?:maximum|minimum) \S+ usage per (?:Container|Pod) is [^\]]*)/.exec(message);
  if (limit !== null) return shorten(`the namespace limits each pod: ${label(limit[1] ?? "")}`, 160);
  const missing = missingWords(message);
  if (missing !== undefined) return missing;
  return shorten(label(message.replace(/^Error creating: /, "").replace(/^pods "[^"]*" is /, "")), 120);
}
