import * as v from "valibot";
import type { KubeClient } from "./client.ts";
import { isApiError } from "./errors.ts";

export interface AccessAttributes {
  readonly verb: string;
  /** Empty for the core API. */
  readonly group: string;
  /** Plural, such as `pods`. */
  readonly resource: string;
  readonly subresource?: string;
  /** Left out: in all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
}

/** What is unknown is offered: the server has the last word. */
export type Answer = "yes" | "no" | "unknown";

/** A rule as RBAC has it; `*` stands for all, empty `resourceNames` for every object. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

export interface Rules {
  readonly rules: readonly Rule[];
  /** There may be rights that no rule shows. */
  readonly incomplete: boolean;
}

const ReviewSchema = v.object({
  status: v.object({
    allowed: v.exactOptional(v.boolean(), false),
    denied: v.exactOptional(v.boolean(), false),
    evaluationError: v.exactOptional(v.string(), ""),
  }),
});

const Names = v.exactOptional(v.array(v.string()), []);
const RulesSchema = v.object({
  status: v.object({
    resourceRules: v.nullish(
      v.array(v.object({ verbs: Names, apiGroups: Names, resources: Names, resourceNames: Names })),
      [],
    ),
    incomplete: v.exactOptional(v.boolean(), false),
    evaluationError: v.exactOptional(v.string(), ""),
  }),
});

const WhoSchema = v.object({ status: v.object({ userInfo: v.object({ username: v.string() }) }) });

/**
 * Asks the server whether the person may do this (SelfSubjectAccessReview, authorization.k8s.io/v1). `unknown` where it
 * will not say: what is unknown is offered. Rejects with ConnectError or CancelledError.
 */
export async function canI(client: KubeClient, attributes: AccessAttributes, signal?: AbortSignal): Promise<Answer> {
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: attributes },
  };
  const answer = await post(client, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, signal);
  const review = v.safeParse(ReviewSchema, answer);
  if (!review.success) return "unknown";
  const { allowed, denied, evaluationError } = review.output.status;
  if (allowed) return "yes";
  // An authorizer that failed has not said no.
  return denied || evaluationError === "" ? "no" : "unknown";
}

/**
 * All that the person may do in a namespace (SelfSubjectRulesReview, authorization.k8s.io/v1); undefined where the server
 * will not say. Rejects with ConnectError or CancelledError.
 */
export async function rulesIn(client: KubeClient, namespace: string, signal?: AbortSignal): Promise<Rules | undefined> {
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
  const answer = await post(client, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, signal);
  const review = v.safeParse(RulesSchema, answer);
  if (!review.success) return undefined;
  const { resourceRules, incomplete, evaluationError } = review.output.status;
  return { rules: resourceRules, incomplete: incomplete || evaluationError !== "" };
}

/**
 * The name that the cluster knows the person by (SelfSubjectReview, authentication.k8s.io/v1, Kubernetes 1.28);
 * undefined where the server will not say. Rejects with ConnectError or CancelledError.
 */
export async function whoAmI(client: KubeClient, signal?: AbortSignal): Promise<string | undefined> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = await post(client, "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, signal);
  const who = v.safeParse(WhoSchema, answer);
  return who.success ? who.output.status.userInfo.username : undefined;
}

/** The answer, or undefined where the server refused to give one. */
async function post(
  client: KubeClient,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await client.json<unknown>({ method: "POST", path, body, signal });
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}
