import { join } from "node:path";
import { CancelledError, errorText, isCancelled, type NextStep, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import { ApiError } from "../kube/errors.ts";
import { parseMissingQuota, parseQuota, quotaSentence } from "../kubeflow/quota.ts";
import type { AdminNeeds } from "./adminRequest.ts";
import type { LaunchSpec } from "./spec.ts";

/** Commands that a failed launch may offer; src/manifest.ts owns them. */
export const COPY_ADMIN_REQUEST_COMMAND = "trainyard.cluster.copyAdminRequest";
const CHANGE_RUN_COMMAND = "trainyard.job.runWithOptions";
export const INSTALL_COMMAND = "trainyard.kubeflow.install";

const NOT_CREATED = "The job was not created.";

export type RefusedAt = Pick<LaunchSpec, "name" | "namespace" | "context"> &
  Partial<Pick<LaunchSpec, "script" | "kind">> & {
    /** What did not happen, where it is not that the job was not created. */
    readonly what?: string;
    /** Which rights an administrator is asked for. */
    readonly rights?: AdminTarget["needs"];
  };

/** What *Copy Request for Your Admin* asks for, and where. Argument of its command. */
export interface AdminTarget {
  readonly kind: "admin-request";
  /** Left out where only the person knows. */
  readonly context?: string;
  readonly namespace: string;
  readonly needs: AdminNeeds;
}

interface Refusal {
  readonly error: ApiError;
  /** The server's words, harmless and short. */
  readonly words: string;
  readonly spec: RefusedAt;
}

/**
 * What a refused launch means, as a sentence with a next step. Errors that already are sentences (UserError, with
 * ConnectError) and cancellation pass through unchanged.
 *
 * Codes: `no-operator`, `no-namespace`, `namespace-ending`, `quota`, `quota-incomplete`, `limit-range`, `pod-security`,
 * `webhook-refused`, `policy-refused`, `webhook-unavailable`, `no-rights`, `name-taken`, `invalid`, `too-large`, `busy`, `refused`.
 */
export function explainLaunchError(error: unknown, spec: RefusedAt): UserError {
  if (error instanceof UserError) return error;
  if (!(error instanceof ApiError)) {
    const why = sentence(label(errorText(error), 200));
    return new UserError("refused", spec.what ?? NOT_CREATED, { why, cause: error });
  }
  const refusal: Refusal = { error, words: label(error.message, 300), spec };
  for (const explain of EXPLANATIONS) {
    const explained = explain(refusal);
    if (explained !== undefined) return explained;
  }
  return make(refusal, "refused", sentence(refusal.words));
}

/** A cancelled launch stays cancelled; anything else is explained. */
export function launchFailure(error: unknown, spec: RefusedAt): Error {
  return isCancelled(error) ? new CancelledError() : explainLaunchError(error, spec);
}

/** Without a journal nothing is sent: a crash could leave a job that nobody knows of. */
export function noJournal(error: unknown): never {
  const why = `Its journal cannot be written (${label(errorText(error))}).`;
  throw new UserError("journal", NOT_CREATED, { why, cause: error });
}

/** Another object has the name that was wanted. */
export function nameTaken(name: string, namespace: string, ending: boolean): UserError {
  return new UserError("name-taken", NOT_CREATED, {
    why: ending
      ? `A training job ${name} is still being deleted from ${namespace}.`
      : `${namespace} already has a training job ${name}, which is not this launch.`,
    hint: "Run it again: each run has a name of its own.",
  });
}

/** In the order of trust: what is certain by structure first, what is read from words after. */
const EXPLANATIONS: readonly ((refusal: Refusal) => UserError | undefined)[] = [
  explainMissing,
  explainWebhook,
  explainQuota,
  explainPodRules,
  explainRights,
  explainContent,
  explainServer,
];

function explainMissing(refusal: Refusal): UserError | undefined {
  const { error, spec } = refusal;
  const { details } = error;
  if (details?.kind === "namespaces" && error.status === 404) {
    return make(refusal, "no-namespace", `The cluster has no namespace ${spec.namespace}.`, {
      hint: "Choose another namespace.",
    });
  }
  if (/because it is being terminated/.test(error.message)) {
    return make(refusal, "namespace-ending", `The namespace ${spec.namespace} is being deleted.`, {
      hint: "Choose another namespace.",
    });
  }
  if (error.status === 409 && error.reason === "AlreadyExists") {
    return nameTaken(spec.name, spec.namespace, /object is being deleted/.test(error.message));
  }
  // A path that the server does not serve: 404 with or without a Status, never with the name of an object.
  if (error.status === 404 && (details?.name ?? "") === "") {
    // Who may not install it is told so by the page, with the same request.
    const install = { title: "Install Training…", command: INSTALL_COMMAND, args: [spec.context, "training"] };
    const { kind = "PyTorchJob" } = spec;
    const next = kind === "TrainJob" ? [install] : [install, adminStep(spec, "operator")];
    const hint = "Choose a kind that it has, or install this one.";
    return make(refusal, "no-operator", `No training operator in this cluster takes a ${kind}.`, { hint, next });
  }
  return undefined;
}

function explainWebhook(refusal: Refusal): UserError | undefined {
  const { error } = refusal;
  const denied = /admission webhook "([^"]+)" denied the request:?\s*(.*)/s.exec(error.message);
  if (denied !== null) {
    const [, hook = "", words = ""] = denied;
    const why = sentence(label(words === "" ? "It gave no reason." : words, 300));
    return make(refusal, "webhook-refused", `The cluster's rules refuse it: ${why}`, {
      hint: `Asked by ${label(hook, 80)}.`,
    });
  }
  // kubernetes plugin/policy/validating: the same by an expression in the cluster instead of a program.
  const policy = /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request:?\s*(.*)/s.exec(
    error.message,
  );
  if (policy !== null) {
    const [, name = "", words = ""] = policy;
    return make(refusal, "policy-refused", `The cluster's rules refuse it: ${sentence(label(words, 300))}`, {
      hint: `Asked by ${label(name, 80)}.`,
    });
  }
  const failed = /failed calling webhook "([^"]+)"/.exec(error.message);
  if (failed === null) return undefined;
  return make(refusal, "webhook-unavailable", sentence(refusal.words), {
    hint: "A part of the cluster that checks new jobs does not answer; it may be starting. Try again in a minute.",
  });
}

