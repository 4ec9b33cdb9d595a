import assert from "node:assert/strict";
import type { ContainerState, JobPod } from "./model.ts";
import { exitWords, failureOf, imageFailure, missingWords, waitingText, warningText } from "./podWords.ts";
import { container, pod, warning } from "./testing/objects.ts";

const dead = (change: Partial<ContainerState>, more: Partial<JobPod> = {}): JobPod =>
  pod({
    phase: "Failed",
    containers: [container({ state: "terminated", exitCode: 1, reason: "Error", ...change })],
    ...more,
  });

const OCI =
  "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init";

describe("how a pod failed", () => {
  const table: readonly (readonly [JobPod, string])[] = [
    [dead({}), "ended with exit code 1"],
    [dead({ exitCode: 137, reason: "OOMKilled", memoryLimit: "32Gi" }), "out of memory (32 Gi)"],
    [dead({ exitCode: 137, reason: "OOMKilled" }), "out of memory"],
    [dead({ exitCode: 137 }), "was killed (SIGKILL), often for want of memory"],
    [dead({ exitCode: 139 }), "crashed in native code (SIGSEGV)"],
    [dead({ exitCode: 127 }), "its command was not found (exit code 127)"],
    [dead({ message: "line\nValueError: x\n" }), "ended with exit code 1: ValueError: x"],
    [
      dead({ message: "torch.distributed.elastic.rendezvous.api.RendezvousTimeoutError" }),
      "gave up waiting for the other ranks",
    ],
    [
      dead({
        exitCode: 128,
        reason: "StartError",
        message: `${OCI}: exec: "pyhton3": executable file not found in $PATH`,
      }),
      "its command pyhton3 was not found",
    ],
    [
      dead({ exitCode: 128, reason: "StartError", message: `${OCI}: exec: "/run.sh": permission denied` }),
      "its command /run.sh may not be executed",
    ],
    [
      dead({ exitCode: 128, reason: "StartError", message: `${OCI}: no space left on device` }),
      "could not be started: no space left on device",
    ],
    [
      dead({}, { reason: "Evicted", message: "The node was low on resource: memory." }),
      "evicted: The node was low on resource: memory",
    ],
    [dead({ exitCode: 137 }, { disruption: "PreemptionByScheduler" }), "preempted by more important pods"],
    [dead({}, { disruption: "DeletionByTaintManager" }), "its node was lost or closed"],
    [dead({}, { reason: "OutOfnvidia.com/gpu", containers: [] }), "its node had too little nvidia.com/gpu"],
    [
      dead({}, { reason: "DeadlineExceeded", message: "Pod was active longer" }),
      "ran longer than its deadline allows: Pod was active longer",
    ],
    // A sidecar that falls before or after the person's own container is not what failed.
    [
      pod({
        phase: "Failed",
        containers: [
          container({ name: "proxy", state: "terminated", exitCode: 143, reason: "Error" }),
          container({ state: "terminated", exitCode: 3, reason: "Error" }),
        ],
      }),
      "ended with exit code 3",
    ],
    // A sidecar that ended well hides nothing, and what was killed for memory comes before what fell with it.
    [
      pod({
        phase: "Failed",
        containers: [
          container({ name: "helper", state: "terminated", exitCode: 1, reason: "Error" }),
          container({ state: "terminated", exitCode: 137, reason: "OOMKilled", memoryLimit: "1Gi" }),
        ],
      }),
      "out of memory (1 Gi)",
    ],
  ];
  for (const [of, says] of table)
    it(says, () => {
      assert.equal(failureOf(of), says);
    });

  it("names of an object's own properties are no reasons", () => {
    assert.equal(failureOf(dead({}, { reason: "constructor", containers: [] })), "constructor");
  });

  it("numbers that are none of an exit code stay words", () => {
    for (const code of [-1, 0.5, 1e300, Number.NaN, 2 ** 40]) assert.ok(exitWords(code).length < 60, exitWords(code));
    assert.equal(exitWords(1e300), "ended with an exit code that is none");
  });
});

describe("why an image cannot be pulled", () => {
  const table: readonly (readonly [message: string, says: string | undefined])[] = [
    ['failed to resolve reference "x": docker.io/library/x:1: not found', "not found"],
    [
      "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope",
      "not found, or no access",
    ],
    ["unexpected status from HEAD request: 403 Forbidden", "no access to it"],
    ["toomanyrequests: You have reached your pull rate limit", "the registry's rate limit is reached"],
    ["dial tcp: lookup registry.invalid: no such host", "its registry cannot be reached"],
    ["no match for platform in manifest", "not built for the node's processor"],
    ['Back-off pulling image "x"', undefined],
  ];
  for (const [message, says] of table)
    it(says ?? "nothing where it does not say", () => {
      assert.equal(imageFailure({ reason: "ImagePullBackOff", message }), says);
      const text = waitingText(container({ state: "waiting", reason: "ImagePullBackOff", message }));
      assert.equal(text, `the image cannot be pulled${says === undefined ? "" : ` (${says})`}`);
    });

  it("by reasons of its own", () => {
    assert.equal(imageFailure({ reason: "InvalidImageName", message: "x" }), "its name is not one of an image");
    assert.equal(
      imageFailure({ reason: "ErrImageNeverPull", message: "x" }),
      "not on the node, and never to be pulled",
    );
  });
});

describe("warnings in plain words", () => {
  const table: readonly (readonly [string, string])[] = [
    [
      'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
      "Pod Security restricted:latest forbids its pods: allowPrivilegeEscalation != false",
    ],
    [
      'admission webhook "gate.example.com" denied the request: no GPUs on Mondays',
      "the cluster's rules refuse it: no GPUs on Mondays",
    ],
    [
      'pods "x" is forbidden: failed quota: mem: must specify limits.memory for: pytorch',
      "the quota mem wants limits.memory to be stated",
    ],
    [
      'pods "x" is forbidden: [maximum cpu usage per Container is 2, but limit is 4]',
      "the namespace limits each pod: maximum cpu usage per Container is 2, but limit is 4",
    ],
    [
      'Error creating: pods "bert-master-0" is forbidden: error looking up service account a/b: serviceaccount "b" not found',
      "ServiceAccount b is missing",
    ],
    ["Error creating: no luck", "no luck"],
  ];
  for (const [message, says] of table)
    it(says, () => {
      assert.equal(warningText(warning(message)), says);
    });

  it("what is missing", () => {
    assert.equal(missingWords('configmap "train-code" not found'), "ConfigMap train-code is missing");
    assert.equal(missingWords("couldn't find key token in Secret team-a/hub"), "Secret team-a/hub has no key token");
    assert.equal(missingWords("all is there"), undefined);
  });

  it("hostile texts of 100 KB stay one short plain line", () => {
    const bad = `\u001b]0;x\u0007\u202e"${"b".repeat(100_000)}\n`;
    for (const text of [
      warningText(warning(bad)),
      warningText(warning(`admission webhook "${bad}" denied the request: ${bad}`)),
      warningText(warning(`secret "${bad}" not found`)),
      waitingText({ reason: bad, message: bad }),
      waitingText({ reason: "CreateContainerConfigError", message: bad }),
      failureOf(dead({ message: bad }, { reason: bad })),
      failureOf(dead({ message: bad }, { reason: "Evicted", message: bad })),
    ]) {
      // eslint-disable-next-line no-control-regex -- the point of the test
      assert.doesNotMatch(text, /[\u0000-\u001f\u202e]/);
      assert.ok(text.length <= 160 && text !== "", text);
    }
  });
});
