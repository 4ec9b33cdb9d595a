// 800,000 lines of sixteen pods into a file: with a terminal that draws them, with one that nobody looks at, and over a
// network that breaks; beside `kubectl logs`. Every line has a number: none may be missing, none may be there twice.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { run, say, step } from "../../scripts/steps.mjs";
import { systemClock } from "../../src/core/clock.ts";
import type { FollowTarget } from "../../src/jobs/follow.ts";
import { FaultProxy } from "../cluster/faultProxy.ts";
import { createRaw } from "../cluster/recorder.ts";
import { Cleanup, makeNamespace, openRig } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { benchSandbox, linkTo } from "./benchSandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { PROBE_MARK } from "./listsResult.ts";

const PODS = 16;
const LINES = 50_000;
/** With its line feed. */
const LINE_BYTES = 130;
const REPEATS = 3;
const NAME = "logs";
const SELECTOR = `training.kubeflow.org/job-name=${NAME}`;
const PROBE = path.join(import.meta.dirname, "logsProbe.ts");
const FAULTY_LINE = { roundTrip: 50, megabits: 1e4 };
/** Chance that all connections are reset within so many milliseconds: once in two seconds on average. */
const FAULT_CHANCE = 0.01;
const FAULT_EVERY_MS = 20;
const PRINTED_WITHIN_MS = 300_000;
const KUBECTL_WITHIN_MS = 120_000;

/** Lines of many seconds, as a log has: what comes again after a break is a second or two, not all of it. */
const SCRIPT = [
  "import time",
  `for i in range(1, ${LINES + 1}):`,
  `    print(f"step {i:05d} loss={1 / i:.6f} ".ljust(${LINE_BYTES - 1}, "."))`,
  "    if i % 1000 == 0: time.sleep(0.5)",
  "time.sleep(86400)",
].join("\n");

/** What the probe is told to do. */
export interface LogsOrder {
  readonly kubeconfig: string;
  /** A folder of its own. */
  readonly storage: string;
  readonly target: FollowTarget;
  readonly ranks: number;
  readonly lines: number;
  /** Milliseconds after which the terminal answers; without it nobody looks at it. */
  readonly answerMs?: number;
}

export interface LogsResult {
  /** From the call until every line is in the file, which is closed. */
  readonly ms: number;
  /** The longest that a timer of 10 ms came too late. */
  readonly hostLagMs: number;
  /** The most that the thread worked between two of these timers: what of the lag is ours on a machine with other work. */
  readonly hostCpuMs: number;
  readonly rssGrowthMB: number;
  /** Lines that the terminal was not given. */
  readonly skipped: number;
}

