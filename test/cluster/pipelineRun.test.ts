import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { POD, SERVICE } from "../../src/kubeflow/kinds/resources.ts";
import type { ClusterPipelines, RunArtifact, RunReader, TaskMetadata } from "../../src/pipelines/index.ts";
import { messageOf } from "../../src/pipelines/run/wire.ts";
import { until } from "../editor/until.ts";
import {
  describePipelines,
  makePipeline,
  PipelinesServer,
  type Programs,
  runInState,
  SINGLE_USER,
  startRun,
} from "./pipelineFixtures.ts";
import { Cleanup, CONFIG_MAP, kubeconfigOf, openRig, PYTHON, type Rig } from "./support.ts";

const WORKFLOWS = `/apis/argoproj.io/v1alpha1/namespaces/${SINGLE_USER}/workflows`;

/** What ML Metadata has of two tasks, as the classes of its own protos write it, in base64. */
const METADATA = {
  "GetExecutionsByContext-0807":
    "ChUIARgDKg8KCXRhc2tfbmFtZRICGgAKdQgCGAMqFgoJdGFza19uYW1lEgkaB3ByZXBhcmUqIAoGaW5wdXRzEhYiFAoSCgdtZXNzYWdlEgcaBWhlbGxvKhMKDXBhcmVudF9kYWdfaWQSAggBKiAKB291dHB1dHMSFSITChEKBHJvd3MSCREAAAAAAAAIQApRCAMYBCoUCgl0YXNrX25hbWUSBxoFdHJhaW4qIAoGaW5wdXRzEhYiFAoSCgdtZXNzYWdlEgcaBWhlbGxvKhMKDXBhcmVudF9kYWdfaWQSAggB",
  "GetEventsByExecutionIDs-080108020803":
    "ChEICxACGgkKBxIFdGFibGUgBAoTCAwQAhoLCgkSB3BpY3R1cmUgBAoQCA0QAhoICgYSBGxvc3QgBAoSCA4QAhoKCggSBnNjb3JlcyAEChEICxADGgkKBxIFdGFibGUgAw==",
  "GetArtifactsByID-080b080c080d080e":
    "CjkICxolbWluaW86Ly9tbHBpcGVsaW5lL3YyL2FydGlmYWN0cy90YWJsZUIOc3lzdGVtLkRhdGFzZXQKPAgMGidtaW5pbzovL21scGlwZWxpbmUvdjIvYXJ0aWZhY3RzL3BpY3R1cmVCD3N5c3RlbS5BcnRpZmFjdAo2CA0aJG1pbmlvOi8vbWxwaXBlbGluZS92Mi9hcnRpZmFjdHMvbG9zdEIMc3lzdGVtLk1vZGVsClEIDhombWluaW86Ly9tbHBpcGVsaW5lL3YyL2FydGlmYWN0cy9zY29yZXMqFQoIYWNjdXJhY3kSCRHD9Shcj8LtP0IOc3lzdGVtLk1ldHJpY3M=",
};
const PICTURE = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(100_000)]);

