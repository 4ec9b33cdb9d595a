// What has been done to a cluster: journalled on this machine, and kept in the cluster for every other window.
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { errorCode, errorText, UserError } from "../core/errors.ts";
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
const fits = (pattern: RegExp) => v.pipe(v.string(), v.regex(pattern));
/** A record in a cluster is whoever may write there's: what becomes of a path or an address is held to its form. */
const RefSchema = v.object({
  apiVersion: fits(/^([a-z0-9.-]{1,253}\/)?v[a-z0-9]{1,20}$/),
  kind: fits(/^[A-Z][A-Za-z0-9]{0,62}$/),
  namespace: fits(/^[a-z0-9-]{0,63}$/),
  name: fits(/^(?!\.{1,2}$)[A-Za-z0-9:._-]{1,253}$/),
});
const PinSchema = v.object({
  ref: fits(/^(?!.*\.\.)[A-Za-z0-9._-]{0,100}$/),
  commit: fits(/^([0-9a-f]{40})?$/),
  checksum: fits(/^([0-9a-f]{64})?$/),
});
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
  pin: PinSchema,
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

  /** What this computer has journalled, whatever the cluster says. */
  async own(): Promise<InstallRecord | undefined> {
    const text = await this.#local();
    return text === undefined ? undefined : this.#parse(text, "journal");
  }

  /**
   * The newer of the two: another window, or another machine, may have gone on. A journal of finished parts of which the
   * cluster knows nothing is of an install that was taken away from elsewhere. What only the cluster tells names no
   * folder of this computer. Rejects with UserError `record-unread` where another version wrote it, and as `inCluster`.
   */
  async load(signal?: AbortSignal): Promise<InstallRecord | undefined> {
    const local = await this.own();
    try {
      const found = await this.inCluster(signal);
      if (local === undefined || found === undefined) {
        const isGone =
          local?.intent === "install" && Object.values(local.components).some(({ state }) => state === "done");
        return isGone ? undefined : found === undefined ? local : withoutFolder(found);
      }
      if (found.updatedAt <= local.updatedAt) return local;
      return found.choice.folder === local.choice.folder ? found : withoutFolder(found);
    } catch (error) {
      if (isApiError(error, "Forbidden")) return local;
      throw error;
    }
  }

  /** Rejects as `KubeClient.find`. */
  async inCluster(signal?: AbortSignal): Promise<InstallRecord | undefined> {
    const found: unknown = await this.#client.find(CONFIG_MAPS, NAME, OWN_NAMESPACE, signal);
    const text = fields(fields(found)["data"])["record"];
    return typeof text === "string" ? this.#parse(text, "cluster") : undefined;
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

  async #local(): Promise<string | undefined> {
    try {
      return await readFile(this.#file, "utf8");
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

  /** Undefined where it is of another cluster. */
  #parse(text: string, where: "journal" | "cluster"): InstallRecord | undefined {
    const parsed = v.safeParse(RecordSchema, json(text));
    if (parsed.success) return parsed.output.cluster === this.#cluster ? parsed.output : undefined;
    throw new UserError("record-unread", "What was installed in this cluster cannot be told.", {
      why: `The record of it, in the ${where === "journal" ? "journal of this computer" : `namespace ${OWN_NAMESPACE}`}, has a form that this version does not know.`,
      hint: "A newer version of the extension has written it, or somebody has changed it.",
    });
  }
}

function withoutFolder(record: InstallRecord): InstallRecord {
  const choice = { ...record.choice };
  delete choice.folder;
  return { ...record, choice };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // As good as another form.
    return undefined;
  }
}
