import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Step } from "../../contract/preview.ts";
import type { LocalTool as LocalToolName, LocalWish } from "../../contract/wish.ts";
import type { Clock } from "../../core/clock.ts";
import { errorCode, isCancelled, UserError } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { label } from "../../core/sanitize.ts";
import type { AddedCluster, OwnKubeconfigs } from "../existing/ownKubeconfigs.ts";
import { type Programs, unlessRefused } from "../existing/programs.ts";
import { Timeline } from "../../install/index.ts";
import { LIMITS } from "../plan/limits.ts";
import { LOCAL_TOOL, type LocalCluster, type LocalCommand } from "./localTool.ts";
import { runTool } from "../../kube/runTool.ts";

export interface LocalClustersOptions {
  readonly programs: Programs;
  readonly files: OwnKubeconfigs;
  /** Folder of ours: a kubeconfig path in it keeps the tools away from the person's own. */
  readonly storage: string;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
}

const NAME = new RegExp(LIMITS.local.name);
const QUICK_MS = 120_000;
const STEPS = [
  ["cluster", "Cluster"],
  ["kubeconfig", "Kubeconfig"],
] as const;

/** Clusters of this computer, made, listed and deleted through their tool. */
export class LocalClusters {
  readonly #options: LocalClustersOptions;

  constructor(options: LocalClustersOptions) {
    this.#options = options;
  }

  /**
   * Makes the cluster, or adopts microk8s, and keeps its kubeconfig in a file of ours; the person's is not touched.
   * `onSteps` hears the whole timeline at each change. Rejects with UserError `local-failed` or as Programs.run, and
   * with CancelledError once the tool has ended after an abort: `left` then says what it left.
   */
  async create(
    name: string,
    wish: LocalWish,
    onSteps: (steps: readonly Step[]) => void,
    signal: AbortSignal,
  ): Promise<AddedCluster> {
    const tool = LOCAL_TOOL[wish.tool];
    const steps = new Timeline(this.#options.clock, STEPS);
    steps.onDidChange(() => onSteps(steps.steps));
    return this.#options.files.keep(
      ["local", wish.tool, checked(wish.tool, name)],
      async (file) => {
        const create = tool.create(name, wish, file);
        await steps.run("cluster", async (tell) => {
          if (create !== undefined) return this.#follow(wish.tool, create, file, tell, signal);
          const found = await this.list(wish.tool, signal);
          if (found.some(({ running }) => running === true)) return "It is there and runs: adopted.";
          throw new UserError("local-failed", "The cluster was not adopted.", { why: `${wish.tool} does not run.` });
        });
        await steps.run("kubeconfig", async () => {
          await this.#writeKubeconfig(wish.tool, name, file, signal);
          return "In a file of its own; yours is as it was.";
        });
      },
      { local: true },
    );
  }

  /** Clusters that the tool has; none where it refuses to tell. Rejects as Programs.run. */
  async list(name: LocalToolName, signal: AbortSignal): Promise<readonly LocalCluster[]> {
    const tool = LOCAL_TOOL[name];
    const found = await unlessRefused(this.#run(tool.list, "The clusters were not listed.", signal));
    try {
      return found === undefined ? [] : tool.clusters(found.stdout);
    } catch {
      const why = `${name} answered in a way that is not understood.`;
      throw new UserError("cli-output", "The clusters were not listed.", { why });
    }
  }

  /** Deletes the cluster with all that is in it. Throws UserError `not-ours` for one that was adopted. */
  async delete(tool: LocalToolName, name: string, signal: AbortSignal): Promise<void> {
    const what = `${label(name, 60)} was not deleted.`;
    const command = LOCAL_TOOL[tool].delete(checked(tool, name));
    if (command === undefined)
      throw new UserError("not-ours", what, { why: `${tool} was there before, and only root can remove it.` });
    await this.#run(command, what, signal);
  }

  /** What a cancelled or failed `create` has left, in a sentence; undefined where the tool has nothing of that name. */
  async left(tool: LocalToolName, name: string, signal: AbortSignal): Promise<string | undefined> {
    // One that was adopted was there before.
    const clusters = tool === "microk8s" ? [] : await this.list(tool, signal);
    if (!clusters.some((cluster) => cluster.name === name)) return undefined;
    return `${tool} still lists ${label(name, 60)}, which is half made. Delete it before another try.`;
  }

  /** Runs a command to its end, telling what it does; resolves with its last words. */
  async #follow(
    tool: LocalToolName,
    command: LocalCommand,
    file: string,
    tell: (detail: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const failure = "The cluster was not made.";
    const located = await this.#options.programs.locate(command.program);
    for (const [name, text] of Object.entries(command.files ?? {})) await writeFile(name, text, { mode: 0o600 });
    let [said, error] = ["", ""];
    const onLine = (line: string): void => {
      const progress = LOCAL_TOOL[tool].progress(line);
      if (progress === undefined) return;
      const { detail, done, total } = progress;
      said = redact(detail);
      error = progress.error ?? error;
      tell(total === undefined || done === undefined ? said : `${said} (${Math.min(done, total)} of ${total})`);
    };
    const env = { ...located.env, KUBECONFIG: file };
    const { clock, platform } = this.#options;
    let code: number | undefined;
    try {
      code = await runTool(located.file, command.args, { env, platform, clock, signal, onLine });
    } catch (thrown) {
      if (isCancelled(thrown)) throw thrown;
      const why = `${tool} could not be started: the system said ${errorCode(thrown) ?? "no"}.`;
      throw new UserError("local-failed", failure, { why, cause: thrown });
    }
    if (code === 0) return said;
    const words = redact(error === "" ? said : error);
    const end = code === undefined ? "a signal" : `exit code ${code}`;
    const why = words === "" ? `${tool} failed with ${end}.` : `${tool} said: ${words}`;
    throw new UserError("local-failed", failure, { why });
  }

  async #writeKubeconfig(tool: LocalToolName, name: string, file: string, signal: AbortSignal): Promise<void> {
    const command = LOCAL_TOOL[tool].kubeconfig(name);
    if (command === undefined) return;
    const { stdout } = await this.#run(command, "The kubeconfig was not read.", signal, file);
    await writeFile(file, stdout, { mode: 0o600 });
  }

  #run(
    { program, args }: LocalCommand,
    failure: string,
    signal: AbortSignal,
    file = path.join(this.#options.storage, "no-kubeconfig"),
  ): ReturnType<Programs["run"]> {
    const env = { KUBECONFIG: file };
    return this.#options.programs.run({ program, args, failure, signal, timeoutMs: QUICK_MS, env });
  }
}

/** The name where it is one that every tool takes. Throws UserError `invalid-name`. */
function checked(tool: LocalToolName, name: string): string {
  if (tool === "microk8s" || NAME.test(name)) return name;
  throw new UserError("invalid-name", `${JSON.stringify(name.slice(0, 60))} is not a name for a local cluster.`);
}
