import { execFile } from "node:child_process";
import { findCommand } from "../kube/execCommand.ts";

export interface GitState {
  /** Full hash of HEAD. */
  readonly commit: string;
  /** True where anything under the folder differs from it, new files included. */
  readonly dirty: boolean;
}

const TIMEOUT_MS = 3000;

/** Nothing that the repository's own configuration names is run, as far as git lets one say so. */
const SAFE = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false"];

/**
 * What of the folder is committed. Undefined where git is missing, the folder is in no repository with a commit, or
 * git takes longer than three seconds: a launch never fails or waits for this.
 */
export async function gitState(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<GitState | undefined> {
  const { platform } = process;
  // On the PATH alone: a `git` that lies in the opened folder is never run.
  const git = await findCommand(platform === "win32" ? "git.exe" : "git", "", { env, platform });
  if (git === undefined) return undefined;
  const [commit, status] = await Promise.all([
    run(git, folder, ["rev-parse", "--verify", "HEAD^{commit}"], env),
    // Submodules are left out: git would run itself in each, under that one's configuration.
    run(git, folder, ["status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=all", "--", "."], env),
  ]);
  const hash = commit?.trim() ?? "";
  if (!/^[0-9a-f]{40,64}$/.test(hash) || status === undefined) return undefined;
  return { commit: hash, dirty: status !== "" };
}

function run(
  git: string,
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const options = { cwd: folder, env: cleanEnv(env), timeout: TIMEOUT_MS, windowsHide: true, maxBuffer: 4_000_000 };
  return new Promise((resolve) => {
    execFile(git, [...SAFE, ...args], options, (error, stdout) => {
      // So many changed files that the list was cut: it is changed.
      if (error?.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") resolve(stdout);
      else resolve(error === null ? stdout : undefined);
    });
  });
}

/** GIT_DIR and its kin (set where the editor was started by git) would point at another repository. */
function cleanEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith("GIT_"));
  return { ...Object.fromEntries(kept), GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}