function explainQuota(refusal: Refusal): UserError | undefined {
  const { error } = refusal;
  if (error.status !== 403) return undefined;
  const exceeded = parseQuota(error.message);
  if (exceeded !== undefined) {
    return make(refusal, "quota", quotaSentence(exceeded), { next: changeStep(refusal) });
  }
  const missing = parseMissingQuota(error.message);
  if (missing === undefined) return undefined;
  const why = `The namespace's quota ${missing.quota} wants ${missing.resources.join(", ")} to be stated.`;
  const hint = "Give CPU and memory for each node.";
  return make(refusal, "quota-incomplete", why, { hint, next: changeStep(refusal) });
}

/** Said of pods and repeated by operators and by servers that check templates (LimitRange, Pod Security admission). */
function explainPodRules(refusal: Refusal): UserError | undefined {
  const { error, spec } = refusal;
  if (error.status !== 403) return undefined;
  const security = /violates PodSecurity "([^"]+)":?\s*(.*)/s.exec(error.message);
  if (security !== null) {
    const [, level = "", words = ""] = security;
    const why = `The namespace enforces Pod Security ${label(level, 60)}: ${sentence(label(words, 240))}`;
    return make(refusal, "pod-security", why, { next: [adminStep(spec, "rights")] });
  }
  const limit = /((?:maximum|minimum) \S+ usage per (?:Container|Pod) is [^\]]*)/.exec(error.message);
  if (limit === null) return undefined;
  return make(refusal, "limit-range", `The namespace limits each pod: ${sentence(label(limit[1] ?? "", 240))}`, {
    next: changeStep(refusal),
  });
}

function explainRights(refusal: Refusal): UserError | undefined {
  const { error, words, spec } = refusal;
  if (error.status !== 403) return undefined;
  const missing = /cannot (\S+) resource "([^"]+)"/.exec(error.message);
  const why =
    missing === null
      ? sentence(words)
      : `You may not ${label(missing[1] ?? "", 20)} ${label(missing[2] ?? "", 60)} in the namespace ${spec.namespace}.`;
  return make(refusal, "no-rights", why, {
    hint: "An administrator can allow it.",
    next: [adminStep(spec, spec.rights ?? "rights")],
  });
}

function explainContent(refusal: Refusal): UserError | undefined {
  const { error, words } = refusal;
  if (
    error.status === 413 ||
    /request is too large|Request entity too large|Too long: must have at most/.test(error.message)
  ) {
    return make(refusal, "too-large", "The code is larger than the cluster takes.", {
      hint: "Move large files out of this folder.",
    });
  }
  if (error.status !== 422 && error.status !== 400) return undefined;
  const causes = error.details?.causes ?? [];
  const said = causes.map((cause) => `${label(cause.field ?? "", 80)}: ${label(cause.message ?? "", 160)}`).slice(0, 3);
  return make(refusal, "invalid", said.length === 0 ? sentence(words) : sentence(said.join("; ")));
}

function explainServer(refusal: Refusal): UserError | undefined {
  const { error, words } = refusal;
  if (error.status !== 429 && error.status < 500) return undefined;
  return make(refusal, "busy", `The cluster answered: ${sentence(words)}`, { hint: "Try again in a minute." });
}

function make(
  refusal: Refusal,
  code: string,
  why: string,
  more: { hint?: string; next?: readonly NextStep[] } = {},
): UserError {
  return new UserError(code, refusal.spec.what ?? NOT_CREATED, { why, ...more, cause: refusal.error });
}

/** The button under what only an administrator can change. */
export function adminStep(
  at: { readonly context?: string; readonly namespace: string },
  needs: AdminTarget["needs"],
): NextStep {
  const { context, namespace } = at;
  const target: AdminTarget = {
    kind: "admin-request",
    namespace,
    needs,
    ...(context === undefined ? {} : { context }),
  };
  return { title: "Copy Request for Your Admin", command: COPY_ADMIN_REQUEST_COMMAND, args: [target] };
}

/** Runs the very file again, with everything open to change. */
function changeStep({ spec: { script } }: Refusal): readonly NextStep[] {
  if (script === undefined || script.path === "") return [];
  return [{ title: "Change Size…", command: CHANGE_RUN_COMMAND, args: [join(script.root, script.path)] }];
}

function sentence(text: string): string {
  return text === "" || /[.!?…]$/.test(text) ? text : `${text}.`;
}
