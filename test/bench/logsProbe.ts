// One process that follows a job into its file, with a terminal beside it. Its argument: a LogsOrder.
import process from "node:process";
import { systemClock } from "../../src/core/clock.ts";
import { isCancelled } from "../../src/core/errors.ts";
import { LogScreen } from "../../src/terminal/logScreen.ts";
import { Pacer } from "../../src/terminal/pacer.ts";
import { WORDS } from "../cluster/recorder.ts";
import { Cleanup, openRig } from "../cluster/support.ts";
import { PROBE_MARK } from "./listsResult.ts";
import type { LogsOrder, LogsResult } from "./logs.ts";

const TICK_MS = 10;
const ASK = "\u001b[5n";
const ANSWER = "\u001b[0n";

const order = JSON.parse(process.argv[2] ?? "{}") as LogsOrder;
const { kubeconfig, storage, target, ranks, lines, answerMs } = order;
const cleanup = new Cleanup();
const rig = await openRig(cleanup, kubeconfig, { storage });
await rig.engine.namespaces(rig.context);

let skipped = 0;
const write = (text: string): void => {
  if (answerMs === undefined) return;
  for (let at = text.indexOf(ASK); at >= 0; at = text.indexOf(ASK, at + 1))
    setTimeout(() => pacer.receive(ANSWER), answerMs);
};
const pacer = new Pacer(
  write,
  (dropped) => {
    skipped += dropped;
    return "";
  },
  systemClock,
);
const screen = new LogScreen(pacer);
screen.ranks = ranks;

globalThis.gc?.();
const rssBefore = process.memoryUsage.rss();
let rss = rssBefore;
let hostLagMs = 0;
let hostCpuMs = 0;
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let last = performance.now();
let lastCpu = cpuMs();
const timer = setInterval(() => {
  const now = performance.now();
  hostLagMs = Math.max(hostLagMs, now - last - TICK_MS);
  last = now;
  const cpu = cpuMs();
  hostCpuMs = Math.max(hostCpuMs, cpu - lastCpu);
  lastCpu = cpu;
  rss = Math.max(rss, process.memoryUsage.rss());
}, TICK_MS);

const begun = performance.now();
const stop = new AbortController();
const lastLine = `step ${lines} `;
let left = ranks;
const sink = {
  lines: (records: Parameters<LogScreen["lines"]>[0]) => {
    left -= records.filter(({ text }) => text.startsWith(lastLine)).length;
    screen.lines(records);
    if (left <= 0) stop.abort();
    return pacer.ready(stop.signal);
  },
  status: () => undefined,
  gap: () => undefined,
};
await rig.engine
  .follow(rig.context, target, sink, stop.signal, { ...WORDS, onLog: () => undefined })
  .catch((error: unknown) => {
    // The job goes on; its file is closed now.
    if (!isCancelled(error)) throw error;
  });
const ms = performance.now() - begun;
clearInterval(timer);
const result: LogsResult = {
  ms,
  hostLagMs,
  hostCpuMs,
  rssGrowthMB: (rss - rssBefore) / 1e6,
  skipped: skipped + pacer.dropped,
};
console.log(PROBE_MARK + JSON.stringify(result));
await cleanup.run();
process.exit(0);
