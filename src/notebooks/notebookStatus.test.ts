import assert from "node:assert/strict";
import { type Notebook, projectNotebook } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { container, pod, warning } from "../kubeflow/testing/objects.ts";
import { notebookSummary, notebookWhy } from "./notebookStatus.ts";

const NOW = 15 * 60_000;
const BAD = `a\u001b]0;x\u0007\u202e\n${"b".repeat(500)}`;

function notebook(change: Partial<Notebook> = {}): Notebook {
  return {
    uid: "u1",
    name: "bob",
    namespace: "team-a",
    created: 0,
    deleting: false,
    stopped: false,
    stoppedAt: undefined,
    runningSince: undefined,
    hasStatus: true,
    ready: false,
    waiting: undefined,
    condition: undefined,
    image: "jupyter:1",
    gpus: 0,
    lastActivity: undefined,
    server: "jupyter",
    path: "/notebook/team-a/bob/",
    port: 8888,
    ...change,
  };
}

const own = (change: Partial<JobPod> = {}): JobPod =>
  pod({ name: "bob-0", job: "bob", role: "bob", containers: [container({ name: "bob" })], ...change });
const waits = (reason: string, message?: string): Partial<JobPod> => ({
  phase: "Pending",
  containers: [container({ name: "bob", state: "waiting", reason, message })],
});
const QUOTA =
  'Reissued from statefulset/bob: create Pod bob-0 in StatefulSet bob failed error: pods "bob-0" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4';

type Row = readonly [
  what: string,
  of: Partial<Notebook>,
  own: JobPod | undefined,
  said: readonly JobEvent[],
  says: RegExp,
];

/** In the order of Kubeflow's own web app: what stands earlier wins over what stands later. */
const TABLE: readonly Row[] = [
  ["just made", { hasStatus: false, created: NOW - 5_000 }, undefined, [], /^Waiting · for a moment$/],
  ["made a while ago and never seen", { hasStatus: false }, undefined, [], /^Waiting · no pod yet · for 1[45] min$/],
  ["stopped", { stopped: true }, undefined, [warning("old")], /^Stopped$/],
  ["stopped a while ago", { stopped: true, stoppedAt: NOW - 7_200_000 }, undefined, [], /^Stopped · 2 h ago$/],
  ["ready since its container runs", { ready: true, runningSince: NOW - 120_000 }, own(), [], /^Ready · for 2 min$/],
  ["stopped, still ready", { stopped: true, ready: true }, undefined, [], /^Stopping$/],
  ["stopped, its pod still there", { stopped: true }, own(), [], /^Stopping$/],
  ["stopped and deleted", { stopped: true, deleting: true }, undefined, [], /^Stopped$/],
  ["being deleted though ready", { deleting: true, ready: true }, own(), [], /^Stopping · being deleted$/],
  ["ready", { ready: true, gpus: 2 }, own(), [warning("old")], /^Ready · for 1[45] min$/],
  ["ready and in use", { ready: true, lastActivity: NOW - 60_000 }, own(), [], /^Ready · for 1[45] min$/],
  ["ready and idle", { ready: true, gpus: 1, lastActivity: 0 }, own(), [], /^Ready · idle for 15 min$/],
  ["container runs, not ready", {}, own(), [], /^Starting · its server is not ready yet · for 1[45] min$/],
  ["image is being pulled", {}, own(waits("ContainerCreating")), [], /^Starting · on gpu-1 · for 1[45] min$/],
  [
    "image cannot be pulled",
    {},
    own(waits("ErrImagePull", "manifest unknown")),
    [],
    /^Waiting · the image cannot be pulled \(not found\) · for 1[45] min$/,
  ],
  ["keeps crashing", {}, own(waits("CrashLoopBackOff")), [], /^Failed · keeps crashing · started 14 min ago$/],
  [
    "out of memory",
    {},
    own({
      containers: [
        container({ name: "bob", state: "terminated", exitCode: 137, reason: "OOMKilled", memoryLimit: "2Gi" }),
      ],
    }),
    [],
    /^Failed · out of memory \(2 Gi\) · started 14 min ago$/,
  ],
  [
    "no node has what it needs",
    {},
    own({
      node: undefined,
      phase: "Pending",
      containers: [],
      unschedulable: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
    }),
    [],
    /^Waiting · needs .*GPU.* · for 1[45] min$/,
  ],
  [
    "pods may not be read: its own status, ordinary",
    { waiting: { reason: "ContainerCreating", message: undefined } },
    undefined,
    [],
    /^Starting · for 1[45] min$/,
  ],
  [
    "pods may not be read: its own status, image",
    { waiting: { reason: "ImagePullBackOff", message: "unauthorized" } },
    undefined,
    [],
    /^Waiting · the image cannot be pulled \(no access to it\) · for 1[45] min$/,
  ],
  [
    "pods may not be read: its own status, crashing",
    { waiting: { reason: "CrashLoopBackOff", message: undefined }, condition: { reason: "Other", message: "later" } },
    undefined,
    [],
    /^Failed · keeps crashing · started 15 min ago$/,
  ],
  [
    "a condition that gives a reason",
    { condition: { reason: "Unschedulable", message: "0/1 nodes are available: 1 Insufficient cpu." } },
    undefined,
    [warning("later")],
    /^Waiting · needs .*CPU.* · for 1[45] min$/i,
  ],
  [
    "the newest warning, without what stood before it",
    {},
    undefined,
    [warning("older", { time: 1 }), warning(QUOTA, { time: 2 })],
    /^Waiting · the quota gpus allows 4 GPUs .* · for 1[45] min$/,
  ],
];

