// All files of a project that may travel: what git knows and what is new, else everything that no .gitignore leaves out.
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import ignore, { type Ignore } from "ignore";
import { UserError } from "../../core/errors.ts";
import { gitOutput } from "../git.ts";
import { type Excludes, excludes, IGNORE_FILE } from "./excludes.ts";
import { Breath, type FoundFile, measure, type Measured, NOT_COLLECTED } from "./files.ts";

const MAX_LEFT = 200;

/** Stops a bit beyond `max` files. `realRoot` is the root without links. Throws CancelledError. */
export async function findProject(
  root: string,
  realRoot: string,
  max: number,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const own = await readFile(join(root, IGNORE_FILE), "utf8").catch(() => "");
  const rules = excludes(own);
  const look = async (paths: readonly string[], isTracked: boolean): Promise<Measured> => {
    const kept = await keep(paths, (path) => rules(path, isTracked), max, signal);
    const measured = await measure(root, realRoot, kept.paths, true, signal);
    // A link to a secret is one, whatever its own name is.
    const why = ({ real }: FoundFile): string | undefined =>
      real === undefined ? undefined : rules(relative(realRoot, real).split(sep).join("/"), isTracked);
    const links = measured.files.flatMap((file) => {
      const reason = why(file);
      return reason === undefined ? [] : [{ path: file.path, why: reason }];
    });
    const left = new Set(links.map(({ path }) => path));
    return {
      files: measured.files.filter(({ path }) => !left.has(path)),
      left: [...kept.left, ...measured.left, ...links],
    };
  };
  const others = gitOutput(root, ["ls-files", "-z", "--others", "--exclude-standard", "--", "."]);
  const tracked = await gitOutput(root, ["ls-files", "-z", "--cached", "--", "."]);
  // While git looks for what is new, which takes longest.
  const known = tracked === undefined ? undefined : await look(names(tracked), true);
  const fresh = await others;
  if ((known === undefined || fresh === undefined) && (await isRepository(root)))
    throw new UserError("git", NOT_COLLECTED, {
      why: "git did not say which files it ignores, so that some might be sent that must not be.",
      hint: "Try again, see that git is installed and works in this folder, or send the file with its imports.",
    });
  if (known === undefined || fresh === undefined || (tracked === "" && fresh === ""))
    return look(await walk(root, rules, max, signal), false);
  // A folder with a repository of its own ends with a slash.
  const added = await look(
    names(fresh).filter((path) => !path.endsWith("/")),
    false,
  );
  return { files: [...known.files, ...added.files], left: [...known.left, ...added.left].slice(0, MAX_LEFT) };
}

/** True where the folder or one above it is a repository's. */
async function isRepository(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const found = await stat(join(at, ".git")).catch(() => undefined);
    if (found !== undefined) return true;
    if (dirname(at) === at) return false;
  }
}

function names(text: string): readonly string[] {
  return text.split("\0").filter((name) => name !== "");
}

async function keep(
  found: readonly string[],
  reason: (path: string) => string | undefined,
  max: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly paths: readonly string[]; readonly left: Measured["left"] }> {
  const paths: string[] = [];
  const left: { path: string; why: string }[] = [];
  const breath = new Breath(signal);
  for (const path of found) {
    const why = reason(path);
    if (why === undefined) paths.push(path);
    else if (left.length < MAX_LEFT && why !== TOOLS) left.push({ path, why });
    if (paths.length > max) break;
    if (breath.isDue) await breath.take();
  }
  return { paths, left };
}

/** Nobody misses those. */
const TOOLS = "made by tools";

/** Where there is no git, or nothing that it knows. */
async function walk(
  root: string,
  rules: Excludes,
  max: number,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const found: string[] = [];
  const breath = new Breath(signal);
  const folders: { readonly path: string; readonly above: readonly Rules[] }[] = [{ path: "", above: [] }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { path, above } = folder;
    const entries = list(join(root, path));
    if (entries.some(({ name }) => name === "pyvenv.cfg" || name === "conda-meta")) continue;
    const own = ignoreOf(root, path, entries);
    const all = own === undefined ? above : [...above, own];
    for (const entry of entries) {
      const at = path === "" ? entry.name : `${path}/${entry.name}`;
      const name = entry.isDirectory() ? `${at}/` : at;
      if (all.some((each) => each.rules.ignores(name.slice(each.below)))) continue;
      if (entry.isDirectory()) {
        if (rules(name, false) === undefined) folders.push({ path: at, above: all });
      } else found.push(at);
    }
    if (found.length > 2 * max) break;
    if (breath.isDue) await breath.take();
  }
  return found;
}

interface Rules {
  readonly rules: Ignore;
  /** Characters of the folder's own path, which its patterns do not see. */
  readonly below: number;
}

function ignoreOf(root: string, path: string, entries: readonly Dirent[]): Rules | undefined {
  if (!entries.some(({ name }) => name === ".gitignore")) return undefined;
  try {
    const text = readFileSync(join(root, path, ".gitignore"), "utf8");
    return { rules: ignore().add(text), below: path === "" ? 0 : path.length + 1 };
  } catch {
    return undefined; // It cannot be read: then it leaves nothing out.
  }
}

/** A folder that may not be read has nothing that could be sent. */
function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
