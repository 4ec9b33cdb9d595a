import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findCommand } from "../kube/execCommand.ts";
import { excludes, IGNORE_FILE } from "./code/excludes.ts";

export interface GitState {
  /** Full hash of HEAD. */
  readonly commit: string;
  /** True where anything under the folder differs from it, new files included. */
  readonly dirty: boolean;
}

const TIMEOUT_MS = 3000;
/** Bytes of changes that are kept. */
const MAX_CHANGES = 1_000_000;

/** Nothing that the repository's own configuration names is run, as far as git lets one say so. */
const SAFE = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false"];

/**
 * What of the folder is committed. Undefined where git is missing, the folder is in no repository with a commit, or
 * git takes longer than three seconds: a launch never fails or waits for this.
 */
export async function gitState(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<GitState | undefined> {
  const git = await findGit(env);
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

/**
 * How what git tracks below the folder differs from HEAD, as a diff; what would not travel is none of it. More than 1 MB is
 * cut, and ends in a line that says so. Undefined as `gitState` is.
 */
export async function gitChanges(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const git = await findGit(env);
  if (git === undefined) return undefined;
  // No program that the repository names turns its files into text.
  const diff = ["diff", "--relative", "--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"];
  const names = await run(git, folder, [...diff, "--no-renames", "--name-only", "-z", "HEAD", "--", "."], env);
  const rules = excludes(await readFile(join(folder, IGNORE_FILE), "utf8").catch(() => ""));
  if (names === undefined) return undefined;
  const until = Date.now() + TIMEOUT_MS;
  let text = "";
  for (const paths of someAtATime(names.split("\0"), rules)) {
    const left = MAX_CHANGES - Buffer.byteLength(text);
    if (left <= 0) break;
    const more = await run(git, folder, [...diff, "HEAD", "--", ...paths], env, Math.max(1, until - Date.now()), left);
    if (more === undefined) return undefined;
    text += more;
  }
  const isCut = Buffer.byteLength(text) >= MAX_CHANGES;
  return isCut ? `${text}\n… the changes are more than 1 MB: the rest is left out\n` : text;
}

/** Characters of a command line that every system takes: Windows has 32,767, and `git diff` reads no list of paths. */
const MAX_LINE = 16_000;

/** Pathspecs of what travels of changed files, as many as one command line holds. */
function someAtATime(names: readonly string[], rules: ReturnType<typeof excludes>): readonly (readonly string[])[] {
  const travels = new Set(names.filter((name) => name !== "" && rules(name, true) === undefined));
  const parts: string[][] = [];
  let length = Infinity;
  for (const name of travels) {
    length += name.length + 12;
    if (length > MAX_LINE) parts.push([]);
    if (length > MAX_LINE) length = name.length;
    parts.at(-1)?.push(`:(literal)${name}`);
  }
  // Where a folder took a file's place, the file's name stands for all that is in the folder.
  const below = names.filter((name) => !travels.has(name) && foldersOf(name).some((folder) => travels.has(folder)));
  return parts.map((part) => [...part, ...below.map((name) => `:(exclude,literal)${name}`)]);
}

function foldersOf(name: string): readonly string[] {
  return name
    .split("/")
    .slice(0, -1)
    .map((_, at, all) => all.slice(0, at + 1).join("/"));
}

/** What git says of a folder; undefined where it is missing, fails, or takes longer than half a minute. */
export async function gitOutput(folder: string, args: readonly string[]): Promise<string | undefined> {
  const git = await findGit(process.env);
  return git === undefined ? undefined : run(git, folder, args, process.env, 30_000);
}

/** On the PATH alone: a `git` that lies in the opened folder is never run. */
function findGit(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { platform } = process;
  return findCommand(platform === "win32" ? "git.exe" : "git", "", { env, platform });
}

function run(
  git: string,
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout = TIMEOUT_MS,
  maxBuffer = 64_000_000,
): Promise<string | undefined> {
  const options = { cwd: folder, env: cleanEnv(env), timeout, windowsHide: true, maxBuffer };
  return new Promise((resolve) => {
    try {
      execFile(git, [...SAFE, ...args], options, (error, stdout) => {
        // So many changed files that the list was cut: it is changed. A diff says itself that it was.
        if (error?.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") resolve(stdout);
        else resolve(error === null ? stdout : undefined);
      });
    } catch {
      // A line that is too long for the system is refused before anything runs.
      resolve(undefined);
    }
  });
}

/** GIT_DIR and its kin (set where the editor was started by git) would point at another repository. */
function cleanEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith("GIT_"));
  return { ...Object.fromEntries(kept), GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}
