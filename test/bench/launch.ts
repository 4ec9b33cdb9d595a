// From a script to the first line that it prints on the cluster, as a TrainJob: by the extension's engine, by kubectl with
// the same objects, and by the Kubeflow SDK from PyPI.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ROOT } from "../../scripts/build.ts";
import { run, say, step } from "../../scripts/steps.mjs";
import { isCancelled } from "../../src/core/errors.ts";
import { buildManifests } from "../../src/jobs/manifests/index.ts";
import { podLabel } from "../../src/kubeflow/labels.ts";
import { WORDS } from "../cluster/recorder.ts";
import { choice, Cleanup, launchFile, makeNamespace, openRig, type Rig, VERSION } from "../cluster/support.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { benchSandbox } from "./benchSandbox.ts";
import { showsLine } from "./byHand.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";

const REPEATS = 7;
const LINE = "the first line";
const SCRIPT = `print("${LINE}", flush=True)\n`;
const RUNTIME = "torch-distributed";
const SDK = "kubeflow==0.5.0";
/** Image of the runtime. */
const CHOICE = { kind: "TrainJob", image: "" } as const;
const WAIT_LIMIT_MS = 120_000;

/** As its documentation has it; a pod that has not begun has no log yet. */
const SDK_SCRIPT = `
import sys, time
from kubeflow.common.types import KubernetesBackendConfig
from kubeflow.trainer import CustomTrainer, TrainerClient

def train():
    print("${LINE}", flush=True)

begun = time.monotonic()
client = TrainerClient(backend_config=KubernetesBackendConfig(config_file=sys.argv[1], namespace=sys.argv[2]))
name = client.train(runtime="${RUNTIME}", trainer=CustomTrainer(func=train))
while time.monotonic() - begun < ${WAIT_LIMIT_MS / 1000}:
    try:
        for line in client.get_job_logs(name, follow=True):
            if "${LINE}" in line:
                print((time.monotonic() - begun) * 1000)
                sys.exit(0)
    except RuntimeError:
        pass
sys.exit("no line")
`;

export async function benchLaunch(onEnd: OnEnd): Promise<Measured> {
  const sandbox = await benchSandbox(onEnd, { name: "bench-jobs" });
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-launch-"));
  onEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  const cleanup = new Cleanup();
  onEnd(() => cleanup.run());
  const rig = await openRig(cleanup, sandbox.kubeconfig);
  await rig.engine.namespaces(rig.context);
  const namespace = await makeNamespace(cleanup, rig.client, "bench-launch");
  const file = writeFile(folder, "small/train.py", SCRIPT);
  // Text that hardly shrinks, of a module that is sent and never read.
  writeFile(folder, "large/data.py", `DATA = "${randomBytes(750_000).toString("base64")}"\n`);
  const large = writeFile(folder, "large/train.py", `${SCRIPT}if False:\n    import data\n`);
  const python = await step("the Kubeflow SDK", () => ensureSdk());
  const sdkScript = writeFile(folder, "sdk.py", SDK_SCRIPT);
  const arms: readonly (readonly [string, () => Promise<number>])[] = [
    ["ours", () => ours(rig, file, namespace)],
    ["kubectl", () => kubectl(rig, sandbox, file, namespace, folder)],
    ["sdk", async () => Number(await run(python, [sdkScript, sandbox.kubeconfig, namespace]))],
  ];
  const tidyUp = (): Promise<void> => removeJobs(sandbox, namespace);
  const samples = new Samples();
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    await step(repeat === 0 ? "once, not counted" : `${repeat} of ${REPEATS}`, async () => {
      const took = new Map<string, number>();
      for (const [arm, work] of arms) {
        took.set(arm, await work());
        await tidyUp();
      }
      const created = await createdMs(rig, large, namespace);
      await tidyUp();
      const steps = Object.entries(created).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
      say([...[...took].map(([arm, ms]) => `${arm} ${ms.toFixed(0)} ms`), ...steps].join(", "));
      if (repeat === 0) return;
      for (const [arm, ms] of took) samples.add(arm, "firstLineMs", ms, "ms");
      const [own = NaN, theirs = NaN, sdk = NaN] = arms.map(([arm]) => took.get(arm));
      samples.add("ours", "overKubectlMs", own - theirs, "ms");
      samples.add("ours", "overSdkMs", own - sdk, "ms");
      for (const [name, ms] of Object.entries(created)) samples.add("ours", name, ms, "ms");
    });
  }
  return {
    arms: samples.arms,
    goals: [
      { arm: "ours", figure: "overKubectlMs", atMost: 300 },
      { arm: "ours", figure: "overSdkMs", atMost: 0 },
      { arm: "ours", figure: "createdMs", atMost: 300 },
    ],
    notes: NOTES,
  };
}

