import { copyFile, readFile, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { unlessMissing, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { writeWhole } from "../../core/wholeFile.ts";
import { kubeconfigPaths } from "../../kube/kubeconfigFiles.ts";

export interface MergePreview {
  /** The person's kubeconfig that would be written. */
  readonly file: string;
  /** Its text as it is, "" where there is none. */
  readonly before: string;
  readonly after: string;
  /** Name of the context in it. */
  readonly context: string;
  /** Names that clashed with other entries, and what they are called now; a sentence each. */
  readonly renamed: readonly string[];
}

const SECTIONS = [
  ["clusters", "cluster"],
  ["users", "user"],
  ["contexts", "context"],
] as const;

/** The merge of our file into the person's kubeconfig, read and not written. Throws UserError `kubeconfig-unusable`. */
export async function previewMerge(
  ours: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): Promise<MergePreview> {
  const { files } = kubeconfigPaths({ env, platform, home: homedir() });
  // As kubectl: the first that is there, else the last (client-go tools/clientcmd/loader.go, GetDefaultFilename).
  const texts = await Promise.all(files.map(textOf));
  const file = files[texts.findIndex((text) => text !== "")] ?? files.at(-1) ?? "";
  const [before, added] = await Promise.all([textOf(file), readFile(ours, "utf8")]);
  return { file, before, ...mergeText(before, added) };
}

/**
 * Adds the entries of one kubeconfig to another, whose comments and order stay. An entry that is there already with the
 * same content is left; another of the same name keeps it, and ours is renamed. `current-context` is only set where
 * there is none. Pure. Throws UserError `kubeconfig-unusable`.
 */
export function mergeText(before: string, added: string): Omit<MergePreview, "file" | "before"> {
  const [target, source] = [document(before, "Your kubeconfig"), document(added, "The cluster’s kubeconfig")];
  const renamed: string[] = [];
  const names = new Map<string, string>();
  let context = "";
  for (const [section, part] of SECTIONS) {
    const into = sequence(target, section);
    for (const item of sequence(source, section).items) {
      if (!isMap(item)) continue;
      const own = String(item.get("name"));
      if (part === "context") point(item, names);
      const name = freeName(into, part, own, item);
      if (name !== own)
        renamed.push(`The ${part} ${label(own, 80)} is called ${label(name, 80)} here: another one has that name.`);
      names.set(`${part} ${own}`, name);
      if (part === "context") context = name;
      if (find(into, name) !== undefined) continue;
      item.set("name", name);
      into.add(target.createNode(item.toJS(source)));
    }
  }
  const current = target.get("current-context");
  if (current === undefined || current === "") target.set("current-context", context);
  return { after: target.toString({ lineWidth: 0 }), context, renamed };
}

/**
 * Writes what the preview showed, whole or not at all, with the file as it was beside it; resolves with the backup's
 * path, undefined where there was no file. Throws UserError `kubeconfig-changed` where the file is another by now.
 */
export async function merge(preview: MergePreview, now: number): Promise<string | undefined> {
  const { file, before, after } = preview;
  if ((await textOf(file)) !== before)
    throw new UserError("kubeconfig-changed", "The cluster was not merged.", {
      why: `${label(file, 200)} has changed since it was shown.`,
      hint: "Look at it again.",
    });
  // A link stays a link: what it leads to is written.
  const real = await realpath(file).catch(unlessMissing);
  const backup =
    real === undefined
      ? undefined
      : `${real}.before-trainyard-${new Date(now).toISOString().replace(/\D/g, "").slice(0, 14)}`;
  if (real !== undefined && backup !== undefined) await copyFile(real, backup);
  await writeWhole(real ?? file, after);
  return backup;
}

async function textOf(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(unlessMissing)) ?? "";
}

function document(text: string, what: string): Document {
  const parsed = parseDocument(text);
  if (parsed.errors.length > 0 || (parsed.contents !== null && !isMap(parsed.contents)))
    throw new UserError("kubeconfig-unusable", "Nothing was merged.", { why: `${what} is not valid YAML.` });
  return parsed.contents === null ? new Document({ apiVersion: "v1", kind: "Config" }) : parsed;
}

function sequence(target: Document, section: string): YAMLSeq {
  const found = target.get(section);
  if (isSeq(found)) return found;
  const made = target.createNode([]);
  target.set(section, made);
  return made;
}

function find(sequence: YAMLSeq, name: string): YAMLMap | undefined {
  return sequence.items.filter((item) => isMap(item)).find((item) => item.get("name") === name);
}

/** The name itself, where nothing else has it, else with a number behind it. */
function freeName(into: YAMLSeq, part: string, name: string, item: YAMLMap): string {
  const content = JSON.stringify(item.get(part));
  for (let index = 1; ; index++) {
    const candidate = index === 1 ? name : `${name}-${index}`;
    const other = find(into, candidate);
    if (other === undefined || JSON.stringify(other.get(part)) === content) return candidate;
  }
}

/** The context's cluster and user by the names that they have now. */
function point(item: YAMLMap, names: ReadonlyMap<string, string>): void {
  for (const part of ["cluster", "user"] as const) {
    const name = names.get(`${part} ${String(item.getIn(["context", part]))}`);
    if (name !== undefined) item.setIn(["context", part], name);
  }
}
