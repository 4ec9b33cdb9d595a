// Which Python is the person's.
import { access } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../core/errors.ts";
import { findProgram } from "../../kube/execCommand.ts";

export interface PythonPorts {
  /** What the editor knows of a file. Rejects with UserError where nothing of its folder may be run. */
  readonly placeOf: (file: string) => Promise<PythonPlace>;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The PATH of the person's login shell. */
  readonly loginPath: { get(): Promise<string | undefined> };
}

export interface PythonPlace {
  /** The interpreter that the person has chosen in the Python extension; undefined without it, or without a choice. */
  readonly chosen?: string | undefined;
  /** Folder above which no environment is looked for; undefined: only beside the file. */
  readonly root?: string | undefined;
}

/**
 * The person's Python for a file: the one that is chosen in the editor; the environment `.venv` or `venv` in its folder or
 * one above it, up to the folder that is open; the one on the PATH, also the login shell's.
 */
export class PythonEnvironment {
  readonly #ports: PythonPorts;

  constructor(ports: PythonPorts) {
    this.#ports = ports;
  }

  /** Absolute path of the first that is there. Rejects with UserError `python-missing`, or as `placeOf` does. */
  async find(file: string): Promise<string> {
    const [first] = await this.candidates(file);
    if (first !== undefined) return first;
    throw new UserError("python-missing", `No Python was found for ${path.basename(file)}.`, {
      why: "None is chosen in the Python extension, no folder .venv or venv is beside it, and none is on the PATH.",
      hint: "Install Python 3, or choose an interpreter.",
    });
  }

  /** All that are there, the person's most likely first. Rejects as `placeOf` does. */
  async candidates(file: string): Promise<readonly string[]> {
    const { placeOf, env, platform, loginPath } = this.#ports;
    const { chosen, root } = await placeOf(file);
    const beside = environments(path.dirname(file), root, platform);
    const there = await Promise.all(
      [...(chosen === undefined ? [] : [chosen]), ...beside].map((one) =>
        access(one).then(
          () => [one],
          () => [],
        ),
      ),
    );
    const search = { env, platform };
    const names = platform === "win32" ? ["python.exe", "py.exe"] : ["python3", "python"];
    for (const name of names) {
      const found = await findProgram(name, "", search, there.flat().length > 0 ? undefined : loginPath);
      if (found !== undefined) return [...new Set([...there.flat(), found.file])];
    }
    return [...new Set(there.flat())];
  }
}

function environments(folder: string, root: string | undefined, platform: NodeJS.Platform): readonly string[] {
  const inside = platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
  const own = [".venv", "venv"].map((name) => path.join(folder, name, ...inside));
  const above = path.dirname(folder);
  const isInside = root !== undefined && folder !== root && folder.startsWith(root + path.sep);
  return isInside && above !== folder ? [...own, ...environments(above, root, platform)] : own;
}
