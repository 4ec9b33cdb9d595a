// Passwords and secrets that are made for one install, in the place of those that upstream writes for everybody.
import { createHash, randomBytes } from "node:crypto";
import bcrypt from "bcryptjs";
import * as v from "valibot";
import type { SecretStore } from "../core/storage.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { list, record, text as textOf } from "../kubeflow/read.ts";
import { builtIn, COMPONENT_LABEL } from "./objects.ts";

export interface Account {
  readonly email: string;
  /** bcrypt. */
  readonly hash: string;
}

/** What the changes of an install put in the place of well-known values. Stays in memory. */
export interface InstallSecrets {
  readonly accounts: readonly Account[];
  /** Between Dex and oauth2-proxy. */
  readonly clientSecret: string;
  /** What oauth2-proxy encrypts its cookies with: 32 characters, as long as AES-256 wants. */
  readonly cookieSecret: string;
}

/** An account as a person needs it. */
export interface KnownAccount {
  readonly email: string;
  readonly password: string;
}

const SECRETS = builtIn("v1", "secrets", "Secret");
/** Dex refuses more than 72 bytes (bcrypt); a cost of 10 is what Dex's own examples use. */
const COST = 10;
const PASSWORD_BYTES = 15;
const KeptSchema = v.object({
  accounts: v.array(v.object({ email: v.string(), password: v.string(), shown: v.optional(v.boolean(), false) })),
});
type KeptAccount = v.InferOutput<typeof KeptSchema>["accounts"][number];

/** Where the accounts of a cluster are in the editor's secret storage; by the uid of its namespace kube-system. */
export function accountsKey(cluster: string): string {
  return `trainyard.kubeflow.${cluster}`;
}

/** The accounts of a cluster that this computer knows the passwords of; none where nothing was made here. */
export async function knownAccounts(store: SecretStore, cluster: string): Promise<readonly KnownAccount[]> {
  return kept(store, cluster);
}

/** Those of them that nobody has been shown yet. */
export async function notYetShown(store: SecretStore, cluster: string): Promise<readonly KnownAccount[]> {
  return (await kept(store, cluster)).filter((account) => !account.shown);
}

/** All of them have been shown. */
export async function shown(store: SecretStore, cluster: string): Promise<void> {
  const accounts = (await kept(store, cluster)).map((account) => ({ ...account, shown: true }));
  await store.set(accountsKey(cluster), JSON.stringify({ accounts }));
}

async function kept(store: SecretStore, cluster: string): Promise<readonly KeptAccount[]> {
  const text = await store.get(accountsKey(cluster));
  if (text === undefined) return [];
  const parsed = v.safeParse(KeptSchema, json(text));
  return parsed.success ? parsed.output.accounts : [];
}

/** Env variable of Dex that holds a person's hash; the same on every computer. */
export function hashVariable(email: string): string {
  return `DEX_PASSWORD_${createHash("sha256").update(email).digest("hex").slice(0, 12).toUpperCase()}`;
}

/** For a plan without a cluster: nobody signs in by these, they only show what is changed. */
export function placeholderSecrets(people: readonly string[]): InstallSecrets {
  const accounts = people.map((email) => ({ email, hash: "made when it is installed" }));
  return { accounts, clientSecret: "made when it is installed", cookieSecret: "made when it is installed" };
}

/**
 * The secrets of an install: those that the cluster has from us already, so that nobody's password changes by itself;
 * else new ones, whose passwords are kept in secret storage before anything is applied. Rejects as `KubeClient.find`.
 */
export async function secretsFor(
  client: KubeClient,
  store: SecretStore,
  cluster: string,
  people: readonly string[],
  signal: AbortSignal,
): Promise<InstallSecrets> {
  const [hashes, oidc, proxy] = await Promise.all([
    ourSecret(client, "auth", (name) => name === "dex-passwords", signal),
    ourSecret(client, "auth", (name) => name === "dex-oidc-client", signal),
    ourSecret(client, "oauth2-proxy", (name) => /^oauth2-proxy(-[a-z0-9]{10})?$/.test(name), signal),
  ]);
  const known = new Map((await kept(store, cluster)).map((account) => [account.email, account]));
  const accounts: Account[] = [];
  for (const email of people) {
    const there = hashes.get(hashVariable(email));
    const own = known.get(email);
    if (there !== undefined) {
      // Made on another computer since: what is kept here no longer opens anything.
      if (own !== undefined && !(await bcrypt.compare(own.password, there))) known.delete(email);
      accounts.push({ email, hash: there });
      continue;
    }
    const password = own?.password ?? randomBytes(PASSWORD_BYTES).toString("base64url");
    known.set(email, own ?? { email, password, shown: false });
    accounts.push({ email, hash: await bcrypt.hash(password, COST) });
  }
  if (people.length > 0) await store.set(accountsKey(cluster), JSON.stringify({ accounts: [...known.values()] }));
  const clientSecret = oidc.get("OIDC_CLIENT_SECRET") ?? proxy.get("client-secret") ?? randomBytes(24).toString("hex");
  return { accounts, clientSecret, cookieSecret: proxy.get("cookie-secret") ?? randomBytes(16).toString("hex") };
}

/** The values of a Secret that we have applied; none where there is none, or it may not be read. */
async function ourSecret(
  client: KubeClient,
  namespace: string,
  isIt: (name: string) => boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  try {
    const { items } = await client.list(SECRETS, { namespace, labelSelector: COMPONENT_LABEL, signal });
    const found = list(items).find(({ metadata }) => isIt(textOf(record(metadata)["name"]) ?? ""));
    const data = Object.entries(record(found?.["data"]));
    return new Map(data.map(([key, value]) => [key, Buffer.from(textOf(value) ?? "", "base64").toString("utf8")]));
  } catch (error) {
    if (isApiError(error, "Forbidden")) return new Map();
    throw error;
  }
}

function json(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // Not what we have written: nothing is known.
    return undefined;
  }
}
