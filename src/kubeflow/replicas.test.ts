import assert from "node:assert/strict";
import { jobSummary } from "./jobStatus.ts";
import type { JobPod } from "./model.ts";
import { replicaSummary, whyNotRunning } from "./replicas.ts";
import { container, job, pod } from "./testing/objects.ts";

describe("what a row says of a replica", () => {
  it("raw text of a cluster is short and plain wherever a row shows it", () => {
    const bad = `a\u001b]0;x\u0007\u202e\n${"b".repeat(500)}`;
    const dead = { state: "terminated", exitCode: 1 } as const;
    const pods: readonly Partial<JobPod>[] = [
      { node: bad },
      { node: bad, phase: "Succeeded" },
      { node: bad, containers: [container({ state: "waiting" })] },
      { containers: [container({ name: bad, init: true }), container({ state: "waiting" })] },
      { containers: [container({ ...dead, reason: bad, message: bad })] },
      { containers: [container({ ...dead, reason: "OOMKilled", memoryLimit: bad })] },
      { phase: "Failed", reason: bad, containers: [] },
    ];
    const details = [
      ...pods.map((change) => replicaSummary(pod(change)).detail),
      jobSummary(job({ suspended: true, queue: bad }), [], [], 0).detail,
    ];
    for (const detail of details) {
      // eslint-disable-next-line no-control-regex -- the point of the test
      assert.doesNotMatch(detail, /[\u0000-\u001f\u202e]/);
      assert.ok(detail.length <= 90 && detail !== "", detail);
    }
  });

  it("what keeps a pod from its start, and nothing where that is ordinary", () => {
    const last = { state: "terminated", exitCode: 1, reason: "Error", message: undefined } as const;
    const waits = (reason: string): JobPod => pod({ containers: [container({ state: "waiting", reason, last })] });
    assert.equal(whyNotRunning(waits("ContainerCreating")), "");
    assert.equal(whyNotRunning(waits("ImagePullBackOff")), "the image cannot be pulled");
    assert.equal(whyNotRunning(waits("CrashLoopBackOff")), "keeps crashing: exit code 1");
    const beside = container({ name: "istio-proxy", state: "waiting", reason: "ImagePullBackOff" });
    const crash = container({ state: "waiting", reason: "CrashLoopBackOff", last });
    const both = pod({ node: "a", containers: [beside, crash] });
    assert.equal(whyNotRunning(both), "keeps crashing: exit code 1");
    assert.deepEqual(replicaSummary(both), { state: "Restarting", detail: "keeps crashing: exit code 1" });
  });
});
