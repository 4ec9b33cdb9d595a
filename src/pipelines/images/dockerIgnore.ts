/** `path` is POSIX, relative to the context. */
export interface DockerIgnore {
  /** True where the file or folder is left out of the context. */
  readonly ignores: (path: string) => boolean;
  /** True where a folder is left out with all that is in it: nothing below it is taken back. */
  readonly prunes: (folder: string) => boolean;
}

interface Rule {
  readonly matches: RegExp;
  readonly text: string;
  readonly isTakenBack: boolean;
}

/**
 * Reads a .dockerignore as moby does (github.com/moby/patternmatcher, ignorefile and patternmatcher, and the docs of
 * `docker build`): patterns are Go's filepath.Match with `**`, all from the context's root, the last one that matches a
 * path or a folder above it decides. Unlike in a .gitignore, `*.log` is of the root alone, and `!` reaches into a folder
 * that is left out.
 */
export function dockerIgnore(text: string): DockerIgnore {
  const rules = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#"))
    .flatMap((line) => ruleOf(line.trim()));
  const ignores = (path: string): boolean => {
    const parts = path.split("/");
    const chain = parts.map((_, at) => parts.slice(0, at + 1).join("/"));
    let isLeft = false;
    for (const { matches, isTakenBack } of rules) {
      // One that would change nothing is passed over.
      if (isTakenBack === isLeft && chain.some((one) => matches.test(one))) isLeft = !isTakenBack;
    }
    return isLeft;
  };
  const prunes = (folder: string): boolean =>
    ignores(folder) && !rules.some(({ isTakenBack, text: of }) => isTakenBack && reaches(of, folder));
  return { ignores, prunes };
}

function ruleOf(line: string): Rule[] {
  const isTakenBack = line.startsWith("!");
  const text = clean(isTakenBack ? line.slice(1).trim() : line);
  return text === "" || text === "." ? [] : [{ matches: expression(text), text, isTakenBack }];
}

/** As Go's filepath.Clean, below the root. */
function clean(pattern: string): string {
  const kept: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return kept.join("/");
}

/** Whether something in `folder` may match: without a wildcard before it, the pattern has to begin with the folder. */
function reaches(pattern: string, folder: string): boolean {
  const fixed = pattern.slice(0, /[*?[\\]|$/.exec(pattern)?.index);
  return `${fixed}/`.startsWith(`${folder}/`) || (fixed.length < pattern.length && `${folder}/`.startsWith(fixed));
}

function expression(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?$|\*\*\/?|\*|\?|\\(.)|\[(\^?)([^\]]+)\]|[.+^${}()|[\]\\]/gs, (...found) => {
    const [token, escaped, not, set] = found as string[];
    if (token === "**" || (token === "**/" && found.at(-2) === pattern.length - 3)) return ".*";
    if (token === "**/") return "(?:.*/)?";
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (escaped !== undefined) return quote(escaped);
    if (set !== undefined) return `[${not ?? ""}${set.replace(/[[\\]/g, "\\$&")}]`;
    return quote(token ?? "");
  });
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    // A set that is none, such as [z-a]: the tools refuse the file themselves, and say so.
    return /(?!)/;
  }
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
