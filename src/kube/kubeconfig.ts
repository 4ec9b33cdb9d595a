import path from "node:path";
import type { ContextInfo } from "./context.ts";
import { ConnectError } from "./errors.ts";
import {
  checkCluster,
  checkUser,
  contextEntry,
  type ContextEntry,
  type Outside,
  type UserEntry,
} from "./kubeconfigEntries.ts";
import { kubeconfigPaths, readKubeconfigFile, type KubeconfigFile, type KubeconfigOptions } from "./kubeconfigFiles.ts";

export interface KubeconfigProblem {
  readonly file: string;
  /** One sentence. */
  readonly message: string;
}

/**
 * Reads and merges the person's kubeconfig files as kubectl does: the first file that names a cluster, user, context
 * or current context decides. A broken file is a problem in the result and hides no other. Reads files only; runs
 * nothing.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<Kubeconfig> {
  const { files, chosen } = kubeconfigPaths(options);
  const { platform, own } = options;
  const usual = new Set(kubeconfigPaths({ ...options, paths: [] }).files);
  const paths = platform === "win32" ? path.win32 : path.posix;
  return new Kubeconfig(
    await Promise.all(files.map((file) => readKubeconfigFile(file, platform, chosen))),
    (file) => usual.has(file) || (own !== undefined && paths.dirname(file) === paths.resolve(own)),
  );
}

/** All contexts of some kubeconfig files. */
export class Kubeconfig {
  readonly contexts: readonly ContextInfo[];
  readonly problems: readonly KubeconfigProblem[];
  /** All files that were looked for, also those that do not exist (yet). */
  readonly files: readonly string[];
  readonly #parts: readonly KubeconfigFile[];
  /** What kubectl would read without being told (KUBECONFIG's files, else ~/.kube/config), and what we wrote ourselves. */
  readonly #isUsual: (file: string) => boolean;

  constructor(parts: readonly KubeconfigFile[], isUsual: (file: string) => boolean) {
    this.#parts = parts;
    this.#isUsual = isUsual;
    this.files = parts.map(({ file }) => file);
    this.problems = parts.flatMap(({ file, problems }) => problems.map((message) => ({ file, message })));
    const current = parts.find(({ currentContext }) => currentContext !== undefined)?.currentContext;
    const names = new Set(parts.flatMap(({ contexts }) => [...contexts.keys()]));
    this.contexts = [...names].map((name) => this.#context(name, current));
  }

  /** Throws ConnectError("kubeconfig") where the context, its cluster or its user is missing or cannot be used. */
  entry(contextName: string): ContextEntry {
    const context = this.contexts.find(({ name }) => name === contextName);
    if (context === undefined) throw new ConnectError("kubeconfig", `The kubeconfig has no context ${contextName}.`);
    const cluster = this.#first(context.cluster, (part) => part.clusters);
    if (cluster === undefined) throw missing(context, "cluster", context.cluster);
    const checked = checkCluster(cluster.value, context.cluster, cluster.file);
    return contextEntry(context, checked, this.#user(context, checked.server, cluster.file));
  }

  #user(context: ContextInfo, server: string, clusterFile: string): UserEntry {
    // kubectl takes a context without a user for an anonymous one.
    if (context.user === "") return { name: "" };
    const user = this.#first(context.user, (part) => part.users);
    if (user === undefined) throw missing(context, "user", context.user);
    const checked = checkUser(user.value, context.user, user.file);
    const outside = this.#outside(checked, user.file, server, [clusterFile, context.file]);
    return outside === undefined ? checked : { ...checked, outside };
  }

  /**
   * A file that somebody gave the person may name programs to run and files to read; and it may name the person's own
   * user for a server of its own, which would get what the person signs in with.
   */
  #outside(user: UserEntry, file: string, server: string, others: readonly string[]): Outside | undefined {
    const hasSecret = [user.exec, user.token, user.tokenFile, user.username, user.clientCertData, user.clientCertFile];
    if (hasSecret.every((one) => one === undefined)) return undefined;
    // That of another file than the user's first: it is the one that the person may not expect.
    const outside = [...others.filter((one) => one !== file), file].find((one) => !this.#isUsual(one));
    if (outside === undefined) return undefined;
    if (others.some((one) => one !== file)) return { file: outside, server };
    const reaches = [user.exec, user.tokenFile, user.clientCertFile, user.clientKeyFile].some(
      (one) => one !== undefined,
    );
    return reaches ? { file: outside } : undefined;
  }

  #context(name: string, current: string | undefined): ContextInfo {
    const found = this.#first(name, (part) => part.contexts);
    const cluster = found?.value.cluster ?? "";
    const server = this.#first(cluster, (part) => part.clusters)?.value["server"];
    return {
      name,
      cluster,
      user: found?.value.user ?? "",
      server: typeof server === "string" ? server : "",
      namespace: found === undefined || found.value.namespace === "" ? "default" : found.value.namespace,
      file: found?.file ?? "",
      isCurrent: name === current,
    };
  }

  #first<T>(
    name: string,
    of: (part: KubeconfigFile) => ReadonlyMap<string, T>,
  ): { value: T; file: string } | undefined {
    for (const part of this.#parts) {
      const value = of(part).get(name);
      if (value !== undefined) return { value, file: part.file };
    }
    return undefined;
  }
}

function missing(context: ContextInfo, kind: "cluster" | "user", name: string): ConnectError {
  const what = `The context ${context.name} names the ${kind} ${name}, which no kubeconfig file has.`;
  return new ConnectError("kubeconfig", what, { hint: `The context is written in ${context.file}.` });
}
