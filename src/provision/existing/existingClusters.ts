import path from "node:path";
import { LoginPath } from "../../kube/loginPath.ts";
import { Eks } from "./eks.ts";
import { Gke } from "./gke.ts";
import { OwnKubeconfigs } from "./ownKubeconfigs.ts";
import { type CloudProgram, Programs, type ProgramsOptions } from "./programs.ts";
import { PLUGIN_COMMAND, type SignIn, signInArgs } from "./signIn.ts";

export interface ExistingClustersOptions extends Omit<ProgramsOptions, "loginPath"> {
  /** Folder of our own that outlives the window; the kubeconfigs go into `kubeconfigs` in it. */
  readonly storage: string;
}

/**
 * Clusters that a person has at Google or Amazon, found and added through `gcloud` and `aws` as they are set up on this
 * computer. Everything rejects with UserError as Programs.run does, with CancelledError when aborted.
 */
export class ExistingClusters {
  readonly gke: Gke;
  readonly eks: Eks;
  readonly files: OwnKubeconfigs;
  /** For a step `copy-command`. */
  readonly pluginCommand = PLUGIN_COMMAND;
  readonly #programs: Programs;

  constructor(options: ExistingClustersOptions) {
    const { env, platform, log, storage } = options;
    const programs = new Programs({ ...options, loginPath: new LoginPath(env, platform, log) });
    this.#programs = programs;
    this.files = new OwnKubeconfigs({ folder: path.join(storage, "kubeconfigs"), env, platform, programs });
    this.gke = new Gke(programs, this.files);
    this.eks = new Eks(programs, this.files, env);
  }

  async has(program: CloudProgram): Promise<boolean> {
    return (await this.#programs.find(program)) !== undefined;
  }

  /** Program and arguments of a log-in, for a terminal. Whatever is asked for, it is one of the known ones. */
  async signInCommand(target: SignIn): Promise<{ readonly file: string; readonly args: readonly string[] }> {
    const program = target.program === "gcloud" ? "gcloud" : "aws";
    const { file } = await this.#programs.locate(program);
    return { file, args: signInArgs({ ...target, program }) };
  }
}
