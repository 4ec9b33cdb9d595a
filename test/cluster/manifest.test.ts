// Manifests that a person writes: against the schemas, the webhooks and the controllers of a real cluster.
import assert from "node:assert/strict";
import { parse } from "yaml";
import type { CheckedManifest, LaunchedJob, Manifest } from "../../src/jobs/index.ts";
import { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { KubeRequest } from "../../src/kube/transport.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { TRAIN_JOB } from "../../src/kubeflow/kinds/trainJob.ts";
import { record } from "../../src/kubeflow/read.ts";
import { until } from "../editor/until.ts";
import { followToEnd } from "./recorder.ts";
import {
  choice,
  Cleanup,
  deleteJob,
  kubeconfigOf,
  makeNamespace,
  openRig,
  PYTHON,
  type Rig,
  TORCH,
  writeProject,
} from "./support.ts";

const PYTORCH = `apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata:
  name: NAME
  creationTimestamp: null
spec:
  pytorchReplicaSpecs:
    Master:
      replicas: 1
      restartPolicy: Never
      template:
        metadata:
          creationTimestamp: null
        spec:
          containers:
            - name: pytorch
              image: ${PYTHON}
              command: [python3, -c, "print('written by hand')"]
              env:
                - name: A
                  value: "1"
`;

const TRAIN = `apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  name: NAME
spec:
  runtimeRef:
    name: torch-distributed
  trainer:
    numNodes: 1
    image: ${PYTHON}
    command: [python3, -c, "print('written by hand')"]
`;

describe("manifests on a real cluster", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "manifest");
  });

  after(() => cleanup.run());

  const read = (text: string): Manifest => {
    const { manifest, problems } = rig.engine.jobs.manifests.read(text);
    assert.ok(manifest !== undefined, JSON.stringify(problems));
    return manifest;
  };
  const check = (text: string): Promise<CheckedManifest> =>
    rig.engine.jobs.manifests.check(read(text), { context: rig.context, namespace }, rig.client);
  const launch = (checked: CheckedManifest): Promise<LaunchedJob> =>
    rig.engine.jobs.manifests.launch(checked, rig.client);
  /** `12 error`, with what is said. */
  const said = async (text: string): Promise<readonly (readonly [string, string])[]> =>
    (await check(text)).findings.map(({ path, text: words, isWarning }) => [
      `${read(text).place(path).line + 1} ${isWarning ? "warning" : "error"}`,
      words,
    ]);
  /** Where a word stands first, from 1. */
  const lineOf = (text: string, word: string): number => text.slice(0, text.indexOf(word)).split("\n").length;

  for (const [kind, template] of [
    ["PyTorchJob", PYTORCH],
    ["TrainJob", TRAIN],
  ] as const)
    it(`run as they were written, once however often they are launched: a ${kind}`, async () => {
      const text = template.replace("NAME", "by-hand");
      const checked = await check(text);
      assert.deepEqual(
        checked.findings.filter(({ isWarning }) => !isWarning),
        [],
      );
      const job = await launch(checked);
      assert.deepEqual(await launch(checked), job);
      assert.deepEqual((await check(text)).launched, job);
      const { items } = await rig.client.list(kindOf(kind).resource, { namespace });
      assert.deepEqual(
        items.map(({ metadata }) => metadata.uid),
        [job.uid],
      );
      const { recorder, result } = await followToEnd(rig, job);
      assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
      assert.deepEqual(recorder.of(0), ["written by hand"]);
      const found = await rig.engine.findJob(rig.context, job);
      assert.ok(found !== undefined && rig.engine.isMine(found));
      // Another text under that name.
      assert.deepEqual(
        (await said(text.replace("by hand", "anew")))
          .map(([place]) => place)
          .filter((place) => place.endsWith("error")),
        ["4 error"],
      );
    });

  it("stay suspended where they say so, are in the history, and run again as they were", async () => {
    const text = TRAIN.replace("NAME", "stays").replace("spec:", "spec:\n  suspend: true");
    const job = await launch(await check(text));
    const stored = record(await rig.client.get(TRAIN_JOB, job.name, namespace));
    assert.equal(record(stored["spec"])["suspend"], true);
    const ran = PYTORCH.replace("NAME", "again").replace(
      "          containers:",
      "          nodeSelector:\n          containers:",
    );
    const first = await launch(await check(ran));
    const entry = (await rig.engine.jobs.history.runs()).find(({ id }) => id === first.id);
    assert.deepEqual([entry?.uid, entry?.spec.image, entry?.spec.nodes], [first.uid, PYTHON, 1]);
    assert.ok(entry !== undefined);
    const second = await launch(await rig.engine.jobs.manifests.again(entry, rig.client));
    assert.match(second.name, /^again-[0-9a-f]{4}$/);
    const { recorder, result } = await followToEnd(rig, second);
    assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
    // The same text once its job has gone is another run.
    await deleteJob(rig, first);
    const third = await until(
      "the name to be free",
      async () => {
        const { findings, ...checked } = await check(ran);
        return findings.some(({ isWarning }) => !isWarning) ? undefined : launch({ ...checked, findings });
      },
      (one) => one !== undefined,
    );
    assert.notEqual(third?.id, first.id);
  });

  it("warn of a field that the cluster does not know, and are taken without it", async () => {
    const text = TRAIN.replace("NAME", "unknown").replace("numNodes: 1", "numNodes: 1\n    nodes: 2");
    assert.deepEqual(await said(text), [
      [`${lineOf(text, "nodes: 2")} warning`, "The cluster does not know nodes here: it is left out."],
    ]);
    const job = await launch(await check(text));
    const { spec } = record(await rig.client.get(TRAIN_JOB, job.name, namespace));
    assert.equal(record(record(spec)["trainer"])["numNodes"], 1);
    // What another tool wrote into a pod's template.
    const written = await said(PYTORCH.replace("NAME", "unknown"));
    assert.deepEqual(
      written.map(([place]) => place),
      [`${lineOf(PYTORCH, "          creationTimestamp")} warning`],
    );
  });

  it("say of a wrong type and a missing field in which line it is", async () => {
    const typed = PYTORCH.replace("NAME", "typed").replace('"1"', "1").replace("replicas: 1", "replicas: one");
    assert.deepEqual(
      (await said(typed)).filter(([place]) => place.endsWith("error")),
      [
        [`${lineOf(typed, "replicas: one")} error`, "replicas is a text; a whole number is wanted."],
        [`${lineOf(typed, "value: 1")} error`, "value is a whole number; a text is wanted."],
      ],
    );
    const bare = TRAIN.replace("NAME", "bare").replace("name: torch-distributed", "kind: ClusterTrainingRuntime");
    assert.deepEqual(await said(bare), [[`${lineOf(bare, "runtimeRef")} error`, "name is missing."]]);
  });

  it("put a webhook's refusal, and one of the kind's rules, on its line", async () => {
    const two = PYTORCH.replace("NAME", "two").replace("replicas: 1", "replicas: 2");
    const [[place, words] = ["", ""]] = (await said(two)).filter(([at]) => at.endsWith("error"));
    assert.equal(place, `${lineOf(two, "replicas: 2")} error`, words);
    const nobody = TRAIN.replace("NAME", "nobody").replace("torch-distributed", "nobody-has-it");
    const refused = await said(nobody);
    assert.equal(refused[0]?.[0], `${lineOf(nobody, "runtimeRef")} error`, JSON.stringify(refused));
    const reserved = TRAIN.replace("NAME", "reserved").replace(
      "image:",
      "env: [{ name: PET_NNODES, value: '1' }]\n    image:",
    );
    assert.equal((await said(reserved))[0]?.[0], `${lineOf(reserved, "PET_NNODES")} error`);
    const suspended = PYTORCH.replace("NAME", "x").replace("spec:\n", "spec:\n  runPolicy: { managedBy: nobody }\n");
    assert.equal((await said(suspended)).find(([at]) => at.endsWith("error"))?.[0], "7 error");
  });

  it("bring the code of a planned run along, edited as it is", async () => {
    const file = await writeProject(cleanup, { "train.py": "import os\nprint('hello', os.environ['WHO'])\n" });
    for (const kind of ["PyTorchJob", "TrainJob"] as const) {
      const plan = await rig.engine.jobs.plan(file, choice(rig, namespace, { kind }), rig.client);
      const place = kind === "PyTorchJob" ? "              image:" : "    image:";
      const indent = " ".repeat(place.indexOf("image"));
      const text = rig.engine.jobs.manifests
        .text(plan)
        .replace(place, `${indent}env: [{ name: WHO, value: ada }]\n${place}`);
      const checked = await check(text);
      assert.deepEqual(checked.findings, []);
      const job = await launch(checked);
      assert.equal(job.id, plan.spec.id);
      const { recorder, result } = await followToEnd(rig, job);
      assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
      assert.deepEqual(recorder.of(0), ["hello ada"]);
    }
  });

  it("run for a person with few rights, and say where that person may not", async () => {
    const few = await openRig(cleanup, kubeconfigOf("narrow"));
    const { manifests } = few.engine.jobs;
    const text = PYTORCH.replace("NAME", `narrow-${namespace}`);
    const checked = await manifests.check(read(text), { context: few.context, namespace: "team-a" }, few.client);
    const job = await manifests.launch(checked, few.client);
    cleanup.add(() => deleteJob(few, job));
    const { result } = await followToEnd(few, job);
    assert.equal(result.verdict.outcome, "succeeded");
    await assert.rejects(manifests.check(read(text), { context: few.context, namespace: "team-b" }, few.client), {
      code: "no-rights",
    });
  });

  it("say of a cluster that does not have their kind that it does not", async () => {
    const send = (request: KubeRequest) =>
      rig.client.stream({ ...request, path: request.path.replace("/v1alpha1", "/v9") });
    const older = new KubeClient({ send, dispose: () => undefined });
    const site = { context: rig.context, namespace };
    await assert.rejects(rig.engine.jobs.manifests.check(read(TRAIN.replace("NAME", "x")), site, older), {
      code: "no-operator",
    });
  });

  it("say that the code is missing where the window has gone that made them", async () => {
    const file = await writeProject(cleanup, { "train.py": "print('hello')\n" });
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const text = rig.engine.jobs.manifests.text(plan).replaceAll(plan.spec.id, "0123456789ab");
    const [[, words] = ["", ""]] = await said(text);
    assert.match(words, /^Its code is missing: /);
  });
});

