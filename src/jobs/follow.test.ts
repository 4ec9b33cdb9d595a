import assert from "node:assert/strict";
import { errorCode, isCancelled } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import { KubeClient } from "../kube/client.ts";
import { ConnectError } from "../kube/errors.ts";
import type { StoreState } from "../kube/store.ts";
import { ManualClock, turns } from "../kube/testing/manualClock.ts";
import type { JobEvent, JobPod, Source, TrainingJob } from "../kubeflow/model.ts";
import { container, job, pod, warning } from "../kubeflow/testing/objects.ts";
import { SetStore } from "../kubeflow/testing/setStore.ts";
import { OPERATOR_LABELS } from "../kubeflow/labels.ts";
import { followJob } from "./follow.ts";
import { Follows } from "./follows.ts";
import { FakeApi } from "../kubeflow/testing/fakeApi.ts";
import type { Verdict } from "./verdict.ts";

const TARGET = { namespace: "team-a", name: "bert", uid: "u1" };
const uid = ({ uid: own }: { readonly uid: string }): string => own;

/** A follow whose stores a test sets. */
class Bench {
  readonly clock = new ManualClock();
  readonly api = new FakeApi();
  readonly jobs = new SetStore<TrainingJob>(uid);
  readonly pods = new SetStore<JobPod>(uid);
  readonly warnings = new SetStore<JobEvent>(uid);
  readonly abort = new AbortController();
  readonly said: string[] = [];
  failure: unknown;
  verdict: Verdict | undefined;

  async start(first: TrainingJob): Promise<void> {
    this.jobs.set(first);
    const { jobs, pods, warnings, clock } = this;
    const sources = { client: new KubeClient(this.api), jobs, pods, warnings, clock, log: silentLogger };
    const sink = {
      lines: () => undefined,
      status: (source: Source | undefined, state: string, text: string) =>
        void this.said.push(`${source === undefined ? "" : `${source} `}${state}: ${text}`),
      gap: () => undefined,
    };
    followJob({ ...TARGET, kind: first.kind }, sources, sink, this.abort.signal).then(
      (verdict) => (this.verdict = verdict),
      (error: unknown) => (this.failure = error),
    );
    await turns();
  }

  async end(): Promise<void> {
    this.abort.abort();
    await turns();
  }
}

describe("what a follow says where nothing comes", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  afterEach(async () => {
    await bench.end();
    assert.equal(bench.clock.timers, 0, "timers");
  });
  const waiting = job({ condition: "Created", started: undefined });

  it("that the job is suspended, once that has lasted", async () => {
    await bench.start(job({ suspended: true }));
    assert.deepEqual(bench.said, []);
    await bench.clock.advance(2_000);
    bench.jobs.set(job({ suspended: true }));
    await turns();
    assert.deepEqual(bench.said, ["Suspended: the job is suspended"]);
  });

  it("nothing of a launch that is let run at once", async () => {
    await bench.start(job({ suspended: true }));
    await bench.clock.advance(500);
    bench.jobs.set(waiting);
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.said, []);
  });

  it("which queue holds it, in harmless words", async () => {
    await bench.start(job({ suspended: true, queue: "gpu\u001b[2J-queue" }));
    await bench.clock.advance(2_000);
    assert.deepEqual(bench.said, ["Queued: waits in queue gpu-queue"]);
  });

  it("that the operator makes no pods, but not where a warning tells more", async () => {
    await bench.start(waiting);
    await bench.clock.advance(14_000);
    assert.deepEqual(bench.said, []);
    await bench.clock.advance(1_000);
    assert.deepEqual(bench.said, ["Waiting: the training operator has made no pods yet"]);
    bench.warnings.set(warning("Error creating: no luck"));
    await bench.clock.advance(60_000);
    assert.deepEqual(bench.said.slice(1), ["Waiting: no luck → Show events"]);
  });

  it("of a TrainJob: whose initializer waits, under its name; that its log is asked for by its own container", async () => {
    const replicas = [
      { role: "dataset-initializer", count: 1, gpus: 0, firstRank: undefined },
      { role: "node", count: 2, gpus: 0, firstRank: 0 },
    ];
    const train = job({ kind: "TrainJob", condition: undefined, started: undefined, replicas });
    await bench.start(train);
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.said, ["Waiting: Kubeflow Trainer has made no pods yet"]);
    const at = { kind: "TrainJob", role: "dataset-initializer", phase: "Pending" } as const;
    const image = container({
      name: "dataset-initializer",
      state: "waiting",
      reason: "ErrImagePull",
      message: "x: not found",
    });
    bench.pods.set(pod({ ...at, containers: [image] }));
    await turns();
    assert.deepEqual(bench.said.slice(1), [
      "dataset-initializer Waiting: the image cannot be pulled (not found) → Change the image",
    ]);
    const own = container({ name: "dataset-initializer" });
    bench.pods.set(pod({ ...at, phase: "Running", containers: [container({ name: "istio-proxy" }), own] }));
    await turns();
    const asked = bench.api.requests.map(({ path, query }) => `${path} ${query?.["container"] ?? ""}`);
    assert.deepEqual(asked, ["/api/v1/namespaces/team-a/pods/bert-dataset-initializer-0/log dataset-initializer"]);
  });

  it("since when the cluster does not answer, once, and that it does again", async () => {
    await bench.start(waiting);
    bench.pods.set(pod({ containers: [container({ state: "waiting" })] }));
    const since = bench.clock.now();
    for (const why of ["refused", "timed out"]) {
      bench.jobs.become({ kind: "stale", since, why });
      await turns();
    }
    const at = new Date(since).toTimeString().slice(0, 8);
    assert.deepEqual(
      bench.said.filter((text) => text.startsWith("Unknown")),
      [`Unknown: no answer from the cluster since ${at}: refused`],
    );
    bench.jobs.become({ kind: "live" });
    await turns();
    assert.equal(bench.said.at(-1), "Waiting: the cluster answers again");
  });

  it("ends where the rights are taken away, or only a sign-in helps", async () => {
    const states: readonly (readonly [StoreState, string])[] = [
      [{ kind: "forbidden", why: "no" }, "no-rights"],
      [{ kind: "absent" }, "no-operator"],
      [{ kind: "failed", error: new ConnectError("sign-in-needed", "Sign in.") }, "sign-in-needed"],
      [{ kind: "stale", since: 0, why: "x", halted: new ConnectError("plugin-failed", "Sign in.") }, "plugin-failed"],
    ];
    for (const [state, code] of states) {
      bench = new Bench();
      await bench.start(waiting);
      assert.equal(bench.failure, undefined);
      bench.jobs.become(state);
      await turns();
      assert.equal(errorCode(bench.failure), code);
    }
  });
});