export async function benchLogs(onEnd: OnEnd): Promise<Measured> {
  const sandbox = await benchSandbox(onEnd, { name: "bench-jobs" });
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-logs-"));
  onEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  const cleanup = new Cleanup();
  onEnd(() => cleanup.run());
  const rig = await openRig(cleanup, sandbox.kubeconfig);
  const namespace = await makeNamespace(cleanup, rig.client, "bench-logs");
  const raw = { name: NAME, namespace, master: SCRIPT, workers: PODS - 1 };
  const target = await step(`${PODS} pods with ${LINES} lines each`, async () => {
    const made = await createRaw(rig, raw);
    await printed(sandbox, namespace);
    return made;
  });
  const { link } = await linkTo(sandbox, FAULTY_LINE, folder, onEnd);
  const proxy = await FaultProxy.start(link.address);
  onEnd(() => proxy.stop());
  const faulty = path.join(folder, "faulty.kubeconfig");
  const direct = fs.readFileSync(sandbox.kubeconfig, "utf8");
  fs.writeFileSync(faulty, direct.replaceAll(sandbox.address, proxy.address), { mode: 0o600 });

  const samples = new Samples();
  const add = (arm: string, ms: number, { lost, doubled }: Counted): number => {
    const perSecond = (PODS * LINES) / (ms / 1000);
    samples.add(arm, "lost", lost, "lines");
    samples.add(arm, "doubled", doubled, "lines");
    samples.add(arm, "fileLinesPerSecond", perSecond, "lines/s");
    return perSecond;
  };
  const ours = async (arm: string, more: Partial<LogsOrder>): Promise<number> => {
    const storage = path.join(folder, arm);
    const result = await probe({ kubeconfig: sandbox.kubeconfig, storage, target, ranks: PODS, lines: LINES, ...more });
    const rate = add(arm, result.ms, count(path.join(storage, "logs"), /^(\d+) │ step (\d+) /, 0));
    fs.rmSync(storage, { recursive: true });
    samples.add(arm, "hostLagMs", result.hostLagMs, "ms");
    samples.add(arm, "hostCpuMs", result.hostCpuMs, "ms");
    samples.add(arm, "rssGrowthMB", result.rssGrowthMB, "MB");
    samples.add(arm, "notInTerminal", result.skipped, "lines");
    say(
      `${arm}: ${(result.ms / 1000).toFixed(1)} s, held ${result.hostLagMs.toFixed(0)} ms, +${result.rssGrowthMB.toFixed(0)} MB`,
    );
    return rate;
  };
  await step("once, not counted", () => kubectl(sandbox, namespace, folder));
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    await step(`${repeat} of ${REPEATS}`, async () => {
      const rate = await ours("ours", { answerMs: 10 });
      const hidden = await ours("ours-hidden", {});
      const breaks = await withFaults(proxy, path.join(folder, "ours-faulty"), () =>
        ours("ours-faulty", { kubeconfig: faulty, answerMs: 10 }),
      );
      samples.add("ours-faulty", "breaks", breaks, "");
      const { ms, counted } = await kubectl(sandbox, namespace, folder);
      say(`kubectl: ${(ms / 1000).toFixed(1)} s`);
      const theirs = add("kubectl", ms, counted);
      samples.add("ours", "kubectlTimesOurs", theirs / rate, "×");
      samples.add("ours-hidden", "kubectlTimesOurs", theirs / hidden, "×");
    });
  }
  const always = ["ours", "ours-hidden", "ours-faulty"].flatMap((arm) => [
    ...["lost", "doubled"].map((figure) => ({ arm, figure, atMost: 0 })),
    ...["hostLagMs", "rssGrowthMB"].map((figure) => ({ arm, figure, atMost: 100 })),
  ]);
  const faster = ["ours", "ours-hidden"].map((arm) => ({ arm, figure: "kubectlTimesOurs", atMost: 1 }));
  return { arms: samples.arms, goals: [...faster, ...always], notes: NOTES };
}

const NOTES = [
  `One PyTorchJob of ${PODS} pods that have printed ${LINES} numbered lines of ${LINE_BYTES} bytes each and wait; every arm reads all of ` +
    "them from the first. lost and doubled are counted in the files. ours: a new process each time with its cluster open, " +
    "from the call until the closed file has every line, with the terminal's screen and pacer: it answers after 10 ms " +
    "(ours, ours-faulty) or never (ours-hidden). hostLagMs: how late a timer of 10 ms came at worst; hostCpuMs: the most that " +
    "the thread worked between two of them, which other work on the machine does not change. rssGrowthMB: the most " +
    "that the process held above what it held before.",
  `ours-faulty: 50 ms away, and every ${FAULT_EVERY_MS} ms all connections are reset with a chance of ${FAULT_CHANCE * 100} %.`,
  "kubectl: `kubectl logs -f -l … --prefix --tail=-1 --max-log-requests 16` into a file, from its start until all is in it.",
];

interface Counted {
  readonly lost: number;
  readonly doubled: number;
}

