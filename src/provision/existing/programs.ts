import { errorCode, isCancelled, UserError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";
import { bytes, duration } from "../../core/text.ts";
import { childOutput, type ChildResult } from "../../kube/childOutput.ts";
import { type CommandSearch, findProgram, type FoundProgram } from "../../kube/execCommand.ts";
import type { LoginPath } from "../../kube/loginPath.ts";
import { signInNeeded } from "./signIn.ts";

/** The clouds' own command lines: found where the person has them, never installed. */
export type CloudProgram = "gcloud" | "aws";

/** All that are run for a cluster, found in the same way. */
export type ProgramName =
  | CloudProgram
  | "gke-gcloud-auth-plugin"
  | ("docker" | "minikube" | "k3d" | "kind" | "microk8s" | "nvidia-smi")
  | ("kubectl" | "git");

/** Where a person gets what was not found. The only place with these addresses. */
export const INSTALL_PAGES: Readonly<Record<ProgramName, string>> = {
  gcloud: "https://cloud.google.com/sdk/docs/install",
  aws: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  "gke-gcloud-auth-plugin":
    "https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin",
  docker: "https://docs.docker.com/get-started/get-docker/",
  minikube: "https://minikube.sigs.k8s.io/docs/start/",
  k3d: "https://k3d.io/stable/#installation",
  kind: "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
  microk8s: "https://microk8s.io/docs/getting-started",
  "nvidia-smi": "https://www.nvidia.com/drivers",
  kubectl: "https://kubernetes.io/docs/tasks/tools/",
  git: "https://git-scm.com/downloads",
};

export interface ProgramCall {
  readonly program: ProgramName;
  readonly args: readonly string[];
  /** The sentence for a failure: what did not happen; "" where the reason alone is shown. */
  readonly failure: string;
  readonly signal: AbortSignal;
  /** AWS profile that the call is made with, for the way to sign in. */
  readonly profile?: string | undefined;
  /** Variables besides the person's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds that this call may take, where it is not the usual time. */
  readonly timeoutMs?: number;
}

export interface ProgramsOptions extends CommandSearch {
  readonly loginPath?: Pick<LoginPath, "get"> | undefined;
  readonly log: Logger;
  /** Milliseconds that one call may take; 60,000 where left out. */
  readonly timeoutMs?: number;
}

/** Nothing may ask or page: there is no terminal. */
const QUIET = { CLOUDSDK_CORE_DISABLE_PROMPTS: "1", AWS_PAGER: "", AWS_CLI_AUTO_PROMPT: "off" };
/**
 * What of the environment beats AWS_PROFILE for Terraform and is beaten by `--profile` of aws: left out where a profile was
 * chosen, so that both are the same account (aws-sdk-go-v2 config/resolve_credentials.go; botocore credentials.py).
 */
const KEYS = /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|WEB_IDENTITY_TOKEN_FILE|ROLE_ARN)$/i;
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 8_000_000;

