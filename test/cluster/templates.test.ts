// What templates make, on a real API server: Katib's own definition, stand-ins for KServe's and KubeRay's. Their controllers
// are played by the test.
import assert from "node:assert/strict";
import { isUserError } from "../../src/core/errors.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { ConnectError } from "../../src/kube/errors.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { EXPERIMENT, INFERENCE_SERVICE, RAY_JOB } from "../../src/kubeflow/kinds/resources.ts";
import type { NamespaceWorkloads } from "../../src/kubeflow/namespaceWorkloads.ts";
import { record } from "../../src/kubeflow/read.ts";
import { servedWorkloads, type WorkloadKind } from "../../src/kubeflow/workloadKinds.ts";
import type { Answers, CheckedTemplate, Template, TemplateManifest } from "../../src/templates/index.ts";
import { until } from "../editor/until.ts";
import {
  choice,
  Cleanup,
  CONFIG_MAP,
  find,
  kubeconfigOf,
  makeNamespace,
  openRig,
  type Rig,
  writeProject,
} from "./support.ts";
import { defineTemplates } from "./templateDefinitions.ts";

const SEARCH: Answers = { parameters: "lr=0.001..0.1:log layers=1,2,3", metric: "accuracy", goal: "maximize" };

describe("templates on a real cluster", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async function () {
    this.timeout(120_000);
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    await defineTemplates(cleanup, rig.client);
    namespace = await makeNamespace(cleanup, rig.client, "template");
  });

  after(() => cleanup.run());

  const template = (id: Template["id"]): Template => {
    const found = rig.engine.templates.templates.find((one) => one.id === id);
    assert.ok(found !== undefined);
    return found;
  };
  /** What a person gives; the rest as it is offered. */
  const answered = (id: Template["id"], given: Answers): Answers => {
    const facts = { id: "4f2a", source: "train" };
    const fill = (answers: Answers, at: number): Answers => {
      const field = template(id).fields(facts, answers)[at];
      return field === undefined
        ? answers
        : fill({ ...answers, [field.key]: given[field.key] ?? field.initial }, at + 1);
    };
    return fill({}, 0);
  };
  const text = (id: Template["id"], given: Answers): string =>
    rig.engine.templates.text(template(id), answered(id, given), namespace);
  const read = (yaml: string): TemplateManifest => {
    const { manifest, problems } = rig.engine.templates.read(yaml);
    assert.ok(manifest !== undefined, JSON.stringify(problems));
    return manifest;
  };
  const check = (yaml: string, by = rig, client = by.client, where = namespace): Promise<CheckedTemplate> =>
    by.engine.templates.check(read(yaml), { context: by.context, namespace: where }, client);
  /** `5 error`, with what is said. */
  const said = async (yaml: string): Promise<readonly string[]> =>
    (await check(yaml)).findings.map(
      ({ path, text: words, isWarning }) =>
        `${read(yaml).place(path).line + 1} ${isWarning ? "warning" : "error"}: ${words}`,
    );
  const lineOf = (yaml: string, word: string): number => yaml.slice(0, yaml.indexOf(word)).split("\n").length;
  const apply = async (yaml: string): Promise<string> => {
    const checked = await check(yaml);
    assert.deepEqual(
      checked.findings.filter(({ isWarning }) => !isWarning),
      [],
    );
    return rig.engine.templates.apply(checked, rig.client);
  };
  const watch = async (kind: WorkloadKind): Promise<NamespaceWorkloads> => {
    const live = rig.engine.cluster(rig.context).workloads(kind, namespace);
    cleanup.add(() => live.dispose());
    await live.answered(10_000);
    assert.equal(live.state.kind, "live");
    return live;
  };
  const rowOf = (live: NamespaceWorkloads, name: string): string => {
    const item = [...live.items].find((one) => one.name === name);
    if (item === undefined) return "gone";
    const { state, detail } = live.summary(item);
    return [state, detail].filter(Boolean).join(" · ");
  };
  const says = (live: NamespaceWorkloads, name: string, pattern: RegExp): Promise<string> =>
    until(
      `${name} ${String(pattern)}`,
      () => Promise.resolve(rowOf(live, name)),
      (words) => pattern.test(words),
      60_000,
    );
  /** What its controller would write. */
  const play = (kind: ResourceKind, name: string, status: object): Promise<unknown> =>
    rig.client.json({
      ...{ method: "PATCH", contentType: "application/merge-patch+json", body: { status } },
      path: `/apis/${kind.group}/${kind.version}/namespaces/${namespace}/${kind.plural}/${name}/status`,
    });
  const refused = async (work: Promise<unknown>): Promise<string> => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(isUserError(error), String(error));
    return `${error.code}: ${error.message} [${error.next.map(({ title }) => title).join(", ")}]`;
  };

  it("are offered where the cluster has their kinds", async () => {
    const parts = await until(
      "the parts",
      () => rig.engine.cluster(rig.context).readParts(),
      (found) => found?.ray === true,
    );
    assert.ok(parts !== undefined);
    assert.deepEqual(servedWorkloads(parts), ["experiments", "models", "rayJobs"]);
    assert.ok(rig.engine.templates.templates.every(({ part }) => part.isIn(parts)));
  });

  it("an experiment on a script: its code has it for an owner from the start, and goes with it; its row tells of its trials", async function () {
    // The garbage collector looks for new kinds every 30 s, and a foreground deletion waits for it.
    this.timeout(180_000);
    const file = await writeProject(cleanup, { "train.py": "import helper\n", "helper.py": "" });
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const yaml = await rig.engine.templates.experimentOfRun(
      answered("experiment", { ...SEARCH, name: "search" }),
      plan,
      false,
    );
    assert.match(
      (await said(yaml)).join(),
      /^\d+ warning: Katib would .*: the namespace template-\w+ lacks the label katib\.kubeflow\.org/,
    );
    const live = await watch("experiments");
    const uid = await apply(yaml);
    const { items } = await rig.client.list(CONFIG_MAP, {
      namespace,
      labelSelector: "app.kubernetes.io/managed-by=trainyard",
    });
    assert.deepEqual(
      items.map(({ metadata }) => [metadata.ownerReferences?.[0]?.uid, metadata.ownerReferences?.[0]?.kind]),
      [[uid, "Experiment"]],
    );
    await says(live, "search", /^Waiting · 0 of 12 trials done$/);
    const best = { observation: { metrics: [{ name: "accuracy", min: "0.5", max: "0.93", latest: "0.9" }] } };
    const conditions = [{ type: "Running", status: "True", lastTransitionTime: new Date().toISOString() }];
    await play(EXPERIMENT, "search", {
      conditions,
      trialsSucceeded: 3,
      trialsRunning: 2,
      trialsFailed: 1,
      currentOptimalTrial: best,
    });
    await says(live, "search", /^Running · 3 of 12 trials done · 2 running · 1 failed · best accuracy 0\.93$/);
    const ended = [
      { type: "Failed", status: "True", message: "Experiment has failed because of too many failed trials" },
    ];
    await play(EXPERIMENT, "search", { conditions: ended });
    await says(live, "search", /^Failed/);
    const [item] = live.items;
    assert.ok(item !== undefined);
    assert.equal(live.why(item)[0]?.text, "Experiment has failed because of too many failed trials.");
    // The same text under another name shares the code, which stays until both have gone.
    const second = await apply(yaml.replace("name: search\n", "name: again\n"));
    await rig.engine.deleteObject(rig.context, { resource: EXPERIMENT, namespace, name: "search", uid });
    await says(live, "search", /^gone$/);
    const [code] = items;
    assert.ok(code !== undefined && (await find(rig.client, CONFIG_MAP, code.metadata.name, namespace)) !== undefined);
    await rig.engine.deleteObject(rig.context, { resource: EXPERIMENT, namespace, name: "again", uid: second });
    await until(
      "its code to go with it",
      () => find(rig.client, CONFIG_MAP, code.metadata.name, namespace),
      (found) => found === undefined,
      60_000,
    );
  });

  it("an experiment around a job that there is", async () => {
    const file = await writeProject(cleanup, { "train.py": "" });
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const job = record(rig.engine.jobs.manifests.read(rig.engine.jobs.manifests.text(plan)).manifest?.value);
    const yaml = rig.engine.templates.experimentOfJob(
      answered("experiment", { ...SEARCH, name: "of-job" }),
      job,
      namespace,
    );
    // Its code was never sent.
    assert.match((await said(yaml)).join("\n"), /error: Its code is missing: template-\w+ has no ConfigMap/);
  });

  it("a model server and a Ray job: what the cluster refuses is said at its line, and the rest is made once", async () => {
    const yaml = text("model", { name: "iris", uri: "s3://models/iris" });
    const wrong = yaml.replace("predictor:", "predictor:\n    minReplicas: two\n    odd: 1");
    assert.deepEqual(await said(wrong), [
      `${lineOf(wrong, "minReplicas")} error: minReplicas is a text; a whole number is wanted.`,
      `${lineOf(wrong, "odd:")} warning: The cluster does not know odd here: it is left out.`,
    ]);
    const models = await watch("models");
    const uid = await apply(yaml);
    await says(models, "iris", /^Waiting$/);
    assert.deepEqual(await said(yaml), [
      `${lineOf(yaml, "name: iris")} error: ${namespace} has another InferenceService iris already; give this one a name of its own.`,
    ]);
    const checked = await check(yaml);
    assert.equal(
      await refused(rig.engine.templates.apply(checked, rig.client)),
      `name-taken: iris was not made. ${namespace} has another InferenceService of that name, which was left alone. Give this one a name of its own. []`,
    );
    const there = await rig.client.get<KubeObject>(INFERENCE_SERVICE, "iris", namespace);
    assert.equal(there.metadata.uid, uid);
    const url = "http://iris.example.com";
    await play(INFERENCE_SERVICE, "iris", { url, conditions: [{ type: "Ready", status: "True" }] });
    await says(models, "iris", /^Ready · http:\/\/iris\.example\.com$/);
    const jobs = await watch("rayJobs");
    await apply(text("rayJob", { name: "sweep", workers: "2", gpus: "1" }));
    await says(jobs, "sweep", /^Waiting · 2 workers · 2 GPUs$/);
    await play(RAY_JOB, "sweep", { jobDeploymentStatus: "Running", jobStatus: "RUNNING" });
    await says(jobs, "sweep", /^Running · 2 workers · 2 GPUs$/);
    await apply(text("llm", { model: "Qwen/Qwen3-8B", token: "hf", name: "qwen" }));
    await says(models, "qwen", /^Waiting$/);
  });

  it("say what the server's own rules refuse in its words", async () => {
    const yaml = text("model", { name: "iris2", uri: "s3://models/iris" }).replace(
      "metadata:",
      'metadata:\n  labels: { a: "b c" }',
    );
    assert.match((await said(yaml)).join(), /^\d error: metadata\.labels: Invalid value: "b c"/);
  });

  it("say who lacks the right, with what to ask an administrator for", async () => {
    const narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const yaml = text("model", { name: "mine", uri: "s3://models/iris" }).replace(/namespace: .*/, "namespace: team-a");
    assert.match(
      await refused(check(yaml, narrow, narrow.client, "team-a")),
      /^no-rights: mine was not made\. You may not create inferenceservices in the namespace team-a\..*\[Copy Request for Your Admin\]$/,
    );
    const request = await narrow.engine.adminRequest(narrow.context, "team-a", "models");
    assert.match(request, /apiGroups: \["serving\.kserve\.io"\]\s+resources: \["inferenceservices"\]/);
  });

  it("an answer that was lost leaves one experiment, and one that never arrived leaves nothing", async () => {
    const file = await writeProject(cleanup, { "train.py": "" });
    const plan = await rig.engine.jobs.plan(file, choice(rig, namespace), rig.client);
    const yaml = await rig.engine.templates.experimentOfRun(
      answered("experiment", { ...SEARCH, name: "lost" }),
      plan,
      false,
    );
    const lossy = (arrives: boolean): KubeClient =>
      new KubeClient({
        send: async (request) => {
          const isIt = request.method === "POST" && request.path.endsWith("/experiments");
          if (!isIt) return rig.client.stream(request);
          if (arrives) await rig.client.stream(request);
          throw new ConnectError("unreachable", "The cluster cannot be reached.");
        },
        dispose: () => undefined,
      });
    const checked = await check(yaml);
    await refused(rig.engine.templates.apply(checked, lossy(false)));
    const codes = () =>
      rig.client.list(CONFIG_MAP, { namespace, labelSelector: `trainyard/launch-id=${plan.spec.id}` });
    assert.equal((await codes()).items.length, 0);
    const uid = await rig.engine.templates.apply(checked, lossy(true));
    assert.equal((await rig.client.get<KubeObject>(EXPERIMENT, "lost", namespace)).metadata.uid, uid);
    assert.equal((await codes()).items[0]?.metadata.ownerReferences?.[0]?.uid, uid);
  });
});