/** Counts what the files of a folder have of every rank and number. `first` is the lowest rank. */
function count(folder: string, line: RegExp, first: number): Counted {
  const seen = Array.from({ length: PODS }, () => new Uint16Array(LINES + 1));
  for (const name of fs.readdirSync(folder).filter((each) => each.endsWith(".log"))) {
    for (const text of fs.readFileSync(path.join(folder, name), "utf8").split("\n")) {
      const [, rank, number] = line.exec(text) ?? [];
      const ranks = seen[Number(rank) - first];
      if (ranks !== undefined) ranks[Number(number)] = (ranks[Number(number)] ?? 0) + 1;
    }
  }
  const times = seen.flatMap((ranks) => [...ranks.subarray(1)]);
  return {
    lost: times.filter((each) => each === 0).length,
    doubled: times.reduce((sum, each) => sum + Math.max(0, each - 1), 0),
  };
}

/** Waits until every pod has printed its last line. */
async function printed(sandbox: Sandbox, namespace: string): Promise<void> {
  const args = ["logs", `--selector=${SELECTOR}`, `--namespace=${namespace}`, "--tail=1", "--max-log-requests=16"];
  await until(
    "the last line of every pod",
    // Refused while one of them has not begun.
    () => sandbox.kubectl(args).catch(() => ""),
    (said) => said.split(`step ${LINES} `).length === PODS + 1,
    PRINTED_WITHIN_MS,
  );
}

async function probe(order: LogsOrder): Promise<LogsResult> {
  const said = await run(process.execPath, ["--expose-gc", PROBE, JSON.stringify(order)]);
  const line = said.split("\n").find((each) => each.startsWith(PROBE_MARK));
  if (line === undefined) throw new Error(`the probe said nothing: ${said}`);
  return JSON.parse(line.slice(PROBE_MARK.length)) as LogsResult;
}

/** @param storage once it is there, the cluster is open and faults begin
 * @returns how often connections were reset meanwhile */
async function withFaults(proxy: FaultProxy, storage: string, work: () => Promise<unknown>): Promise<number> {
  let breaks = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    // Timers come late here: this process carries all of it.
    const rounds = (performance.now() - last) / FAULT_EVERY_MS;
    last = performance.now();
    if (!fs.existsSync(storage) || Math.random() < (1 - FAULT_CHANCE) ** rounds) return;
    breaks++;
    proxy.cut();
  }, FAULT_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return breaks;
}

async function kubectl(
  sandbox: Sandbox,
  namespace: string,
  folder: string,
): Promise<{ readonly ms: number; readonly counted: Counted }> {
  const program = await kubernetesProgram();
  const own = fs.mkdtempSync(path.join(folder, "kubectl-"));
  const file = path.join(own, "all.log");
  const into = fs.openSync(file, "w");
  const pods = ["master-0", ...Array.from({ length: PODS - 1 }, (_, index) => `worker-${index}`)];
  const prefixes = pods.map((pod) => `[pod/${NAME}-${pod}/pytorch] `.length);
  const expected = prefixes.reduce((sum, length) => sum + LINES * (length + LINE_BYTES), 0);
  const args = ["kubectl", "logs", "-f", "-l", SELECTOR, "--prefix", "--tail=-1", "--max-log-requests", "16"];
  const begun = performance.now();
  const child = spawn(program, [...args, `--namespace=${namespace}`, `--kubeconfig=${sandbox.kubeconfig}`], {
    stdio: ["ignore", into, "ignore"],
    env: { ...process.env, HOME: folder },
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    while (fs.fstatSync(into).size < expected && performance.now() - begun < KUBECTL_WITHIN_MS)
      await systemClock.sleep(5);
    const ms = performance.now() - begun;
    child.kill();
    await ended;
    const text = fs.readFileSync(file, "utf8").replaceAll("master-0/", "worker--1/");
    fs.writeFileSync(file, text);
    return { ms, counted: count(own, /-worker-(-?\d+)\/pytorch\] step (\d+) /, -1) };
  } finally {
    fs.closeSync(into);
    fs.rmSync(own, { recursive: true });
  }
}
