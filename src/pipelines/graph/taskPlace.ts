import { isMap, isScalar, LineCounter, type Node, parseAllDocuments, type YAMLMap } from "yaml";

/** Line and column, from 0, of a task in the text of a compiled pipeline; undefined where it is not there any more. */
export function taskPlace(
  source: string,
  path: string,
): { readonly line: number; readonly column: number } | undefined {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source, { lineCounter: lines, logLevel: "silent", uniqueKeys: false });
  for (const { contents } of documents) {
    const outer = isMap(contents) ? (child(contents, "pipeline_spec") ?? child(contents, "pipelineSpec")) : undefined;
    const pipeline = outer?.value ?? contents;
    if (!isMap(pipeline)) continue;
    const key = taskKey(pipeline, child(pipeline, "root")?.value, path);
    const offset = key?.range?.[0];
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line: line - 1, column: col - 1 };
  }
  return undefined;
}

/** The key under which the task stands. A key may hold a slash. */
function taskKey(pipeline: YAMLMap, component: unknown, path: string): Node | undefined {
  const tasks = isMap(component) ? at(component, ["dag", "tasks"]) : undefined;
  if (!isMap(tasks)) return undefined;
  for (const { key, value } of tasks.items) {
    if (!isScalar(key) || !isMap(value)) continue;
    const name = String(key.value);
    if (path === name) return key;
    if (!path.startsWith(`${name}/`)) continue;
    const reference = at(value, ["componentRef", "name"]);
    const inside = isScalar(reference) ? at(pipeline, ["components", String(reference.value)]) : undefined;
    const found = taskKey(pipeline, inside, path.slice(name.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

function at(map: YAMLMap, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (isMap(node) ? child(node, key)?.value : undefined), map);
}

function child(map: YAMLMap, key: string): YAMLMap["items"][number] | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}
