// The third way for code to travel: a volume that belongs to the job, filled before the job may start.
import type { KubeClient } from "../../kube/client.ts";
import { ConnectError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { CLAIM } from "../../kubeflow/kinds/resources.ts";
import { bytes as bytesText } from "../../core/text.ts";
import { ensureChild } from "../cluster.ts";
import { ARCHIVE_NAME, ownedBy } from "../manifests/index.ts";
import type { Attempts } from "../retry.ts";
import type { LaunchKind } from "../spec.ts";
import { type MoverSite, putFile, withMover } from "./mover.ts";

const FILLED = "trainyard/filled";
const TRIES = 3;

export interface CodeVolume {
  readonly client: KubeClient;
  readonly root: { readonly kind: LaunchKind; readonly name: string; readonly uid: string };
  readonly claim: KubeObject;
  readonly archive: { readonly file: string; readonly bytes: number; readonly sha256: string };
  readonly site: Pick<MoverSite, "connect" | "context" | "image" | "launch">;
}

/**
 * Makes the claim and has it filled. Done again after any failure, it goes on where nothing is certain yet: what was
 * filled is marked on the claim. Rejects as ensureChild and withMover do.
 */
export async function ensureVolume(volume: CodeVolume, how: Attempts, tell: (text: string) => void): Promise<void> {
  const { client, root, claim, archive } = volume;
  const { name, namespace = "" } = claim.metadata;
  await ensureChild(client, CLAIM, claim, root, how);
  const found = await client.get<KubeObject>(CLAIM, name, namespace, how.signal);
  if (found.metadata.annotations?.[FILLED] === archive.sha256) return;
  for (let attempt = 1; ; attempt++) {
    try {
      await fill(volume, how, tell);
      break;
    } catch (error) {
      // The bytes are sent anew; what came half is no file there.
      if (!(error instanceof ConnectError) || attempt === TRIES) throw error;
      tell(`sending the code again: ${error.message}`);
    }
  }
  const patch = { metadata: { uid: found.metadata.uid, annotations: { [FILLED]: archive.sha256 } } };
  await client.patch(CLAIM, name, namespace, patch, { signal: how.signal });
}

async function fill(
  { client, root, claim, archive, site }: CodeVolume,
  how: Attempts,
  tell: (text: string) => void,
): Promise<void> {
  const { name, namespace = "" } = claim.metadata;
  const at: MoverSite = {
    ...{ ...site, client, namespace, name, clock: how.clock, claim: name, isReadOnly: false, owner: ownedBy(root) },
  };
  const total = bytesText(archive.bytes);
  let told = -1;
  const onSent = (sent: number): void => {
    const tenth = Math.floor((10 * sent) / archive.bytes);
    if (tenth > told) tell(`sending the code: ${10 * (told = tenth)} % of ${total}`);
  };
  const signal = how.signal ?? NEVER;
  await withMover(at, tell, signal, (open) => putFile(open, archive, ARCHIVE_NAME, onSent, signal));
}

const NEVER = new AbortController().signal;
