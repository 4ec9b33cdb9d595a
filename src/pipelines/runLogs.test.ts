import assert from "node:assert/strict";
import { json, refusal } from "../kube/testing/fakeTransport.ts";
import type { PipelineRun } from "./model.ts";
import { Double } from "./testing/double.ts";

const { signal } = new AbortController();
const task = (name: string, pods: readonly string[]) =>
  ({ id: name, name, state: "Succeeded", started: 1, finished: 2, pods }) as const;
const RUN: PipelineRun = {
  kind: "run",
  id: "r1",
  name: "one",
  created: 0,
  state: "Succeeded",
  started: 1,
  finished: 2,
  error: undefined,
  tasks: [task("prepare", ["wf-system-container-impl-1"]), task("train", ["wf-system-container-impl-2"])],
};
const podOf = (name: string, node: string, container = "main") => ({
  metadata: { name, uid: `uid-${name}`, annotations: { "workflows.argoproj.io/node-name": node } },
  spec: { containers: [{ name: container }] },
});

describe("logs of a run", () => {
  let double: Double;

  beforeEach(async () => {
    double = await Double.start();
  });

  afterEach(() => double.stop());

  async function logs(name?: string, namespace = "") {
    const pipelines = double.open();
    const found = await pipelines.logs(RUN, namespace, name, signal);
    return { found, said: found.map(({ task: of, pod, container }) => [of, pod, container?.namespace]), pipelines };
  }

  it("of a pod that cannot begin there is a reason instead", async () => {
    const waiting = { reason: "ImagePullBackOff", message: "manifest unknown" };
    const status = { containerStatuses: [{ name: "main", state: { waiting } }] };
    double.pods = [{ ...podOf("p1", "wf.root.prepare.executor"), status }];
    const { found, pipelines } = await logs();
    assert.deepEqual(
      found.map(({ task: of, why }) => [of, why]),
      [["prepare", "the image cannot be pulled (not found)"]],
    );
    pipelines.dispose();
  });

  it("of a pod that failed there is how, and whose it was", async () => {
    const terminated = { exitCode: 137, reason: "OOMKilled" };
    const status = { phase: "Failed", containerStatuses: [{ name: "main", state: { terminated } }] };
    double.pods = [{ ...podOf("p1", "wf.root.prepare.executor"), status }];
    const { found, pipelines } = await logs();
    assert.deepEqual(
      found.map(({ uid, why }) => [uid, why]),
      [["uid-p1", "out of memory"]],
    );
    pipelines.dispose();
  });

  it("are those of its pods with a person's code, by the name of the task, whatever Argo put around it", async () => {
    double.pods = [
      podOf("p1", "wf.root.prepare.executor"),
      podOf("p2", "wf.root.loop.train.executor(1)"),
      podOf("d", "wf.root.train-driver"),
      podOf("x", "wf.root.other.executor", "side"),
      podOf("v1", "wf.step"),
    ];
    const { said, pipelines } = await logs();
    assert.deepEqual(said, [
      ["prepare", "p1", "kubeflow"],
      ["train", "p2", "kubeflow"],
      ["step", "v1", "kubeflow"],
    ]);
    const [request] = double.transport.requests;
    assert.deepEqual(
      [request?.path, request?.query["labelSelector"]],
      ["/api/v1/namespaces/kubeflow/pods", "pipeline/runid=r1"],
    );
    assert.deepEqual((await logs("train")).said, [["train", "p2", "kubeflow"]]);
    pipelines.dispose();
  });

  it("are looked for in the profile's namespace", async () => {
    double.cluster = ({ path }) => json({ items: [podOf(path, "wf.root.prepare.executor")] });
    assert.deepEqual((await logs(undefined, "team-a")).said[0]?.[1], "/api/v1/namespaces/team-a/pods");
  });

  it("are asked of the server where pods may not be read, or are gone", async () => {
    double.cluster = ({ path, query }) =>
      path.endsWith("/pods") && query["labelSelector"]?.includes("runid") === true
        ? refusal(403, "Forbidden", "no")
        : undefined;
    double.answer = ({ path }) => ({ body: `log of ${path}` });
    const { found, said, pipelines } = await logs("train");
    assert.deepEqual(said, [["train", "wf-system-container-impl-2", undefined]]);
    assert.equal(await found[0]?.read(signal), "log of /apis/v1alpha1/runs/r1/nodes/wf-system-container-impl-2/log");
    double.answer = () => ({ body: "" });
    await assert.rejects(found[0]?.read(signal) ?? Promise.resolve(), { code: "no-log" });
    double.answer = () => ({ body: '{"error_message":"the archive\\u001b[2J is away"}' });
    await assert.rejects(found[0]?.read(signal) ?? Promise.resolve(), {
      message: "There is no log of wf-system-container-impl-2. It says: the archive is away",
    });
    pipelines.dispose();
  });
});