/** Finds and runs `gcloud`, `aws` and the others by argv, in the person's environment, one process per call. */
export class Programs {
  readonly #options: ProgramsOptions;

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  /** Absolute path, and the environment in which it was found: the editor's own, else with the login shell's PATH. */
  find(command: string, baseDir = ""): Promise<FoundProgram | undefined> {
    return findProgram(command, baseDir, this.#options, this.#options.loginPath);
  }

  /** As `find`; throws UserError `cli-missing` with the page to get it from. */
  async locate(program: ProgramName): Promise<FoundProgram> {
    const located = await this.find(program);
    if (located !== undefined) return located;
    const next = [{ title: "How to Install", command: "vscode.open", args: [INSTALL_PAGES[program]] }];
    throw new UserError("cli-missing", `${program} was not found.`, { why: "It is not on the PATH.", next });
  }

  /**
   * What the program wrote, where it ended well. Throws UserError `cli-missing`, `cli-failed`, `cli-timeout`,
   * `cli-output` or `sign-in-needed`; CancelledError when aborted, and the process is ended then.
   */
  async run(call: ProgramCall): Promise<ChildResult> {
    const { program, failure } = call;
    const located = await this.locate(program);
    if (this.#options.platform === "win32" && /\.(cmd|bat)$/i.test(located.file)) {
      throw new UserError("cli-failed", failure, {
        why: `${program} is a batch file here, which cannot be run safely.`,
        hint: "Have it write a kubeconfig in a terminal, then add that file.",
      });
    }
    const result = await this.#start(located, call);
    this.#options.log.debug(`${program} ${call.args.slice(0, 3).join(" ")}: ${result.kind} ${result.code ?? ""}`);
    if (result.kind === "timeout") {
      const why = `${program} gave no answer within ${duration(call.timeoutMs ?? this.#timeoutMs)} and was ended.`;
      throw new UserError("cli-timeout", failure, { why });
    }
    if (result.kind === "too-much") {
      const why = `${program} wrote more than ${bytes(MAX_OUTPUT)} and was ended.`;
      throw new UserError("cli-output", failure, { why });
    }
    if (result.code === 0) return result;
    throw signInNeeded(call, result.stderr) ?? new UserError("cli-failed", failure, { why: words(program, result) });
  }

  /**
   * As `run`: the list in the JSON that it wrote, which `pick` finds there, and what it warned of on stderr. Where there
   * is no list, UserError `cli-output`, without a word of the answer.
   */
  async list(
    call: ProgramCall,
    pick: (answer: unknown) => unknown = (answer) => answer,
  ): Promise<{ items: readonly unknown[]; stderr: string }> {
    const { value, stderr } = await this.#read(call);
    const items = pick(value);
    if (Array.isArray(items)) return { items, stderr };
    throw notUnderstood(call);
  }

  /** As `run`: the JSON that it wrote, UserError `cli-output` where it is none. */
  async json(call: ProgramCall): Promise<unknown> {
    return (await this.#read(call)).value;
  }

  async #read(call: ProgramCall): Promise<{ readonly value: unknown; readonly stderr: string }> {
    const { stdout, stderr } = await this.run(call);
    try {
      return { value: JSON.parse(stdout), stderr };
    } catch {
      throw notUnderstood(call);
    }
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }

  async #start({ file, env }: FoundProgram, call: ProgramCall): Promise<ChildResult> {
    const { program, args, failure, signal } = call;
    try {
      return await childOutput(file, args, {
        env: { ...(call.profile === undefined ? env : withoutKeys(env)), ...QUIET, ...call.env },
        platform: this.#options.platform,
        timeoutMs: call.timeoutMs ?? this.#timeoutMs,
        maxBytes: MAX_OUTPUT,
        signal,
      });
    } catch (error) {
      if (isCancelled(error)) throw error;
      const why = `${program} could not be started: the system said ${errorCode(error) ?? "no"}.`;
      throw new UserError("cli-failed", failure, { why, cause: error });
    }
  }
}

/** The environment without the keys of AWS that stand in it. */
export function withoutKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !KEYS.test(name)));
}

function notUnderstood({ program, failure }: ProgramCall): UserError {
  const why = `${program} answered in a way that is not understood.`;
  return new UserError("cli-output", failure, { why, hint: "A newer version of it may help." });
}

/** Undefined where the program refused, such as for want of a right. A missing sign-in or a cancellation still counts. */
export async function unlessRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (errorCode(error) !== "cli-failed") throw error;
    return undefined;
  }
}

/** The program's own sentence: what it marks as an error, else its last line. */
function words(program: ProgramName, { stderr, code }: ChildResult): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => label(line) !== "");
  const line = lines.find((candidate) => /^(?:ERROR|aws: |An error occurred)/i.test(candidate)) ?? lines.at(-1);
  // Both begin with their own name or that of the command: `ERROR: (gcloud.x.y) …`, `aws: [ERROR]: …`.
  const said = label(redact(line ?? "").replace(/^(?:ERROR|aws): (?:\(gcloud[\w.-]*\) |\[ERROR\]: )?/i, ""), 300);
  if (said !== "") return `${program} said: ${said}`;
  return code === undefined ? `${program} was ended by a signal.` : `${program} failed with exit code ${code}.`;
}
