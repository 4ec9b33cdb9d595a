// Runs Terraform as the tests need it: by argv, alone with its folder, its JSON lines read.
import { spawn } from "node:child_process";
import process from "node:process";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A diagnostic of `plan -json`, as far as it is read here. */
export interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
  /** The block that it stands in, such as `module "c12"`. */
  readonly context: string;
}

/** Never a file of the person's, never a network; `config` is a CLI configuration that names where providers are. */
export function terraform(program: string, args: readonly string[], cwd: string, config?: string): Promise<Ended> {
  const env = {
    ...process.env,
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    TF_CLI_CONFIG_FILE: config ?? (process.platform === "win32" ? "NUL" : "/dev/null"),
  };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out, err });
    });
  });
}

/** Errors among the JSON lines that a command wrote. */
export function errorsIn(out: string): readonly Diagnostic[] {
  return out.split("\n").flatMap((line) => {
    if (!line.includes('"diagnostic"')) return [];
    const value: unknown = JSON.parse(line);
    if (!isObject(value) || !isObject(value["diagnostic"])) return [];
    const { severity, summary, detail, snippet } = value["diagnostic"];
    if (severity !== "error") return [];
    const context = isObject(snippet) ? snippet["context"] : "";
    return [{ severity, summary: text(summary), detail: text(detail), context: text(context) }];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
