// `npm run bench -- start | first-run | lists | updates | idle | scale | wizard | install | pack | logs | launch |
// pipelines | forward`: side-by-side benchmarks. Without an argument it lists them.
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { ROOT } from "../../scripts/build.ts";
import { Interrupted, listenForInterruption } from "../start/interruption.ts";
import { oneLine } from "../start/oneLine.ts";
import { Endings, type OnEnd } from "./ending.ts";
import type { Measured } from "./figures.ts";
import { benchFirstRun } from "./firstRun.ts";
import { benchForward } from "./forward.ts";
import { benchIdle } from "./idle.ts";
import { benchInstall } from "./install.ts";
import { benchLaunch } from "./launch.ts";
import { benchLists } from "./lists.ts";
import { benchLogs } from "./logs.ts";
import { describe, thisMachine, writeReport } from "./report.ts";
import { benchPack } from "./pack.ts";
import { benchPipelines } from "./pipelines.ts";
import { benchScale } from "./scale.ts";
import { benchStart } from "./start.ts";
import { benchUpdates } from "./updates.ts";
import { benchWizard } from "./wizard.ts";

interface Bench {
  readonly about: string;
  readonly measure: (onEnd: OnEnd, pods?: number) => Promise<Measured>;
}

const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ["start", { about: "what a window loads and how long that takes (about a minute)", measure: benchStart }],
  [
    "first-run",
    { about: "from an installed extension and a kubeconfig to the first log line (minutes)", measure: benchFirstRun },
  ],
  ["updates", { about: "how soon a change is known with 5,000 jobs open (minutes)", measure: benchUpdates }],
  ["idle", { about: "twelve watches while nothing happens (10 minutes)", measure: benchIdle }],
  ["lists", { about: "opening a namespace with 5,000 training jobs (minutes)", measure: benchLists }],
  ["scale", { about: "opening a cluster with 30,000 pods (10 minutes the first time, 6 GB)", measure: benchScale }],
  [
    "wizard",
    { about: "a change of its form, a large apply, and whether Terraform agrees (minutes)", measure: benchWizard },
  ],
  [
    "install",
    { about: "the whole of Kubeflow on an empty cluster (three quarters of an hour)", measure: benchInstall },
  ],
  ["launch", { about: "from a script to its first line, as a TrainJob (minutes)", measure: benchLaunch }],
  ["forward", { about: "a notebook through our forward, beside kubectl's (minutes)", measure: benchForward }],
  ["logs", { about: "800,000 lines of sixteen pods into a file (minutes)", measure: benchLogs }],
  [
    "pipelines",
    {
      about: "the first of 10,000 runs, a large graph, from a saved pipeline to its run (minutes)",
      measure: benchPipelines,
    },
  ],
  ["pack", { about: "a project of 20,000 files, ready for sending (a minute)", measure: benchPack }],
]);
const OUT = path.join(ROOT, "out", "bench");

async function main(): Promise<number> {
  const { values, positionals: names } = parseArgs({ options: { pods: { type: "string" } }, allowPositionals: true });
  if (names.length === 0) {
    console.log("usage: npm run bench -- NAME… [--pods N]\n");
    for (const [name, { about }] of BENCHES) console.log(`  ${name.padEnd(12)}${about}`);
    console.log("\n  --pods N    for a trial: scale with so many pods, forward with so many reconnects");
    return 0;
  }
  const pods = values.pods === undefined ? undefined : Number(values.pods);
  if (pods !== undefined && !(Number.isInteger(pods) && pods >= 100)) {
    console.error("--pods: a whole number, 100 at least.");
    return 2;
  }
  const unknown = names.find((name) => !BENCHES.has(name));
  if (unknown !== undefined) {
    console.error(`There is no benchmark «${unknown}». There are: ${[...BENCHES.keys()].join(", ")}.`);
    return 2;
  }
  const interruption = listenForInterruption();
  for (const name of names) {
    const bench = BENCHES.get(name);
    if (bench !== undefined) await runBench(name, bench, pods, interruption);
  }
  return 0;
}

async function runBench(
  name: string,
  { measure }: Bench,
  pods: number | undefined,
  interruption: Promise<never>,
): Promise<void> {
  const endings = new Endings();
  const machine = thisMachine();
  let measured: Measured;
  try {
    const measuring = measure(endings.add, pods);
    measuring.catch(() => undefined); // After an interruption nobody waits for it any more.
    measured = await Promise.race([measuring, interruption]);
  } finally {
    await endings.run();
  }
  const file = writeReport(OUT, name, machine, measured);
  console.log(`\n${describe(name, machine, measured).join("\n")}\n${path.relative(ROOT, file)}`);
}

let code: number;
try {
  code = await main();
} catch (error) {
  console.error(oneLine(error));
  code = error instanceof Interrupted ? 130 : 1;
}
// What an interruption has cut off in the background must not hold the command.
process.exit(code);
