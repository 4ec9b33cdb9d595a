// A manifest that a person wrote: read from its text, with the place of everything in it.
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { label } from "../core/sanitize.ts";
import { isJobName, isNamespaceName } from "../kube/names.ts";
import type { ResourceKind } from "../kube/objects.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { type Json, record, text as textOf } from "../kubeflow/read.ts";
import type { Objection, Path } from "./schema.ts";
import type { LaunchKind } from "./spec.ts";
import type { JobObject } from "./types.ts";

/** A place in a text: line and columns from 0, `to` exclusive. */
export interface Place {
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

export interface Problem extends Place, Pick<Objection, "text" | "isWarning"> {}

/** An object of a YAML text; `K` are the kinds that are looked for. */
export interface Manifest<K extends string = LaunchKind> {
  /** As it was written. */
  readonly value: Json;
  /** What a person decides of it: nothing that only a server writes. */
  readonly job: JobObject<K>;
  /** Other objects in the text. */
  readonly others: number;
  /** Where it stands, or the nearest thing around it that is there. */
  readonly place: (path: Path) => Place;
}

/** Aliases may repeat so much of a text, not fill the memory with it. */
const MAX_ALIASES = 100;

/** A kind that is looked for, and where its objects are; undefined for any other. */
export type KindFinder<K extends string> = (
  kind: unknown,
) => { readonly kind: K; readonly resource: ResourceKind } | undefined;

const jobKind: KindFinder<LaunchKind> = (kind) =>
  kind === "PyTorchJob" || kind === "TrainJob" ? { kind, resource: kindOf(kind).resource } : undefined;

export interface ReadManifest<K extends string> {
  readonly manifest?: Manifest<K>;
  readonly problems: readonly Problem[];
}

/** The training job of a YAML text, where it has exactly one and is YAML; else what is wrong, which may be that it has none. */
export function readManifest(text: string): ReadManifest<LaunchKind> {
  return readObject(text, jobKind);
}

/** The same of other kinds. */
export function readObject<K extends string>(text: string, find: KindFinder<K>): ReadManifest<K> {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true })];
  const problems: Problem[] = documents.flatMap(({ errors, warnings }) =>
    [...errors, ...warnings].map(({ message, pos, name }) => ({
      ...placeOf(lines, pos),
      text: label(message, 300),
      isWarning: name === "YAMLWarning",
    })),
  );
  if (problems.some(({ isWarning }) => !isWarning)) return { problems };
  const found: Manifest<K>[] = [];
  let others = 0;
  for (const document of documents) {
    const place = (path: Path): Place => placeOf(lines, rangeOf(document, path));
    const value = valueOf(document);
    if (typeof value === "string") return { problems: [...problems, { ...place([]), text: value, isWarning: false }] };
    const known = find(value["kind"]);
    if (known === undefined) {
      if (Object.keys(value).length > 0) others += 1;
      continue;
    }
    const { group, version } = known.resource;
    const wanted = `${group}/${version}`;
    const wrong = problemsOf(value, wanted, value["apiVersion"]);
    problems.push(...wrong.map(({ path, ...said }) => ({ ...place(path), ...said })));
    found.push({ value, job: jobOf(value, known.kind, wanted), others: 0, place });
  }
  const [first, second] = found;
  if (second !== undefined)
    problems.push({
      ...second.place(["kind"]),
      text: "One is launched from a file, and this is its second.",
      isWarning: false,
    });
  if (first === undefined || problems.some(({ isWarning }) => !isWarning)) return { problems };
  return { manifest: { ...first, others }, problems };
}

/** What would change an object's fate, and is not sent. */
const DROPPED = ["finalizers", "ownerReferences", "generateName"];

