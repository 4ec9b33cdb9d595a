import { access, constants, stat } from "node:fs/promises";
import path from "node:path";

export interface CommandSearch {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** For tests of another platform's rules. */
  readonly isExecutable?: (file: string) => Promise<boolean>;
}

/**
 * Absolute path of a credential plugin's program, undefined where there is none. As client-go: with a slash it is
 * relative to the kubeconfig's folder, else it is looked up on the PATH. Never in the current folder, which may be
 * an untrusted workspace: relative and empty PATH entries are skipped (Go refuses them too, exec.ErrDot).
 */
export async function findCommand(
  command: string,
  baseDir: string,
  search: CommandSearch,
): Promise<string | undefined> {
  const { env, platform } = search;
  const paths = platform === "win32" ? path.win32 : path.posix;
  const check = search.isExecutable ?? ((file: string) => isExecutable(file, platform));
  const bases = /[\\/]/.test(platform === "win32" ? command : command.replaceAll("\\", ""))
    ? [paths.resolve(baseDir, command)]
    : pathFolders(env, platform, paths).map((folder) => paths.join(folder, command));
  for (const base of bases) {
    for (const extension of extensions(base, env, platform, paths)) {
      if (await check(base + extension)) return base + extension;
    }
  }
  return undefined;
}

export interface FoundProgram {
  /** Absolute path. */
  readonly file: string;
  /** In which it was found, and in which what it starts itself is found as well. */
  readonly env: NodeJS.ProcessEnv;
}

/** As `findCommand`; what has no path and is not on the PATH of the environment is looked for on the login shell's. */
export async function findProgram(
  command: string,
  baseDir: string,
  search: CommandSearch,
  loginPath: { get(): Promise<string | undefined> } | undefined,
): Promise<FoundProgram | undefined> {
  const { env } = search;
  const file = await findCommand(command, baseDir, search);
  if (file !== undefined) return { file, env };
  const PATH = /[\\/]/.test(command) ? undefined : await loginPath?.get();
  if (PATH === undefined) return undefined;
  const login = { ...env, PATH };
  const found = await findCommand(command, baseDir, { ...search, env: login });
  return found === undefined ? undefined : { file: found, env: login };
}

function pathFolders(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, paths: path.PlatformPath): string[] {
  return (variable(env, "PATH", platform) ?? "")
    .split(paths.delimiter)
    .map((folder) => folder.replace(/^"(.*)"$/, "$1"))
    .filter((folder) => paths.isAbsolute(folder));
}

/** What may follow the name: on Windows what PATHEXT lists, or nothing where the name has an extension. */
function extensions(
  base: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  paths: path.PlatformPath,
): string[] {
  if (platform !== "win32") return [""];
  const known = (variable(env, "PATHEXT", platform) ?? ".COM;.EXE;.BAT;.CMD").split(";").filter((part) => part !== "");
  const own = paths.extname(base).toLowerCase();
  return known.some((part) => part.toLowerCase() === own) ? ["", ...known] : known;
}

/** Windows' variables have no case, a copied environment object has one. */
function variable(env: NodeJS.ProcessEnv, name: string, platform: NodeJS.Platform): string | undefined {
  if (platform !== "win32") return env[name];
  const key = Object.keys(env).find((candidate) => candidate.toUpperCase() === name);
  return key === undefined ? undefined : env[key];
}

async function isExecutable(file: string, platform: NodeJS.Platform): Promise<boolean> {
  try {
    if (!(await stat(file)).isFile()) return false;
    await access(file, platform === "win32" ? constants.F_OK : constants.X_OK);
    return true;
  } catch {
    return false; // It is not there, or may not be run: the next folder is looked into.
  }
}