describePipelines("one run, closely", () => {
  const cleanup = new Cleanup();
  const { signal } = new AbortController();
  let rig: Rig;
  let server: PipelinesServer;
  let pipelines: ClusterPipelines;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    server = new PipelinesServer(rig);
    pipelines = rig.engine.pipelineDesk.open(rig.context);
    cleanup.add(() => pipelines.dispose());
  });

  after(function () {
    this.timeout(180_000);
    return cleanup.run();
  });

  async function started(programs: Programs): Promise<{ readonly id: string; readonly run: RunReader }> {
    const made = await makePipeline(cleanup, server, "closely", programs);
    const id = await startRun(cleanup, server, made, { name: "looked at" });
    const run = pipelines.openRun(id, "");
    cleanup.add(() => run.dispose());
    run.look();
    return { id, run };
  }

  const stateOf = (run: RunReader, task: string): string => run.value?.progress.get(task)?.state ?? "";
  const seen = (run: RunReader, task: string, ...states: readonly string[]): Promise<string> =>
    until(
      `${task} ${states.join(" or ")}`,
      () => Promise.resolve(stateOf(run, task)),
      (state) => states.includes(state),
      60_000,
    );

  /** When the Workflow itself first had a node of that name in that phase. */
  async function inWorkflow(id: string, node: string, phase: string): Promise<number> {
    const query = { labelSelector: `pipeline/runid=${id}` };
    await until(
      `${node} ${phase}`,
      () => rig.client.json<Workflows>({ method: "GET", path: WORKFLOWS, query }),
      ({ items: [workflow] }) => {
        const nodes = Object.values(workflow?.status?.nodes ?? {});
        return nodes.some((one) => one.name.endsWith(node) && one.phase === phase);
      },
      60_000,
    );
    return performance.now();
  }

  it("its steps are coloured within seconds of the Workflow, from the first to the last", async () => {
    const { id, run } = await started({ prepare: "import time; time.sleep(8); print('prepared')" });
    const saw: [string, number][] = [];
    run.onDidChange(() => {
      const now = `${stateOf(run, "prepare")} ${stateOf(run, "train")}`;
      if (saw.at(-1)?.[0] !== now) saw.push([now, performance.now()]);
    });
    const begun = await inWorkflow(id, ".prepare.executor", "Running");
    const over = await inWorkflow(id, ".prepare.executor", "Succeeded");
    await seen(run, "train", "Succeeded");
    const at = (words: string): number => saw.find(([state]) => state.startsWith(words))?.[1] ?? Infinity;
    const late = [at("Running") - begun, at("Succeeded") - over];
    console.log(`      seen ${late.map(Math.round).join(" and ")} ms after it was asked for in vain until then`);
    console.log(`      ${saw.map(([words]) => words).join(" → ")}`);
    assert.ok(
      late.every((ms) => ms < 3000),
      late.join(),
    );
    assert.equal(run.value?.source, "workflow");
    assert.deepEqual(
      run.value.spec?.tasks.map(({ path }) => path),
      ["prepare", "train"],
    );
    const prepare = run.value.progress.get("prepare");
    assert.ok((prepare?.finished ?? 0) - (prepare?.started ?? 0) >= 2000);
    await until(
      "the run's own end",
      () => Promise.resolve(run.value?.run.state),
      (state) => state === "Succeeded",
    );
    const [log, ...others] = await run.logs("train", signal);
    assert.deepEqual([log?.task, log?.container?.namespace, others.length], ["train", SINGLE_USER, 0]);
    assert.equal(await run.failure(signal), undefined);
    // What the server alone tells is the same, without the Workflow.
    const { items } = await rig.client.json<Workflows>({
      method: "GET",
      path: WORKFLOWS,
      query: { labelSelector: `pipeline/runid=${id}` },
    });
    await runInState(server, id, "SUCCEEDED");
    const [{ metadata } = { metadata: { name: "", uid: "" } }] = items;
    await rig.client.delete(WORKFLOW, metadata.name, SINGLE_USER, metadata.uid ?? "");
    await until(
      "the server's word",
      () => Promise.resolve(run.value?.source),
      (source) => source === "server",
    );
    await seen(run, "train", "Succeeded");
    assert.equal(stateOf(run, "prepare"), "Succeeded");
  });

  it("a failure is the step's that failed, with its last lines and its diagnosis", async () => {
    const { id, run } = await started({
      prepare: "for i in range(50): print(f'\\033[31mline {i}')\nraise SystemExit(3)",
    });
    await runInState(server, id, "FAILED");
    await seen(run, "prepare", "Failed");
    const failure = await run.failure(signal);
    assert.deepEqual([failure?.task, failure?.name, failure?.why], ["prepare", "prepare", "ended with exit code 3"]);
    assert.deepEqual(
      failure?.lines,
      Array.from({ length: 20 }, (_, at) => `line ${at + 30}`),
    );
    assert.equal(await seen(run, "train", "Skipped"), "Skipped");
  });

  it("without a server of metadata that is said; with one, a step has its values and artifacts", async () => {
    const { id, run } = await started({});
    await until(
      "a refusal",
      () => Promise.resolve(run.metadata.state),
      ({ kind }) => kind === "failed",
    );
    const { state } = run.metadata;
    assert.match(
      state.kind === "failed" ? state.error.message : "",
      /There is no Service metadata-envoy-service in kubeflow\.$/,
    );
    await standIn(id);
    const prepare = await until(
      "metadata",
      () => {
        run.metadata.refresh();
        return Promise.resolve(run.metadata.value?.get("prepare")?.[0]);
      },
      (found) => found !== undefined,
      30_000,
    );
    assert.deepEqual([prepare?.inputs, prepare?.outputs], [{ message: "hello" }, { rows: 3 }]);
    assert.deepEqual(artifact(prepare, "scores").metrics, { accuracy: 0.93 });
    const [train] = run.metadata.value?.get("train") ?? [];
    assert.equal(artifact(train, "table").direction, "input");

    const table = await run.content(artifact(prepare, "table"), signal);
    assert.deepEqual(table, {
      kind: "table",
      rows: [
        ["x", "y"],
        ["1", "2"],
        ["3", "4"],
      ],
      isCut: false,
    });
    assert.deepEqual(await run.content(artifact(prepare, "picture"), signal), {
      kind: "image",
      type: "image/png",
      bytes: PICTURE,
    });
    await assert.rejects(run.content(artifact(prepare, "lost"), signal), { code: "gone" });
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), "artifacts-"));
    cleanup.add(() => fs.rm(folder, { recursive: true }));
    const file = path.join(folder, "picture.png");
    await run.download(artifact(prepare, "picture"), file, () => undefined, signal);
    assert.deepEqual(await fs.readFile(file), PICTURE);
  });

  const artifact = (task: TaskMetadata | undefined, name: string): RunArtifact => {
    const found = task?.artifacts.find((one) => one.name === name);
    assert.ok(found !== undefined, name);
    return found;
  };

  /** The two servers that are not here, with what they know of this run. */
  async function standIn(run: string): Promise<void> {
    const context = Buffer.from(messageOf({ 1: "system.PipelineRun", 2: run })).toString("hex");
    const base64 = (content: string | Buffer): string => Buffer.from(content).toString("base64");
    const name = "metadata-and-pages";
    const metadata = { name, namespace: SINGLE_USER };
    const labels = { component: "metadata-envoy", app: "ml-pipeline-ui" };
    const binaryData = {
      ...METADATA,
      [`GetContextByTypeAndName-${context}`]: "CgIIBw==",
      "minio.mlpipeline.v2_artifacts_table": base64("x,y\n1,2\n3,4\n"),
      "minio.mlpipeline.v2_artifacts_picture": base64(PICTURE),
    };
    const programs = ["../sandbox/inside/pagesServer.py", "runStandIn.py"];
    const read = programs.map((name) => fs.readFile(path.join(import.meta.dirname, name), "utf8"));
    const program = (await Promise.all(read)).join("");
    await make(CONFIG_MAP, { metadata, binaryData });
    const port = (service: string, selector: object, from: number, to: number): Promise<void> =>
      make(SERVICE, {
        metadata: { name: service, namespace: SINGLE_USER },
        spec: { selector, ports: [{ port: from, targetPort: to }] },
      });
    await port("metadata-envoy-service", { component: labels.component }, 9090, 9090);
    await port("ml-pipeline-ui", { app: labels.app }, 80, 3000);
    await make(POD, {
      metadata: { ...metadata, labels },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            ...{ name: "stand-in", image: PYTHON, command: ["python3", "-u", "-c", program] },
            readinessProbe: { tcpSocket: { port: 3000 }, periodSeconds: 1 },
            volumeMounts: [{ name: "answers", mountPath: "/answers" }],
          },
        ],
        volumes: [{ name: "answers", configMap: { name } }],
      },
    });
  }

  async function make(kind: ResourceKind, object: KubeObject & Readonly<Record<string, unknown>>): Promise<void> {
    const version = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const made = await rig.client.create<KubeObject>(kind, { apiVersion: version, kind: kind.kind, ...object });
    cleanup.add(() => rig.client.delete(kind, made.metadata.name, SINGLE_USER, made.metadata.uid ?? ""));
  }
});

interface Workflows {
  readonly items: readonly (KubeObject & {
    readonly status?: { readonly nodes?: Readonly<Record<string, { readonly name: string; readonly phase: string }>> };
  })[];
}

const WORKFLOW: ResourceKind = {
  ...{ group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow", namespaced: true },
};
