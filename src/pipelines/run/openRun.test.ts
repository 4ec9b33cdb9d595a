import assert from "node:assert/strict";
import { FakeBody, type FakeRequest, json, refusal, streaming } from "../../kube/testing/fakeTransport.ts";
import { turns, until } from "../../kube/testing/manualClock.ts";
import type { ClusterPipelines } from "../clusterPipelines.ts";
import { type Asked, Double } from "../testing/double.ts";
import type { RunReader } from "./model.ts";

const component = (name: string): object => ({ componentRef: { name } });
const SPEC = {
  pipelineInfo: { name: "p" },
  root: {
    dag: { tasks: { prepare: component("comp-a"), train: { ...component("comp-a"), dependentTasks: ["prepare"] } } },
  },
  components: { "comp-a": { executorLabel: "exec" } },
  deploymentSpec: { executors: { exec: { container: { image: "python" } } } },
};

describe("a run that somebody looks at", () => {
  let double: Double;
  let pipelines: ClusterPipelines;
  let run: RunReader;
  /** Of the server. */
  let state: string;
  let tasks: readonly object[];
  let reference: object;
  /** Watches of its Workflow that stand; undefined where it may not be seen. */
  let watch: FakeBody | undefined;
  let logs: (request: FakeRequest) => ReturnType<typeof json> | undefined;

  beforeEach(async () => {
    double = await Double.start();
    [state, tasks, watch] = ["RUNNING", [], undefined];
    reference = { pipeline_spec: SPEC };
    logs = () => undefined;
    double.answer = ({ path }) =>
      path === "/apis/v2beta1/runs/r1"
        ? { body: { run_id: "r1", display_name: "one", state, run_details: { task_details: tasks }, ...reference } }
        : { status: 404, body: { message: "ResourceNotFoundError: Version v1 not found" } };
    double.cluster = (request) => {
      if (!request.path.endsWith("/workflows")) return logs(request);
      assert.deepEqual(
        [request.path, request.query["labelSelector"]],
        ["/apis/argoproj.io/v1alpha1/namespaces/kubeflow/workflows", "pipeline/runid=r1"],
      );
      return watch === undefined ? refusal(403, "Forbidden", "workflows is forbidden") : streaming(watch);
    };
    pipelines = double.open();
    run = pipelines.openRun("r1", "");
  });

  afterEach(async () => {
    pipelines.dispose();
    await double.stop();
  });

  const asksOf = (path: string): readonly Asked[] => double.asked.filter((asked) => asked.path.endsWith(path));
  const stateOf = (task: string): string | undefined => run.value?.progress.get(task)?.state;

  let version = 1;
  /** The Workflow as it is now, or is for the first time. */
  function workflow(phase: string, nodes: Readonly<Record<string, string>>, more: object = {}): void {
    const all = Object.entries(nodes).map(([name, of], at) => {
      const id = `w-${at}`;
      const type = /\.executor(\(\d+\))?$/.test(name) ? "Pod" : "DAG";
      return [
        id,
        {
          id,
          name,
          type,
          phase: of,
          templateName: "system-container-impl",
          finishedAt: `2026-01-01T00:00:0${at}Z`,
          ...more,
        },
      ];
    });
    const metadata = { name: "w", uid: "u", resourceVersion: String(++version) };
    const object = {
      kind: "Workflow",
      metadata,
      spec: {},
      status: { phase, nodes: Object.fromEntries(all) as object },
    };
    watch?.push(`${JSON.stringify({ type: version === 2 ? "ADDED" : "MODIFIED", object })}\n`);
  }
  function known(): void {
    const annotations = { "k8s.io/initial-events-end": "true" };
    const object = { kind: "Workflow", metadata: { name: "", resourceVersion: "2", annotations } };
    watch?.push(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }
  async function watched(nodes: Readonly<Record<string, string>>): Promise<void> {
    version = 1;
    watch = new FakeBody();
    workflow("Running", nodes);
    known();
    run.look();
    await until("its Workflow", () => run.value?.source === "workflow");
  }

  it("asks nothing before a look, and nothing while nobody looks", async () => {
    await turns(20);
    assert.equal(double.asked.length, 0);
    run.look();
    await until("the run", () => run.value !== undefined);
    run.rest();
    const asked = double.transport.requests.length + double.asked.length;
    await double.clock.advance(600_000);
    assert.equal(double.transport.requests.length + double.asked.length, asked);
  });

  it("without its Workflow it is read from the server, every 2 s while it is under way", async () => {
    run.look();
    await until("the run", () => run.value !== undefined);
    assert.deepEqual([run.value?.source, run.value?.spec?.name, stateOf("train")], ["server", "p", "Waiting"]);
    tasks = [{ task_id: "1", display_name: "prepare", state: "RUNNING", start_time: "2026-01-01T00:00:00Z" }];
    const before = asksOf("/runs/r1").length;
    await double.clock.advance(2_000);
    await until("its step", () => stateOf("prepare") === "Running");
    assert.equal(asksOf("/runs/r1").length, before + 1);
    state = "SUCCEEDED";
    await double.clock.advance(2_000);
    await until("its end", () => run.value?.run.state === "Succeeded");
    const ended = asksOf("/runs/r1").length;
    await double.clock.advance(50_000);
    await turns(20);
    assert.equal(asksOf("/runs/r1").length, ended);
  });

  it("each change of the Workflow is told within half a second; its end is the run's, before the server knows", async () => {
    await watched({ "w.root.prepare": "Running", "w.root.prepare.executor": "Running" });
    assert.deepEqual([stateOf("prepare"), stateOf("train")], ["Running", "Waiting"]);
    const asked = asksOf("/runs/r1").length;
    let told = 0;
    run.onDidChange(() => told++);
    workflow("Running", { "w.root.prepare": "Succeeded", "w.root.prepare.executor": "Succeeded" });
    await double.clock.advance(500);
    assert.equal(stateOf("prepare"), "Succeeded");
    assert.ok(told > 0);
    assert.equal(asksOf("/runs/r1").length, asked);
    workflow("Succeeded", {
      "w.root.prepare.executor": "Succeeded",
      "w.root.train.executor": "Succeeded",
      "w.root.train": "Succeeded",
    });
    await double.clock.advance(500);
    assert.equal(run.value?.run.state, "Succeeded");
    await until("the server is asked", () => asksOf("/runs/r1").length > asked);
  });

  it("where its version has gone, that is said; the run is shown all the same", async () => {
    reference = { pipeline_version_reference: { pipeline_id: "p1", pipeline_version_id: "v1" } };
    run.look();
    await until("the run", () => run.value !== undefined);
    assert.equal(run.value?.spec, undefined);
    assert.match(run.value?.specWhy ?? "", /Version v1 not found/);
    assert.equal(run.value?.progress.size, 0);
    await double.clock.advance(2_000);
    assert.equal(asksOf("/versions/v1").length, 1);
  });

  it("where the run itself has gone, that is said, and how it stood is still shown", async () => {
    run.look();
    await until("the run", () => run.value !== undefined);
    double.answer = () => ({ status: 404, body: { message: "ResourceNotFoundError: Run r1 not found" } });
    run.refresh();
    await until("word of it", () => run.state.kind === "stale");
    const why = "The server has this run no more. It was deleted; this is how it stood.";
    assert.equal(run.state.kind === "stale" && run.state.why, why);
    assert.equal(run.value?.run.name, "one");
  });

  it("where the run itself has gone, nothing more is asked until a person wants it anew", async () => {
    await watched({ "w.root.prepare": "Running", "w.root.prepare.executor": "Pending" });
    assert.equal(run.isGone, false);
    const serve = double.answer;
    double.answer = () => ({ status: 404, body: { message: "ResourceNotFoundError: Run r1 not found" } });
    run.refresh();
    await until("word of it", () => run.state.kind === "stale");
    assert.equal(run.isGone, true);
    await turns(20);
    const asked = (): number => double.transport.requests.length + double.asked.length;
    const before = asked();
    await double.clock.advance(300_000);
    run.rest();
    run.look();
    await double.clock.advance(300_000);
    assert.equal(asked(), before);
    double.answer = serve;
    run.refresh();
    await until("the run", () => run.state.kind === "live");
    assert.equal(run.isGone, false);
    await double.clock.advance(10_000);
    assert.ok(asked() > before + 1);
  });

  it("what failed is the step, with the words of its pod; a log that cannot be read is said", async () => {
    await watched({ "w.root.prepare": "Failed", "w.root.prepare.executor": "Failed" });
    const pod = {
      metadata: {
        name: "w-system-container-impl-1",
        uid: "u1",
        annotations: { "workflows.argoproj.io/node-name": "w.root.prepare.executor" },
      },
      spec: { containers: [{ name: "main" }] },
      status: {
        phase: "Failed",
        containerStatuses: [{ name: "main", state: { terminated: { exitCode: 137, reason: "OOMKilled" } } }],
      },
    };
    let log = json({});
    const { signal } = new AbortController();
    logs = ({ path, query }) => {
      if (path.endsWith("/pods")) return json({ metadata: {}, items: [pod] });
      if (!path.endsWith("/pods/w-system-container-impl-1/log")) return undefined;
      assert.equal(query["tailLines"], "40");
      return log;
    };
    log = streaming(new FakeBody().push("one\n\u001b[31mtwo\n").end());
    assert.deepEqual(await run.failure(signal), {
      task: "prepare",
      name: "prepare",
      why: "out of memory",
      lines: ["one", "two"],
      noLog: "",
    });
    // As Argo 3.3.10 and the launcher of 2.0.5 write it.
    const around = [
      'time="2026-11-30T16:33:56.203Z" level=info msg="capturing logs" argo=true',
      "I1130 16:33:57.017153      36 launcher_v2.go:90] input ComponentSpec:{",
      '  "executorLabel": "exec-prepare"',
      "}",
      "I1130 16:33:57.020938      36 cache.go:116] Connecting to cache endpoint 10.96.55.254:8887",
      "no such house",
      "I1130 16:33:57.423161      36 launcher_v2.go:151] publish success.",
      "F1130 16:33:57.423206      36 main.go:49] failed to execute component: exit status 3",
      'time="2026-11-30T16:33:57.541Z" level=info msg="sub-process exited" argo=true error="<nil>"',
      "Error: exit status 1",
    ];
    log = streaming(new FakeBody().push(`${around.join("\n")}\n`).end());
    const { why, lines } = (await run.failure(signal)) ?? {};
    assert.deepEqual([why, lines], ["ended with exit code 3", ["no such house"]]);
    log = refusal(400, "BadRequest", 'container "main" is waiting to start');
    assert.match((await run.failure(signal))?.noLog ?? "", /^container "main" is waiting to start/);
    assert.deepEqual(
      (await run.logs("prepare", signal)).map(({ pod: name, uid }) => [name, uid]),
      [["w-system-container-impl-1", "u1"]],
    );
    assert.deepEqual(await run.logs("train", signal), []);
  });

  describe("what a step waits for is said by its pod,", () => {
    const NAMES = { "w.root.prepare": "Running", "w.root.prepare.executor": "Pending" };
    /** Names of pods that were asked for; the last asks come last. */
    let asked: string[];
    let reasons: Readonly<Record<string, string>>;
    const why = (task = "prepare"): string | undefined => run.value?.progress.get(task)?.message;

    beforeEach(() => {
      [asked, reasons] = [[], {}];
      logs = ({ path }) => {
        // No other request than by name.
        const [, name] = /^\/api\/v1\/namespaces\/kubeflow\/pods\/([^/]+)$/.exec(path) ?? [];
        if (name === undefined) return undefined;
        asked.push(name);
        const { [name]: reason } = reasons;
        if (reason === undefined) return refusal(404, "NotFound", `pods "${name}" not found`);
        if (reason === "forbidden") return refusal(403, "Forbidden", "pods is forbidden");
        const containerStatuses = [{ name: "main", state: { waiting: { reason } } }];
        const spec = { nodeName: "node-1", containers: [{ name: "main" }] };
        return json({ metadata: { name, uid: "u1" }, spec, status: { phase: "Pending", containerStatuses } });
      };
    });

    it("which is asked by its name every 5 s while it waits", async () => {
      reasons = { "w-system-container-impl-1": "ContainerCreating" };
      await watched(NAMES);
      assert.deepEqual([run.value?.run.state, why()], ["Waiting", ""]);
      reasons = { "w-system-container-impl-1": "ImagePullBackOff" };
      await double.clock.advance(5_000);
      await until("why it waits", () => why() !== "");
      assert.match(why() ?? "", /^the image cannot be pulled/);
      assert.deepEqual(new Set(asked), new Set(["w-system-container-impl-1"]));
      workflow("Running", { "w.root.prepare": "Running", "w.root.prepare.executor": "Running" });
      await double.clock.advance(500);
      assert.deepEqual([stateOf("prepare"), why()], ["Running", ""]);
      const before = asked.length;
      await double.clock.advance(20_000);
      assert.equal(asked.length, before);
    });

    it("the newest of its attempts; one that has gone says nothing", async () => {
      reasons = { "w-system-container-impl-3": "ErrImagePull" };
      await watched({
        "w.root.prepare": "Running",
        "w.root.prepare.executor(0)": "Failed",
        "w.root.prepare.executor(1)": "Failed",
        "w.root.prepare.executor(2)": "Pending",
      });
      await double.clock.advance(5_000);
      await until("why it waits", () => why() !== "");
      assert.match(why() ?? "", /^the image cannot be pulled/);
      assert.deepEqual(
        asked.slice(-3),
        [3, 2, 1].map((at) => `w-system-container-impl-${at}`),
      );
    });

    it("or by no more than five of them", async () => {
      await watched({
        "w.root.prepare": "Running",
        ...Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`w.root.prepare.executor(${at})`, "Pending"])),
      });
      asked = [];
      await double.clock.advance(5_000);
      await until("all of them", () => asked.length >= 5);
      await turns(20);
      assert.deepEqual(
        asked,
        [9, 8, 7, 6, 5].map((at) => `w-system-container-impl-${at}`),
      );
    });

    it("and where pods may not be read, one is asked once a minute", async () => {
      reasons = { "w-system-container-impl-1": "forbidden", "w-system-container-impl-2": "forbidden" };
      tasks = ["prepare", "train"].map((name, at) => {
        return { task_id: name, display_name: name, state: "PENDING", child_tasks: [{ pod_name: `w-${at + 1}` }] };
      });
      run.look();
      await until("the run", () => stateOf("train") === "Waiting");
      await double.clock.advance(5_000);
      await until("a refusal", () => asked.length > 0);
      await double.clock.advance(54_000);
      assert.equal(asked.length, 1);
      await double.clock.advance(7_000);
      assert.deepEqual([asked.length, why()], [2, ""]);
    });
  });

  it("metadata is read when there is a pipeline, and its want is said beside the rest", async () => {
    run.look();
    await until("a refusal", () => run.metadata.state.kind === "failed");
    assert.match(JSON.stringify(run.metadata.state), /failed/);
    assert.equal(run.state.kind, "live");
  });
});
