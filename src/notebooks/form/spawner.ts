// What the Jupyter web app offers when a notebook is made: its administrators' own configuration, or what it ships with.
import { parse } from "yaml";
import { type NotebookField, SERVERS } from "../../contract/notebookForm.ts";
import { errorText } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { CONFIG_MAP } from "../../kubeflow/kinds/resources.ts";
import { type Json, list, record, text } from "../../kubeflow/read.ts";
import { SHIPPED } from "./shipped.ts";

export type Server = (typeof SERVERS)[number];

/** Where it comes from: a ConfigMap by its name, or why there is none. */
export type SpawnerSource =
  { readonly kind: "cluster"; readonly name: string } | { readonly kind: "shipped"; readonly why: string };

export interface OfferedVolume {
  /** `{notebook-name}` stands for the notebook's name, here, in the claim's and in a source. */
  readonly path: string;
  /** A claim that is made: metadata and spec. */
  readonly make?: { readonly metadata: Json; readonly spec: Json };
  /** A claim that is there. */
  readonly claim?: string;
  /** Any other source of a volume, as a pod has it. */
  readonly source?: Json;
}

/** Something that is chosen by its key. */
export interface Group<T> {
  readonly key: string;
  readonly name: string;
  readonly value: T;
}

export interface Amount {
  readonly value: string;
  /** What a limit is of it; undefined for no limit. */
  readonly factor: number | undefined;
}

export interface Spawner {
  readonly source: SpawnerSource;
  readonly customImage: boolean;
  readonly hideRegistry: boolean;
  readonly hideTag: boolean;
  readonly pullPolicy: string;
  readonly images: Readonly<Record<Server, { readonly value: string; readonly options: readonly string[] }>>;
  readonly cpu: Amount;
  readonly memory: Amount;
  readonly gpus: {
    /** "" for none. */
    readonly count: string;
    readonly vendor: string;
    readonly vendors: readonly { readonly key: string; readonly name: string }[];
  };
  readonly workspace: OfferedVolume | undefined;
  readonly volumes: readonly OfferedVolume[];
  readonly tolerations: readonly Group<readonly Json[]>[];
  readonly toleration: string;
  readonly affinities: readonly Group<Json>[];
  readonly affinity: string;
  /** Labels that are set, `key=value` each. */
  readonly configurations: readonly string[];
  readonly shm: boolean;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Fields in which nobody else may decide. */
  readonly locked: readonly NotebookField[];
}

/** The web app's namespace and the name of its ConfigMap, behind which kustomize puts a hash of what it holds. */
const NAMESPACE = "kubeflow";
const NAME = "jupyter-web-app-config";
const KEY = "spawner_ui_config.yaml";

/** The cluster's own; shipped defaults where it is not there, cannot be read, or is none. Rejects as KubeClient does. */
export async function readSpawner(client: KubeClient, signal: AbortSignal): Promise<Spawner> {
  const found = await findConfiguration(client, signal);
  if (typeof found === "string") return { ...shippedSpawner(), source: { kind: "shipped", why: found } };
  const name = label(found.metadata.name, 80);
  try {
    const written = record(record(parse(String(record(record(found)["data"])[KEY])))["spawnerFormDefaults"]);
    if (Object.keys(written).length > 0) return { ...spawnerOf(written), source: { kind: "cluster", name } };
    return shipped(`${name} has no defaults for the form`);
  } catch (error) {
    return shipped(`${name} is no YAML (${label(errorText(error), 100)})`);
  }
}

function shipped(why: string): Spawner {
  return { ...shippedSpawner(), source: { kind: "shipped", why } };
}

/** The newest one; else why there is none. */
async function findConfiguration(client: KubeClient, signal: AbortSignal): Promise<KubeObject | string> {
  const may = async <T>(read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (error) {
      if (isApiError(error) && (error.status === 403 || error.status === 404)) return undefined;
      throw error;
    }
  };
  const holds = (object: KubeObject): boolean => typeof record(record(object)["data"])[KEY] === "string";
  const one = await may(client.get<KubeObject>(CONFIG_MAP, NAME, NAMESPACE, signal));
  const all = await may(
    client.list<KubeObject>(CONFIG_MAP, { namespace: NAMESPACE, labelSelector: "app=jupyter-web-app", signal }),
  );
  const named = (all?.items ?? [])
    .filter((object) => object.metadata.name.startsWith(`${NAME}-`) && holds(object))
    .sort((a, b) => (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? ""))
    .at(-1);
  if (named !== undefined) return named;
  if (one !== undefined && holds(one)) return one;
  return all === undefined ? "the cluster’s own may not be read" : "the cluster has none of its own";
}

export function shippedSpawner(): Spawner {
  return { ...spawnerOf(SHIPPED.defaults), source: { kind: "shipped", why: "" } };
}

