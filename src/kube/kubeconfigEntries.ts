import { createHash } from "node:crypto";
import * as v from "valibot";
import type { ContextInfo } from "./context.ts";
import { ConnectError } from "./errors.ts";

// What a kubeconfig says of one cluster and one user, checked (client-go tools/clientcmd/api/v1). Paths are absolute.

/** What a file beyond the default places has to do with how a user signs in. */
export interface Outside {
  readonly file: string;
  /** Server that is signed in to, where it and the user are not named by one and the same file. */
  readonly server?: string;
}

export interface ContextEntry {
  readonly context: ContextInfo;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  /** Equal where nothing that matters to a connection differs. Made of secrets too: never show it. */
  readonly fingerprint: string;
  /** Equal where two contexts sign in the same way, so that they may share one credential process. */
  readonly credentialsKey: string;
}

// kubectl takes `token: 12345` for a string as well (sigs.k8s.io/yaml converts by the target's type).
const scalar = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String));
const text = v.exactOptional(scalar);
const scalars = v.exactOptional(v.pipe(v.array(scalar), v.readonly()), () => []);
const flag = v.exactOptional(v.boolean(), false);
const server = v.pipe(v.string(), v.check(isHttpUrl, "server is not an http or https URL"));

const ClusterSchema = v.object({
  name: scalar,
  /** http or https URL; may have a path. */
  server,
  /** Base64 of PEM, as written. Wins over the file, as in client-go. */
  caData: text,
  caFile: text,
  insecureSkipTlsVerify: flag,
  tlsServerName: text,
  proxyUrl: text,
  /** The cluster's extension `client.authentication.k8s.io/exec`, handed to plugins that ask for cluster info. */
  execConfig: v.exactOptional(v.unknown()),
});
export type ClusterEntry = Readonly<v.InferOutput<typeof ClusterSchema>>;

const ExecSchema = v.object({
  command: v.pipe(v.string(), v.nonEmpty()),
  args: scalars,
  env: v.pipe(
    v.exactOptional(v.array(v.object({ name: v.string(), value: v.exactOptional(scalar, "") })), () => []),
    v.transform((list): Record<string, string> => Object.fromEntries(list.map(({ name, value }) => [name, value]))),
  ),
  apiVersion: v.string(),
  provideClusterInfo: flag,
  interactiveMode: v.exactOptional(v.picklist(["Never", "IfAvailable", "Always"]), "IfAvailable"),
  installHint: text,
  /** Folder of the kubeconfig, which a relative `command` with a slash starts from. */
  baseDir: v.string(),
});
export type ExecEntry = Readonly<v.InferOutput<typeof ExecSchema>>;

const UserSchema = v.object({
  name: scalar,
  token: text,
  tokenFile: text,
  /** Base64 of PEM, as written. */
  clientCertData: text,
  clientCertFile: text,
  clientKeyData: text,
  clientKeyFile: text,
  username: text,
  password: text,
  exec: v.exactOptional(ExecSchema),
  /** Name of a legacy auth-provider, which we refuse. */
  authProvider: text,
  impersonate: v.exactOptional(v.object({ user: scalar, groups: scalars, uid: text })),
});
export type UserEntry = Readonly<v.InferOutput<typeof UserSchema>> & {
  /** Set where the person is asked before this user signs in. */
  readonly outside?: Outside;
};

/** Throws ConnectError("kubeconfig") that names the field, never its value. */
export function checkCluster(draft: unknown, name: string, file: string): ClusterEntry {
  return checked(ClusterSchema, draft, `The cluster ${name}`, file);
}

/** Throws ConnectError("kubeconfig") that names the field, never its value. */
export function checkUser(draft: unknown, name: string, file: string): UserEntry {
  return checked(UserSchema, draft, `The user ${name}`, file);
}

export function contextEntry(context: ContextInfo, cluster: ClusterEntry, user: UserEntry): ContextEntry {
  const { name } = context;
  const place = user.exec?.provideClusterInfo === true ? cluster : undefined;
  return {
    context,
    cluster,
    user,
    // The context's namespace is only where a person begins: what runs in any namespace must not end for it.
    fingerprint: hash({ name, cluster, user }),
    credentialsKey: hash({ user, place }),
  };
}

function checked<const S extends v.GenericSchema>(
  schema: S,
  draft: unknown,
  subject: string,
  file: string,
): v.InferOutput<S> {
  // `key: null` and a key without a value mean the same as no key.
  const plain: unknown = JSON.parse(JSON.stringify(draft, (_, value: unknown) => (value === null ? undefined : value)));
  const result = v.safeParse(schema, plain);
  if (result.success) return result.output;
  const issue = result.issues[0];
  // valibot's own texts quote what was received, which may be a secret.
  const what = issue.type === "check" ? issue.message : `${v.getDotPath(issue) ?? "an entry"} is missing or not valid`;
  throw new ConnectError("kubeconfig", `${subject} cannot be used: ${what}.`, { hint: `It is written in ${file}.` });
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