describe("a follow that comes to an end while its pods are not heard of", () => {
  let bench: Bench;
  const over = container({ state: "terminated", exitCode: 0 });
  const logs = (): number => bench.api.requests.filter(({ path }) => path.endsWith("/log")).length;

  beforeEach(async () => {
    bench = new Bench();
    const labels = { [OPERATOR_LABELS.job]: "bert", [OPERATOR_LABELS.role]: "master", [OPERATOR_LABELS.index]: "0" };
    const metadata = { name: "bert-master-0", namespace: "team-a", uid: pod().uid, labels };
    const containerStatuses = [{ name: over.name, restartCount: 0, state: { terminated: { exitCode: 0 } } }];
    const spec = { containers: [{ name: over.name }] };
    const list = { status: 200, items: [{ metadata, spec, status: { phase: "Succeeded", containerStatuses } }] };
    bench.api.fault = ({ path }) => (path.endsWith("/pods") ? list : undefined);
    bench.pods.state = { kind: "stale", since: 0, why: "refused" };
    await bench.start(job({ condition: "Succeeded" }));
  });
  afterEach(() => bench.end());

  it("waits for them, and reads what they said", async () => {
    await bench.clock.advance(30_000);
    assert.deepEqual([bench.verdict, logs()], [undefined, 0]);
    bench.pods.become({ kind: "live" });
    bench.pods.set(pod({ phase: "Succeeded", containers: [over] }));
    await turns();
    assert.equal(logs(), 1);
  });

  it("is over where they may be seen no more", async () => {
    bench.pods.become({ kind: "forbidden", why: "no" });
    await bench.clock.advance(12_000);
    assert.equal(bench.verdict?.outcome, "succeeded");
    assert.equal(bench.said.at(-1), "0 Unknown: the rest of its log could not be read");
  });

  it("says whose log could not be read where that lasts", async () => {
    await bench.clock.advance(62_000);
    assert.equal(bench.verdict?.outcome, "succeeded");
    assert.equal(bench.said.at(-1), "0 Unknown: the rest of its log could not be read");
  });
});

describe("follows of a context", () => {
  const never = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));

  it("end with a sentence and a way on when its connection is replaced, and those alone", async () => {
    const follows = new Follows();
    const person = new AbortController();
    const [one, other] = [
      follows.run("a", TARGET, person.signal, never),
      follows.run("b", TARGET, person.signal, never),
    ];
    follows.replaced("a");
    await assert.rejects(one, (error) => {
      assert.equal(errorCode(error), "connection-replaced");
      assert.equal(
        error instanceof Error && error.message,
        "bert is no longer followed: its entry in the kubeconfig has changed.",
      );
      return true;
    });
    person.abort();
    await assert.rejects(other, /^Error: aborted$/);
    const later = follows.run("a", TARGET, new AbortController().signal, () => Promise.resolve(1));
    assert.equal(await later, 1);
    const last = follows.run("a", TARGET, new AbortController().signal, never);
    follows.dispose();
    await assert.rejects(last, /^Error: aborted$/);
    await assert.rejects(follows.run("a", TARGET, person.signal, never), isCancelled);
  });
});
