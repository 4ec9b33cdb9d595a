// New Notebook… against the real API server: the sandbox's stand-in for the notebook controller makes StatefulSet and pod.
import assert from "node:assert/strict";
import type {
  FromNotebookForm,
  NotebookForm,
  NotebookPreview,
  ToNotebookForm,
} from "../../src/contract/notebookForm.ts";
import type { FormMessage } from "../../src/core/formHost.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { NOTEBOOK } from "../../src/kubeflow/kinds/notebook.ts";
import { CLAIM } from "../../src/kubeflow/kinds/resources.ts";
import type { NotebookFormHost } from "../../src/notebooks/index.ts";
import { IMAGES } from "../sandbox/versions.ts";
import { until } from "../editor/until.ts";
import { notebookObject, type NotebookObject } from "./notebook.ts";
import {
  Cleanup,
  CONFIG_MAP,
  find,
  kubeconfigOf,
  makeNamespace,
  makeVolume,
  openRig,
  RESOURCE_QUOTA,
  type Rig,
  SECRET,
  SERVICE_ACCOUNT,
} from "./support.ts";

type Heard = ToNotebookForm | FormMessage<keyof NotebookForm, NotebookPreview>;
type Findings = Extract<Heard, { type: "findings" }>;

/** The page, as far as it speaks: what it was told, and what was made. */
class Page {
  readonly host: NotebookFormHost;
  readonly heard: Heard[];
  #seq = 0;

  private constructor(host: NotebookFormHost, heard: Heard[]) {
    this.host = host;
    this.heard = heard;
  }

  static async open(
    { engine, context }: Rig,
    namespace: string,
    like = "",
    cancelled = false,
    kept?: NotebookForm,
  ): Promise<Page> {
    const heard: Heard[] = [];
    const over = new AbortController();
    const host = await engine.notebookDesk.form(
      { context, namespace },
      like,
      {
        making: (_name, work) =>
          work(over.signal, (text) => {
            // After the first thing that is made, a person presses Cancel.
            if (cancelled && text.startsWith("Notebook")) over.abort();
          }),
        ...{ made: () => Promise.resolve(), open: () => Promise.resolve(), press: () => Promise.resolve() },
        ...{ keep: () => undefined, onError: () => undefined },
      },
      AbortSignal.timeout(20_000),
      kept && { form: kept, making: "before" },
    );
    const page = new Page(host, heard);
    host.start((message) => heard.push(message));
    page.say({ type: "ready" });
    return page;
  }

  say(message: FromNotebookForm): void {
    void this.host.receive(message);
  }

  last<Type extends Heard["type"]>(type: Type): Extract<Heard, { type: Type }> | undefined {
    return this.heard.findLast((message): message is Extract<Heard, { type: Type }> => message.type === type);
  }

  get form(): NotebookForm {
    const form = this.last("init")?.form;
    assert.ok(form !== undefined);
    return form;
  }

  /** Writes into the form, and waits for what is said of it. */
  async write(change: Partial<NotebookForm>): Promise<Findings["findings"]> {
    const seq = ++this.#seq;
    const from = this.heard.length;
    this.say({ type: "change", seq, form: { ...this.form, image: IMAGES.pause, ...change } });
    return until(
      "what the cluster says",
      () => {
        const now = this.heard.slice(from);
        const answer = now.find((message) => message.type === "preview" && message.seq === seq);
        if (answer?.type === "preview" && answer.preview.problems.length > 0)
          return Promise.resolve(answer.preview.problems);
        const told = now.findLast((message): message is Findings => message.type === "findings");
        const isOver = answer !== undefined && told?.checking === false && told.findings.length > 0;
        return Promise.resolve(isOver ? told.findings : []);
      },
      (findings) => findings.length > 0,
      20_000,
    );
  }

  /** Presses the button, and waits for what comes of it. */
  async create(): Promise<Findings["findings"][number]> {
    const from = this.heard.length;
    this.say({ type: "run" });
    await until(
      "the end of it",
      () => Promise.resolve(this.heard.slice(from)),
      (heard) => heard.some((message) => message.type === "busy" && !message.busy),
      20_000,
    );
    const [said] = this.last("findings")?.findings ?? [];
    assert.ok(said !== undefined);
    return said;
  }
}

const about = (findings: Findings["findings"], field: string): string =>
  findings
    .filter((finding) => finding.field === field && finding.level !== "ok")
    .map(({ level, text }) => `${level}: ${text}`)
    .join("\n");

