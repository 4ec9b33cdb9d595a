// A notebook through our forward, raw and with the proxy that guards it, beside `kubectl port-forward`: how much, how
// soon, whether it comes back, and how long a kernel takes.
import { spawn } from "node:child_process";
import fs from "node:fs";
import { once } from "node:events";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { KernelManager, ServerConnection } from "@jupyterlab/services";
import { run, say, step } from "../../scripts/steps.mjs";
import { SECRET_HEADER } from "../../src/kube/httpForward/gate.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { connectPod, HttpForward } from "../../src/kube/streams/index.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { POD } from "../../src/kubeflow/kinds/resources.ts";
import { record } from "../../src/kubeflow/read.ts";
import { FaultProxy } from "../cluster/faultProxy.ts";
import { jupyterOptions, jupyterPackages } from "../cluster/jupyterPython.ts";
import { notebookObject, STOPPED } from "../cluster/notebook.ts";
import { Cleanup, makeNamespace, openRig, PYTHON, type Rig } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import { kubernetesProgram } from "../sandbox/parts/golang.ts";
import { benchSandbox } from "./benchSandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import type { Arms, ArmsOrder } from "./forwardArms.ts";
import type { ForwardOrder, ForwardResult } from "./forwardProbe.ts";
import { PROBE_MARK } from "./listsResult.ts";

const REPEATS = 9;
const BYTES = 200e6;
const PINGS = 300;
const RECONNECTS = 1000;
const POD_NAME = "forward";
const PORT = 8888;
const ARMS = path.join(import.meta.dirname, "forwardArms.ts");
const PROBE = path.join(import.meta.dirname, "forwardProbe.ts");
const NEVER = new AbortController().signal;

/** @param reconnects for a trial: so many, and a tenth of the bytes */
export async function benchForward(onEnd: OnEnd, reconnects?: number): Promise<Measured> {
  const bytes = reconnects === undefined ? BYTES : BYTES / 10;
  const sandbox = await benchSandbox(onEnd, { name: "bench-jobs" });
  const cleanup = new Cleanup();
  onEnd(() => cleanup.run());
  const rig = await openRig(cleanup, sandbox.kubeconfig);
  const namespace = await makeNamespace(cleanup, rig.client, "bench-forward");
  await step("a pod that answers", () => servingPod(rig, namespace));

  const samples = new Samples();
  const arms = await ourForwards({ kubeconfig: sandbox.kubeconfig, namespace, pod: POD_NAME, port: PORT }, onEnd);
  const theirs = await kubectlForward(sandbox.kubeconfig, namespace, onEnd);
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    await step(`${repeat} of ${REPEATS}`, async () => {
      const measure = async (arm: string, port: number, headers: ForwardOrder["headers"]): Promise<ForwardResult> => {
        const result = await probe({ port, headers, bytes, pings: PINGS });
        samples.add(arm, "mbPerSecond", result.mbPerSecond, "MB/s");
        samples.add(arm, "rttMs", result.rttMs, "ms");
        say(`${arm}: ${result.mbPerSecond.toFixed(0)} MB/s, ${result.rttMs.toFixed(2)} ms`);
        return result;
      };
      const ours = [
        ["ours", await measure("ours", arms.raw, {})],
        ["ours-proxy", await measure("ours-proxy", arms.proxy, { [SECRET_HEADER]: arms.secret })],
      ] as const;
      const kubectl = await measure("kubectl", theirs, {});
      for (const [arm, { mbPerSecond, rttMs }] of ours) {
        samples.add(arm, "mbOfKubectls", kubectl.mbPerSecond / mbPerSecond, "×");
        samples.add(arm, "rttOfKubectls", rttMs / kubectl.rttMs, "×");
      }
    });
  }
  const rounds = reconnects ?? RECONNECTS;
  const lost = await step(`${rounds} reconnects`, () => lostReconnects(sandbox, namespace, rounds, cleanup));
  samples.add("ours-proxy", "lostReconnects", lost, `of ${rounds}`);
  for (let repeat = 1; repeat <= 3; repeat++)
    await step(`a kernel, ${repeat} of 3`, () => timeKernel(rig, namespace, samples, cleanup));
  return {
    arms: samples.arms,
    goals: [
      { arm: "ours", figure: "mbOfKubectls", atMost: 1.11 },
      { arm: "ours", figure: "rttOfKubectls", atMost: 1.2 },
      { arm: "ours-proxy", figure: "mbOfKubectls", atMost: 1.43 },
      { arm: "ours-proxy", figure: "rttOfKubectls", atMost: 1.5 },
      { arm: "ours-proxy", figure: "lostReconnects", atMost: 0 },
      { arm: "ours-proxy", figure: "kernelMs", atMost: 1000 },
    ],
    notes: NOTES,
  };
}

