import assert from "node:assert/strict";
import type { NotebookForm } from "../../contract/notebookForm.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { NOTEBOOK } from "../../kubeflow/kinds/notebook.ts";
import { configurationsOf } from "./facts.ts";
import { firstForm, readNotebookForm } from "./form.ts";
import { likeNotebook } from "./like.ts";
import { buildNotebook, podOf } from "./manifest.ts";
import { imageLabel, shippedSpawner, type Spawner, spawnerOf } from "./spawner.ts";

const SHIPPED = shippedSpawner();
const FIRST: NotebookForm = { ...firstForm(SHIPPED, "default-editor"), name: "lab" };

function read(change: Partial<NotebookForm>, spawner: Spawner = SHIPPED) {
  return readNotebookForm({ ...FIRST, ...change }, spawner, "alice");
}

function built(change: Partial<NotebookForm>, spawner?: Spawner) {
  const { choice, problems } = read(change, spawner);
  assert.deepEqual(problems, []);
  return buildNotebook(choice, NOTEBOOK, "0123456789ab");
}

const problemsOf = (change: Partial<NotebookForm>, spawner?: Spawner): readonly string[] =>
  read(change, spawner).problems.map(({ field }) => field);

describe("a form of a notebook", () => {
  const texts = (change: Partial<NotebookForm>): readonly string[] =>
    read(change).problems.map(({ field, text }) => `${field}: ${text}`);

  it("makes no claim that another volume has, too", () => {
    const twice = (name: string): string =>
      `volumes: Two volumes are to be the claim ${name}, and one of them is new: each needs a name of its own.`;
    assert.deepEqual(texts({ volumes: "a=1Gi:/d1\na=2Gi:/d2" }), [twice("a")]);
    assert.deepEqual(texts({ volumes: "lab-workspace=1Gi:/x" }), [twice("lab-workspace")]);
    assert.deepEqual(texts({ volumes: "shared:/d1\nshared:/d2" }), []);
  });

  it("takes no amount whose unit was forgotten, and no limit below what is wanted", () => {
    assert.deepEqual(texts({ memory: "8" }), ["memory: 8 is less than a megabyte. Is 8Gi meant?"]);
    assert.deepEqual(texts({ memory: "512k" }), ["memory: 512k is less than a megabyte."]);
    assert.deepEqual(texts({ cpu: "2", cpuLimit: "500m" }), ["cpuLimit: It is less than the 2 that are wanted."]);
  });

  it("says how a value of a Secret is written", () => {
    assert.deepEqual(texts({ env: "X=secret:hub" }), ["env: X: what is in a Secret is written secret:name/key."]);
  });
});

describe("a notebook's manifest", () => {
  it("is what the spawner ships, with a home of its own", () => {
    const { notebook, claims } = built({});
    const stamp = ({ metadata: { annotations } }: KubeObject): Record<string, string | undefined> => ({
      "trainyard/notebook-making": "0123456789ab",
      "trainyard/notebook-wished": annotations?.["trainyard/notebook-wished"],
    });
    assert.deepEqual(notebook, {
      apiVersion: "kubeflow.org/v1",
      kind: "Notebook",
      metadata: {
        name: "lab",
        namespace: "alice",
        labels: { app: "lab" },
        annotations: { "notebooks.kubeflow.org/server-type": "jupyter", ...stamp(notebook) },
      },
      spec: {
        template: {
          spec: {
            serviceAccountName: "default-editor",
            containers: [
              {
                name: "lab",
                image: "ghcr.io/kubeflow/kubeflow/notebook-servers/jupyter-scipy:v1.11.0",
                imagePullPolicy: "IfNotPresent",
                resources: { requests: { cpu: "0.5", memory: "1.0Gi" }, limits: { cpu: "0.6", memory: "1.2Gi" } },
                volumeMounts: [
                  { name: "workspace", mountPath: "/home/jovyan" },
                  { name: "dshm", mountPath: "/dev/shm" },
                ],
              },
            ],
            volumes: [
              { name: "workspace", persistentVolumeClaim: { claimName: "lab-workspace" } },
              { name: "dshm", emptyDir: { medium: "Memory" } },
            ],
          },
        },
      },
    });
    assert.deepEqual(claims, [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name: "lab-workspace",
          namespace: "alice",
          annotations: claims[0] && stamp(claims[0]),
        },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
      },
    ]);
  });

  it("has GPUs, volumes, variables and the labels of pod defaults", () => {
    const { notebook, claims } = built({
      ...{ gpus: "2", gpuVendor: "amd.com/gpu", cpuLimit: "4", workspaceClass: "fast", workspaceSize: "20Gi" },
      volumes: "shared:/data:ro\n{notebook-name}-scratch=5Gi/slow:/scratch:rwx",
      ...{ configurations: ["access=true,team=a"], env: 'A=1\nB="x y"', shm: false },
    });
    const { spec } = notebook.spec["template"] as { spec: Record<string, unknown> };
    const [container] = spec["containers"] as Record<string, unknown>[];
    assert.deepEqual(container?.["resources"], {
      requests: { cpu: "0.5", memory: "1.0Gi" },
      limits: { cpu: "4", memory: "1.2Gi", "amd.com/gpu": "2" },
    });
    assert.deepEqual(container["env"], [
      { name: "A", value: "1" },
      { name: "B", value: "x y" },
    ]);
    assert.deepEqual(notebook.metadata.labels, { app: "lab", access: "true", team: "a" });
    assert.deepEqual(container["volumeMounts"], [
      { name: "workspace", mountPath: "/home/jovyan" },
      { name: "data-1", mountPath: "/data", readOnly: true },
      { name: "data-2", mountPath: "/scratch" },
    ]);
    assert.deepEqual(
      claims.map(({ metadata: { name }, spec: { storageClassName, accessModes } }) => [
        name,
        storageClassName,
        accessModes,
      ]),
      [
        ["lab-workspace", "fast", ["ReadWriteOnce"]],
        ["lab-scratch", "slow", ["ReadWriteMany"]],
      ],
    );
  });

  it("says by annotations what kind of server it is", () => {
    const of = (server: NotebookForm["server"]) => built({ server }).notebook.metadata.annotations;
    assert.equal(of("group-one")?.["notebooks.kubeflow.org/http-rewrite-uri"], "/");
    assert.equal(
      of("group-two")?.["notebooks.kubeflow.org/http-headers-request-set"],
      '{"X-RStudio-Root-Path":"/notebook/alice/lab/"}',
    );
  });

  it("is asked of admission as the controller's pod will be", () => {
    const pod = podOf(read({ configurations: ["access=true"] }).choice);
    assert.equal(pod.metadata.name, "lab-0");
    assert.deepEqual(pod.metadata.labels, { statefulset: "lab", "notebook-name": "lab", app: "lab", access: "true" });
    assert.deepEqual(pod.spec["securityContext"], { fsGroup: 100 });
  });
});

