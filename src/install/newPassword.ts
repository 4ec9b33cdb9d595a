// A new password in the place of one that nobody here knows.
import type { SecretStore } from "../core/storage.ts";
import { type KnownAccount, newPassword } from "./accounts.ts";
import { applyObject } from "./apply.ts";
import { type GateTools, gatesOf, waitFor } from "./gates.ts";
import { builtIn, type Ref } from "./objects.ts";

const DEPLOYMENTS = builtIn("apps/v1", "deployments", "Deployment");
const DEX: Ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "auth", name: "dex" };
const WITHIN_MS = 300_000;

/**
 * Makes it, and starts Dex anew, which reads its Secrets only then: resolves once that is ready. For whoever holds the
 * lease. Rejects as `newPassword`, `applyObject`, `KubeClient.patch` and `waitFor`.
 */
export async function putNewPassword(
  tools: GateTools & { readonly secrets: SecretStore },
  cluster: string,
  email: string,
  say: (what: string) => void,
  signal: AbortSignal,
): Promise<KnownAccount> {
  const { client, clock, secrets } = tools;
  const { account, secret } = await newPassword(client, secrets, cluster, email, signal);
  await applyObject(tools, secret, { adopt: true, onWait: say, signal });
  // Not the mark that an install applies: its field would be another writer's then, and the next install refused.
  const annotations = { "trainyard/restarted": new Date(clock.now()).toISOString() };
  const patch = { spec: { template: { metadata: { annotations } } } };
  await client.patch(DEPLOYMENTS, DEX.name, DEX.namespace, patch, { signal });
  await waitFor(tools, gatesOf(tools, [DEX]), { what: "Dex", withinMs: WITHIN_MS, onWait: say, signal });
  return account;
}
