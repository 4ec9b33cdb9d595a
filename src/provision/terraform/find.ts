import path from "node:path";
import { errorCode, isCancelled, UserError } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";
import { childOutput, type ChildResult } from "../../kube/childOutput.ts";
import { type CommandSearch, findProgram, type FoundProgram } from "../../kube/execCommand.ts";
import type { LoginPath } from "../../kube/loginPath.ts";

export interface TerraformProgram {
  readonly kind: "terraform" | "tofu";
  /** `1.11.4` */
  readonly version: string;
  /** Absolute path. */
  readonly file: string;
  /** In which it was found: the editor's own, else with the login shell's PATH. */
  readonly env: NodeJS.ProcessEnv;
}

export interface FindOptions extends CommandSearch {
  readonly loginPath?: Pick<LoginPath, "get"> | undefined;
  /** Path of the person's setting; "" where there is none. */
  readonly setting?: string;
  readonly signal?: AbortSignal;
}

/** Where a person gets either of them; the only place with these addresses. */
const INSTALL_PAGES = {
  terraform: "https://developer.hashicorp.com/terraform/install",
  tofu: "https://opentofu.org/docs/intro/install/",
} as const;

/** The first with locks in S3 itself, and the first whose streams these readers have seen. The same for OpenTofu. */
const OLDEST = [1, 10] as const;
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT = 1_000_000;
const NOT_READY = "There is no Terraform to work with.";

/**
 * Terraform or OpenTofu where the person has it: the setting's path, else `terraform`, else `tofu`, each on the PATH and
 * on the login shell's. Throws UserError `terraform-missing`, `terraform-setting`, `terraform-too-old` or
 * `terraform-broken`; CancelledError when aborted. Nothing is ever installed.
 */
export async function findTerraform(options: FindOptions): Promise<TerraformProgram> {
  const { setting = "" } = options;
  const found = setting === "" ? await onPath(options) : await ofSetting(setting, options);
  if (options.platform === "win32" && /\.(cmd|bat)$/i.test(found.file))
    throw new UserError("terraform-broken", NOT_READY, {
      why: `${label(found.file)} is a batch file, which cannot be run safely.`,
      hint: "Name the program itself in the settings.",
    });
  // The version is in the JSON; which of the two it is, only the words say.
  const [json, words] = await Promise.all([
    ask(found, ["version", "-json"], options),
    ask(found, ["version"], options),
  ]);
  const kind = looksLikeTofu(words) ? "tofu" : "terraform";
  const version = versionOf(json);
  if (version === undefined)
    throw new UserError("terraform-broken", NOT_READY, { why: `${label(found.file)} did not say its version.` });
  if (isTooOld(version))
    throw new UserError("terraform-too-old", NOT_READY, {
      why: `${kind === "tofu" ? "OpenTofu" : "Terraform"} ${label(version, 40)} is too old; ${OLDEST.join(".")} or newer is needed.`,
      next: [installPage(kind)],
    });
  return { kind, version, ...found };
}

/** Whether what `version` printed is OpenTofu's; a link named `terraform` may lead to it. */
export function looksLikeTofu(versionWords: string): boolean {
  return /^\s*OpenTofu\b/im.test(versionWords);
}

async function onPath(options: FindOptions): Promise<FoundProgram> {
  const found =
    (await findProgram("terraform", "", options, options.loginPath)) ??
    (await findProgram("tofu", "", options, options.loginPath));
  if (found !== undefined) return found;
  throw new UserError("terraform-missing", NOT_READY, {
    why: "Neither terraform nor tofu is on the PATH.",
    next: [installPage("terraform"), installPage("tofu")],
  });
}

async function ofSetting(setting: string, options: FindOptions): Promise<FoundProgram> {
  const paths = options.platform === "win32" ? path.win32 : path.posix;
  const found = paths.isAbsolute(setting) ? await findProgram(setting, "", options, undefined) : undefined;
  if (found !== undefined) return found;
  throw new UserError("terraform-setting", NOT_READY, {
    why: `The settings name ${label(setting)}, which is not the absolute path of a program.`,
    next: [{ title: "Open Settings", command: "workbench.action.openSettings", args: ["trainyard.terraform.path"] }],
  });
}

async function ask(found: FoundProgram, args: readonly string[], options: FindOptions): Promise<string> {
  let result: ChildResult;
  try {
    result = await childOutput(found.file, args, {
      env: { ...found.env, CHECKPOINT_DISABLE: "1" },
      platform: options.platform,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_OUTPUT,
      signal: options.signal ?? new AbortController().signal,
    });
  } catch (error) {
    if (isCancelled(error)) throw error;
    const why = `${label(found.file)} could not be started: the system said ${errorCode(error) ?? "no"}.`;
    throw new UserError("terraform-broken", NOT_READY, { why, cause: error });
  }
  if (result.kind === "exit" && result.code === 0) return result.stdout;
  const why = `${label(found.file)} did not say its version. ${label(redact(result.stderr), 300)}`;
  throw new UserError("terraform-broken", NOT_READY, { why });
}

/** OpenTofu keeps the key's name. */
function versionOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("terraform_version" in value)) return undefined;
    const version = value.terraform_version;
    return typeof version === "string" && /^\d+\.\d+\./.test(version) ? label(version, 40) : undefined;
  } catch {
    // Told by the caller as any other answer that is no version.
    return undefined;
  }
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

function installPage(kind: TerraformProgram["kind"]): { title: string; command: string; args: string[] } {
  const title = kind === "tofu" ? "How to Install OpenTofu" : "How to Install Terraform";
  return { title, command: "vscode.open", args: [INSTALL_PAGES[kind]] };
}