const NOTES = [
  `One pod that serves HTTP; client, our forwards and kubectl each in a process of its own: ${PINGS} small requests one after the other on a kept ` +
    `connection (rttMs is their median), then ${BYTES / 1e6} MB. ours: a listener that pipes into our forward's stream; ` +
    "ours-proxy: through the proxy that guards it; kubectl: `kubectl port-forward`. mbOfKubectls: how many times as much " +
    "kubectl moves (0.9 times its rate is 1.11); rttOfKubectls: how many times as long ours takes.",
  "lostReconnects: all connections to the API server are reset, then one request is made: how many had no answer. " +
    "kernelMs: a stopped notebook with a real Jupyter Server is started; from the moment at which its pod is ready until " +
    "its kernel has answered a cell. connectMs: the part of it until a client is told where to connect; the rest is " +
    "Jupyter's own start of a kernel.",
];

async function servingPod({ client }: Rig, namespace: string): Promise<void> {
  const server = fs.readFileSync(path.join(import.meta.dirname, "forwardServer.py"), "utf8");
  const container = {
    ...{ name: "server", image: PYTHON, command: ["python3", "-c", server] },
    readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
  };
  const spec = { containers: [container], terminationGracePeriodSeconds: 1 };
  const metadata = { name: POD_NAME, namespace };
  await client.create<KubeObject>(POD, { apiVersion: "v1", kind: "Pod", metadata, ...{ spec } });
  await until(
    "the pod",
    () => client.get<KubeObject>(POD, POD_NAME, namespace),
    (pod) => readySince(pod) !== undefined,
    60_000,
  );
}

function readySince(pod: KubeObject | undefined): string | undefined {
  const { conditions } = record(record(pod)["status"]);
  const all = Array.isArray(conditions) ? conditions.map(record) : [];
  const ready = all.find(({ type, status }) => type === "Ready" && status === "True");
  return ready === undefined ? undefined : String(ready["lastTransitionTime"]);
}

