import assert from "node:assert/strict";
import type { Claim } from "../kubeflow/kinds/claim.ts";
import type { Notebook } from "../kubeflow/kinds/notebook.ts";
import type { JobEvent, JobPod } from "../kubeflow/model.ts";
import { container, pod, warning } from "../kubeflow/testing/objects.ts";
import { type NotebookSight, notebookSummary, notebookWhy } from "./notebookStatus.ts";

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
    claims: [],
    lastActivity: undefined,
    server: "jupyter",
    home: "/notebook/team-a/bob/",
    path: "/notebook/team-a/bob/",
    rewrite: undefined,
    headers: {},
    token: undefined,
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
const sight = (
  change: Partial<Notebook> = {},
  its?: JobPod,
  warnings: readonly JobEvent[] = [],
  more: Partial<NotebookSight> = {},
): NotebookSight => ({
  notebook: notebook(change),
  pod: its,
  warnings,
  claims: { claims: undefined, warnings: [] },
  lost: undefined,
  cullAfter: undefined,
  ...more,
});
const mount = warning('MountVolume.SetUp failed for volume "hub" : secret "hub" not found', {
  aboutUid: own().uid,
  reason: "FailedMount",
  time: NOW - 60_000,
});
const unbound = own({
  node: undefined,
  phase: "Pending",
  containers: [],
  unschedulable: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
});
const claim = (name: string, change: Partial<Claim> = {}): Claim => ({
  ...{ uid: name, name, namespace: "team-a", phase: "Pending", storageClass: undefined },
  ...change,
});
const said = (name: string, message: string): JobEvent =>
  warning(message, { aboutKind: "PersistentVolumeClaim", aboutName: name });
const DAY_MS = 24 * 3_600_000;
const QUOTA =
  'Reissued from statefulset/bob: create Pod bob-0 in StatefulSet bob failed error: pods "bob-0" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4';

type Row = readonly [
  what: string,
  of: Partial<Notebook>,
  own: JobPod | undefined,
  said: readonly JobEvent[],
  says: RegExp,
  more?: Partial<NotebookSight>,
];

