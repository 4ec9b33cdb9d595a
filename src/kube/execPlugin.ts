import { readFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import type { Clock } from "../core/clock.ts";
import { errorCode, isCancelled } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { redact } from "../core/redact.ts";
import { label } from "../core/sanitize.ts";
import { duration } from "../core/text.ts";
import { childOutput, type ChildResult } from "./childOutput.ts";
import { ConnectError } from "./errors.ts";
import { findProgram } from "./execCommand.ts";
import type { ClusterEntry, ExecEntry, UserEntry } from "./kubeconfigEntries.ts";
import type { LoginPath } from "./loginPath.ts";
import { demandOf, type PluginConsent } from "./pluginConsent.ts";

/** How plugins are run. */
export interface PluginWays {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds that one may take. */
  readonly pluginTimeoutMs: number;
  /** Where a program is looked for that is not on the PATH of `env`. */
  readonly loginPath?: LoginPath | undefined;
  /**
   * Asked before the plugin of a kubeconfig outside the default places runs. Undefined: there is nobody to ask, and
   * whoever named the kubeconfig answers for it.
   */
  readonly consent?: PluginConsent | undefined;
}

interface PluginRun extends PluginWays {
  readonly exec: ExecEntry;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  readonly signal: AbortSignal;
}

export interface PluginAnswer {
  readonly token?: string;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Wall ms. */
  readonly expiresAt?: number;
}

const MAX_OUTPUT = 1_000_000;
const VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

// client-go pkg/apis/clientauthentication: ExecCredential, v1 and v1beta1 alike in these fields.
const text = v.exactOptional(v.nullable(v.string()), null);
const CredentialSchema = v.object({
  apiVersion: v.string(),
  kind: v.literal("ExecCredential"),
  status: v.object({ token: text, clientCertificateData: text, clientKeyData: text, expirationTimestamp: text }),
});

/**
 * Runs a credential plugin (client-go plugin/pkg/client/auth/exec) once and checks its answer. Rejects with a
 * ConnectError of code `plugin-…` or `kubeconfig`, with CancelledError when aborted. No message holds what it printed,
 * but for the last line of its stderr after a failure, with secrets taken out.
 */
export async function runExecPlugin(run: PluginRun): Promise<PluginAnswer> {
  const { exec, clock, log, signal } = run;
  const name = label(exec.command, 120);
  const who = `The sign-in program ${name} of user ${run.user.name}`;
  if (!VERSIONS.includes(exec.apiVersion)) {
    const what = `${who} cannot be used: ${label(exec.apiVersion, 80)} is no longer supported.`;
    const hint = "Update the program, then have it write the kubeconfig's entry again.";
    throw new ConnectError("kubeconfig", what, { hint });
  }
  if (exec.interactiveMode === "Always") {
    throw new ConnectError("plugin-failed", `${who} wants a terminal, which the editor does not give it.`, {
      hint: "Run kubectl once in a terminal with this context, then try again.",
    });
  }
  const found = await findProgram(exec.command, exec.baseDir, run, run.loginPath);
  if (found === undefined) throw missing(who, exec);
  const { file, env } = found;
  if (run.platform === "win32" && /\.(cmd|bat)$/i.test(file)) {
    throw new ConnectError("plugin-failed", `${who} is a batch file, which cannot be run safely.`, {
      hint: "Name its .exe in the kubeconfig's exec entry.",
    });
  }
  if (run.user.outside !== undefined) {
    await run.consent?.demand(demandOf(run.user, run.user.outside, file), signal);
  }
  const started = clock.monotonic();
  const known = run.loginPath?.known;
  let result = await start({ ...run, env: withPath(env, known) }, file, who);
  // It got no further than what it starts itself: to run it again asks nobody a second time.
  if (known === undefined && lacksProgram(result)) {
    const login = await run.loginPath?.get();
    if (login !== undefined) result = await start({ ...run, env: withPath(env, login) }, file, who);
  }
  log.debug(`${name} for user ${run.user.name}: ${result.kind} after ${Math.round(clock.monotonic() - started)} ms`);
  signal.throwIfAborted();
  return answerOf(result, run, who);
}

/** A PATH that ends with the login shell's: a program that was found in an editor's bare one may start others. */
function withPath(env: NodeJS.ProcessEnv, login: string | undefined): NodeJS.ProcessEnv {
  if (login === undefined || login === env["PATH"]) return env;
  return { ...env, PATH: [env["PATH"] ?? "", login].filter((part) => part !== "").join(path.delimiter) };
}

/** As shells and env end, or as Go and Python say it. */
function lacksProgram({ kind, code, stderr }: ChildResult): boolean {
  const isSaid = /(?:command|executable file) not found|No such file or directory: '[^'/]+'/i.test(stderr);
  return kind === "exit" && (code === 127 || (code !== 0 && isSaid));
}