describe("a PyTorchJob converted for the real Trainer", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "convert");
  });

  after(() => cleanup.run());

  it("is taken as it is, and runs in its folder", async () => {
    const file = await writeProject(cleanup, {
      "train.py": "import os\nprint(os.getcwd(), os.environ['PET_NNODES'])\n",
    });
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const { launcher, manifests } = rig.engine.jobs;
    const first = await launcher.launch(plan.spec, plan.snapshot, rig.client);
    const job = record(await rig.client.get<KubeObject>(PYTORCH_JOB, first.name, namespace));
    const runtime = await rig.engine.jobs.findRuntime(rig.client, namespace, undefined);
    const text = manifests.convert(job, runtime, await manifests.schema(rig.client, "TrainJob"));
    assert.match(text, /^# - workingDir \/opt\/trainyard\/code/m);
    const { manifest } = manifests.read(text);
    assert.ok(manifest !== undefined, text);
    const checked = await manifests.check(manifest, { context: rig.context, namespace }, rig.client);
    assert.deepEqual(checked.findings, [], text);
    const { recorder, result } = await followToEnd(rig, await manifests.launch(checked, rig.client));
    assert.equal(result.verdict.outcome, "succeeded", JSON.stringify(recorder.records));
    assert.deepEqual(recorder.of(0), ["/opt/trainyard/code 1"]);
  });

  it("is taken with volumes, selectors, accounts and amounts", async () => {
    const job = record(
      parse(`
metadata: { name: rich }
spec:
  nprocPerNode: "2"
  runPolicy: { activeDeadlineSeconds: 600, cleanPodPolicy: None }
  pytorchReplicaSpecs:
    Worker:
      replicas: 2
      restartPolicy: OnFailure
      template:
        metadata: { labels: { app: rich }, annotations: { note: kept } }
        spec:
          serviceAccountName: default
          nodeSelector: { gpu: l4 }
          tolerations: [{ key: gpu, operator: Exists }]
          securityContext: { fsGroup: 1000 }
          terminationGracePeriodSeconds: 5
          imagePullSecrets: [{ name: pull }]
          affinity: { nodeAffinity: {} }
          dnsPolicy: ClusterFirst
          volumes: [{ name: data, emptyDir: {} }]
          containers:
            - name: pytorch
              image: ${TORCH}
              command: [torchrun, train.py]
              env: [{ name: A, valueFrom: { fieldRef: { fieldPath: metadata.name } } }]
              resources: { requests: { cpu: 1, memory: 1Gi }, limits: { nvidia.com/gpu: 1 } }
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: data, mountPath: /data }]
`),
    );
    const { manifests } = rig.engine.jobs;
    const runtime = await rig.engine.jobs.findRuntime(rig.client, namespace, undefined);
    const text = manifests.convert(job, runtime, await manifests.schema(rig.client, "TrainJob"));
    const notes = text.split("\n").filter((line) => line.startsWith("# - "));
    assert.deepEqual(
      notes.map((note) => /^# - (\w+)/.exec(note)?.[1]),
      ["restartPolicy", "cleanPodPolicy", "dnsPolicy"],
    );
    const { manifest } = manifests.read(text);
    assert.ok(manifest !== undefined, text);
    const checked = await manifests.check(manifest, { context: rig.context, namespace }, rig.client);
    assert.deepEqual(checked.findings, [], text);
  });
});
