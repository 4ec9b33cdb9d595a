// What has been done to a cluster: journalled on this machine, and kept in the cluster for every other window.
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { errorCode, errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { writeWhole } from "../core/wholeFile.ts";
import { FIELD_MANAGER, type KubeClient, objectPath } from "../kube/client.ts";
import { isApiError } from "../kube/errors.ts";
import { record as fields } from "../kubeflow/read.ts";
import { builtIn } from "./objects.ts";

/** Where we keep what is ours in a cluster; it goes with the last component. */
export const OWN_NAMESPACE = "trainyard-system";
const NAME = "kubeflow-install";
export const NAMESPACES = builtIn("v1", "namespaces", "Namespace", false);
const CONFIG_MAPS = builtIn("v1", "configmaps", "ConfigMap");

const Text = v.pipe(v.string(), v.maxLength(2_000));
const RefSchema = v.object({ apiVersion: Text, kind: Text, namespace: Text, name: Text });
const ComponentSchema = v.object({
  title: Text,
  state: v.picklist(["waiting", "running", "done", "failed", "cancelled", "skipped"]),
  detail: Text,
  /** Of all its objects as they were applied. */
  hash: Text,
  /** In the order in which they were applied. */
  objects: v.array(RefSchema),
  /** Keys of those that were there before, and that stay when it is uninstalled. */
  kept: v.array(Text),
  needs: v.array(Text),
  startedAt: v.exactOptional(v.number()),
  endedAt: v.exactOptional(v.number()),
});
const RecordSchema = v.object({
  format: v.literal(1),
  /** Uid of the namespace kube-system: stands for the cluster. */
  cluster: Text,
  intent: v.picklist(["install", "uninstall"]),
  choice: v.object({
    release: Text,
    wanted: v.array(Text),
    platform: v.picklist(["any", "gke", "eks", "kind"]),
    folder: v.exactOptional(Text),
    adopt: v.exactOptional(v.array(Text)),
    people: v.exactOptional(v.array(Text)),
    quota: v.exactOptional(v.object({ cpu: v.number(), memoryGiB: v.number(), gpus: v.number() })),
    storageClass: v.exactOptional(Text),
  }),
  /** What the release's files were, exactly. */
  pin: v.object({ ref: Text, commit: Text, checksum: Text }),
  updatedAt: v.number(),
  components: v.record(Text, ComponentSchema),
});

export type ComponentRecord = v.InferOutput<typeof ComponentSchema>;
export type InstallRecord = v.InferOutput<typeof RecordSchema>;

/** Stands for a cluster, whatever it is called in a kubeconfig. Rejects as `KubeClient.get`. */
export async function clusterUid(client: KubeClient, signal?: AbortSignal): Promise<string> {
  const { metadata } = await client.get(NAMESPACES, "kube-system", undefined, signal);
  const uid = metadata.uid ?? "";
  if (/^[0-9a-f-]{36}$/.test(uid)) return uid;
  throw new Error("the namespace kube-system has no uid");
}

/** The record of one cluster, in a file and in a ConfigMap. Writes come one after the other. */
export class Records {
  readonly #client: KubeClient;
  readonly #file: string;
  readonly #cluster: string;
  readonly #log: Logger;
  #writing: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, folder: string, cluster: string, log: Logger) {
    this.#client = client;
    this.#cluster = cluster;
    this.#file = path.join(folder, `${cluster}.json`);
    this.#log = log;
  }

  /**
   * The newer of the two: another window, or another machine, may have gone on. A journal of finished parts of which the
   * cluster knows nothing is of an install that was taken away from elsewhere.
   */
  async load(signal?: AbortSignal): Promise<InstallRecord | undefined> {
    const local = await this.#local();
    try {
      const found = await this.inCluster(signal);
      if (local === undefined || found === undefined) {
        const isGone =
          local?.intent === "install" && Object.values(local.components).some(({ state }) => state === "done");
        return isGone ? undefined : (found ?? local);
      }
      return found.updatedAt > local.updatedAt ? found : local;
    } catch (error) {
      if (isApiError(error, "Forbidden")) return local;
      throw error;
    }
  }

  /** Rejects as `KubeClient.find`. */
  async inCluster(signal?: AbortSignal): Promise<InstallRecord | undefined> {
    const found: unknown = await this.#client.find(CONFIG_MAPS, NAME, OWN_NAMESPACE, signal);
    return this.#parse(fields(fields(found)["data"])["record"]);
  }

  /** Rejects with the file system's error; what the cluster does not take is only logged: the file decides. */
  save(record: InstallRecord, signal?: AbortSignal): Promise<void> {
    const text = JSON.stringify(record);
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        await writeWhole(this.#file, text);
        await this.#tell(text, signal);
      });
    return this.#writing;
  }

  /** After an uninstall: nothing is known of the cluster any more. The namespace goes with what it holds. */
  async remove(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await rm(this.#file, { force: true });
  }

  async #local(): Promise<InstallRecord | undefined> {
    try {
      return this.#parse(await readFile(this.#file, "utf8"));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#log.warn(`the journal of installs cannot be read: ${errorText(error)}`);
      return undefined;
    }
  }

  async #tell(text: string, signal: AbortSignal | undefined): Promise<void> {
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: NAME, namespace: OWN_NAMESPACE },
      data: { record: text },
    };
    try {
      await this.#client.json<unknown>({
        method: "PATCH",
        path: objectPath(CONFIG_MAPS, NAME, OWN_NAMESPACE),
        query: { fieldManager: FIELD_MANAGER, force: true },
        body,
        contentType: "application/apply-patch+yaml",
        signal,
      });
    } catch (error) {
      this.#log.debug(`the record of the install was not written to the cluster: ${errorText(error)}`);
    }
  }

  #parse(value: unknown): InstallRecord | undefined {
    if (typeof value !== "string") return undefined;
    try {
      const parsed = v.safeParse(RecordSchema, JSON.parse(value));
      if (parsed.success && parsed.output.cluster === this.#cluster) return parsed.output;
    } catch {
      // Not JSON: told with the others below.
    }
    this.#log.warn("a record of an install has another form; it is left alone");
    return undefined;
  }
}
