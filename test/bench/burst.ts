// 10,000 events a second for ten seconds, recorded from the real server and replayed into an open watch: the real one does
// about 600 writes a second.
import path from "node:path";
import process from "node:process";
import { run } from "../../scripts/steps.mjs";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { type TestResponse, testServer } from "../../src/kube/testing/testServers.ts";
import { parseJson, watchEvents } from "../../src/kube/watchEvents.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { readBody } from "../../src/kube/body.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { OnEnd } from "./ending.ts";
import { PROBE_MARK } from "./listsResult.ts";
import { ensureNamespace, setState, smallJob } from "./manyJobs.ts";

export const BURST_NAMESPACE = "burst";
/** Stands in the last event in place of a time. */
export const LAST_EVENT = -1;
const JOBS = 50;
const EVENTS_A_SECOND = 10_000;
const SECONDS = 10;
const TICK_MS = 5;
const PROBE = path.join(import.meta.dirname, "burstProbe.ts");

export interface BurstResult {
  /** How old what is shown is, at 99 of 100 moments. */
  readonly lagMs: number;
  /** The most that the heap held during the burst, garbage and all, above what it held before. */
  readonly heapMB: number;
  /** Processor time of the process for all of it, in seconds. */
  readonly cpuS: number;
}

export interface Recording {
  /** Objects with a state each, as the watch sent them. */
  readonly events: readonly KubeObject[];
  /** Average of one event. */
  readonly bytes: number;
}

/** Wall time that processes of this machine agree on, in ms with fractions. */
export const wallMs = (): number => performance.timeOrigin + performance.now();

/** What the real server sends while the states of fifty small jobs change. */
export async function record(client: KubeClient): Promise<Recording> {
  await ensureNamespace(client, BURST_NAMESPACE);
  const { items, metadata } = await client.list(PYTORCH_JOB, { namespace: BURST_NAMESPACE });
  const there = new Set(items.map((item) => item.metadata.name));
  for (let index = 0; index < JOBS; index++) {
    const job = smallJob(BURST_NAMESPACE, index);
    if (!there.has(job.metadata.name)) await client.create<KubeObject>(PYTORCH_JOB, job);
  }
  const abort = new AbortController();
  const { signal } = abort;
  const query = { watch: 1, resourceVersion: metadata.resourceVersion };
  const watch = await client.stream({
    ...{ method: "GET", path: `/apis/kubeflow.org/v1/namespaces/${BURST_NAMESPACE}/pytorchjobs`, query, signal },
  });
  const events: KubeObject[] = [];
  const writing = (async () => {
    for (const state of ["Running", "Restarting", "Running", "Succeeded"])
      for (let index = 0; index < JOBS; index++) await setState(client, BURST_NAMESPACE, index, state);
  })();
  for await (const batch of watchEvents(
    readBody(watch, { signal: new AbortController().signal, clock: systemClock }),
  )) {
    for (const event of batch) if (event.type === "MODIFIED") events.push(event.object);
    if (events.length >= 3 * JOBS) break;
  }
  await writing;
  abort.abort();
  const bytes = events.reduce((sum, object) => sum + JSON.stringify(object).length, 0) / events.length;
  return { events, bytes };
}

/** Replays it to a process of its own with a store open. */
export async function burst({ events }: Recording, onEnd: OnEnd): Promise<BurstResult> {
  const server = await testServer((request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    if (request.url?.includes("sendInitialEvents") !== true) return;
    const first = new Map(events.map((object) => [object.metadata.uid, object]));
    for (const object of first.values()) response.write(line("ADDED", object, 1, 0));
    const bookmark = { resourceVersion: "1", annotations: { "k8s.io/initial-events-end": "true" } };
    response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: bookmark } })}\n`);
    replay(events, response);
  });
  onEnd(() => server.close());
  const said = await run(process.execPath, ["--expose-gc", PROBE, server.url]);
  await server.close();
  const result = said.split("\n").find((each) => each.startsWith(PROBE_MARK));
  if (result === undefined) throw new Error(`the probe said nothing: ${said}`);
  return JSON.parse(result.slice(PROBE_MARK.length)) as BurstResult;
}

function replay(events: readonly KubeObject[], response: TestResponse): void {
  const patterns = events.map((object) => pattern(object));
  const begun = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min((performance.now() - begun) * (EVENTS_A_SECOND / 1000), EVENTS_A_SECOND * SECONDS);
    let text = "";
    for (; sent < due; sent++) text += patterns[sent % patterns.length]?.(sent + 2, wallMs()) ?? "";
    if (text !== "") response.write(text);
    if (sent < EVENTS_A_SECOND * SECONDS) return;
    clearInterval(timer);
    response.write(patterns[0]?.(sent + 2, LAST_EVENT) ?? "");
  }, TICK_MS);
}

/** An event as it was recorded, but for its version, and the time when it is sent in place of the condition's message. */
function pattern(object: KubeObject): (version: number, at: number) => string {
  const [a = "", b = "", c = ""] = line("MODIFIED", object, 424_242_424_242, 525_252_525_252).split(
    /424242424242|525252525252/,
  );
  const isVersionFirst = line("MODIFIED", object, 424_242_424_242, 1).split("424242424242")[0] === a;
  return (version, at) => (isVersionFirst ? `${a}${version}${b}${at}${c}` : `${a}${at}${b}${version}${c}`);
}

function line(type: string, object: KubeObject, version: number, at: number): string {
  const copy = parseJson(JSON.stringify(object)) as {
    metadata: { resourceVersion: string };
    status?: { conditions?: { message: string }[] };
  };
  copy.metadata.resourceVersion = String(version);
  const condition = copy.status?.conditions?.at(-1);
  if (condition !== undefined) condition.message = String(at);
  return `${JSON.stringify({ type, object: copy })}\n`;
}
