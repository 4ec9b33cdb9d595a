import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { CancelledError } from "../../core/errors.ts";
import { label, plainLine } from "../../core/sanitize.ts";
import { duration } from "../../core/text.ts";
import { FIELD_MANAGER, type KubeClient, objectPath } from "../../kube/client.ts";
import { deleteObject } from "../../kube/anyObject.ts";
import { isApiError } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { POD, projectPod } from "../../kubeflow/kinds/pod.ts";
import { disruptionWords, failureOf, waitingText } from "../../kubeflow/podWords.ts";
import { readWhole } from "../../kube/body.ts";
import { gpuState } from "./afterCreate.ts";

/** A small image that knows where drivers are mounted; an old one, which every driver serves. nvidia/cuda on nvcr.io, 2024-04. */
export const GPU_TEST_IMAGE = "nvcr.io/nvidia/cuda:12.4.1-base-ubuntu22.04";

export interface GpuTestOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  /** The pool brings a node by itself when a pod waits (GKE); else the test is refused while there is none. */
  readonly scales: boolean;
  /** Milliseconds until it is given up; 15 minutes where left out, which is enough for a node and its driver. */
  readonly timeoutMs?: number;
  /** What it waits for, when that changes. */
  readonly onDetail: (detail: string) => void;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly image?: string;
  readonly command?: readonly string[];
}

export interface GpuTestResult {
  readonly state: "done" | "failed" | "skipped";
  readonly detail: string;
  /** What nvidia-smi wrote, in plain lines; at most 200. */
  readonly log: readonly string[];
}

const POLL_MS = 2_000;
const TIMEOUT_MS = 15 * 60_000;
const MAX_LINES = 200;

/**
 * Runs `nvidia-smi` in a pod with one GPU, and deletes the pod whatever comes of it. Rejects with ApiError, ConnectError
 * or CancelledError; a GPU that does not come is a result in words.
 */
export async function runGpuTest(options: GpuTestOptions): Promise<GpuTestResult> {
  const { client, namespace, scales, signal } = options;
  const { gpus } = await gpuState(client, signal);
  if (gpus === 0 && !scales)
    return { state: "skipped", detail: "No node has a GPU. Start one in the GPU pool, then test again.", log: [] };
  const made = await client.create<KubeObject>(POD, testPod(options), { signal });
  const uid = made.metadata.uid ?? "";
  try {
    return await watch(options, made.metadata.name);
  } finally {
    // Not with the caller's signal: a pod that was made goes, also after a cancel.
    await deleteObject(client, { resource: POD, namespace, name: made.metadata.name, uid });
  }
}

async function watch(options: GpuTestOptions, name: string): Promise<GpuTestResult> {
  const { client, clock, namespace, onDetail, signal, timeoutMs = TIMEOUT_MS } = options;
  const start = clock.monotonic();
  let said = "";
  for (;;) {
    const object = await client.get<KubeObject>(POD, name, namespace, signal);
    const { phase, words } = stateOf(object);
    if (phase === "Succeeded" || phase === "Failed") {
      const log = await logOf(options, name);
      if (phase === "Succeeded") return { state: "done", detail: gpuLine(log), log };
      return { state: "failed", detail: `nvidia-smi failed: ${words}`, log };
    }
    if (words !== said) onDetail((said = words));
    if (clock.monotonic() - start > timeoutMs)
      return { state: "failed", detail: `It did not run within ${duration(timeoutMs)}: ${words}`, log: [] };
    await clock.sleep(POLL_MS, signal);
    if (signal.aborted) throw new CancelledError();
  }
}

function testPod(options: GpuTestOptions): KubeObject {
  const { namespace, image = GPU_TEST_IMAGE, command = ["nvidia-smi"], timeoutMs = TIMEOUT_MS } = options;
  const container = {
    name: "gpu-test",
    image,
    command,
    resources: { limits: { "nvidia.com/gpu": 1 } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const spec = {
    restartPolicy: "Never",
    // Where nobody is left to delete it, its node is let go at least.
    activeDeadlineSeconds: Math.ceil(timeoutMs / 1000),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
    containers: [container],
  };
  const name = `trainyard-gpu-test-${randomBytes(3).toString("hex")}`;
  const metadata = { name, namespace, labels: { "app.kubernetes.io/managed-by": FIELD_MANAGER } };
  return { apiVersion: "v1", kind: "Pod", metadata, ...{ spec } };
}

/** Phase, and what the pod waits for or died of. */
function stateOf(object: KubeObject): { readonly phase: string; readonly words: string } {
  const pod = projectPod(object);
  const { phase, unschedulable, node, containers } = pod;
  if (phase === "Failed") return { phase, words: `${disruptionWords(pod) ?? failureOf(pod)}.` };
  if (unschedulable !== undefined) return { phase, words: `no node takes the pod yet: ${label(unschedulable, 200)}` };
  const waiting = containers.find(({ state }) => state === "waiting");
  const where = node === undefined ? "" : ` on ${label(node, 63)}`;
  if (waiting === undefined) return { phase, words: `the pod is ${label(phase, 20).toLowerCase()}${where}.` };
  return { phase, words: `starting${where}: ${waitingText(waiting)}.` };
}

async function logOf({ client, clock, namespace, signal }: GpuTestOptions, name: string): Promise<readonly string[]> {
  try {
    const path = `${objectPath(POD, name, namespace)}/log`;
    const query = { tailLines: MAX_LINES, limitBytes: 100_000 };
    const response = await client.stream({ method: "GET", path, query, accept: "*/*", signal });
    const text = await readWhole(response, { signal, clock, silenceMs: () => 30_000 }, 200_000);
    return text.trimEnd().split("\n").slice(-MAX_LINES).map(plainLine);
  } catch (error) {
    // The node may be gone with its log: what the pod says of itself is told all the same.
    if (!isApiError(error)) throw error;
    return [];
  }
}

/** `NVIDIA L4, driver 550.90.07`, by the table that nvidia-smi draws. */
function gpuLine(log: readonly string[]): string {
  const driver = log.map((line) => /Driver Version: ([\d.]+)/.exec(line)?.[1]).find((found) => found !== undefined);
  const gpu = log.map((line) => /^\|\s+\d+\s+(\S.*?\S)\s{2,}/.exec(line)?.[1]).find((found) => found !== undefined);
  const words = [gpu, driver === undefined ? undefined : `driver ${driver}`].filter((part) => part !== undefined);
  return words.length === 0 ? "nvidia-smi ran in a pod." : `nvidia-smi ran in a pod: ${words.join(", ")}.`;
}