describe("the form of a notebook", () => {
  it("says at its field what cannot be, the limit of a name with its reason", () => {
    assert.deepEqual(problemsOf({ name: "a".repeat(52) }), []);
    assert.match(read({ name: "a".repeat(53) }).problems[0]?.text ?? "", /at most 52 characters, .* has 53/);
    assert.deepEqual(problemsOf({ name: "9lab", image: "a b", cpu: "x" }), ["name", "image", "cpu"]);
    assert.deepEqual(problemsOf({ workspaceName: "My disk", workspacePath: "home" }), [
      "workspaceName",
      "workspacePath",
    ]);
    assert.deepEqual(problemsOf({ workspace: "existing", workspaceClaim: "My disk" }), ["workspaceClaim"]);
    assert.deepEqual(problemsOf({ name: "My lab", volumes: "{notebook-name}-data=1Gi:/data" }), ["name"]);
    assert.deepEqual(problemsOf({ gpus: "1", gpuVendor: "" }), ["gpuVendor"]);
    assert.deepEqual(problemsOf({ workspace: "existing", workspaceClaim: "" }), ["workspaceClaim"]);
    assert.deepEqual(problemsOf({ workspaceSize: "" }), ["workspaceSize"]);
    assert.deepEqual(problemsOf({ volumes: "nonsense" }), ["volumes"]);
    assert.deepEqual(problemsOf({ volumes: "a:/home/jovyan" }), ["volumes"]);
    assert.deepEqual(problemsOf({ tolerations: "gone" }), ["tolerations"]);
    assert.deepEqual(problemsOf({ env: "API_TOKEN=hf_abcdefghijklmnopqrstuvwxyzabcdefgh" }), ["env"]);
  });

  it("takes variables of a Secret by reference, and does not judge the administrators' own", () => {
    const secret = { name: "JUPYTER_TOKEN", valueFrom: { secretKeyRef: { name: "lab", key: "token" } } };
    assert.deepEqual(read({ env: "JUPYTER_TOKEN=secret:lab/token\nA=1" }).choice.env, [
      secret,
      { name: "A", value: "1" },
    ]);
    assert.deepEqual(problemsOf({ env: "A=secret:Not/token" }), ["env"]);
    const token = "hf_abcdefghijklmnopqrstuvwxyzabcdefgh";
    for (const readOnly of [true, false]) {
      const environment = { value: { HF_TOKEN: token, MOTTO: " two\nlines" }, readOnly };
      const spawner: Spawner = { ...spawnerOf({ environment }), source: SHIPPED.source };
      const { choice, problems } = read({ env: firstForm(spawner, "").env }, spawner);
      assert.deepEqual(problems, []);
      assert.deepEqual(choice.env, spawner.env);
    }
    const like = { ...built({ env: "JUPYTER_TOKEN=secret:lab/token" }).notebook };
    const { form, left } = likeNotebook(like, SHIPPED, "", [], [], []);
    assert.equal(form.env, "JUPYTER_TOKEN=secret:lab/token");
    assert.ok(!left.some((one) => one.includes("JUPYTER_TOKEN")));
  });

  it("has the notebook's name in paths, claims and sources", () => {
    const workspaceVolume = { value: { mount: "/home/{notebook-name}", newPvc: { metadata: {}, spec: {} } } };
    const source = { nfs: { server: "files", path: "/{notebook-name}" } };
    const dataVolumes = { value: [{ mount: "/nfs/{notebook-name}", existingSource: source }] };
    const spawner: Spawner = { ...spawnerOf({ workspaceVolume, dataVolumes }), source: SHIPPED.source };
    const form = { ...firstForm(spawner, ""), name: "lab", volumes: "{notebook-name}-own:/data/{notebook-name}" };
    const { choice, problems } = readNotebookForm(form, spawner, "alice");
    assert.deepEqual(problems, []);
    assert.deepEqual(
      choice.volumes.map(({ claim, path }) => `${claim}:${path}`),
      ["lab-workspace:/home/lab", "lab-own:/data/lab"],
    );
    assert.deepEqual(choice.sources, [{ path: "/nfs/lab", source: { nfs: { server: "files", path: "/lab" } } }]);
  });

  it("takes a name that is free", () => {
    assert.equal(firstForm(SHIPPED, "", ["notebook", "notebook-2"]).name, "notebook-3");
  });

  it("is the administrators' where they have decided, whatever the page says", () => {
    const spawner: Spawner = {
      ...spawnerOf({
        cpu: { value: 2, limitFactor: "none", readOnly: true },
        image: { value: "lab:1", options: ["lab:1"], readOnly: true },
        workspaceVolume: { value: null, readOnly: true },
        configurations: { value: ["access-ml-pipeline"], readOnly: true },
        tolerationGroup: {
          value: "gpu",
          readOnly: true,
          options: [{ groupKey: "gpu", displayName: "GPU nodes", tolerations: [{ key: "gpu", operator: "Exists" }] }],
        },
        allowCustomImage: false,
      }),
      source: { kind: "cluster", name: "jupyter-web-app-config-abc" },
    };
    const { choice, problems } = read({ cpu: "64", image: "evil:1", configurations: [], tolerations: "" }, spawner);
    assert.deepEqual(problems, []);
    assert.deepEqual([choice.requests["cpu"], choice.limits["cpu"], choice.image], ["2", undefined, "lab:1"]);
    assert.deepEqual([choice.volumes, choice.labels], [[], { "access-ml-pipeline": "true" }]);
    assert.deepEqual(choice.tolerations, [{ key: "gpu", operator: "Exists" }]);
    assert.ok(spawner.locked.includes("workspaceSize") && !spawner.locked.includes("memory"));
  });

  it("shows of images what the administrators do not hide", () => {
    const image = "ghcr.io/a/jupyter-scipy:v1";
    assert.equal(imageLabel(image, { hideRegistry: true, hideTag: true }), "jupyter-scipy");
    assert.equal(imageLabel(image, { hideRegistry: false, hideTag: false }), image);
  });

  it("offers pod defaults by what they say of themselves, those that choose alike together", () => {
    const podDefault = (name: string, spec: object): KubeObject => ({ metadata: { name }, ...{ spec } });
    const selector = { matchLabels: { access: "true" } };
    assert.deepEqual(
      configurationsOf([
        podDefault("a", { desc: "Allow pipelines", selector }),
        podDefault("b", { selector }),
        podDefault("c", { selector: { matchExpressions: [{ key: "x", operator: "Exists" }] } }),
        podDefault("d", {
          selector: { ...selector, matchExpressions: [{ key: "y", operator: "In", values: ["1", "2"] }] },
        }),
        podDefault("everywhere", { selector: { matchExpressions: [{ key: "off", operator: "DoesNotExist" }] } }),
      ]),
      [
        { value: "access=true", label: "Allow pipelines; b" },
        { value: "x=true", label: "c" },
        { value: "y=1,access=true", label: "d" },
      ],
    );
  });

  it("is filled in as a notebook is, and tells what it leaves", () => {
    const { notebook, claims } = built({
      gpus: "1",
      volumes: "shared:/data",
      env: "A=1",
      configurations: ["access=true"],
    });
    const pod = (notebook.spec["template"] as { spec: Record<string, unknown> }).spec;
    const tolerations = [{ key: "dedicated", operator: "Exists" }];
    const object = { ...notebook, spec: { template: { spec: { ...pod, tolerations, initContainers: [{}] } } } };
    const like = likeNotebook(
      object,
      SHIPPED,
      "default-editor",
      ["lab", "notebook"],
      ["access=true", "other=true"],
      claims,
    );
    const { name, gpus, volumes, env, configurations, workspace, workspaceSize, cpuLimit } = like.form;
    assert.deepEqual([name, gpus, volumes, env, workspace], ["notebook-2", "1", "shared:/data", "A=1", "new"]);
    assert.deepEqual([configurations, workspaceSize, cpuLimit], [["access=true"], "5Gi", "0.6"]);
    assert.deepEqual(like.left, ["its workspace lab-workspace: this one gets its own", "its pod’s initContainers"]);
    const again = readNotebookForm(like.form, like.spawner, "alice");
    assert.deepEqual([again.problems, again.choice.tolerations], [[], tolerations]);
  });
});
