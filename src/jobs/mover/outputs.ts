// Takes a job's results home, whether its pods are still there or not.
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { bytes as bytesText, plural } from "../../core/text.ts";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { kindOf, kindOrDefault } from "../../kubeflow/jobKinds.ts";
import { CLAIM } from "../../kubeflow/kinds/resources.ts";
import { record, text } from "../../kubeflow/read.ts";
import type { JobIdentity } from "../jobObjects.ts";
import { OUTPUT_ANNOTATION } from "../labels.ts";
import { readOutput } from "../spec.ts";
import { type MoverSite, refused, withMover } from "./mover.ts";
import { moverRoom } from "./program.ts";
import { untar, type Taken } from "./untar.ts";

/** Where a job says that its results are; undefined where it says nothing, or has gone. */
export async function outputOf(
  client: KubeClient,
  { kind, namespace, name }: JobIdentity,
  signal: AbortSignal,
): Promise<ReturnType<typeof readOutput>> {
  const { resource } = kindOf(kindOrDefault(kind));
  const job = await client.find<KubeObject>(resource, name, namespace, signal);
  return readOutput(job?.metadata.annotations?.[OUTPUT_ANNOTATION] ?? "");
}

/** Volume claims of a namespace by name; none where they may not be listed. */
export async function listClaims(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly { readonly name: string; readonly words: string }[]> {
  try {
    const { items } = await client.list<KubeObject>(CLAIM, { namespace, limit: 500, signal });
    return items.map((object) => ({ name: object.metadata.name, words: claimWords(object) }));
  } catch (error) {
    if (isApiError(error) && error.status === 403) return [];
    throw error;
  }
}

/** `10Gi, one node at a time` */
export function claimWords(object: KubeObject): string {
  const { spec, status } = record(object);
  const modes = record(spec)["accessModes"];
  const isShared = Array.isArray(modes) && modes.includes("ReadWriteMany");
  const size = text(record(record(status)["capacity"])["storage"]);
  return label([size ?? "not bound yet", isShared ? "many nodes at a time" : "one node at a time"].join(", "), 100);
}

export function noPlace(name: string): UserError {
  return new UserError("no-output-place", `${name} has no place for results.`, {
    why: "None was named when it was launched, so what it wrote went with its pods.",
    hint: "Choose one in Change…, Results, before the next run.",
  });
}

export function elsewhere(name: string, uri: string): UserError {
  return new UserError("output-elsewhere", `The results of ${name} are in ${label(uri, 200)}.`, {
    hint: "That is outside of the cluster: take them with the storage’s own program.",
  });
}

const MAX_FILES = 100_000;

/**
 * Copies the folder of a volume into the new folder `into`, which appears whole or not at all; files that are written
 * meanwhile are named. Rejects with UserError
 * `mover`, `archive`, `exists` or `no-outputs`, the client's errors, or CancelledError.
 */
export async function downloadFolder(
  site: MoverSite,
  folder: string,
  into: string,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<Taken> {
  const aside = path.join(path.dirname(into), `.${path.basename(into)}.part`);
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  try {
    const taken = await withMover(site, tell, signal, async (open) => {
      const { stream, answer } = await open({ op: "get", folder });
      const said = await answer();
      if (!said.ok) throw refused(said);
      const { files = 0, bytes = 0 } = said;
      if (files === 0)
        throw new UserError("no-outputs", "There is nothing to download.", {
          why: "The script has written nothing to its OUTPUT_DIR.",
        });
      const limits = { files: Math.min(files, MAX_FILES), bytes: bytes + moverRoom(bytes) };
      let told = -1;
      return untar(stream as AsyncIterable<Buffer>, aside, limits, (done) => {
        const percent = Math.min(100, Math.floor((100 * done) / Math.max(1, bytes)));
        if (percent > told) tell(`${(told = percent)} % of ${plural(files, "file")}, ${bytesText(bytes)}`);
      }).finally(() => stream.destroy());
    });
    await rename(aside, into);
    return taken;
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
}
