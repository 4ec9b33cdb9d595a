// How the code of a job gets into the cluster where it is more than a few files, and what is installed before it starts.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { buildManifests } from "../../src/jobs/manifests/index.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { CLAIM, POD } from "../../src/kubeflow/kinds/resources.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { until } from "../editor/until.ts";
import { follow, followToEnd } from "./recorder.ts";
import {
  choice,
  Cleanup,
  CONFIG_MAP,
  deleteJob,
  kubeconfigOf,
  launchFile,
  makeClaim,
  makeNamespace,
  makeVolume,
  openRig,
  PYTHON,
  type Rig,
  TORCH,
  writeProject,
} from "./support.ts";
import { wheel } from "./wheel.ts";

const NEVER = new AbortController().signal;
const FOLDER = { code: "folder" } as const;

describe("the code of a job", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "code");
  });

  after(() => cleanup.run());

  /** A project that is too large for one ConfigMap, with modules beside and above the script. */
  async function largeProject(): Promise<{ readonly file: string; readonly root: string }> {
    const file = await writeProject(cleanup, {
      "scripts/train.py": [
        "import hashlib, os, sys",
        "import beside, above, inside",
        "print(os.getcwd(), *sys.argv[1:])",
        "print(hashlib.sha256(open('../blob/räksmörgås.bin', 'rb').read()).hexdigest())",
        "print(os.access('run.sh', os.X_OK), os.access('train.py', os.X_OK))",
      ].join("\n"),
      "scripts/beside.py": "",
      "scripts/run.sh": "",
      "above.py": "",
      "src/inside.py": "",
    });
    const root = path.dirname(path.dirname(file));
    await fs.mkdir(path.join(root, "blob"));
    await fs.writeFile(path.join(root, "blob", "räksmörgås.bin"), randomBytes(1_500_000));
    await fs.chmod(path.join(root, "scripts", "run.sh"), 0o755);
    return { file, root };
  }

  for (const kind of ["PyTorchJob", "TrainJob"] as const)
    it(`of a larger project is unpacked and checked in each pod of a ${kind}`, async () => {
      const { file, root } = await largeProject();
      const blob = await fs.readFile(path.join(root, "blob", "räksmörgås.bin"));
      const { plan, job } = await launchFile(rig, file, namespace, { kind, ...FOLDER, project: root, args: ["a b"] });
      assert.equal(plan.snapshot.tier, "archive");
      const { recorder, result } = await followToEnd(rig, job);
      assert.equal(result.verdict.outcome, "succeeded", recorder.of(0).join("\n"));
      const hash = createHash("sha256").update(blob).digest("hex");
      assert.deepEqual(recorder.of(0), ["/opt/trainyard/code/scripts a b", hash, "True False"]);
      const maps = await rig.client.list(CONFIG_MAP, {
        namespace,
        labelSelector: `trainyard/launch-id=${plan.spec.id}`,
      });
      assert.equal(maps.items.length, 3);
      for (const { metadata } of maps.items) assert.equal(metadata.ownerReferences?.[0]?.uid, job.uid);
    });

  it("is not run where it is not what was sent", async () => {
    const { file, root } = await largeProject();
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace, { ...FOLDER, project: root }), rig.client);
    const { archive } = plan.snapshot;
    const other = { ...plan.snapshot, archive: { ...archive, sha256: "0".repeat(64) } };
    const job = await rig.engine.jobs.launcher.launch(plan.spec, other, rig.client);
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "failed");
    assert.deepEqual(recorder.of(0), [
      "trainyard: the code in the cluster is not the code that was sent; run it again",
    ]);
  });

  it("is on a volume of the job where it is larger still, sent and checked before the job may start", async () => {
    const { file, root } = await largeProject();
    await fs.writeFile(path.join(root, "blob", "räksmörgås.bin"), randomBytes(9_000_000));
    await makeVolume(cleanup, rig.client, "ReadWriteOnce");
    const { plan, job } = await launchFile(rig, file, namespace, { ...FOLDER, project: root });
    assert.equal(plan.snapshot.tier, "volume");
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded", recorder.of(0).join("\n"));
    const [mark] = (await rig.client.list(CLAIM, { namespace, labelSelector: `trainyard/launch-id=${plan.spec.id}` }))
      .items;
    assert.equal(mark?.metadata.annotations?.["trainyard/filled"], plan.snapshot.archive.sha256);
    assert.equal(mark.metadata.ownerReferences?.[0]?.uid, job.uid);
    const pods = await rig.client.list(POD, { namespace, labelSelector: `trainyard/launch-id=${plan.spec.id}` });
    assert.deepEqual(
      pods.items.map(({ metadata }) => metadata.name),
      [`${job.name}-master-0`],
      "who filled it has gone",
    );
  });

  it("leaves its results on a volume, from where they come home though the job has gone", async () => {
    await makeVolume(cleanup, rig.client, "ReadWriteMany");
    await makeClaim(rig.client, "results", namespace);
    const file = await writeProject(cleanup, {
      "train.py": [
        "import os",
        "out = os.environ['OUTPUT_DIR']",
        "os.makedirs(out + '/deep')",
        "open(out + '/deep/räksmörgås.txt', 'w').write('weights')",
        "open(out + '/large.bin', 'wb').write(b'x' * 3_000_000)",
        "os.symlink('/etc/passwd', out + '/link')",
        "print(out)",
      ].join("\n"),
    });
    const { job } = await launchFile(rig, file, namespace, { output: { claim: "results" } });
    const { recorder, result } = await followToEnd(rig, job);
    assert.equal(result.verdict.outcome, "succeeded", recorder.of(0).join("\n"));
    assert.deepEqual(recorder.of(0), [`/opt/trainyard/output/${job.name}`]);
    assert.ok((await rig.engine.claims(rig.context, namespace)).some(({ name }) => name === "results"));
    await deleteJob(rig, job);
    const into = path.join(path.dirname(file), "home");
    const told: string[] = [];
    const taken = await rig.engine.downloadOutputs(rig.context, job, into, (text) => told.push(text), NEVER);
    assert.deepEqual(taken, { files: 2, bytes: 3_000_007, leftOut: 0, changed: [], missing: [] });
    assert.equal(await fs.readFile(path.join(into, "deep", "räksmörgås.txt"), "utf8"), "weights");
    assert.equal((await fs.stat(path.join(into, "large.bin"))).size, 3_000_000);
    assert.ok(told.includes("100 % of 2 files, 3.0 MB"), told.join());
    await until(
      "who read it to go",
      () => rig.client.list(POD, { namespace, labelSelector: "app.kubernetes.io/managed-by=trainyard" }),
      ({ items }) => !items.some(({ metadata }) => metadata.name.endsWith("-outputs")),
    );
    const other = await launchFile(rig, file, namespace, {});
    await assert.rejects(
      rig.engine.downloadOutputs(rig.context, other.job, into, () => undefined, NEVER),
      {
        code: "no-output-place",
      },
    );
  });

  it("brings results home while they are written, and says which", async () => {
    await makeVolume(cleanup, rig.client, "ReadWriteMany");
    await makeClaim(rig.client, "growing", namespace);
    const file = await writeProject(cleanup, {
      "train.py": [
        "import os, time",
        "out = os.environ['OUTPUT_DIR']",
        "open(out + '/whole.bin', 'wb').write(b'x' * 3_000_000)",
        "log = open(out + '/train.log', 'ab', buffering=0)",
        "log.write(b'y' * 50_000_000)",
        "print('writing', flush=True)",
        "while True:",
        "    log.write(b'line')",
        "    open(out + '/step.tmp', 'w').close()",
        "    os.remove(out + '/step.tmp')",
        "    time.sleep(0.001)",
      ].join("\n"),
    });
    const { job } = await launchFile(rig, file, namespace, { output: { claim: "growing" } });
    const { recorder, stop } = follow(rig, job);
    await recorder.heard(0, "writing");
    const into = path.join(path.dirname(file), "home");
    const taken = await rig.engine.downloadOutputs(rig.context, job, into, () => undefined, NEVER);
    stop.abort();
    await deleteJob(rig, job);
    assert.deepEqual(taken.changed, ["train.log"]);
    assert.equal((await fs.stat(path.join(into, "whole.bin"))).size, 3_000_000);
    assert.match(
      String((await fs.readFile(path.join(into, "train.log"))).subarray(50_000_000)),
      /^(line)*(l|li|lin)?$/,
    );
  });

  it("has what it needs installed first, also with a home and an image that cannot be written", async () => {
    const file = await writeProject(cleanup, {
      "train.py": "import greeting, subprocess\nprint(greeting.WORDS, subprocess.check_output(['greet']).decode())\n",
      "requirements.txt": "-r reqs/base.txt\n",
      "reqs/base.txt": "--no-index\n--find-links ../wheels\n-c pins.txt\ngreeting\n",
      "reqs/pins.txt": "greeting==1.0\n",
    });
    const wheels = path.join(path.dirname(file), "wheels");
    await fs.mkdir(wheels);
    for (const [version, words] of [
      ["1.0", "good morning"],
      ["2.0", "not what the constraints say"],
    ] as const)
      await fs.writeFile(
        path.join(wheels, `greeting-${version}-py3-none-any.whl`),
        wheel("greeting", version, `WORDS = '${words}'\ndef main(): print('hello')\n`, "greet"),
      );
    const wanted = choice(rig, namespace, { ...FOLDER, image: TORCH });
    const plan = await rig.engine.jobs.plan(file, wanted, rig.client);
    assert.equal(plan.snapshot.requirements, "requirements.txt");
    const { job, code } = await buildManifests(plan.spec, plan.snapshot, "0.0.0");
    const text = JSON.stringify(job)
      .replace('"suspend":true', '"suspend":false')
      .replace(/"name":"pytorch",/, '$&"securityContext":{"readOnlyRootFilesystem":true,"runAsUser":1234},');
    for (const each of code) await rig.client.create(CONFIG_MAP, each);
    const { resource } = kindOf("PyTorchJob");
    const made = await rig.client.create(resource, JSON.parse(text) as KubeObject);
    const { recorder, result } = await followToEnd(rig, {
      ...{ kind: "PyTorchJob", id: plan.spec.id, name: plan.spec.name, namespace, uid: made.metadata.uid ?? "" },
    });
    assert.equal(result.verdict.outcome, "succeeded", recorder.of(0).join("\n"));
    assert.ok(recorder.of(0).includes("trainyard: installing what requirements.txt names"));
    assert.ok(recorder.of(0).includes("good morning hello"), recorder.of(0).join("\n"));
  });

  it("is run again as it was, though its files have changed since", async () => {
    const file = await writeProject(cleanup, {
      "train.py": "import model\nprint(model.SIZE)\n",
      "model.py": "SIZE = 1\n",
    });
    const first = await launchFile(rig, file, namespace, { args: ["--x"] });
    await followToEnd(rig, first.job);
    await fs.writeFile(path.join(path.dirname(file), "model.py"), "SIZE = 2\n");
    const [entry] = await rig.engine.jobs.history.runs();
    assert.ok(entry !== undefined && entry.id === first.plan.spec.id);
    const plan = await rig.engine.jobs.planAgain(entry, rig.client);
    assert.notEqual(plan.spec.name, first.plan.spec.name);
    assert.deepEqual([plan.spec.args, plan.snapshot.hash], [["--x"], first.plan.snapshot.hash]);
    const job = await rig.engine.jobs.launcher.launch(plan.spec, plan.snapshot, rig.client);
    const { recorder } = await followToEnd(rig, job);
    assert.deepEqual(recorder.of(0), ["1"]);
  });

  it("of a notebook runs as a script, and its tracebacks name the cell", async () => {
    const cells = [
      { cell_type: "code", source: "import helper\n%matplotlib inline\nprint(helper.WORD)" },
      { cell_type: "markdown", source: "# å" },
      { cell_type: "code", source: "def fail():\n    raise ValueError('räksmörgås')\n\nfail()" },
    ];
    const file = await writeProject(cleanup, {
      "fit.ipynb": JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }),
      "helper.py": "WORD = 'imported'\n",
    });
    const { job } = await launchFile(rig, file, namespace, {});
    assert.match(job.name, /^fit-\w{4}$/);
    const { recorder } = await followToEnd(rig, job);
    const said = recorder.of(0).join("\n");
    assert.ok(recorder.of(0).includes("imported"), said);
    assert.match(said, /File "fit\.ipynb, cell 2", line 4, in <module>\n {4}fail\(\)/);
    assert.match(said, /File "fit\.ipynb, cell 2", line 2, in fail\n {4}raise ValueError/);
  });

  it("says that it could not be installed, and runs without where that is wanted", async () => {
    const file = await writeProject(cleanup, { "train.py": "print('runs')\n", "requirements.txt": "greeting\n" });
    const { job } = await launchFile(rig, file, namespace, { image: PYTHON });
    const failed = await followToEnd(rig, job);
    assert.equal(failed.result.verdict.outcome, "failed");
    // What pip says comes by the other stream.
    const why = "trainyard: what requirements.txt names could not be installed: pip ended with 1";
    assert.ok(failed.recorder.of(0).includes(why), failed.recorder.of(0).join("\n"));
    const without = await launchFile(rig, file, namespace, { image: PYTHON, installs: false });
    const { recorder } = await followToEnd(rig, without.job);
    assert.deepEqual(recorder.of(0), ["runs"]);
  });
});
