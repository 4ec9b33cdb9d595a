// Reads the command line of `npm start`.
import fs from "node:fs";
import path from "node:path";

export interface Arguments {
  readonly help: boolean;
  readonly headless: boolean;
  readonly yes: boolean;
  readonly keep: boolean;
  /** Absolute paths. */
  readonly kubeconfig: string | undefined;
  readonly script: string | undefined;
  readonly context: string | undefined;
}

export const USAGE = `usage: npm start -- [options]

  Gets a cluster and opens VS Code on a sample project with the extension and that cluster in it.
  The cluster: the one that is named; else kind, k3d or minikube, where a container engine answers;
  else the sandbox (a real one-node Kubernetes on this machine: Linux, root or sudo).

  --kubeconfig FILE  use a cluster of this kubeconfig as it is (default with --context: your own kubeconfig)
  --context NAME     which one (default: the file's current context)
  --yes              do not ask before something is changed on this machine
  --headless         no window: train the sample script through the interface, print its log, save screenshots
  --script FILE      headless: train this Python file instead, with its folder as the workspace
  --keep             headless: leave cluster and job; the last line is «kubeconfig: PATH»
  --help             say this`;

/** Thrown with a sentence for the person; the usage follows it. */
export class UsageError extends Error {}

const SWITCHES = ["--headless", "--yes", "--keep", "--help"];
const WITH_VALUE = ["--kubeconfig", "--context", "--script"];

/** @param cwd folder that the person is in; relative paths start there */
export function parseArguments(args: readonly string[], cwd: string): Arguments {
  const values = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const [option, attached] = splitOption(args[index] ?? "");
    if (SWITCHES.includes(option)) {
      if (attached !== undefined) throw new UsageError(`${option} takes no value.`);
      values.set(option, "");
      continue;
    }
    if (!WITH_VALUE.includes(option)) throw new UsageError(`«${option}» is not known here.`);
    const value = attached ?? args[++index];
    if (value === undefined || value === "" || (attached === undefined && value.startsWith("--"))) {
      throw new UsageError(`${option} needs a value.`);
    }
    values.set(option, value);
  }
  const headless = values.has("--headless");
  const alone = ["--script", "--keep"].find((option) => values.has(option));
  if (alone !== undefined && !headless && !values.has("--help")) throw new UsageError(`${alone} goes with --headless.`);
  return {
    help: values.has("--help"),
    headless,
    yes: values.has("--yes"),
    keep: values.has("--keep"),
    kubeconfig: existing("--kubeconfig", values.get("--kubeconfig"), cwd),
    script: python(existing("--script", values.get("--script"), cwd)),
    context: values.get("--context"),
  };
}

function splitOption(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return text.startsWith("--") && at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
}

function existing(option: string, value: string | undefined, cwd: string): string | undefined {
  if (value === undefined) return undefined;
  const file = path.resolve(cwd, value);
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`${option}: ${file} is not a file.`);
  return file;
}

function python(file: string | undefined): string | undefined {
  if (file !== undefined && !file.endsWith(".py")) {
    throw new UsageError(`--script: ${file} is not a Python file (its name does not end in .py).`);
  }
  return file;
}
