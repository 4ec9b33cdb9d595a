import assert from "node:assert/strict";
import type { Listing, ListingDefinition, Store, StoreDefinition } from "../kube/store.ts";
import { TableRow } from "../kube/table.ts";
import { ManualClock } from "../kube/testing/manualClock.ts";
import { jobFromRow, kindOf } from "./jobKinds.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { BATCH_JOBS, type BatchJob, JOB_SETS, type JobSet } from "./kinds/trainJob.ts";
import { type JobEvent, jobKey, type JobKind, type JobPod, type TrainingJob } from "./model.ts";
import { type JobsChange, type JobSource, NamespaceJobs } from "./namespaceJobs.ts";
import { container, job, pod, warning } from "./testing/objects.ts";
import { SetStore } from "./testing/setStore.ts";

const uid = ({ uid: own }: { uid: string }): string => own;

/** Stores that a test sets, by the definition that asks for them. */
class FakeSource implements JobSource {
  readonly #stores = new Map<object, object>();
  readonly all: { readonly holders: number; readonly refreshes: number }[] = [];
  /** Stores of one job, by what they select: there is a definition for each. */
  readonly single = new Map<string, object>();

  store<T extends object>(definition: StoreDefinition<T>): Store<T> {
    return this.of(definition);
  }

  own<T extends object>(definition: StoreDefinition<T>): Store<T> {
    const { kind, labelSelector = "", fieldSelector = "" } = definition;
    const store = this.of<T>(definition);
    this.single.set(`${kind.plural} ${labelSelector}${fieldSelector}`, store);
    return store;
  }

  /** The store of one job alone that was asked for. */
  singleOf<T extends object>(what: string): SetStore<T> {
    // The test says what it put there.
    return (this.single.get(what) ?? assert.fail(what)) as SetStore<T>;
  }

  listing<T extends object>(definition: ListingDefinition<T>): Listing<T> {
    return this.of(definition);
  }

  of<T extends object>(definition: object): SetStore<T> {
    // The same definition always has the same T.
    const known = this.#stores.get(definition) as SetStore<T> | undefined;
    if (known !== undefined) return known;
    const key = "projectRow" in definition ? "name" : "uid";
    const made = new SetStore<T>((item) => (key in item ? String(item[key as keyof T]) : ""));
    this.#stores.set(definition, made);
    this.all.push(made);
    return made;
  }

  jobs(kind: JobKind): SetStore<TrainingJob> {
    return this.of(kindOf(kind).jobs);
  }

  pods(kind: JobKind): SetStore<JobPod> {
    return this.of(kindOf(kind).pods);
  }
}

