// Every kind of the Training Operator, made for real, in the states that a person meets.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../src/kube/objects.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { V1_KINDS, type V1Kind } from "../../src/kubeflow/kinds/v1Job.ts";
import type { TrainingJob } from "../../src/kubeflow/model.ts";
import type { NamespaceJobs } from "../../src/kubeflow/namespaceJobs.ts";
import { until } from "../editor/until.ts";
import { followToEnd } from "./recorder.ts";
import { byUid, Cleanup, deleteJob, kubeconfigOf, makeNamespace, openRig, PYTHON, type Rig } from "./support.ts";

const WAIT = "import time; time.sleep(600)";
const SLOW_MS = 60_000;

interface Role {
  readonly code: string;
  readonly replicas?: number;
  readonly image?: string;
  readonly limits?: Readonly<Record<string, string>>;
}

/** Roles of the smallest job of each kind that its webhook lets pass, and what each does beside the leader. */
function rolesOf({ kind }: V1Kind, leader: Role): Readonly<Record<string, Role>> {
  switch (kind) {
    case "MPIJob":
      return { Launcher: leader, Worker: { code: WAIT } };
    case "TFJob":
      return { Chief: leader, PS: { code: WAIT } };
    case "JAXJob":
      return { Worker: leader };
    default:
      return { Master: leader };
  }
}

function manifest(kind: V1Kind, namespace: string, name: string, leader: Role, suspend = false): KubeObject {
  const specs = Object.entries(rolesOf(kind, leader)).map(([role, { code, replicas = 1, image = PYTHON, limits }]) => {
    const container = {
      name: kind.container,
      image,
      command: ["python3", "-u", "-c", code],
      ...(limits === undefined ? {} : { resources: { limits } }),
    };
    const spec = { terminationGracePeriodSeconds: 0, containers: [container] };
    return [role, { replicas, restartPolicy: "Never", template: { spec } }] as const;
  });
  return {
    apiVersion: "kubeflow.org/v1",
    kind: kind.kind,
    metadata: { name, namespace },
    ...{ spec: { runPolicy: { cleanPodPolicy: "Running", suspend }, [kind.replicas]: Object.fromEntries(specs) } },
  };
}

