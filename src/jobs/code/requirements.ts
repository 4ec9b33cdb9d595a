// What says which packages the code needs: a file, and the files that it names.
import { readFile } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import { UserError } from "../../core/errors.ts";
import { excludes, IGNORE_FILE } from "./excludes.ts";
import { type FoundFile, measure, NOT_COLLECTED, readFound } from "./files.ts";

const NAMES = ["requirements.txt", "pyproject.toml"];

/** The nearest file that says what the code needs, in the script's folder or the project's; POSIX, relative to the project. */
export async function findRequirements(project: string, folder: string): Promise<string | undefined> {
  for (const path of [...new Set([folder, "."])].flatMap((at) => NAMES.map((name) => posix.join(at, name)))) {
    const text = await readFile(join(project, path), "utf8").catch(() => undefined);
    if (text !== undefined && (path.endsWith(".txt") || /^\s*dependencies\s*=/m.test(text))) return path;
  }
  return undefined;
}

/**
 * The files that a requirements.txt names by `-r` and `-c`, and those that they name. They travel though git does not know
 * them or ignores them: without them nothing is installed. `realRoot` is the root without links. Rejects with UserError
 * `requirements` or `unreadable`. By path, without the first.
 */
export async function namedRequirements(
  root: string,
  realRoot: string,
  first: FoundFile,
): Promise<ReadonlyMap<string, FoundFile>> {
  const rules = excludes(await readFile(join(root, IGNORE_FILE), "utf8").catch(() => ""));
  const found = new Map<string, FoundFile>();
  const read = async (from: FoundFile, chain: readonly string[]): Promise<void> => {
    const at = from.path;
    for (const name of namedFiles(textOf(readFound(root, from)))) {
      const to = posix.join(posix.dirname(at), name);
      const refuse = (why: string): never => {
        throw new UserError("requirements", NOT_COLLECTED, {
          why: `${at} names ${name}: ${why}.`,
          hint: "Change that line, or launch without installing what the file names.",
        });
      };
      // A backslash is no folder's sign in the cluster, and pip drops it.
      if (posix.isAbsolute(name) || /^[a-z]:|^file:|\\/i.test(name) || to === ".." || to.startsWith("../"))
        refuse("no path inside of the folder that travels");
      if (chain.includes(to)) refuse(`it leads round in a circle (${[...chain, to].join(" → ")})`);
      if (found.has(to)) continue;
      const { files, left } = await measure(root, realRoot, [to], true, undefined);
      const [file] = files;
      if (file === undefined) return refuse(left[0]?.why ?? "there is no such file");
      const real = file.real === undefined ? to : relative(realRoot, file.real).split(sep).join("/");
      const why = rules(to, true) ?? rules(real, true);
      if (why !== undefined) refuse(`it stays here (${why})`);
      found.set(to, file);
      await read(file, [...chain, to]);
    }
  };
  if (first.path.endsWith(".txt")) await read(first, [first.path]);
  return found;
}

/** As pip decodes it: by its byte order mark. */
function textOf(content: Buffer): string {
  return new TextDecoder(content[0] === 0xff && content[1] === 0xfe ? "utf-16le" : "utf-8").decode(content);
}

/** The value of each `-r` and `-c` line, as pip reads them (pip/_internal/req/req_file.py); no URLs, which pip fetches itself. */
function namedFiles(text: string): readonly string[] {
  return text
    .replace(/\\\r?\n/g, "")
    .split(/\r?\n/)
    .flatMap((line) => {
      const option = line.replace(/(?:^|\s)#.*/, "").trim();
      const [, double, single, plain] = OPTION.exec(option) ?? [];
      const name = double ?? single ?? plain ?? "";
      // What a variable of the container says is not known here.
      return name === "" || /^https?:|\$\{[A-Z0-9_]+\}/i.test(name) ? [] : [name];
    });
}

const OPTION = /^(?:-[rc]|--(?:requirement|constraint)[\s=])\s*(?:"([^"]+)"|'([^']+)'|(\S+))/;