describe("the training jobs of a namespace", () => {
  let source: FakeSource;
  let clock: ManualClock;
  let jobs: NamespaceJobs;
  let heard: JobsChange[];

  const open = (kinds: readonly JobKind[] = ["PyTorchJob", "TFJob", "TrainJob"], namespace?: string): void => {
    jobs = new NamespaceJobs(source, namespace ?? "team-a", kinds, clock);
    jobs.onDidChange((change) => heard.push(change));
  };

  beforeEach(() => {
    source = new FakeSource();
    clock = new ManualClock();
    heard = [];
  });

  afterEach(() => jobs.dispose());

  const bert = job({ condition: "Created" });
  const bertKey = jobKey(bert);

  it("are one set over all kinds, by key", () => {
    open();
    source.jobs("PyTorchJob").put(bert);
    source.jobs("TFJob").put(job({ kind: "TFJob", uid: "u2" }));
    assert.deepEqual([...jobs.items].map(({ kind }) => kind).sort(), ["PyTorchJob", "TFJob"]);
    assert.equal(jobs.get("TFJob/team-a/bert")?.kind, "TFJob");
    assert.equal(jobs.get(bertKey)?.uid, "u1");
    assert.equal(jobs.get("PyTorchJob/team-a/nobody"), undefined);
    assert.deepEqual(heard, [
      { changed: [bertKey], set: true },
      { changed: ["TFJob/team-a/bert"], set: true },
    ]);
  });

  it("know their own pods alone, though another kind's job has the same name", () => {
    open();
    source.jobs("PyTorchJob").put(bert);
    source.jobs("TFJob").put(job({ kind: "TFJob", uid: "u2" }));
    source.pods("PyTorchJob").put(pod(), pod({ uid: "p2", kind: "TFJob", role: "worker" }));
    assert.deepEqual(jobs.podsOf(bert).map(uid), ["pod-master-0"]);
    assert.equal(jobs.summary(bert).state, "Running");
    assert.deepEqual(heard.at(-1), { changed: [bertKey, "TFJob/team-a/bert"], set: false });
  });

  it("say when a job changes, and when the set does", () => {
    open();
    const store = source.jobs("PyTorchJob");
    store.put(bert);
    store.put({ ...bert, condition: "Running" });
    store.put({ ...bert, uid: "u9" });
    store.remove({ ...bert, uid: "u9" });
    store.set(bert);
    assert.deepEqual(
      heard.map(({ set }) => set),
      [true, false, false, true, true],
    );
    assert.equal(jobs.get(bertKey), bert);
  });

  it("a warning about a pod, a job or what stands between changes that job's row alone", () => {
    open();
    const llm = job({ kind: "TrainJob", name: "my-llm", uid: "t1", condition: undefined });
    source.jobs("PyTorchJob").put(bert);
    source.jobs("TrainJob").put(llm);
    source.pods("PyTorchJob").put(pod());
    heard.length = 0;
    const warnings = source.of<JobEvent>(JOB_WARNINGS);
    warnings.put(warning("x", { aboutKind: "Pod", aboutName: "bert-master-0", aboutUid: "pod-master-0" }));
    warnings.put(warning("x", { uid: "e2", aboutKind: "Job", aboutName: "my-llm-node-0", aboutUid: "b1" }));
    warnings.put(warning("x", { uid: "e3", aboutKind: "Notebook", aboutName: "bert", aboutUid: "n1" }));
    warnings.put(warning("x", { uid: "e4" }));
    const llmKey = jobKey(llm);
    assert.deepEqual(
      heard.map((change) => change.changed),
      [[bertKey], [llmKey], [bertKey]],
    );
    assert.deepEqual(jobs.warningsOf(bert).map(uid), ["e4", "e1"]);
    // No JobSet may be read: the Job's name is what its replicated job makes of the TrainJob's.
    const own = { ...llm, replicas: [{ role: "node", count: 1, gpus: 0, firstRank: 0 }] };
    assert.deepEqual(jobs.warningsOf(own).map(uid), ["e2"]);
  });

  it("a TrainJob is what its JobSet and Jobs tell of it too, which are watched where there is one", () => {
    open();
    const jobSets = source.of<JobSet>(JOB_SETS);
    source.jobs("PyTorchJob").put(bert);
    assert.equal(jobSets.holders, 0);
    const llm = job({ kind: "TrainJob", name: "llm", uid: "t1", condition: "Failed", message: "jobset failed" });
    source.jobs("TrainJob").put(llm);
    assert.equal(jobSets.holders, 1);
    const at = { namespace: "team-a", created: 0 };
    const replicas = [{ role: "node", count: 3, gpus: 2, firstRank: 0 }];
    jobSets.put({ uid: "s1", name: "llm", ...at, restarts: 1, replicas });
    const failure = { type: "Failed", reason: "BackoffLimitExceeded", message: "limit", since: 0 };
    source.of<BatchJob>(BATCH_JOBS).put({ uid: "b1", ...at, jobSet: "llm", role: "node", started: 1, failure });
    const merged = jobs.get(jobKey(llm));
    assert.deepEqual([merged?.restarts, merged?.replicas, merged?.message], [1, replicas, "limit"]);
    assert.equal(jobs.get(jobKey(llm)), merged, "made once");
    assert.deepEqual(heard.at(-1), { changed: [jobKey(llm)], set: false });
    source.of<BatchJob>(BATCH_JOBS).set();
    assert.equal(jobs.get(jobKey(llm))?.message, "jobset failed");
  });

  it("are counted by state, as their rows say", () => {
    open();
    const store = source.jobs("PyTorchJob");
    store.put(bert, job({ name: "b", uid: "b", condition: "Failed" }), job({ name: "c", uid: "c", suspended: true }));
    assert.deepEqual(Object.fromEntries(jobs.counts), { Waiting: 1, Failed: 1, Suspended: 1 });
    source.pods("PyTorchJob").put(pod());
    assert.deepEqual(Object.fromEntries(jobs.counts), { Running: 1, Failed: 1, Suspended: 1 });
    store.remove(job({ name: "b", uid: "b" }));
    assert.deepEqual(Object.fromEntries(jobs.counts), { Running: 1, Suspended: 1 });
    store.set();
    assert.deepEqual(Object.fromEntries(jobs.counts), {});
  });

  it("an update of one of 5,000 costs what it costs of one: no pass over all of them", () => {
    open(["PyTorchJob"]);
    const many = Array.from({ length: 5000 }, (_, index) => job({ name: `j${index}`, uid: `u${index}` }));
    const store = source.jobs("PyTorchJob");
    store.put(...many.slice(0, 400));
    const pods = source.pods("PyTorchJob");
    assert.equal(pods.holders, 1);
    store.put(...many.slice(400));
    pods.put(...many.map(({ name }, index) => pod({ uid: `p${index}`, job: name })));
    assert.deepEqual([...jobs.counts], [["Running", 5000]]);
    const warnings = source.of<JobEvent>(JOB_WARNINGS);
    const before = [store.passes, pods.passes, warnings.passes];
    heard.length = 0;
    const begun = performance.now();
    for (let round = 0; round < 2000; round++) {
      const index = round % 5000;
      const name = `j${index}`;
      pods.put(pod({ uid: `p${index}`, job: name, containers: [container({ restarts: round })] }));
      store.put(job({ name, uid: `u${index}`, message: String(round) }));
      warnings.put(warning("x", { uid: `e${index}`, aboutName: name, aboutUid: `u${index}` }));
      assert.equal(jobs.counts.get("Running"), 5000);
    }
    const took = performance.now() - begun;
    assert.deepEqual([store.passes, pods.passes, warnings.passes], before);
    assert.ok(heard.every((change) => change.changed.length === 1 && !change.set));
    assert.equal(heard.length, 6000);
    // 6,000 updates; a pass over 5,000 jobs for each would take minutes.
    assert.ok(took < 3000, `${Math.round(took)} ms`);
  });

  it("of too many to read whole there are rows, and one that a person looks at with its pods", async () => {
    const store = source.jobs("PyTorchJob");
    store.become({ kind: "loading" });
    open(["PyTorchJob"]);
    const columns = [
      { name: "Name", isAge: false },
      { name: "State", isAge: false },
      { name: "Age", isAge: true },
    ];
    const row = (name: string, state: string): TrainingJob =>
      jobFromRow("PyTorchJob", new TableRow(name, "team-a", columns, [name, state, "5m"], clock.now()));
    store.put(...Array.from({ length: 600 }, (_, index) => row(`j${index}`, "Running")));
    store.become({ kind: "live" });
    assert.equal(source.pods("PyTorchJob").holders, 0);
    const id = "PyTorchJob/team-a/j7";
    const partial = jobs.get(id);
    assert.ok(partial?.partial === true);
    assert.equal(jobs.podsKnownOf(partial), false);
    assert.deepEqual(jobs.summary(partial), { state: "Running", detail: "made 5 min ago", troubled: false });
    store.wholes.set("j7", job({ name: "j7", uid: "u7" }));
    const whole = await jobs.look(id);
    assert.equal(whole?.uid, "u7");
    assert.equal(jobs.get(id), whole);
    source.singleOf<JobPod>("pods training.kubeflow.org/job-name=j7").put(pod({ job: "j7" }));
    assert.deepEqual(jobs.podsOf(whole).map(uid), ["pod-master-0"]);
    assert.ok(jobs.podsKnownOf(whole));
    assert.equal(jobs.counts.get("Running"), 600);
    assert.equal(await jobs.look("PyTorchJob/team-a/none"), undefined);
  });

  it("are too many where kinds whose pods are watched together are so in sum, and while one has not answered", () => {
    const [py, tf] = [source.jobs("PyTorchJob"), source.jobs("TFJob")];
    for (const store of [py, tf]) store.become({ kind: "loading" });
    open(["PyTorchJob", "TFJob"]);
    tf.become({ kind: "live" });
    assert.equal(source.pods("TFJob").holders, 0, "PyTorchJobs may be thousands");
    py.put(...Array.from({ length: 600 }, (_, index) => job({ name: `j${index}`, uid: `u${index}` })));
    py.become({ kind: "live" });
    assert.equal(source.pods("TFJob").holders, 0);
    py.set(bert);
    assert.equal(source.pods("TFJob").holders, 1);
  });

  it("of too many TrainJobs the JobSet and the Jobs of one that a person looks at are watched", async () => {
    open(["TrainJob"]);
    const many = Array.from({ length: 600 }, (_, index) =>
      job({ kind: "TrainJob", name: `t${index}`, uid: `t${index}` }),
    );
    const store = source.jobs("TrainJob");
    store.put(...many);
    assert.deepEqual([source.of(JOB_SETS).holders, source.of(BATCH_JOBS).holders], [0, 0]);
    const [first, second] = many;
    assert.ok(first !== undefined && second !== undefined);
    store.wholes.set("t0", first);
    store.wholes.set("t1", second);
    await jobs.look(jobKey(first));
    const jobSets = source.singleOf<JobSet>("jobsets metadata.name=t0");
    const replicas = [{ role: "node", count: 3, gpus: 2, firstRank: 0 }];
    jobSets.put({ uid: "s1", name: "t0", namespace: "team-a", created: 0, restarts: 4, replicas });
    assert.equal(jobs.get("TrainJob/team-a/t0")?.restarts, 4);
    assert.equal(source.singleOf("jobs jobset.sigs.k8s.io/jobset-name=t0").holders, 1);
    jobs.dispose();
    assert.ok(source.all.every(({ holders }) => holders === 0));
  });

  it("are stale since one of them could not be read, however often that is asked", async () => {
    open(["PyTorchJob", "TFJob"]);
    await clock.advance(10_000);
    source.jobs("TFJob").become({ kind: "failed", error: new Error("odd") });
    const since = clock.now();
    await clock.advance(60_000);
    assert.deepEqual(jobs.state, { kind: "stale", since, why: "odd" });
    source.jobs("TFJob").become({ kind: "live" });
    assert.deepEqual(jobs.state, { kind: "live" });
  });

  it("say one state for all kinds: those that are absent or forbidden count where there are no others", () => {
    open();
    const [py, tf, train] = [source.jobs("PyTorchJob"), source.jobs("TFJob"), source.jobs("TrainJob")];
    tf.become({ kind: "absent" });
    train.become({ kind: "forbidden", why: "no" });
    assert.deepEqual(jobs.state, { kind: "live" });
    assert.deepEqual(jobs.forbidden, [{ kind: "TrainJob", why: "no" }]);
    py.become({ kind: "loading" });
    assert.equal(jobs.state.kind, "loading");
    py.become({ kind: "stale", since: 5, why: "cut" });
    assert.deepEqual(jobs.state, { kind: "stale", since: 5, why: "cut" });
    py.become({ kind: "absent" });
    assert.deepEqual(jobs.state, { kind: "forbidden", why: "no" });
    train.become({ kind: "absent" });
    assert.deepEqual(jobs.state, { kind: "absent" });
    tf.become({ kind: "live" });
    py.become({ kind: "failed", error: new Error("odd") });
    assert.equal(jobs.state.kind, "stale", "some can be seen, some cannot");
    tf.become({ kind: "absent" });
    assert.equal(jobs.state.kind, "failed");
  });

  it("gives a job's replicas by rank, made once until something of them changes", () => {
    open(["PyTorchJob"]);
    source.jobs("PyTorchJob").put(bert);
    const pods = source.pods("PyTorchJob");
    assert.equal(jobs.replica(bert, "0")?.summary.state, "Waiting");
    pods.put(pod());
    const first = jobs.replica(bert, "0");
    assert.deepEqual([first?.summary.state, first?.running, first?.container?.pod], ["Running", true, "bert-master-0"]);
    assert.equal(jobs.replicas(bert)[0], first);
    pods.put(pod({ role: "worker" }));
    assert.notEqual(jobs.replica(bert, "0"), first);
    assert.equal(jobs.replica(bert, "7"), undefined);
  });

  it("pods that may not be read are not taken for a wait", () => {
    open(["PyTorchJob"]);
    source.jobs("PyTorchJob").put(job());
    source.pods("PyTorchJob").become({ kind: "forbidden", why: "no" });
    assert.equal(jobs.podsKnownOf(job()), false);
    assert.equal(jobs.summary(job()).state, "Running");
    assert.deepEqual(jobs.why(job()), []);
  });

  it("answers wait for all kinds, and no longer than they may", async () => {
    open(["PyTorchJob"]);
    await jobs.answered(100);
    const store = source.jobs("PyTorchJob");
    store.become({ kind: "loading" });
    store.settled = () => new Promise(() => undefined);
    let over = false;
    const answered = jobs.answered(100).then(() => (over = true));
    await clock.advance(99);
    assert.equal(over, false);
    await clock.advance(1);
    await answered;
    assert.equal(clock.timers, 0);
  });

  it("let go of every store when nobody looks any more, and read all of them anew when asked", () => {
    open();
    source.jobs("TrainJob").put(job({ kind: "TrainJob", uid: "t1" }));
    jobs.refresh();
    const held = source.all.filter(({ holders }) => holders > 0);
    assert.equal(held.length, 8, "three kinds, two views of pods, warnings, JobSets, Jobs");
    assert.ok(held.every(({ refreshes }) => refreshes === 1));
    jobs.dispose();
    assert.ok(source.all.every(({ holders }) => holders === 0));
  });
});