describe("training jobs of every kind of the Training Operator", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let jobs: NamespaceJobs;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "kinds");
    jobs = rig.engine.cluster(rig.context).jobs(namespace);
    cleanup.add(() => jobs.dispose());
  });

  after(() => cleanup.run());

  const create = async (kind: V1Kind, name: string, leader: Role, suspend = false): Promise<string> => {
    const made = await rig.client.create(kind.resource, manifest(kind, namespace, name, leader, suspend));
    return made.metadata.uid ?? "";
  };

  /** Waits until the row of a job says this. */
  const says = async (uid: string, pattern: RegExp): Promise<TrainingJob> => {
    const row = (job: TrainingJob | undefined): string => {
      const { state, detail } = job === undefined ? { state: "", detail: "" } : jobs.summary(job);
      return `${state} · ${detail}`;
    };
    await until(
      `a row that says ${pattern}`,
      () => Promise.resolve(row(byUid(jobs, uid))),
      (now) => pattern.test(now),
      SLOW_MS,
    );
    const job = byUid(jobs, uid);
    assert.ok(job !== undefined);
    return job;
  };

  const why = (job: TrainingJob): string => jobs.why(job)[0]?.text ?? "";

  /** A job of every kind in every state, made at once: they wait for each other's nodes, not for each other. */
  const LEADERS: Readonly<Record<string, Role & { readonly suspend?: true }>> = {
    ok: { code: "print('hello')" },
    fails: { code: "raise SystemExit(3)" },
    oom: { code: "x = bytearray(300_000_000)", limits: { memory: "48Mi" } },
    gpus: { code: WAIT, limits: { "nvidia.com/gpu": "2" } },
    image: { code: WAIT, image: "trainyard.local/missing:1" },
    held: { code: WAIT, suspend: true },
  };
  const uids = new Map<string, string>();
  const uidOf = (kind: V1Kind, which: string): string => uids.get(`${kind.kind}/${which}`) ?? "";

  before(async () => {
    for (const [which, { suspend = false, ...leader }] of Object.entries(LEADERS))
      for (const kind of V1_KINDS) {
        const uid = await create(kind, `${kind.kind.toLowerCase()}-${which}`, leader, suspend);
        uids.set(`${kind.kind}/${which}`, uid);
      }
  });

  for (const kind of V1_KINDS) {
    // A launcher is a rank only where it has GPUs.
    const isLauncher = kind.launcher !== undefined;
    const leader = isLauncher ? "launcher" : "rank 0";
    const Leader = isLauncher ? "Launcher" : "Rank 0";

    it(`${kind.kind}: succeeds, and its log is read under its leader's rank`, async () => {
      const name = `${kind.kind.toLowerCase()}-ok`;
      const job = await says(uidOf(kind, "ok"), /^Succeeded · \d nodes? · /);
      assert.deepEqual(jobs.why(job), []);
      const { recorder, result } = await followToEnd(rig, { namespace, name, uid: job.uid, kind: kind.kind });
      assert.equal(result.verdict.outcome, "succeeded");
      assert.deepEqual(recorder.of(isLauncher ? "launcher" : 0), ["hello"]);
    });

    it(`${kind.kind}: fails, and says with which exit code`, async () => {
      const job = await says(uidOf(kind, "fails"), new RegExp(`^Failed · ${leader}: ended with exit code 3 · `));
      assert.equal(why(job), `${Leader} failed: ended with exit code 3.`);
    });

    it(`${kind.kind}: is killed for its memory, with the limit`, async () => {
      const job = await says(uidOf(kind, "oom"), new RegExp(`^Failed · ${leader}: out of memory \\(48 Mi\\)`));
      assert.equal(why(job), `${Leader} failed: out of memory (48 Mi).`);
      assert.equal(jobs.why(job)[0]?.next?.id, "change-size");
    });

    it(`${kind.kind}: waits for GPUs that no node has`, async () => {
      const job = await says(uidOf(kind, "gpus"), /^Waiting · rank 0: needs 2 × GPU, not free · for/);
      assert.match(why(job), /^Rank 0 finds no node: needs 2 × GPU \(not free on the only node\)\.$/);
    });

    it(`${kind.kind}: has an image that cannot be pulled`, async () => {
      const job = await says(uidOf(kind, "image"), new RegExp(`^Waiting · ${leader}: the image cannot be pulled \\(`));
      assert.match(
        why(job),
        new RegExp(`^${Leader} cannot start: the image trainyard\\.local/missing:1 cannot be pulled: `),
      );
      assert.equal(jobs.why(job)[0]?.next?.id, "change-image");
    });

    it(`${kind.kind}: is suspended, goes on, is stopped and deleted`, async () => {
      const uid = uidOf(kind, "held");
      const job = await says(uid, /^Suspended · \d node/);
      assert.match(why(job), /^It is suspended/);
      assert.match(await rig.engine.objectYaml(rig.context, { ...job, resource: kind.resource }), /suspend: true/);
      await rig.engine.resumeJob(rig.context, job);
      await says(uid, /^Running · /);
      assert.ok(
        jobs.replicas(job).some(({ source, pod }) => source === (isLauncher ? "launcher" : 0) && pod !== undefined),
      );
      await rig.engine.stopJob(rig.context, job);
      await says(uid, /^Suspended · /);
      await deleteJob(rig, job);
      await until(
        "it to go",
        () => Promise.resolve(byUid(jobs, uid)),
        (now) => now === undefined,
        SLOW_MS,
      );
      assert.equal(await rig.engine.findJob(rig.context, job), undefined);
    });
  }

  it("counts the states of all of them as their rows say", async () => {
    // A store tells of its changes in batches: for a moment the counts know less than the rows.
    const both = (): readonly object[] => {
      const rows = new Map<string, number>();
      for (const job of jobs.items) {
        const { state } = jobs.summary(job);
        rows.set(state, (rows.get(state) ?? 0) + 1);
      }
      return [Object.fromEntries(jobs.counts), Object.fromEntries(rows)];
    };
    await until(
      "the counts to be those of the rows",
      () => Promise.resolve(both()),
      ([counts, rows]) => isDeepStrictEqual(counts, rows),
      SLOW_MS,
    );
    assert.equal([...jobs.items].length, V1_KINDS.length * 5);
    await until(
      "one live state",
      () => Promise.resolve(jobs.state.kind),
      (kind) => kind === "live",
      SLOW_MS,
    );
    assert.ok([...jobs.items].every((job) => jobs.podsKnownOf(job)));
  });

  it("tells parameter servers by their name, and ranks by their number", async () => {
    const tf = kindOf("TFJob");
    const row = V1_KINDS.find(({ kind }) => kind === "TFJob");
    assert.ok(row !== undefined);
    const object = manifest(row, namespace, "named", { code: WAIT });
    const { metadata } = await rig.client.create(tf.resource, object);
    const job = await says(metadata.uid ?? "", /^Running · 1 node · /);
    assert.deepEqual(
      jobs.replicas(job).map(({ source }) => source),
      [0, "ps"],
    );
    await deleteJob(rig, job);
  });
});
