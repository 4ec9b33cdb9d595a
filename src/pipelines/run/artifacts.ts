// The content of artifacts, by the server of Kubeflow's own pages: it holds the keys of the store.
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Disposable } from "../../core/dispose.ts";
import { errorCode, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { readUpTo } from "../podHttp.ts";
import { BEHIND_GATEWAY, type Door, type ServerPlace } from "../waysIn.ts";
import { contentOf, IMAGE_BYTES, imageType, PREVIEW_BYTES } from "./content.ts";
import { DoorHttp } from "./doorHttp.ts";
import type { ArtifactContent, RunArtifact } from "./model.ts";

const WHAT = "The artifact was not read.";
const MOST_KEY = 1_024;
const MOST_SESSION = 4_096;
const MOST_SAID = 4_096;

/** An object of a store, as the server is asked for it (pipelines: frontend/server/handlers/artifacts.ts). */
export interface StoredAt {
  readonly source: "minio" | "s3" | "gcs";
  readonly bucket: string;
  readonly key: string;
}

/**
 * Reads a URI of the metadata, which whoever ran a task may have written. Only stores, never hosts: what the server would
 * fetch for anybody (`http`, `volume`) is left to it. Undefined for what is no such place.
 */
export function storedAt(uri: string): StoredAt | undefined {
  const [, scheme, bucket = "", key = ""] = /^(minio|s3|gs):\/\/([^/]*)\/(.*)$/s.exec(uri) ?? [];
  const isBucket = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/.test(bucket) && !bucket.includes("..");
  const isPath = key.split("/").every((part) => part !== "." && part !== ".." && part !== "");
  // eslint-disable-next-line no-control-regex -- they have no place in a key; a star is a pattern to the server
  const isKey = isPath && key.length <= MOST_KEY && !/[\u0000-\u001f\u007f\\*]/.test(key);
  if (scheme === undefined || !isBucket || !isKey) return undefined;
  return { source: scheme === "gs" ? "gcs" : scheme === "s3" ? "s3" : "minio", bucket, key };
}

/** Reads artifacts of runs in one namespace. Asks nothing before the first call. */
export class ArtifactStore implements Disposable {
  readonly #namespace: string;
  /** Best first. */
  readonly #doors: readonly DoorHttp[];

  /**
   * @param namespace of the run; empty where the server keeps none apart. Where it does, a profile may have a server of its
   * own, which is in its own network and asks for no name (pipelines: manifests/kustomize/base/installs/multi-user).
   */
  constructor(place: ServerPlace, namespace: string) {
    this.#namespace = namespace;
    const door = (service: string, at: string, behind: Partial<Door> = {}): DoorHttp =>
      new DoorHttp(
        place,
        { namespace: at, service, port: 80, selector: { app: service }, what: WHAT, ...behind },
        "server of Kubeflow’s pages",
      );
    const own = namespace === "" ? [] : [door("ml-pipeline-ui-artifact", namespace)];
    this.#doors = [...own, door("ml-pipeline-ui", place.namespace, { behindGateway: BEHIND_GATEWAY })];
  }

  /** As `RunReader.content`. */
  async content(artifact: RunArtifact, signal: AbortSignal): Promise<ArtifactContent> {
    const at = placeOf(artifact);
    const name = at.key.split("/").at(-1) ?? "";
    const first = await this.#ask(
      this.#preview(at, artifact, PREVIEW_BYTES),
      (response) => readUpTo(response, PREVIEW_BYTES),
      signal,
    );
    const type = imageType(first.bytes);
    if (type === undefined) return contentOf(first.bytes, first.isCut, name);
    const { bytes, isCut } = first.isCut
      ? await this.#ask(this.#preview(at, artifact, IMAGE_BYTES), (response) => readUpTo(response, IMAGE_BYTES), signal)
      : first;
    return isCut ? { kind: "other", why: "It is an image of more than 2 MB." } : { kind: "image", type, bytes };
  }

  /** As `RunReader.download`. */
  async download(
    artifact: RunArtifact,
    file: string,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { source, bucket, key } = placeOf(artifact);
    const path = [source, bucket, ...key.split("/")].map(encodeURIComponent).join("/");
    const query = this.#query({}, artifact);
    const aside = `${file}.${randomBytes(4).toString("hex")}.part`;
    let writing: Promise<void> = Promise.resolve();
    try {
      await this.#ask(
        `/artifacts/${path}${query === "" ? "" : `?${query}`}`,
        (response) => (writing = writeAll(response, aside, onBytes)),
        signal,
      );
      await rename(aside, file);
    } catch (error) {
      // Who leaves off goes ahead of the file's last write.
      await writing.catch(() => undefined);
      await rm(aside, { force: true });
      throw error;
    }
  }

  dispose(): void {
    for (const door of this.#doors) door.dispose();
  }

  /** One byte more than is wanted tells whether there is more. */
  #preview({ source, bucket, key }: StoredAt, artifact: RunArtifact, bytes: number): string {
    return `/artifacts/get?${this.#query({ source, bucket, key, peek: String(bytes + 1) }, artifact)}`;
  }

  #query(more: Readonly<Record<string, string>>, { session }: RunArtifact): string {
    const own = session === "" || session.length > MOST_SESSION ? {} : { providerInfo: session };
    const place = this.#namespace === "" ? {} : { namespace: this.#namespace };
    return new URLSearchParams({ ...more, ...place, ...own }).toString();
  }

  /** No token goes along: the server asks for none, or for a name that is not ours to say. */
  async #ask<T>(path: string, read: (response: IncomingMessage) => Promise<T>, signal: AbortSignal): Promise<T> {
    const request = { method: "GET", path, headers: {}, isLong: true } as const;
    let missing: unknown;
    for (const door of this.#doors)
      try {
        return await door.ask(
          request,
          async (response) => {
            if (response.statusCode === 200) return read(response);
            const { bytes } = await readUpTo(response, MOST_SAID);
            throw refusal(response.statusCode ?? 0, bytes.toString("utf8"));
          },
          signal,
        );
      } catch (error) {
        const code = errorCode(error) ?? "";
        if (!["no-server", "no-ready-pod", "no-rights"].includes(code)) throw error;
        // One that is there and says no tells more than one that is not there.
        if (missing === undefined || errorCode(missing) === "no-server") missing = error;
      }
    throw missing;
  }
}

