import { mkdir } from "node:fs/promises";
import path from "node:path";
import { withoutKeys } from "../existing/programs.ts";

/** Where one cluster's Terraform works. Absolute paths. */
export interface TerraformPlace {
  /** Has the .tf files, the values, and the state where that is kept on this computer. */
  readonly folder: string;
  /** A folder of ours for this cluster alone: plans, runs, Terraform's own data. Nobody else may read it. */
  readonly storage: string;
  /** Shared by all clusters, so that providers are downloaded once. */
  readonly pluginCache: string;
  readonly aws?: { readonly profile: string; readonly region: string };
}

export interface PlanOptions {
  readonly destroy?: boolean;
  /** Seconds to wait for the state's lock; 0 where left out. */
  readonly lockTimeoutSeconds?: number;
}

/** Arguments of every command that is ever run. */
export const ARGV = {
  init: () => ["init", "-json", "-input=false"],
  validate: () => ["validate", "-json"],
  plan: (file: string, { destroy = false, lockTimeoutSeconds = 0 }: PlanOptions) => [
    ...["plan", "-json", `-out=${file}`, "-detailed-exitcode", "-input=false"],
    ...(destroy ? ["-destroy"] : []),
    ...(lockTimeoutSeconds > 0 ? [`-lock-timeout=${Math.floor(lockTimeoutSeconds)}s`] : []),
  ],
  apply: (file: string) => ["apply", "-json", "-input=false", file],
  show: (file: string) => ["show", "-json", file],
  diff: (file: string) => ["show", "-no-color", file],
  stateList: () => ["state", "list"],
  unlock: (id: string) => ["force-unlock", "-force", id],
  push: () => ["state", "push", ERRORED_STATE],
} as const satisfies Record<string, (...args: never[]) => readonly string[]>;

/** Where Terraform keeps a state that it could not write, in the folder in which it ran. */
export const ERRORED_STATE = "errored.tfstate";

export const runsFolder = (place: TerraformPlace): string => path.join(place.storage, "runs");
export const plansFolder = (place: TerraformPlace): string => path.join(place.storage, "plans");
/** What a command writes while it runs. */
export const workFolder = (place: TerraformPlace): string => path.join(place.storage, "work");

export async function makeFolders(place: TerraformPlace): Promise<void> {
  for (const folder of [place.storage, runsFolder(place), plansFolder(place), workFolder(place), place.pluginCache])
    await mkdir(folder, { recursive: true, mode: 0o700 });
}

/**
 * The environment of Terraform: the person's own without what would change the meaning of our arguments and files or write
 * values to a log, and with what keeps it quiet, its data with us, and the cloud's profile.
 */
export function terraformEnv(base: NodeJS.ProcessEnv, place: TerraformPlace): NodeJS.ProcessEnv {
  const foreign = /^(TF_CLI_ARGS.*|TF_LOG.*|TF_VAR_.*|TF_WORKSPACE|ELECTRON_RUN_AS_NODE|NODE_OPTIONS)$/i;
  const { profile = "", region = "" } = place.aws ?? {};
  const kept = Object.entries(profile === "" ? base : withoutKeys(base)).filter(([name]) => !foreign.test(name));
  return {
    TF_PLUGIN_CACHE_DIR: place.pluginCache,
    ...Object.fromEntries(kept),
    ...{ TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1", TF_DATA_DIR: path.join(place.storage, "data") },
    ...(profile !== "" && { AWS_PROFILE: profile }),
    ...(region !== "" && { AWS_REGION: region }),
  };
}