const NOTES = [
  "A script that prints one line, as a TrainJob of one node after the runtime torch-distributed, with its image, which is " +
    "there. ours: the engine with its cluster open, from the file to the first line: plan, preflight, launch, follow.",
  "kubectl: ours' TrainJob and ConfigMap, not suspended: `kubectl create -f`, `get pods` until there is one, `logs -f` until it " +
    `answers, at once after each other. sdk: ${SDK}, TrainerClient().train() and get_job_logs(follow=True), again until it has the ` +
    "line, without the time to start Python and to import it.",
  "createdMs: a project of 1 MB, from launch() until the job may run; rootMs, codeMs and goMs are its steps, after the " +
    "journal. overKubectlMs, overSdkMs: ours less theirs, of the same turn.",
];

function writeFile(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

/** @returns its Python */
async function ensureSdk(): Promise<string> {
  const venv = path.join(ROOT, "out", "bench", "kubeflow-sdk");
  const python = path.join(venv, "bin", "python");
  if (!fs.existsSync(python)) await run("python3", ["-m", "venv", venv]);
  await run(python, ["-m", "pip", "install", "--quiet", SDK]);
  return python;
}

async function ours(rig: Rig, file: string, namespace: string): Promise<number> {
  const begun = performance.now();
  const { job } = await launchFile(rig, file, namespace, CHOICE);
  const stop = new AbortController();
  let ms = NaN;
  const sink = {
    lines: (records: readonly { readonly text: string }[]) => {
      if (!records.some(({ text }) => text.includes(LINE))) return;
      ms = performance.now() - begun;
      stop.abort();
    },
    status: () => undefined,
    gap: () => undefined,
  };
  const words = { ...WORDS, onLog: () => undefined };
  await rig.engine.follow(rig.context, job, sink, stop.signal, words).catch((error: unknown) => {
    if (!isCancelled(error)) throw error;
  });
  return ms;
}

async function createdMs(rig: Rig, file: string, namespace: string): Promise<Readonly<Record<string, number>>> {
  const { launcher } = rig.engine.jobs;
  const { spec, snapshot } = await rig.engine.jobs.plan(file, choice(rig, namespace, CHOICE), rig.client);
  if (snapshot.tier !== "archive") throw new Error(`the large project travels as ${snapshot.tier}`);
  const at: number[] = [];
  const begun = performance.now();
  await launcher.launch(spec, snapshot, rig.client, undefined, () => at.push(performance.now()));
  const [journal = NaN, root = NaN, code = NaN, go = NaN] = at;
  return { createdMs: go - begun, rootMs: root - journal, codeMs: code - root, goMs: go - code };
}

async function kubectl(rig: Rig, sandbox: Sandbox, file: string, namespace: string, home: string): Promise<number> {
  const { spec, snapshot } = await rig.engine.jobs.plan(file, choice(rig, namespace, CHOICE), rig.client);
  const { job, code } = await buildManifests(spec, snapshot, VERSION);
  const items = [...code, { ...job, spec: { ...job.spec, suspend: false } }];
  const manifest = writeFile(home, "job.json", JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const program = await kubernetesProgram();
  const at = [`--namespace=${namespace}`, `--kubeconfig=${sandbox.kubeconfig}`];
  const own = (...args: readonly string[]): Promise<string> =>
    run(program, ["kubectl", ...args, ...at], { env: { HOME: home } });
  const begun = performance.now();
  const isLate = (): boolean => performance.now() - begun > WAIT_LIMIT_MS;
  await own("create", "-f", manifest);
  let pod = "";
  while (pod === "" && !isLate())
    pod = (await own("get", "pods", "-l", `${podLabel("TrainJob")}=${spec.name}`, "-o", "name")).trim();
  while (!isLate())
    if (await showsLine(program, ["kubectl", "logs", "-f", pod, ...at], new RegExp(LINE)))
      return performance.now() - begun;
  throw new Error(`${spec.name} printed nothing in ${WAIT_LIMIT_MS} ms`);
}

/** And waits for their pods to go: no arm shall share the machine with one before. */
async function removeJobs(sandbox: Sandbox, namespace: string): Promise<void> {
  await sandbox.kubectl(["delete", "trainjobs", "--all", `--namespace=${namespace}`, "--cascade=foreground"]);
  await sandbox.kubectl(["delete", "configmaps", "--selector=trainyard/launch-id", `--namespace=${namespace}`]);
}
