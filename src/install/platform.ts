import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { record, text } from "../kubeflow/read.ts";
import { builtIn } from "./objects.ts";
import type { Platform } from "./release.ts";

const NODES = builtIn("v1", "nodes", "Node", false);
/** How cloud providers begin the `providerID` of their nodes. */
const PROVIDERS: Readonly<Record<string, Platform>> = { gce: "gke", aws: "eks", kind: "kind" };

/** Where the cluster runs, by its first node; `any` where nodes may not be seen, or say nothing. Rejects as `KubeClient.list`. */
export async function platformOf(client: KubeClient, signal: AbortSignal): Promise<Platform> {
  try {
    const { items } = await client.list(NODES, { limit: 1, signal });
    const id = text(record(record(items[0])["spec"])["providerID"]) ?? "";
    return PROVIDERS[id.slice(0, Math.max(0, id.indexOf(":")))] ?? "any";
  } catch (error) {
    if (isApiError(error, "Forbidden")) return "any";
    throw error;
  }
}

/**
 * Who issues the tokens of the cluster's service accounts (Kubernetes: service account issuer discovery). Rejects with
 * UserError `no-issuer` where it is no https address.
 */
export async function issuerOf(client: KubeClient, signal: AbortSignal): Promise<string> {
  const found = record(
    await client.json<unknown>({ method: "GET", path: "/.well-known/openid-configuration", signal }),
  );
  const issuer = text(found["issuer"]) ?? "";
  if (/^https:\/\/[A-Za-z0-9./:_-]{1,300}$/.test(issuer)) return issuer;
  throw new UserError("no-issuer", "Nothing was planned.", {
    why: `The cluster names «${label(issuer, 100)}» as the issuer of its tokens, which is no https address.`,
  });
}
