// Moves files between this computer and a volume, through a pod of our own that lives as long as that takes.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import type { Duplex } from "node:stream";
import type { Clock } from "../../core/clock.ts";
import { CancelledError, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError, isGone } from "../../kube/errors.ts";
import type { KubeObject, OwnerReference } from "../../kube/objects.ts";
import { POD } from "../../kubeflow/kinds/resources.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import { LAUNCH_ID_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from "../labels.ts";
import { MOVER_PORT, MOVER_PROGRAM, MOVER_ROOT, type MoverAnswer, type MoverRequest } from "./program.ts";

/** A stream to a port of a pod (kube/streams), injected: its bundle is loaded when it is needed. */
export type ConnectPod = (
  at: { readonly context: string; readonly namespace: string; readonly pod: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Duplex>;

export interface MoverSite {
  readonly client: KubeClient;
  readonly connect: ConnectPod;
  readonly clock: Clock;
  readonly context: string;
  readonly namespace: string;
  /** Of the pod. */
  readonly name: string;
  readonly image: string;
  readonly claim: string;
  readonly isReadOnly: boolean;
  readonly launch: string;
  readonly owner?: OwnerReference;
}

/** A pod that nobody came back to ends by itself, in seconds. */
const LIVES_S = 4 * 3600;
const POLL_MS = 500;
/** A pod that waits for so long says why in its events; the volume may be in use elsewhere. */
const READY_WITHIN_MS = 5 * 60_000;
const MAX_LINE = 10_000;

/**
 * Runs `work` with a pod that has the volume, and takes the pod away. `tell` hears what is waited for. Rejects with
 * UserError `mover`, the client's errors or CancelledError.
 */
export async function withMover<T>(
  site: MoverSite,
  tell: (text: string) => void,
  signal: AbortSignal,
  work: (open: (request: MoverRequest) => Promise<Opened>) => Promise<T>,
): Promise<T> {
  const { client, namespace, name } = site;
  const made = await makePod(site, signal);
  try {
    await ready(site, tell, signal);
    return await work((request) => open(site, request, signal));
  } finally {
    // Also where the person's own signal has ended it. What does not answer ends the pod by itself, later.
    await client
      .delete(POD, name, namespace, made.metadata.uid ?? "", AbortSignal.timeout(10_000))
      .catch((error: unknown) => {
        if (!isGone(error)) tell(`the pod ${name} could not be removed; it ends by itself`);
      });
  }
}

interface Opened {
  readonly stream: Duplex;
  /** Reads the program's line. What comes behind it stays in the stream. */
  readonly answer: () => Promise<MoverAnswer>;
}

/** Sends a file to the volume, where it has this hash then. Rejects with UserError `mover`. */
export async function putFile(
  open: (request: MoverRequest) => Promise<Opened>,
  file: { readonly file: string; readonly bytes: number; readonly sha256: string },
  name: string,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { bytes, sha256 } = file;
  const { stream, answer } = await open({ op: "put", name, bytes, sha256 });
  // It may answer before all is sent, as where its disk is full; then nobody takes the rest.
  const answered = answer();
  const ended = new AbortController();
  const sending = (async () => {
    let sent = 0;
    for await (const chunk of createReadStream(file.file, { signal: ended.signal }) as AsyncIterable<Buffer>) {
      if (stream.writableEnded || stream.destroyed) break;
      if (!stream.write(chunk)) await once(stream, "drain", { signal: ended.signal });
      onSent((sent += chunk.length));
    }
    return answered;
  })();
  sending.catch(() => undefined); // The race tells of it, or what was answered before.
  const failed = new Promise<never>((_, reject) => {
    stream.once("error", reject);
    signal.addEventListener("abort", () => reject(new CancelledError()), { once: true });
  });
  failed.catch(() => undefined);
  const said = await Promise.race([answered, sending, failed]).finally(() => {
    ended.abort();
    stream.destroy();
  });
  if (!said.ok) throw refused(said);
}

export function refused({ why = "it gave no reason" }: MoverAnswer): UserError {
  return new UserError("mover", "The files were not moved.", { why: label(why, 300) });
}

async function makePod(site: MoverSite, signal: AbortSignal): Promise<KubeObject> {
  const { client, namespace, name } = site;
  const pod = podOf(site);
  try {
    return await client.create<KubeObject>(POD, pod, { signal });
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    // Of an attempt that was cut off.
    const left = await client.find<KubeObject>(POD, name, namespace, signal);
    if (left?.metadata.labels?.[LAUNCH_ID_LABEL] !== site.launch) throw error;
    await client.delete(POD, name, namespace, left.metadata.uid ?? "", signal).catch((gone: unknown) => {
      if (!isGone(gone)) throw gone;
    });
    while ((await client.find<KubeObject>(POD, name, namespace, signal)) !== undefined)
      await site.clock.sleep(POLL_MS, signal);
    return client.create<KubeObject>(POD, pod, { signal });
  }
}

function podOf(site: MoverSite): KubeObject {
  const { namespace, name, image, claim, isReadOnly, launch, owner } = site;
  const amounts = { cpu: "100m", memory: "256Mi" };
  const container = {
    ...{ name: "mover", image, command: ["python3", "-u", "-c", MOVER_PROGRAM, MOVER_ROOT, String(MOVER_PORT)] },
    resources: { requests: amounts, limits: amounts },
    volumeMounts: [{ name: "volume", mountPath: MOVER_ROOT, readOnly: isReadOnly }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const spec = {
    ...{ restartPolicy: "Never", activeDeadlineSeconds: LIVES_S, terminationGracePeriodSeconds: 1 },
    ...{ automountServiceAccountToken: false, enableServiceLinks: false },
    containers: [container],
    volumes: [{ name: "volume", persistentVolumeClaim: { claimName: claim, readOnly: isReadOnly } }],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: {
        [LAUNCH_ID_LABEL]: launch,
        [MANAGED_BY_LABEL]: MANAGED_BY,
        "sidecar.istio.io/inject": "false",
      },
      ...(owner !== undefined && { ownerReferences: [owner] }),
    },
    ...{ spec },
  };
}

/** Waits until the pod runs. What it waits for is told as the cluster says it. */
async function ready(site: MoverSite, tell: (text: string) => void, signal: AbortSignal): Promise<void> {
  const { client, namespace, name, clock } = site;
  const until = clock.monotonic() + READY_WITHIN_MS;
  for (let said = ""; ;) {
    const pod = await client.get<KubeObject>(POD, name, namespace, signal);
    const status = record(record(pod)["status"]);
    const phase = text(status["phase"]) ?? "Pending";
    if (phase === "Running") return;
    const waiting = record(record(list(status["containerStatuses"])[0]?.["state"])["waiting"]);
    const unscheduled = list(status["conditions"]).find(
      (each) => each["type"] === "PodScheduled" && each["status"] === "False",
    );
    const why = label(text(waiting["message"]) ?? text(waiting["reason"]) ?? text(unscheduled?.["message"]) ?? "", 200);
    if (phase !== "Pending" || clock.monotonic() > until)
      throw new UserError("mover", "The files were not moved.", {
        why: `The pod that has the volume ${phase === "Pending" ? "did not start" : "has ended"}${why === "" ? "" : `: ${why}`}.`,
        hint: "A volume that one node alone may use at a time waits for whoever uses it.",
      });
    if (why !== said && why !== "") tell((said = why));
    await clock.sleep(POLL_MS, signal);
  }
}

async function open(site: MoverSite, request: MoverRequest, signal: AbortSignal): Promise<Opened> {
  const { context, namespace, name, clock } = site;
  const stream = await listening(() => site.connect({ context, namespace, pod: name, port: MOVER_PORT }, signal), {
    clock,
    signal,
    request,
  });
  return stream;
}

/** The program listens a moment after its container runs: until then a forward ends at once. */
async function listening(
  connect: () => Promise<Duplex>,
  { clock, signal, request }: { readonly clock: Clock; readonly signal: AbortSignal; readonly request: MoverRequest },
): Promise<Opened> {
  for (let attempt = 1; ; attempt++) {
    const stream = await connect();
    // Heard by whoever reads it; one that breaks in between must not end the process.
    stream.on("error", () => undefined);
    const isOpen = await settled(stream, clock, signal);
    if (isOpen) {
      stream.write(`${JSON.stringify(request)}\n`);
      return { stream, answer: () => firstLine(stream) };
    }
    stream.destroy();
    if (attempt === 40) throw refused({ ok: false, why: "its pod does not listen" });
    await clock.sleep(POLL_MS, signal);
  }
}

/** A forward to a port that nobody listens at says so within moments. */
async function settled(stream: Duplex, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const ended = new Promise<boolean>((resolve) => {
    stream.once("close", () => resolve(false));
    stream.once("error", () => resolve(false));
  });
  return Promise.race([ended, clock.sleep(300, signal).then(() => !stream.destroyed)]);
}

async function firstLine(stream: Duplex): Promise<MoverAnswer> {
  let line = "";
  while (!line.includes("\n")) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) {
      const end = chunk.indexOf(10);
      line += (end < 0 ? chunk : chunk.subarray(0, end + 1)).toString("utf8");
      if (end >= 0 && end + 1 < chunk.length) stream.unshift(chunk.subarray(end + 1));
      if (line.length > MAX_LINE) throw refused({ ok: false, why: "its answer cannot be read" });
    } else if (stream.readableEnded || stream.destroyed)
      throw refused({ ok: false, why: "the connection ended early" });
    else
      await new Promise<void>((resolve) => {
        for (const event of ["readable", "end", "close"]) stream.once(event, () => resolve());
      });
  }
  try {
    return JSON.parse(line) as MoverAnswer;
  } catch (error) {
    throw refused({ ok: false, why: `its answer cannot be read (${String(error)})` });
  }
}
