import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { errorCode } from "../core/errors.ts";
import { readEntries } from "./clientNode.ts";
import { ConnectError } from "./errors.ts";
import { isRecord } from "./watchEvents.ts";

export interface KubeconfigOptions {
  /** Files that the person chose, in order; an empty list means none. */
  readonly paths?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Folder of files that were written at the person's wish: trusted as the default places are. */
  readonly own?: string;
}

type Draft = Readonly<Record<string, unknown>>;

/** One file, its entries not yet checked. Where the file is missing or broken, it has none. */
export interface KubeconfigFile {
  readonly file: string;
  readonly clusters: ReadonlyMap<string, Draft>;
  readonly users: ReadonlyMap<string, Draft>;
  readonly contexts: ReadonlyMap<
    string,
    { readonly cluster: string; readonly user: string; readonly namespace: string }
  >;
  readonly currentContext: string | undefined;
  /** One sentence each. */
  readonly problems: readonly string[];
}

// A kubeconfig of a thousand clusters has about 5 MB.
const MAX_BYTES = 16_000_000;

/**
 * Which files make the kubeconfig: those chosen, else those of KUBECONFIG, else ~/.kube/config (kubectl's order,
 * client-go tools/clientcmd/loader.go). `chosen` tells that a missing one is worth a sentence.
 */
export function kubeconfigPaths(options: KubeconfigOptions): { files: readonly string[]; chosen: boolean } {
  const paths = pathsOf(options.platform);
  const full = (file: string): string =>
    paths.resolve(/^~[\\/]/.test(file) ? paths.join(options.home, file.slice(2)) : file);
  const given = (options.paths ?? []).filter((file) => file.trim() !== "");
  if (given.length > 0) return { files: [...new Set(given.map(full))], chosen: true };
  const fromEnv = (options.env["KUBECONFIG"] ?? "").split(paths.delimiter).filter((file) => file !== "");
  if (fromEnv.length > 0) return { files: [...new Set(fromEnv.map(full))], chosen: false };
  return { files: [paths.join(options.home, ".kube", "config")], chosen: false };
}

/** Reads one file. Never rejects: what is wrong with it stands in `problems`, without a word of its content. */
export async function readKubeconfigFile(
  file: string,
  platform: NodeJS.Platform,
  mustExist: boolean,
): Promise<KubeconfigFile> {
  const nothing = (...problems: string[]): KubeconfigFile => ({
    file,
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
    currentContext: undefined,
    problems,
  });
  let source: string;
  try {
    const info = await stat(file);
    if (!info.isFile()) return nothing("This is not a file.");
    if (info.size > MAX_BYTES) return nothing("The file is larger than 16 MB.");
    source = await readFile(file, "utf8");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return mustExist ? nothing("The file does not exist.") : nothing();
    return nothing(code === "EACCES" ? "The file may not be read." : `The file cannot be read (${code ?? "unknown"}).`);
  }
  const parsed = parse(source);
  if (typeof parsed === "string") return nothing(parsed);
  try {
    return entriesOf(parsed, file, pathsOf(platform));
  } catch {
    return nothing("The file is not a kubeconfig.");
  }
}

/** A file that a kubeconfig names. `what` is it to whom. Rejects with ConnectError `kubeconfig`. */
export async function namedFile(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const why = errorCode(error) === "ENOENT" ? "does not exist" : `cannot be read (${errorCode(error) ?? "unknown"})`;
    throw new ConnectError("kubeconfig", `The ${what} is missing: ${file} ${why}.`, { cause: error });
  }
}

/** The document, or a sentence. The parser's own message may quote the file, so that only its code is said. */
function parse(source: string): Draft | string {
  const document = parseDocument(source, { uniqueKeys: false, merge: true, logLevel: "silent" });
  const mistake = document.errors[0];
  if (mistake !== undefined) {
    const at = mistake.linePos?.[0];
    const where = at === undefined ? "The file" : `Line ${at.line}, column ${at.col},`;
    return `${where} is not valid YAML (${mistake.code.toLowerCase().replaceAll("_", " ")}).`;
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return "The file repeats itself too often (YAML aliases).";
  }
  if (value === null || value === undefined) return {};
  return isRecord(value) ? value : "The file is not a kubeconfig: it holds no mapping.";
}

