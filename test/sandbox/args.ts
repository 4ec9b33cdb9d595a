// Reads the command line of `npm run sandbox -- …`.
import { NAMES_ALLOWED, USERS } from "./layout.ts";
import type { User } from "./layout.ts";
import { EXTRAS, PARTS } from "./state.ts";
import type { Extra, Parts } from "./state.ts";

export const COMMANDS = ["up", "down", "status", "kubeconfig"] as const;
export type Command = (typeof COMMANDS)[number];

export interface Arguments {
  readonly command: Command;
  readonly name: string;
  readonly fresh: boolean;
  readonly yes: boolean;
  readonly parts: Parts;
  readonly with: readonly Extra[];
  readonly user: User;
}

export const USAGE = `usage: npm run sandbox -- <command> [options]

  up          start a real one-node Kubernetes with the Kubeflow controllers; it stays when the terminal closes
  down        end it and remove everything but its image store and its data
  status      say what runs
  kubeconfig  print the path of its kubeconfig

  --name NAME      which sandbox (default: dev); several can run at once
  --fresh          up: begin with an empty cluster
  --parts PARTS    up: empty (a control plane without a word of Kubeflow), bare (the same with a node, which has the
                   images of the training controllers), control (no kubelet, no pods; quicker) or node (default)
  --with EXTRA     up: also run kwok (20 fake nodes for thousands of pods), pipelines (Kubeflow Pipelines), or argo (with
                   pipelines: one more of them, in kubeflow-argo, where Argo itself carries out the runs)
  --user USER      kubeconfig: admin (default), narrow (launches jobs in team-a only) or reader (looks only)
  --yes            up --fresh: do not ask before throwing the cluster's data away`;

/** Thrown with a sentence for the person; the usage follows it. */
export class UsageError extends Error {}

export function parseArguments(args: readonly string[]): Arguments {
  const [command, ...rest] = args;
  const values = new Map<string, string[]>();
  for (let index = 0; index < rest.length; index++) {
    const [option, attached] = splitOption(rest[index] ?? "");
    if (option === "--fresh" || option === "--yes") {
      if (attached !== undefined) throw new UsageError(`${option} takes no value.`);
      values.set(option, [""]);
      continue;
    }
    if (!["--name", "--parts", "--with", "--user"].includes(option))
      throw new UsageError(`«${option}» is not known here.`);
    const value = attached ?? rest[++index];
    if (value === undefined || value === "") throw new UsageError(`${option} needs a value.`);
    values.set(option, [...(values.get(option) ?? []), ...value.split(",")]);
  }
  const one = <T extends string>(option: string, known: readonly T[], otherwise: T): T =>
    oneOf(option, values.get(option)?.at(-1) ?? otherwise, known);
  const name = values.get("--name")?.at(-1) ?? "dev";
  if (!NAMES_ALLOWED.test(name))
    throw new UsageError(
      `«${name}» is no name for a sandbox: small letters, digits and dashes, at most 20, a letter first.`,
    );
  if (command === undefined) throw new UsageError("Say what to do.");
  return {
    command: oneOf("the command", command, COMMANDS),
    name,
    fresh: values.has("--fresh"),
    yes: values.has("--yes"),
    parts: one("--parts", PARTS, "node"),
    with: [...new Set((values.get("--with") ?? []).map((extra) => oneOf("--with", extra, EXTRAS)))],
    user: one("--user", USERS, "admin"),
  };
}

function splitOption(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return text.startsWith("--") && at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
}

function oneOf<T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`${what}: «${value}» is not one of ${known.join(", ")}.`);
  return found;
}