/** In the order of Kubeflow's own web app: what stands earlier wins over what stands later. */
const TABLE: readonly Row[] = [
  ["just made", { hasStatus: false, created: NOW - 5_000 }, undefined, [], /^Waiting · for a moment$/],
  [
    "not seen for half a minute",
    { hasStatus: false, created: NOW - 30_000 },
    undefined,
    [],
    /^Waiting · no pod yet · /,
  ],
  ["never seen", { hasStatus: false }, undefined, [], /^Waiting · no controller has taken it up · for 15 min$/],
  [
    "never seen, and something is said",
    { hasStatus: false },
    undefined,
    [warning("no")],
    /^Waiting · no · for 15 min$/,
  ],
  [
    "a name that is too long for its pod",
    { name: "n".repeat(60) },
    undefined,
    [
      warning(
        `create Pod x-0 in StatefulSet x failed error: Pod "x-0" is invalid: metadata.labels: Invalid value: "x-6d": must be no more than 63 bytes`,
      ),
    ],
    /^Waiting · its name has 60 characters, 52 are the most · /,
  ],
  [
    "a name too long for its StatefulSet",
    { name: "n".repeat(70), hasStatus: false },
    undefined,
    [],
    /has 70 characters/,
  ],
  [
    "stopped for minutes, its container still runs",
    { stopped: true, stoppedAt: 0, runningSince: 1 },
    undefined,
    [],
    /^Stopping · for 15 min$/,
  ],
  [
    "evicted, its status behind",
    { ready: true },
    own({ deleting: true, disruption: "EvictionByEvictionAPI" }),
    [],
    /^Restarting · evicted$/,
  ],
  ["deleted by somebody", { ready: true }, own({ deleting: true }), [], /^Restarting$/],
  [
    "evicted by its node",
    { ready: true },
    own({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." }),
    [],
    /^Failed · evicted: The node was low on resource: memory · started /,
  ],
  [
    "its pod before was evicted",
    { ready: true, runningSince: NOW - 120_000 },
    own(),
    [],
    /^Ready · evicted 3 min ago · for 2 min$/,
    { lost: { words: "evicted: low on memory", at: NOW - 180_000 } },
  ],
  [
    "the same two hours ago",
    { ready: true },
    own(),
    [],
    /^Ready · for /,
    { lost: { words: "evicted", at: NOW - 7_200_000 } },
  ],
  [
    "no Jupyter in it: up for a moment between crashes",
    { ready: true, runningSince: NOW - 5_000 },
    own({ containers: [container({ name: "bob", restarts: 3, last: { exitCode: 127, reason: "Error" } })] }),
    [],
    /^Ready · has crashed 3 times: its command was not found \(exit code 127\) · for a moment$/,
  ],
  [
    "idle, culled in a while",
    { ready: true, lastActivity: 0 },
    own(),
    [],
    /^Ready · idle for 15 min, stops in 23 h$/,
    { cullAfter: DAY_MS },
  ],
  [
    "idle, culled soon",
    { ready: true, lastActivity: NOW - 120_000 },
    own(),
    [],
    /^Ready · idle for 2 min, stops in 3 min$/,
    { cullAfter: 300_000 },
  ],
  [
    "idle, culled any moment",
    { ready: true, lastActivity: 0 },
    own(),
    [],
    /^Ready · idle for 15 min, about to be stopped$/,
    { cullAfter: 600_000 },
  ],
  ["used, culling on", { ready: true, lastActivity: NOW }, own(), [], /^Ready · for /, { cullAfter: 300_000 }],
  [
    "its only claim, nothing known",
    { claims: ["data"] },
    unbound,
    [],
    /^Waiting · its volume claim data has no volume · /,
  ],
  [
    "one of two claims, nothing known",
    { claims: ["data", "home"] },
    unbound,
    [],
    /^Waiting · one of its volume claims has no volume: data, home · /,
  ],
  [
    "no such class",
    { claims: ["data", "home"] },
    unbound,
    [],
    /^Waiting · its volume claim home has no volume: there is no StorageClass fast · /,
    {
      claims: {
        claims: [claim("data", { phase: "Bound" }), claim("home", { storageClass: "fast" })],
        warnings: [said("home", `storageclass.storage.k8s.io "fast" not found`)],
      },
    },
  ],
  [
    "no class at all",
    { claims: ["data"] },
    unbound,
    [],
    /data has no volume: it names no StorageClass, and the cluster has no default · /,
    { claims: { claims: [claim("data")], warnings: [] } },
  ],
  [
    "a class that takes its time",
    { claims: ["data"] },
    unbound,
    [],
    /data has no volume: the class slow has not made it yet · /,
    { claims: { claims: [claim("data", { storageClass: "slow" })], warnings: [] } },
  ],
  [
    "a volume that is gone",
    { claims: ["data"] },
    unbound,
    [],
    /data has no volume: it has lost the one that it had · /,
    { claims: { claims: [claim("data", { phase: "Lost" })], warnings: [] } },
  ],
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
    "its volume cannot be mounted",
    {},
    own(waits("ContainerCreating")),
    [warning("old", { aboutUid: "before", reason: "FailedMount", time: 3 }), mount],
    /^Waiting · (Secret hub is missing|MountVolume.*secret "hub" not found) · for 1[45] min$/,
  ],
  ["another pod's could not", {}, own(waits("ContainerCreating")), [{ ...mount, aboutUid: "b" }], /^Starting · on gpu/],
  ["it could not be a while ago", {}, own(waits("ContainerCreating")), [{ ...mount, time: 1 }], /^Starting · on gpu/],
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
  for (const [what, change, its, told, says, more] of TABLE) {
    it(what, () => {
      const { state, detail, when } = notebookSummary(sight(change, its, told, more), NOW);
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
    const lost = { words: BAD, at: NOW };
    const claims = { claims: [claim("a", { storageClass: BAD })], warnings: [said("a", BAD)] };
    const sights = [
      ...rows.map(([change, its, told]) => sight(change, its, told)),
      sight({ claims: ["a", BAD] }, unbound),
      sight({ claims: ["a"] }, unbound, [], { claims }),
      sight({ claims: ["a"] }, unbound, [], { claims: { ...claims, warnings: [] } }),
      sight({ ready: true }, own(), [], { lost }),
    ];
    for (const one of sights) {
      const summary = notebookSummary(one, NOW);
      const reasons = notebookWhy(one, NOW);
      for (const text of [summary.detail, ...reasons.flatMap((reason) => [reason.text, reason.detail ?? ""])]) {
        // eslint-disable-next-line no-control-regex -- the point of the test
        assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
        assert.ok(text.length <= 600, text);
      }
      assert.ok(summary.detail.length <= 180, summary.detail);
    }
  });

  it("why: nothing where it serves, the words and a next step where it does not", () => {
    const why = (...of: Parameters<typeof sight>): unknown =>
      notebookWhy(sight(...of), NOW).map(({ next, detail }) => [next?.id, detail]);
    assert.deepEqual(why({ ready: true }, own()), []);
    assert.deepEqual(why({ stopped: true }), [["resume", undefined]]);
    assert.deepEqual(why({}, undefined, [warning("no room")]), [["events", "no room"]]);
    assert.deepEqual(why({}, own(waits("CrashLoopBackOff"))), [["logs", undefined]]);
    assert.deepEqual(why({}, own(waits("ContainerCreating")), [mount]), [["events", mount.message]]);
    const pull = warning("Failed to pull image: not found", { time: 1 });
    const echoes = [warning("Error: ErrImagePull", { time: 2 }), warning("Back-off pulling image", { time: 3 })];
    assert.deepEqual(why({}, own(waits("ErrImagePull")), [pull, ...echoes]), [["events", pull.message]]);
    assert.deepEqual(why({ hasStatus: false }), [["install", undefined]]);
    const warnings = [said("home", "no class"), said("other", "x")];
    assert.deepEqual(why({ claims: ["home"] }, unbound, [], { claims: { claims: undefined, warnings } }), [
      ["events", "no class"],
    ]);
    const lost = { words: "evicted: low on memory", at: NOW };
    assert.deepEqual(why({ ready: true }, own(), [], { lost }), [["events", lost.words]]);
    const idle = sight({ ready: true, lastActivity: 0 }, own(), [], { cullAfter: 1_800_000 });
    assert.match(
      notebookWhy(idle, NOW)[0]?.text ?? "",
      /idle for 15 min, and is stopped in 15 min\. Run a cell to keep/,
    );
  });
});