function placeOf({ uri }: RunArtifact): StoredAt {
  const at = storedAt(uri);
  if (at !== undefined) return at;
  const why = uri === "" ? "It has no place yet." : `${label(uri, 100)} is no object of a store.`;
  throw new UserError("no-place", WHAT, { why });
}

/** The server answers 500 to everything, in words of the store's client (2.0.5 to 2.17). */
function refusal(status: number, body: string): UserError {
  if (status === 404 || GONE.test(body))
    return new UserError("gone", WHAT, { why: "It is not in its store any more." });
  const said = label(body.replace(/<[^>]*>/g, " "), 300).replace(/\.$/, "");
  const why = said === "" ? `The server of Kubeflow’s pages answered with HTTP ${status}.` : `It says: ${said}.`;
  const isRefused = status === 401 || status === 403 || REFUSED.test(body);
  return new UserError(isRefused ? "no-rights" : "store", WHAT, { why });
}

const GONE = /NoSuchKey|NoSuchBucket|specified (key|bucket) does not exist|No such object|No objects found/i;
const REFUSED = /AccessDenied|Access Denied|InvalidAccessKeyId|SignatureDoesNotMatch/i;

async function writeAll(response: IncomingMessage, file: string, onBytes: (bytes: number) => void): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      await handle.appendFile(chunk);
      onBytes((size += chunk.length));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
