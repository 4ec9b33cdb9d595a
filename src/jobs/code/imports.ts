// A script and what it imports of its own project, as far as the text says.
import { readFile, realpath } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import { CancelledError } from "../../core/errors.ts";
import { findPythonFiles, isInside } from "./pythonFiles.ts";

export interface ImportedFiles {
  /** POSIX, relative to the root, with the script. */
  readonly files: readonly string[];
  /** Folders below the root that modules are found in besides the script's own; `.` is the root. */
  readonly searched: readonly string[];
  /** Links and folders that could not be followed. */
  readonly skipped: readonly string[];
  readonly tooMany: boolean;
}

const STATEMENT = /^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^\n#;]+))/gm;
/** `import_module("a.b")`, `import_module(f"a.{name}")`, `__import__("a")`. */
const DYNAMIC = /(?:import_module|__import__)\(\s*f?["'](\w+)/g;

/** First parts of the modules that a Python text imports; relative ones are of its own package, which travels whole. */
export function importedNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, from, list] of text.matchAll(STATEMENT))
    for (const module of from === undefined ? (list ?? "").split(",") : [from]) {
      const [name = ""] = module.trim().split(/[.\s]/);
      if (name !== "") names.add(name);
    }
  for (const [, name = ""] of text.matchAll(DYNAMIC)) names.add(name);
  return names;
}

/**
 * Looks for modules where Python does: in the script's folder, then in the project's and in its `src`. A package travels
 * with all its Python files, since it may import its own by name. What is found nowhere comes from the image.
 * `script` is POSIX, relative to `root`; `code` is its Python where the file is no script.
 */
export async function findImports(
  root: string,
  realRoot: string,
  script: string,
  max: number,
  signal?: AbortSignal,
  code?: string,
): Promise<ImportedFiles> {
  const folders = [...new Set([posix.dirname(script), ".", "src"])];
  const files = new Set([script]);
  const searched = new Set<string>();
  const skipped = new Set<string>();
  const seen = new Set<string>();
  const queue = [script];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (signal?.aborted) throw new CancelledError();
    // A file that cannot be read is told of when it is collected.
    const own = file === script ? code : undefined;
    const text = own ?? (await readFile(join(root, file), "utf8").catch(() => ""));
    for (const name of importedNames(text)) {
      if (seen.has(name)) continue;
      seen.add(name);
      for (const folder of folders) {
        const found = await findModule(root, realRoot, posix.join(folder, name), max, signal);
        if (found.files.length === 0) continue;
        if (folder !== posix.dirname(script)) searched.add(folder);
        for (const each of found.skipped) skipped.add(each);
        for (const each of found.files) if (!files.has(each)) queue.push(each);
        for (const each of found.files) files.add(each);
        if (found.tooMany || files.size > max)
          return { files: [...files], searched: [...searched], skipped: [...skipped], tooMany: true };
        break;
      }
    }
  }
  return { files: [...files], searched: [...searched], skipped: [...skipped], tooMany: false };
}

interface Module {
  readonly files: readonly string[];
  readonly skipped: readonly string[];
  readonly tooMany: boolean;
}

/** The package or the file of this path, as Python prefers them: a folder that is no package comes last. */
async function findModule(
  root: string,
  realRoot: string,
  path: string,
  max: number,
  signal: AbortSignal | undefined,
): Promise<Module> {
  const file = `${path}.py`;
  const [isPackage, isFile] = await Promise.all([
    isInside(join(root, path, "__init__.py"), realRoot),
    isInside(join(root, file), realRoot),
  ]);
  if (isFile && !isPackage) return { files: [file], skipped: [], tooMany: false };
  const place = await realpath(join(root, path)).catch(() => "");
  if (!place.startsWith(realRoot + sep)) return { files: [], skipped: [], tooMany: false };
  const { files, skipped, tooMany } = await findPythonFiles(join(root, path), realRoot, max, signal);
  const below = (each: string): string => posix.join(path, each);
  return { files: files.map(below), skipped: files.length === 0 ? [] : skipped.map(below), tooMany };
}
