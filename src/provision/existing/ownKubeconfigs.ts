import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { loadKubeconfig } from "../../kube/kubeconfig.ts";
import { INSTALL_PAGES, type Programs } from "./programs.ts";
import { addClusterStep, PLUGIN_COMMAND } from "./signIn.ts";

/** A cluster that a cloud's program wrote a kubeconfig for. */
export interface AddedCluster {
  /** Absolute path of the file; it is ours, and holds this context alone. */
  readonly file: string;
  readonly context: string;
}

export interface OwnKubeconfigsOptions {
  /** Folder of our own, made where it is missing. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** Looks for the sign-in programs that the files name. */
  readonly programs: Pick<Programs, "find">;
}

/** The kubeconfig files that the clouds' programs write for us, one a cluster, readable by the person alone. */
export class OwnKubeconfigs {
  readonly #options: OwnKubeconfigsOptions;

  constructor(options: OwnKubeconfigsOptions) {
    this.#options = options;
  }

  /**
   * Has `write` make a kubeconfig at the path that it is given, and keeps it where it can be used: it holds one context
   * whose sign-in program exists, or that needs none where `local` says that the cluster is this computer's. The same
   * `parts` name the same file. Throws UserError `kubeconfig-unusable` or `plugin-missing`; whatever `write` or this
   * throws, no new file is left.
   */
  async keep(
    parts: readonly string[],
    write: (file: string) => Promise<unknown>,
    { local = false } = {},
  ): Promise<AddedCluster> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // A folder for each attempt: the programs add to a file that is there already.
    const attempt = await mkdtemp(path.join(folder, ".new-"));
    try {
      const written = path.join(attempt, "config");
      await write(written);
      const context = await this.#checked(written, local);
      await chmod(written, 0o600);
      const file = path.join(folder, fileName(parts));
      await rename(written, file);
      return { file, context };
    } finally {
      await rm(attempt, { recursive: true, force: true });
    }
  }

  /** Removes a file that `keep` made; any other is left alone. */
  async remove(file: string): Promise<void> {
    if (path.dirname(file) === path.resolve(this.#options.folder)) await rm(file, { force: true });
  }

  /** Name of the file's one context. */
  async #checked(file: string, local: boolean): Promise<string> {
    const config = await loadKubeconfig({ ...this.#options, paths: [file], home: path.dirname(file) });
    const [context, ...others] = config.contexts;
    if (config.problems[0] !== undefined) throw unusable(label(config.problems[0].message));
    if (context === undefined || others.length > 0)
      throw unusable(`It holds ${plural(config.contexts.length, "context")} instead of one.`);
    const { exec } = config.entry(context.name).user;
    if (exec === undefined && local) return context.name;
    if (exec === undefined) throw unusable("It names no sign-in program.");
    const program = await this.#options.programs.find(exec.command, exec.baseDir);
    if (program === undefined) throw missing(exec.command);
    return context.name;
  }
}

/** Readable, fit for every file system, and different for different clusters. */
function fileName(parts: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);
  const words = parts.map((part) => part.replace(/[^A-Za-z0-9.-]+/g, "-")).join("_");
  return `${words.slice(0, 120)}_${hash}.yaml`;
}

function unusable(why: string): UserError {
  return new UserError("kubeconfig-unusable", "The cluster was not added.", {
    why: `The kubeconfig that was written for it cannot be used. ${why}`,
  });
}

function missing(command: string): UserError {
  const what = "The cluster was not added.";
  const why = `It signs in with ${label(command, 120)}, which was not found.`;
  if (!/(^|[\\/])gke-gcloud-auth-plugin(\.exe)?$/.test(command)) return new UserError("plugin-missing", what, { why });
  const next = [
    addClusterStep("Copy Command", { kind: "copy-command" }),
    { title: "How to Install", command: "vscode.open", args: [INSTALL_PAGES["gke-gcloud-auth-plugin"]] },
  ];
  return new UserError("plugin-missing", what, { why, hint: `Install it with: ${PLUGIN_COMMAND}`, next });
}
