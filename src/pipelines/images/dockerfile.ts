/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals: `COPY`. */
  readonly name: string;
  /** What follows the name, with continued lines joined by one space each. */
  readonly rest: string;
  /** Line that it begins on, from 0. */
  readonly line: number;
}

/** The instructions in order; comments, the escape directive, continued lines and here-documents as BuildKit reads them. */
export function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const continued = /^\s*#\s*escape\s*=\s*`/i.test(lines[0] ?? "") ? /`[ \t]*$/ : /\\[ \t]*$/;
  const found: Instruction[] = [];
  for (let at = 0; at < lines.length; at++) {
    const first = at;
    const parts: string[] = [];
    for (; at < lines.length; at++) {
      const line = lines[at] ?? "";
      // Comments and empty lines may stand among continued ones.
      if (/^\s*(?:#|$)/.test(line)) {
        if (parts.length === 0) break;
        continue;
      }
      parts.push(line.replace(continued, "").trim());
      if (!continued.test(line)) break;
    }
    const [, name, rest = ""] = /^(\S+)\s*(.*)$/s.exec(parts.join(" ").trim()) ?? [];
    if (name === undefined) continue;
    found.push({ name: name.toUpperCase(), rest, line: first });
    if (!/^(?:RUN|COPY|ADD)$/i.test(name)) continue;
    for (const [, word] of rest.matchAll(/<<-?["']?(\w+)/g)) {
      const end = lines.findIndex((line, index) => index > at && line.trim() === word);
      if (end > at) at = end;
    }
  }
  return found;
}

/**
 * What of the context goes into the image: files and folders, POSIX, relative to it. Undefined where the text alone does
 * not tell, because of wildcards, variables, mounts or a form that is not known here: then all of the context counts.
 */
export function sourcesOf(text: string): readonly string[] | undefined {
  const sources: string[] = [];
  for (const { name, rest } of instructionsOf(text)) {
    if (name === "ONBUILD" || (name === "RUN" && /--mount=(?!type=(?:cache|secret|ssh|tmpfs)\b)/.test(rest)))
      return undefined;
    if (name !== "COPY" && name !== "ADD") continue;
    const [, flags = "", words = ""] = /^((?:--\S+\s+)*)(.*)$/s.exec(rest) ?? [];
    // Of another stage or image.
    if (/--from=/.test(flags)) continue;
    const named = wordsOf(words)?.slice(0, -1);
    if (named === undefined || named.length === 0) return undefined;
    for (const source of named) {
      if (/^(?:https?|git|ssh):|^git@/.test(source)) continue;
      if (/[$*?[\\]|<</.test(source)) return undefined;
      const path = source.split("/").filter((part) => part !== "" && part !== ".");
      if (path.length === 0 || path.includes("..")) return undefined;
      sources.push(path.join("/"));
    }
  }
  return [...new Set(sources)];
}

/** `a b`, or `["a", "b"]` where names have spaces. */
function wordsOf(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return text.split(/\s+/).filter((word) => word !== "");
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    return undefined;
  }
}
