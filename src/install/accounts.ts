// Passwords and secrets that are made for one install, in the place of those that upstream writes for everybody.
import { createHash, randomBytes } from "node:crypto";
import bcrypt from "bcryptjs";
import * as v from "valibot";
import { errorText, UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { SecretStore } from "../core/storage.ts";
import type { KubeClient } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { list, record, text as textOf } from "../kubeflow/read.ts";
import { builtIn, COMPONENT_LABEL, type Manifest } from "./objects.ts";

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
  /** Addresses whose passwords were made on another computer: they stay, and are not known here. */
  readonly elsewhere: readonly string[];
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
  accounts: v.array(
    v.object({ email: v.string(), password: v.string(), hash: v.string(), shown: v.optional(v.boolean(), false) }),
  ),
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

const NOT_YET = "made when it is installed";

/** For a plan: nobody signs in by these, they only show what is changed. */
export function placeholderSecrets(people: readonly string[]): InstallSecrets {
  const accounts = people.map((email) => ({ email, hash: NOT_YET }));
  return { accounts, clientSecret: NOT_YET, cookieSecret: NOT_YET, elsewhere: [] };
}

/**
 * The secrets of an install, for whoever holds its lease: those that the cluster has from us already, so that nobody's
 * password changes by itself; else new ones, whose passwords are kept in secret storage before anything is applied.
 * Rejects as `KubeClient.list`, and with UserError `no-secret-store`.
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
  const before = await stored(() => kept(store, cluster));
  const accounts = await Promise.all(people.map((email) => account(email, hashes.get(hashVariable(email)), before)));
  // Others of this cluster, as long as they can sign in there.
  const others = before.filter(({ email }) => !people.includes(email) && hashes.has(hashVariable(email)));
  const known = [...accounts.flatMap(({ known: own }) => own ?? []), ...others];
  await stored(() => store.set(accountsKey(cluster), JSON.stringify({ accounts: known })));
  return {
    accounts: accounts.map(({ email, hash }) => ({ email, hash })),
    clientSecret: oidc.get("OIDC_CLIENT_SECRET") ?? proxy.get("client-secret") ?? randomBytes(24).toString("hex"),
    cookieSecret: proxy.get("cookie-secret") ?? randomBytes(16).toString("hex"),
    elsewhere: accounts.filter(({ known: own }) => own === undefined).map(({ email }) => email),
  };
}

/** Those of `people` who have a password in the cluster that is not known here. Rejects as `secretsFor`. */
export async function unknownAccounts(
  client: KubeClient,
  store: SecretStore,
  cluster: string,
  people: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const hashes = await ourSecret(client, "auth", (name) => name === "dex-passwords", signal);
  const before = await stored(() => kept(store, cluster));
  const there = people.filter((email) => hashes.has(hashVariable(email)));
  const accounts = await Promise.all(there.map((email) => account(email, hashes.get(hashVariable(email)), before)));
  return accounts.filter(({ known }) => known === undefined).map(({ email }) => email);
}

/**
 * A new password for an account that the cluster has from us, kept here, and Dex's Secret with it, which is to be applied:
 * for whoever holds the lease. Rejects with UserError `no-account` where the cluster has none, and as `secretsFor`.
 */
export async function newPassword(
  client: KubeClient,
  store: SecretStore,
  cluster: string,
  email: string,
  signal: AbortSignal,
): Promise<{ readonly account: KnownAccount; readonly secret: Manifest }> {
  const hashes = await ourSecret(client, "auth", (name) => name === "dex-passwords", signal);
  if (!hashes.has(hashVariable(email)))
    throw new UserError("no-account", `No password was made for ${label(email, 100)}.`, {
      why: "The cluster has no account of it that Trainyard has made, or you may not see it.",
    });
  const { metadata } = await client.get(SECRETS, "dex-passwords", "auth", signal);
  const made = await fresh(email);
  const others = (await stored(() => kept(store, cluster))).filter((one) => one.email !== email);
  await stored(() =>
    store.set(accountsKey(cluster), JSON.stringify({ accounts: [...others, { ...made, shown: true }] })),
  );
  const { labels = {}, annotations = {} } = metadata;
  // As an install applies it, whose fields stay ours: all of its values, of which one is new.
  const secret = {
    ...{ apiVersion: "v1", kind: "Secret", type: "Opaque", data: {} },
    metadata: { name: "dex-passwords", namespace: "auth", labels, annotations },
    stringData: { ...Object.fromEntries(hashes), [hashVariable(email)]: made.hash },
  };
  return { account: { email, password: made.password }, secret };
}

/** `there`: its hash in the cluster. `known` is undefined where the password was made on another computer. */
async function account(
  email: string,
  there: string | undefined,
  before: readonly KeptAccount[],
): Promise<Account & { readonly known: KeptAccount | undefined }> {
  const own = before.find((one) => one.email === email);
  if (there !== undefined) {
    const opens = own !== undefined && (own.hash === there || (await bcrypt.compare(own.password, there)));
    return { email, hash: there, known: opens ? { ...own, hash: there } : undefined };
  }
  if (own !== undefined) return { email, hash: own.hash, known: own };
  const made = await fresh(email);
  return { email, hash: made.hash, known: made };
}

async function fresh(email: string): Promise<KeptAccount> {
  const password = randomBytes(PASSWORD_BYTES).toString("base64url");
  return { email, password, hash: await bcrypt.hash(password, COST), shown: false };
}

/** Where a keyring is locked or missing, its words alone would not say what it was for. */
async function stored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UserError("no-secret-store", "No accounts were made.", {
      why: `The editor’s secret storage does not answer: ${label(errorText(error), 200)}.`,
      hint: "Unlock the keyring of this computer, then go on.",
      cause: error,
    });
  }
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