function entriesOf(document: Draft, file: string, paths: path.PlatformPath): KubeconfigFile {
  const folder = paths.dirname(file);
  const full = (value: unknown): unknown =>
    typeof value === "string" && value !== "" ? paths.resolve(folder, value) : undefined;
  const entries = readEntries(document);
  const rawUsers = namedList(document["users"], "user");
  const rawClusters = namedList(document["clusters"], "cluster");
  return {
    file,
    clusters: firstByName(entries.clusters, (cluster) => ({
      ...cluster,
      caFile: full(cluster.caFile),
      insecureSkipTlsVerify: cluster.skipTLSVerify,
      execConfig: execConfig(rawClusters.get(cluster.name)),
    })),
    users: firstByName(entries.users, (user) => ({
      name: user.name,
      token: user.token,
      clientCertData: user.certData,
      clientCertFile: full(user.certFile),
      clientKeyData: user.keyData,
      clientKeyFile: full(user.keyFile),
      username: user.username,
      password: user.password,
      exec: isRecord(user.exec) ? { ...user.exec, baseDir: folder } : (user.exec as unknown),
      authProvider: isRecord(user.authProvider) ? user.authProvider["name"] : undefined,
      ...fromRawUser(rawUsers.get(user.name), full),
    })),
    contexts: firstByName(entries.contexts, (context) => {
      const { cluster, user, namespace }: Draft = { ...context };
      return { cluster: words(cluster), user: words(user), namespace: words(namespace) };
    }),
    currentContext: entries.currentContext,
    problems: [
      ...leftOut("cluster", "server", rawClusters, entries.clusters),
      ...leftOut("context", "cluster", namedList(document["contexts"], "context"), entries.contexts),
    ],
  };
}

/** What client-node does not carry over: the token's file (it looks for another key) and impersonated groups. */
function fromRawUser(raw: Draft | undefined, full: (value: unknown) => unknown): Draft {
  const user = raw?.["as"];
  return {
    tokenFile: full(raw?.["tokenFile"]),
    impersonate:
      user === undefined || user === null || user === ""
        ? undefined
        : { user, groups: raw?.["as-groups"], uid: raw?.["as-uid"] },
  };
}

/** client-go hands this extension to plugins with `provideClusterInfo` (clientcmd api, ExecConfig.Config). */
function execConfig(raw: Draft | undefined): unknown {
  const extensions = raw?.["extensions"];
  if (!Array.isArray(extensions)) return undefined;
  const own = extensions.find(
    (item: unknown) => isRecord(item) && item["name"] === "client.authentication.k8s.io/exec",
  ) as unknown;
  return isRecord(own) ? own["extension"] : undefined;
}

function leftOut(
  kind: string,
  field: string,
  raw: ReadonlyMap<string, Draft>,
  kept: readonly { name: string }[],
): string[] {
  const names = new Set(kept.map(({ name }) => name));
  return [...raw.keys()].filter((name) => !names.has(name)).map((name) => `The ${kind} ${name} names no ${field}.`);
}

function namedList(value: unknown, inner: string): Map<string, Draft> {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const found = new Map<string, Draft>();
  for (const item of list) {
    if (!isRecord(item)) continue;
    const { name } = item;
    const content = item[inner];
    if (typeof name === "string" && !found.has(name)) found.set(name, isRecord(content) ? content : {});
  }
  return found;
}

function firstByName<T extends { readonly name: string }, R>(
  items: readonly T[],
  read: (item: T) => R,
): Map<string, R> {
  const found = new Map<string, R>();
  for (const item of items) if (!found.has(item.name)) found.set(item.name, read(item));
  return found;
}

function words(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function pathsOf(platform: NodeJS.Platform): path.PlatformPath {
  return platform === "win32" ? path.win32 : path.posix;
}