describe("New Notebook…", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, rig.client, "nbform");
  });

  after(() => cleanup.run());

  const make = async (object: KubeObject, kind = CONFIG_MAP): Promise<void> => {
    const made = await rig.client.create<KubeObject>(kind, object);
    cleanup.add(() =>
      rig.client.delete(kind, object.metadata.name, object.metadata.namespace, made.metadata.uid ?? ""),
    );
  };

  it("offers what ships where the cluster has nothing of its own, and says so", async () => {
    const page = await Page.open(rig, namespace);
    assert.match(page.last("init")?.subject.source ?? "", /ships with, for the cluster has none of its own/);
    assert.match(page.form.image, /jupyter-scipy/);
    page.host.dispose();
  });

  it("offers what the cluster's own configuration has, its locks kept", async () => {
    const written = `spawnerFormDefaults:
  image: { value: "${IMAGES.pause}", options: ["${IMAGES.pause}"] }
  cpu: { value: "0.1", limitFactor: none, readOnly: true }
  memory: { value: 64Mi, limitFactor: "2" }
  workspaceVolume: { value: null }
  tolerationGroup:
    value: ""
    options: [{ groupKey: gpu, displayName: GPU nodes, tolerations: [{ key: gpu, operator: Exists }] }]
`;
    const scope = new Cleanup();
    const made = await rig.client.create<KubeObject>(CONFIG_MAP, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "jupyter-web-app-config-k2f8", namespace: "kubeflow", labels: { app: "jupyter-web-app" } },
      ...{ data: { "spawner_ui_config.yaml": written } },
    });
    scope.add(() => rig.client.delete(CONFIG_MAP, made.metadata.name, "kubeflow", made.metadata.uid ?? ""));
    try {
      const page = await Page.open(rig, namespace);
      assert.match(page.last("init")?.subject.source ?? "", /this cluster’s jupyter-web-app-config-k2f8/);
      assert.deepEqual(page.last("init")?.subject.locked, ["cpu", "cpuLimit"]);
      const { cpu, memory, workspace, image } = page.form;
      assert.deepEqual([cpu, memory, workspace, image], ["0.1", "64Mi", "none", IMAGES.pause]);
      assert.deepEqual(page.last("choices")?.choices.tolerations, [{ value: "gpu", label: "GPU nodes" }]);
      page.host.dispose();
      const narrow = await openRig(scope, kubeconfigOf("narrow"));
      const other = await Page.open(narrow, "team-a");
      assert.match(other.last("init")?.subject.source ?? "", /for the cluster’s own may not be read/);
      other.host.dispose();
    } finally {
      await scope.run();
    }
  });

  it("makes volume and notebook, which becomes ready, as the namespace's editor", async () => {
    await make(
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default-editor", namespace } },
      SERVICE_ACCOUNT,
    );
    await makeVolume(cleanup, rig.client, "ReadWriteOnce");
    const page = await Page.open(rig, namespace);
    assert.equal(page.form.serviceAccount, "default-editor");
    const findings = await page.write({ name: "made", workspaceSize: "1Gi", cpu: "100m", memory: "64Mi" });
    assert.deepEqual(
      findings.filter(({ level }) => level === "problem"),
      [],
    );
    assert.ok(findings.some(({ text }) => text === "The cluster would take it and its pod, as a dry run says."));
    assert.match(about(findings, "workspaceClass"), /no default StorageClass/);
    assert.match(
      page.last("preview")?.preview.manifest ?? "",
      /kind: PersistentVolumeClaim[\s\S]*---\n[\s\S]*kind: Notebook/,
    );
    const said = await page.create();
    assert.equal(said.level, "ok", said.text);
    const ready = await until(
      "the notebook",
      () => rig.client.get<NotebookObject>(NOTEBOOK, "made", namespace),
      ({ status }) => status?.readyReplicas === 1,
      40_000,
    );
    assert.equal(ready.metadata.annotations?.["kubeflow-resource-stopped"], undefined);
    // What is there already is said of the next one of this name, and refused.
    const again = await page.write({ name: "made", workspaceSize: "1Gi" });
    assert.match(about(again, "name"), /already has a Notebook made/);
    assert.match(
      about(again, "workspaceName"),
      /already has a volume claim made-workspace: take it as an existing one/,
    );
    const refused = await page.create();
    assert.match(refused.text, /already has a volume claim made-workspace/);
    assert.equal(refused.next, "");
    // A second notebook on the volume of the first must go to its node.
    const shared = await page.write({ name: "second", workspace: "existing", workspaceClaim: "made-workspace" });
    assert.match(about(shared, "workspaceClaim"), /The pod made-0 has made-workspace, which is for one node at a time/);
    page.host.dispose();

    const like = await Page.open(rig, namespace, "made");
    const { name, workspace, workspaceSize, image } = like.form;
    assert.deepEqual([name, workspace, workspaceSize, image], ["notebook", "new", "1Gi", IMAGES.pause]);
    assert.deepEqual(like.last("init")?.subject.left, ["its workspace made-workspace: this one gets its own"]);
    like.host.dispose();
  });

  it("says which storage class is missing, which claim is, and that a volume waits", async () => {
    const page = await Page.open(rig, namespace);
    const classes = await page.write({ name: "storage", workspaceClass: "fast", volumes: "absent:/data" });
    assert.match(about(classes, "workspaceClass"), /problem: The cluster has no StorageClass fast/);
    assert.match(about(classes, "volumes"), /problem: There is no volume claim absent/);
    await make(
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "pending", namespace },
        ...{
          spec: {
            ...{ storageClassName: "gone", accessModes: ["ReadWriteOnce"] },
            resources: { requests: { storage: "1Gi" } },
          },
        },
      },
      CLAIM,
    );
    const pending = await page.write({ name: "storage", workspace: "existing", workspaceClaim: "pending" });
    assert.match(about(pending, "workspaceClaim"), /waits for a StorageClass gone that is not there/);
    page.host.dispose();
  });

  it("says how long a name may be before anything is asked, and what else would be refused", async () => {
    const page = await Page.open(rig, namespace);
    const long = await page.write({ name: "n".repeat(53) });
    assert.match(about(long, "name"), /at most 52 characters/);
    const account = await page.write({ name: "other", workspace: "none", serviceAccount: "nobody" });
    assert.match(about(account, "serviceAccount"), /service account|serviceaccount/i);
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "lab", namespace },
      stringData: { token: "a" },
    };
    await rig.client.create<KubeObject>(SECRET, secret);
    const env = "A=secret:lab/token\nB=secret:lab/other\nC=secret:missing/token";
    const named = about(await page.write({ name: "other", workspace: "none", env }), "env");
    assert.match(named, /The Secret lab has no key other\./);
    assert.match(named, /There is no Secret missing in the namespace\./);
    const there = await page.write({ name: "other", workspace: "none", env: "A=secret:lab/token" });
    assert.equal(about(there, "env"), "");
    const many = await page.write({ name: "other", workspace: "none", gpus: "7" });
    assert.match(about(many, "gpus"), /GPU/);
    page.host.dispose();
  });

  it("is refused by a quota before it is made", async () => {
    const small = await makeNamespace(cleanup, rig.client, "nbquota");
    await make(
      {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "small", namespace: small },
        ...{ spec: { hard: { "requests.cpu": "1", "limits.cpu": "1" } } },
      },
      RESOURCE_QUOTA,
    );
    await until(
      "the quota",
      () => rig.client.get<KubeObject & { status?: { hard?: object } }>(RESOURCE_QUOTA, "small", small),
      ({ status }) => status?.hard !== undefined,
    );
    const page = await Page.open(rig, small);
    const findings = await page.write({ name: "big", workspace: "none", cpu: "2" });
    assert.match(about(findings, "cpu"), /quota small/);
    page.host.dispose();
  });

  it("says what was made where it was cancelled half way, and removes it", async () => {
    const page = await Page.open(rig, namespace, "", true);
    // The server keeps it as 1Gi.
    await page.write({ name: "half", workspaceSize: "1024Mi" });
    const said = await page.create();
    assert.match(
      said.text,
      /cancelled it\. PersistentVolumeClaim half-workspace is there: another try goes on with it/,
    );
    assert.equal(said.next, "Remove What Was Made");
    assert.equal(await find(rig.client, NOTEBOOK, "half", namespace), undefined);
    // Another class is not what is there; and under another name it is still told.
    const otherwise = await page.write({ name: "half", workspaceSize: "1024Mi", workspaceClass: "fast" });
    assert.match(about(otherwise, "workspaceName"), /An earlier try made the volume claim half-workspace, and not as/);
    const renamed = await page.write({ name: "whole", workspaceSize: "1024Mi" });
    const left = renamed.findIndex(({ text }) => /half-workspace is there, of an earlier try/.test(text));
    assert.equal(renamed[left]?.next, "Remove What Was Made");
    page.say({ type: "next", finding: left });
    await until(
      "it to go",
      () => find(rig.client, CLAIM, "half-workspace", namespace),
      (left) => left === undefined,
      20_000,
    );
    page.host.dispose();
  });

  it("is not for who may only look: says which right is missing, and makes nothing", async () => {
    const scope = new Cleanup();
    try {
      const reader = await openRig(scope, kubeconfigOf("reader"));
      const page = await Page.open(reader, "team-a");
      const findings = await page.write({ name: "mine", workspace: "none" });
      assert.match(about(findings, "form"), /You may not create notebooks in team-a/);
      assert.ok(findings.some(({ next }) => next === "Copy Request for Your Admin"));
      const said = await page.create();
      assert.match(said.text, /You may not create notebooks in the namespace team-a\..* Nothing was made of it/);
      page.host.dispose();
    } finally {
      await scope.run();
    }
    await assert.rejects(
      rig.client.get(NOTEBOOK, "mine", "team-a"),
      (error) => isApiError(error) && error.status === 404,
    );
  });

  it("takes up what another notebook has, in its own words", async () => {
    await rig.client.create(
      NOTEBOOK,
      notebookObject("by-hand", namespace, { container: { env: [{ name: "A", value: "1" }] } }),
    );
    const page = await Page.open(rig, namespace);
    page.say({ type: "like", name: "by-hand" });
    await until(
      "the form",
      () => Promise.resolve(page.last("init")),
      (init) => init?.subject.like === "by-hand",
    );
    assert.equal(page.form.env, "A=1");
    assert.deepEqual(page.last("init")?.subject.left, ["its container’s command"]);
    page.host.dispose();
    // What was written is there again after a reload, though the notebook that it was filled in after is not.
    const again = await Page.open(rig, namespace, "gone", false, { ...page.form, name: "kept" });
    assert.deepEqual([again.form.name, again.last("init")?.subject.like], ["kept", ""]);
    again.host.dispose();
  });
});