function problemsOf(value: Json, wanted: string, apiVersion: unknown): readonly Objection[] {
  const metadata = record(value["metadata"]);
  const name = textOf(metadata["name"]);
  const namespace = metadata["namespace"];
  const wrong = (path: Path, text: string): readonly Objection[] => [{ path, text, isWarning: false }];
  return [
    ...(apiVersion === wanted ? [] : wrong(["apiVersion"], `This kind is launched as ${wanted}.`)),
    ...(name === undefined
      ? wrong(["metadata", "generateName"], "It has a name of its own (metadata.name), so that it is launched once.")
      : isJobName(name)
        ? []
        : wrong(
            ["metadata", "name"],
            "A name has at most 63 lower-case letters, digits and hyphens, and begins with a letter.",
          )),
    ...DROPPED.filter((field) => name !== undefined && field in metadata).map((field) => ({
      ...{ path: ["metadata", field], text: `${field} is left out: a launch does not send it.`, isWarning: true },
    })),
    ...(namespace === undefined || (typeof namespace === "string" && isNamespaceName(namespace))
      ? []
      : wrong(["metadata", "namespace"], "This is not the name of a namespace.")),
  ];
}

function jobOf<K extends string>(value: Json, kind: K, apiVersion: string): JobObject<K> {
  const { name, namespace, labels, annotations } = record(value["metadata"]);
  const metadata = {
    name: textOf(name) ?? "",
    ...(typeof namespace === "string" ? { namespace } : {}),
    ...(labels === undefined ? {} : { labels: record(labels) as Record<string, string> }),
    ...(annotations === undefined ? {} : { annotations: record(annotations) as Record<string, string> }),
  };
  return { apiVersion, kind, metadata, spec: record(value["spec"]) };
}

/** A sentence where it cannot be read. */
function valueOf(document: Document.Parsed): Json | string {
  try {
    return record(document.toJS({ maxAliasCount: MAX_ALIASES }));
  } catch (error) {
    return label(String(error), 300);
  }
}

function rangeOf(document: Document.Parsed, path: Path): readonly [number, number] {
  let node: unknown = document.contents;
  let found: unknown = node;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const { items } = node;
      const has = (item: (typeof items)[number], fold = (name: string): string => name): boolean =>
        isScalar(item.key) && fold(String(item.key.value)) === fold(String(step));
      // Webhooks call some fields by their name in Go, as spec.RuntimeRef (trainer v2.3.0: pkg/runtime/core).
      const pair = items.find((item) => has(item)) ?? items.find((item) => has(item, (name) => name.toLowerCase()));
      if (pair === undefined) break;
      found = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      found = node;
    } else break;
  }
  const [from, to] = (isNode(found) ? found.range : undefined) ?? [0, 0];
  return [from, to];
}

/** To the end of its first line at most. */
function placeOf(lines: LineCounter, [from, to]: readonly [number, number]): Place {
  const start = lines.linePos(from);
  const end = lines.linePos(to);
  const line = Math.max(0, start.line - 1);
  const column = Math.max(0, start.col - 1);
  return { line, from: column, to: end.line === start.line ? Math.max(column + 1, end.col - 1) : column + 1000 };
}

/** `spec.trainer.env[0].name`, `spec.pytorchReplicaSpecs[Master].template`: as the API server names fields. */
export function pathOf(field: string): Path {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, name]) => index ?? name ?? "");
}

const UNKNOWN = /(?:unknown|duplicate) field "([^"]+)"/g;
const FIELD = /\b(?:spec|metadata)(?:\.[\w-]+|\[[^\]\s]*\])+/g;

/**
 * Fields that a refusal names: in its causes, or in its words, which is all that a webhook has. Each with the words that
 * go with it, none where it names none.
 */
export function refusedFields(
  message: string,
  causes: readonly { readonly field?: string; readonly message?: string }[] = [],
): readonly Objection[] {
  const said = causes.flatMap(({ field = "", message: words = "" }) =>
    /^(?:spec|metadata|kind|apiVersion)\b/.test(field)
      ? [{ path: pathOf(field), text: label(`${field}: ${words}`, 300) }]
      : [],
  );
  const unknown = [...message.matchAll(UNKNOWN)].map(([text, field = ""]) => ({ path: pathOf(field), text }));
  const named = [...message.matchAll(FIELD)].map(({ 0: field, index }, at, all) => ({
    path: pathOf(field),
    text: label(message.slice(index, all[at + 1]?.index).replace(/[\s,[\]]+$/, ""), 300),
  }));
  const [found = []] = [said, unknown, named].filter(({ length }) => length > 0);
  return found.map((one) => ({ ...one, isWarning: false }));
}