async function start(run: PluginRun, file: string, who: string): Promise<ChildResult> {
  const { exec, cluster, env, platform, pluginTimeoutMs: timeoutMs, signal } = run;
  const info = JSON.stringify({
    kind: "ExecCredential",
    apiVersion: exec.apiVersion,
    spec: { interactive: false, ...(exec.provideClusterInfo ? { cluster: await clusterInfo(cluster) } : {}) },
  });
  try {
    const childEnv = { ...env, ...exec.env, KUBERNETES_EXEC_INFO: info };
    return await childOutput(file, exec.args, { env: childEnv, platform, timeoutMs, maxBytes: MAX_OUTPUT, signal });
  } catch (error) {
    if (isCancelled(error)) throw error;
    // A script whose interpreter is missing says ENOENT as well.
    if (errorCode(error) === "ENOENT") throw missing(who, exec);
    throw new ConnectError("plugin-failed", `${who} could not be started.`, {
      why: `The system said ${errorCode(error) ?? "no"}.`,
    });
  }
}

/** As rest.ConfigToExecCluster: the authority travels as data, also where the kubeconfig names a file. */
async function clusterInfo(cluster: ClusterEntry): Promise<Record<string, unknown>> {
  let caData = cluster.caData;
  if (caData === undefined && cluster.caFile !== undefined) {
    caData = await readFile(cluster.caFile, "base64").catch(() => undefined);
  }
  return {
    server: cluster.server,
    "tls-server-name": cluster.tlsServerName,
    "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify || undefined,
    "certificate-authority-data": caData,
    "proxy-url": cluster.proxyUrl,
    config: cluster.execConfig ?? null,
  };
}

function answerOf(result: ChildResult, run: PluginRun, who: string): PluginAnswer {
  const hint = "Run kubectl once in a terminal with this context to see what it says.";
  if (result.kind === "timeout") {
    throw new ConnectError(
      "plugin-timeout",
      `${who} gave no answer within ${duration(run.pluginTimeoutMs)} and was ended.`,
      {
        hint: "It may wait for an answer in a terminal: run kubectl there once with this context, then try again.",
      },
    );
  }
  if (result.kind === "too-much") {
    throw new ConnectError("plugin-output", `${who} wrote more than 1 MB and was ended.`, { hint });
  }
  if (result.code !== 0) {
    const said = lastLine(result.stderr, run.exec);
    const how = result.code === undefined ? "was ended by a signal" : `failed with exit code ${result.code}`;
    throw new ConnectError("plugin-failed", `${who} ${how}.`, said === "" ? { hint } : { why: `It said: ${said}` });
  }
  const answer = credential(result.stdout, run.exec.apiVersion);
  if (typeof answer !== "string") return answer;
  throw new ConnectError("plugin-output", `${who} gave no usable answer: ${answer}.`, { hint });
}

/** The answer, or why it is none: never in the answer's own words, which may be secrets. */
function credential(stdout: string, apiVersion: string): PluginAnswer | string {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return stdout.trim() === "" ? "it wrote nothing" : "it wrote no JSON";
  }
  const parsed = v.safeParse(CredentialSchema, value);
  if (!parsed.success) return "it wrote no ExecCredential with a status";
  if (parsed.output.apiVersion !== apiVersion)
    return `the kubeconfig asks for ${label(apiVersion, 80)}, it wrote another version`;
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = parsed.output.status;
  const hasPair = isFilled(cert) && isFilled(key);
  if (isFilled(cert) !== isFilled(key))
    return "it wrote a certificate without its key, or a key without its certificate";
  if (!isFilled(token) && !hasPair) return "it wrote neither a token nor a certificate";
  const expiresAt = expirationTimestamp === null ? Number.NaN : Date.parse(expirationTimestamp);
  return {
    ...(isFilled(token) ? { token: token.trim() } : {}),
    ...(hasPair ? { cert: Buffer.from(cert), key: Buffer.from(key) } : {}),
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}

function isPath(command: string): boolean {
  return /[\\/]/.test(command);
}

function isFilled(value: string | null): value is string {
  return value !== null && value.trim() !== "";
}

function missing(who: string, exec: ExecEntry): ConnectError {
  const where = isPath(exec.command)
    ? "The kubeconfig names it by a path."
    : "The editor looks on its own PATH and on the login shell's, which may differ from the terminal's.";
  const hint =
    exec.installHint === undefined
      ? "Install it, or name it by its full path in the kubeconfig."
      : label(exec.installHint, 300);
  return new ConnectError("plugin-missing", `${who} was not found.`, { why: where, hint });
}

/** The last line with words in it, at most 200 characters, without secrets as far as they can be told. */
function lastLine(stderr: string, exec: ExecEntry): string {
  const line = stderr.split(/[\r\n]+/).findLast((candidate) => label(candidate) !== "") ?? "";
  const given = [...Object.values(exec.env), ...exec.args].filter((value) => value.length >= 8);
  const hidden = given.reduce((shown, value) => shown.replaceAll(value, "[redacted]"), redact(line));
  return label(hidden, 200);
}
