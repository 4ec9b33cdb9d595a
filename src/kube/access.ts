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

const ReviewSchema = v.object({
  status: v.object({
    allowed: v.exactOptional(v.boolean(), false),
    denied: v.exactOptional(v.boolean(), false),
    evaluationError: v.exactOptional(v.string(), ""),
  }),
});

const WhoSchema = v.object({ status: v.object({ userInfo: v.object({ username: v.string() }) }) });

/**
 * Asks the server whether the person may do this (SelfSubjectAccessReview, authorization.k8s.io/v1). `unknown` where it
 * will not say: what is unknown is offered. Rejects with ConnectError or CancelledError.
 */
export async function canI(
  client: KubeClient,
  attributes: AccessAttributes,
  signal?: AbortSignal,
): Promise<"yes" | "no" | "unknown"> {
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
    return await client.json<unknown>({ method: "POST", path, body, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}