async function ourForwards(order: ArmsOrder, onEnd: OnEnd): Promise<Arms> {
  const child = spawn(process.execPath, [ARMS, JSON.stringify(order)], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  onEnd(async () => {
    child.stdin.end();
    await ended;
  });
  for await (const line of createInterface(child.stdout))
    if (line.startsWith(PROBE_MARK)) return JSON.parse(line.slice(PROBE_MARK.length)) as Arms;
  throw new Error("our forwards have ended");
}

async function kubectlForward(kubeconfig: string, namespace: string, onEnd: OnEnd): Promise<number> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-bench-forward-"));
  const args = ["kubectl", "port-forward", `pod/${POD_NAME}`, `:${PORT}`, "--address=127.0.0.1"];
  const child = spawn(await kubernetesProgram(), [...args, `--namespace=${namespace}`, `--kubeconfig=${kubeconfig}`], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, HOME: home },
  });
  const ended = once(child, "close");
  onEnd(async () => {
    child.kill();
    await ended;
    fs.rmSync(home, { recursive: true, force: true });
  });
  const port = new Promise<number>((resolve) => {
    // It goes on to tell of each connection, and ends where nobody reads that.
    child.stdout.on("data", (said: Buffer) => {
      const [, found] = /127\.0\.0\.1:(\d+) ->/.exec(said.toString("utf8")) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  const over = ended.then((): never => {
    throw new Error("kubectl port-forward has ended");
  });
  over.catch(() => undefined); // At the end it is meant to.
  return Promise.race([port, over]);
}

async function probe(order: ForwardOrder): Promise<ForwardResult> {
  const said = await run(process.execPath, [PROBE, JSON.stringify(order)]);
  const line = said.split("\n").find((each) => each.startsWith(PROBE_MARK));
  if (line === undefined) throw new Error(`the probe said nothing: ${said}`);
  return JSON.parse(line.slice(PROBE_MARK.length)) as ForwardResult;
}

async function lostReconnects(
  sandbox: { readonly kubeconfig: string; readonly address: string },
  namespace: string,
  rounds: number,
  cleanup: Cleanup,
): Promise<number> {
  const faults = await FaultProxy.start(sandbox.address);
  cleanup.add(() => faults.stop());
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-bench-forward-"));
  cleanup.add(() => fs.rmSync(folder, { recursive: true, force: true }));
  const faulty = path.join(folder, "faulty.kubeconfig");
  const direct = fs.readFileSync(sandbox.kubeconfig, "utf8");
  fs.writeFileSync(faulty, direct.replaceAll(sandbox.address, faults.address), { mode: 0o600 });
  const rig = await openRig(cleanup, faulty);
  const { connection } = rig.engine.cluster(rig.context);
  const connect = (signal: AbortSignal): ReturnType<typeof connectPod> =>
    connectPod({ connection, namespace, pod: POD_NAME, port: PORT, signal });
  const forward = await HttpForward.start({ connect });
  cleanup.add(() => forward.dispose());
  const address = `http://127.0.0.1:${forward.port}/ping`;
  const headers = { [SECRET_HEADER]: forward.secret };
  let lost = 0;
  for (let round = 0; round < rounds; round++) {
    const answer = await fetch(address, { headers }).then(
      (response) => response.text(),
      () => "",
    );
    if (answer !== "pong") lost++;
    faults.cut();
  }
  return lost;
}

async function timeKernel(rig: Rig, namespace: string, samples: Samples, cleanup: Cleanup): Promise<void> {
  const { client, context, engine } = rig;
  const name = `lab-${Date.now().toString(36)}`;
  const options = jupyterOptions(await jupyterPackages());
  const annotations = { [STOPPED]: new Date().toISOString() };
  await client.create(NOTEBOOK, notebookObject(name, namespace, { ...options, annotations }));
  const id = Buffer.from(JSON.stringify([context, namespace, name])).toString("base64url");
  let readyAt: number | undefined;
  const ready = until(
    "the pod",
    async () => {
      const pod = await client.find<KubeObject>(POD, `${name}-0`, namespace);
      if (readySince(pod) !== undefined) readyAt ??= performance.now();
      return readyAt;
    },
    (at) => at !== undefined,
    120_000,
  );
  const ports = { tell: () => undefined, mayStart: () => Promise.resolve(true) };
  const { baseUrl, headers } = await engine.notebookServers.connect(id, ports, NEVER);
  const connectedAt = performance.now();
  class Socket extends WebSocket {
    constructor(url: string | URL, protocols: ConstructorParameters<typeof WebSocket>[1] = []) {
      super(url, typeof protocols === "string" || Array.isArray(protocols) ? { protocols, headers } : protocols);
    }
  }
  const serverSettings = ServerConnection.makeSettings({
    ...{ baseUrl, wsUrl: baseUrl.replace(/^http/, "ws"), token: "", init: { headers } },
    ...{ fetch, WebSocket: Socket },
  });
  const kernels = new KernelManager({ serverSettings });
  cleanup.add(() => kernels.dispose());
  const kernel = await kernels.startNew({ name: "python3" });
  await kernel.requestExecute({ code: "1 + 1" }).done;
  const usableAt = performance.now();
  const begun = (await ready) ?? connectedAt;
  samples.add("ours-proxy", "connectMs", Math.max(0, connectedAt - begun), "ms");
  samples.add("ours-proxy", "kernelMs", usableAt - begun, "ms");
  await kernel.shutdown();
}