describe("what a row says of a notebook", () => {
  for (const [what, change, its, said, says] of TABLE) {
    it(what, () => {
      const { state, detail, when } = notebookSummary(notebook(change), its, said, NOW);
      assert.match([state, detail, when].filter(Boolean).join(" · "), says);
    });
  }

  it("hostile text stays a short plain line", () => {
    const rows: readonly (readonly [Partial<Notebook>, JobPod | undefined, readonly JobEvent[]])[] = [
      [{ waiting: { reason: BAD, message: BAD } }, undefined, []],
      [{ waiting: { reason: `Image${BAD}`, message: BAD } }, undefined, []],
      [{ condition: { reason: BAD, message: BAD } }, undefined, []],
      [{ condition: { reason: "Unschedulable", message: BAD } }, undefined, []],
      [{}, own({ node: BAD, ...waits("ContainerCreating") }), []],
      [{}, own(waits(BAD, BAD)), []],
      [{}, undefined, [warning(BAD)]],
    ];
    for (const [change, its, said] of rows) {
      const summary = notebookSummary(notebook(change), its, said, NOW);
      const reasons = notebookWhy(summary, its, said);
      for (const text of [summary.detail, ...reasons.flatMap((reason) => [reason.text, reason.detail ?? ""])]) {
        // eslint-disable-next-line no-control-regex -- the point of the test
        assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
        assert.ok(text.length <= 600, text);
      }
      assert.ok(summary.detail.length <= 180, summary.detail);
    }
  });

  it("why: nothing where it serves, the words and a next step where it does not", () => {
    const why = (change: Partial<Notebook>, its?: JobPod, said: readonly JobEvent[] = []): unknown =>
      notebookWhy(notebookSummary(notebook(change), its, said, NOW), its, said).map(({ next, detail }) => [
        next?.id,
        detail,
      ]);
    assert.deepEqual(why({ ready: true }, own()), []);
    assert.deepEqual(why({ stopped: true }), [["resume", undefined]]);
    assert.deepEqual(why({}, undefined, [warning("no room")]), [["events", "no room"]]);
    assert.deepEqual(why({}, own(waits("CrashLoopBackOff"))), [["logs", undefined]]);
  });
});

describe("a Notebook as it is read", () => {
  const object = (annotations: object = {}, spec: object = {}, status?: object): Notebook =>
    projectNotebook({
      metadata: { name: "bob", namespace: "team-a", uid: "u", annotations: { ...annotations } },
      ...{ spec: { template: { spec } }, status },
    });

  it("its container, GPUs, port, times and place", () => {
    const containers = [
      { name: "proxy", image: "sidecar" },
      {
        name: "bob",
        image: "lab:1",
        ports: [{ containerPort: 9999 }],
        resources: { limits: { "nvidia.com/gpu": "2" } },
      },
    ];
    const annotations = {
      "notebooks.kubeflow.org/last-activity": "1970-01-01T00:01:00Z",
      "kubeflow-resource-stopped": "",
    };
    const read = object(
      annotations,
      { containers },
      { readyReplicas: 1, conditions: [{ type: "Ready" }, { reason: "R" }] },
    );
    const { image, gpus, port, lastActivity, stopped, ready, condition, path, server } = read;
    assert.deepEqual(
      { image, gpus, port, lastActivity, stopped, ready, condition, path, server },
      {
        image: "lab:1",
        gpus: 2,
        port: 9999,
        lastActivity: 60_000,
        stopped: true,
        ready: true,
        condition: { reason: "R", message: undefined },
        path: "/notebook/team-a/bob/",
        server: "jupyter",
      },
    );
  });

  it("servers whose path is rewritten are opened at their root", () => {
    for (const annotations of [
      { "notebooks.kubeflow.org/server-type": "group-one" },
      { "notebooks.kubeflow.org/server-type": "group-two" },
      { "notebooks.kubeflow.org/http-rewrite-uri": "/" },
    ])
      assert.equal(object(annotations).path, "/");
  });

  it("anything may stand where a number or a text is meant", () => {
    for (const odd of [null, -1, 1e99, "x", [], {}]) {
      const read = object({}, { containers: odd }, { readyReplicas: odd, conditions: odd, containerState: odd });
      assert.equal(read.port, 8888);
      assert.ok([0, 1].includes(Number(read.ready)) && read.gpus === 0);
      const port = object({}, { containers: [{ ports: [{ containerPort: odd }] }] }).port;
      assert.ok(port >= 1 && port <= 65_535);
    }
  });
});