/** Reads `spawnerFormDefaults`; what is not there is as it ships. Pure. */
export function spawnerOf(written: Json): Omit<Spawner, "source"> {
  const all: Json = { ...SHIPPED.defaults, ...written };
  const of = (key: string): Json => record(all[key]);
  const locked = LOCKS.flatMap(([key, fields]) => (of(key)["readOnly"] === true ? fields : []));
  const gpus = record(of("gpus")["value"]);
  const count = word(gpus["num"]);
  return {
    customImage: all["allowCustomImage"] !== false,
    hideRegistry: all["hideRegistry"] === true,
    hideTag: all["hideTag"] === true,
    pullPolicy: word(of("imagePullPolicy")["value"]) || "IfNotPresent",
    images: {
      jupyter: images(of("image")),
      "group-one": images(of("imageGroupOne")),
      "group-two": images(of("imageGroupTwo")),
    },
    cpu: amount(of("cpu")),
    memory: amount(of("memory")),
    gpus: {
      count: count === "none" ? "" : count,
      vendor: word(gpus["vendor"]),
      vendors: list(gpus["vendors"]).flatMap(({ limitsKey, uiName }) => {
        const key = text(limitsKey);
        return key === undefined ? [] : [{ key, name: text(uiName) ?? key }];
      }),
    },
    workspace: volume(record(of("workspaceVolume")["value"])),
    volumes: list(of("dataVolumes")["value"]).flatMap((one) => volume(one) ?? []),
    tolerations: groups(of("tolerationGroup"), "groupKey", (one) => list(one["tolerations"])),
    toleration: none(of("tolerationGroup")["value"]),
    affinities: groups(of("affinityConfig"), "configKey", (one) => record(one["affinity"])),
    affinity: none(of("affinityConfig")["value"]),
    configurations: words(of("configurations")["value"]).map((key) => `${key}=true`),
    shm: of("shm")["value"] !== false,
    env: Object.entries(environment(of("environment")["value"])).map(([name, value]) => ({ name, value: word(value) })),
    locked: [...new Set(locked)],
  };
}

/** `notebook-servers/jupyter-scipy:v1` without what the administrators hide of it. */
export function imageLabel(
  image: string,
  { hideRegistry, hideTag }: Pick<Spawner, "hideRegistry" | "hideTag">,
): string {
  const own = hideRegistry ? (image.split("/").at(-1) ?? image) : image;
  return label(hideTag ? own.replace(/(@sha256)?:[^:/]*$/, "") : own, 120);
}

/** The kind of server that the image is offered for, where it is another one and not offered for this one too. */
export function otherServer(
  image: string,
  server: Server,
  { images: all }: Pick<Spawner, "images">,
): Server | undefined {
  const offers = (kind: Server): boolean => all[kind].value === image || all[kind].options.includes(image);
  return offers(server) ? undefined : SERVERS.find(offers);
}

const LOCKS: readonly (readonly [key: string, fields: readonly NotebookField[]])[] = [
  ["image", ["image"]],
  ["cpu", ["cpu", "cpuLimit"]],
  ["memory", ["memory", "memoryLimit"]],
  ["gpus", ["gpus", "gpuVendor"]],
  [
    "workspaceVolume",
    ["workspace", "workspaceName", "workspaceSize", "workspaceClass", "workspaceClaim", "workspacePath"],
  ],
  ["dataVolumes", ["volumes"]],
  ["tolerationGroup", ["tolerations"]],
  ["affinityConfig", ["affinity"]],
  ["configurations", ["configurations"]],
  ["shm", ["shm"]],
  ["environment", ["env"]],
];

function images(of: Json): { readonly value: string; readonly options: readonly string[] } {
  const options = words(of["options"]);
  return { value: word(of["value"]) || (options[0] ?? ""), options };
}

function amount(of: Json): Amount {
  const factor = Number(of["limitFactor"]);
  return { value: word(of["value"]), factor: Number.isFinite(factor) && factor > 0 ? factor : undefined };
}

/** In the form of 1.5 and later (crud-web-apps/jupyter: volumes.py). */
function volume(of: Json): OfferedVolume | undefined {
  const path = text(of["mount"]);
  if (path === undefined) return undefined;
  const { metadata, spec } = record(of["newPvc"]);
  if (metadata !== undefined) return { path, make: { metadata: record(metadata), spec: record(spec) } };
  const source = record(of["existingSource"]);
  const claim = text(record(source["persistentVolumeClaim"])["claimName"]);
  if (claim !== undefined) return { path, claim };
  return Object.keys(source).length === 0 ? undefined : { path, source };
}

function groups<T>(of: Json, key: string, value: (one: Json) => T): readonly Group<T>[] {
  return list(of["options"]).flatMap((one) => {
    const own = text(one[key]);
    return own === undefined ? [] : [{ key: own, name: text(one["displayName"]) ?? own, value: value(one) }];
  });
}

/** Administrators write it as an object, or as JSON. */
function environment(value: unknown): Json {
  if (typeof value !== "string") return record(value);
  try {
    return record(JSON.parse(value));
  } catch {
    return {};
  }
}

function none(value: unknown): string {
  const key = word(value);
  return key === "none" ? "" : key;
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(word).filter((one) => one !== "") : [];
}

/** YAML takes 0.5 for a number. */
function word(value: unknown): string {
  return typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : "";
}
