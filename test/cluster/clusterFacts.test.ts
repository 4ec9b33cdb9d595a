import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import type { Right } from "../../src/kube/rights.ts";
import { gpuWords } from "../../src/kubeflow/gpuNames.ts";
import type { NodeUse } from "../../src/kubeflow/gpuUse.ts";
import { NODE } from "../../src/kubeflow/kinds/node.ts";
import { POD } from "../../src/kubeflow/kinds/pod.ts";
import { partsWords } from "../../src/kubeflow/parts.ts";
import { until } from "../editor/until.ts";
import { bendKubeconfig, Cleanup, find, kubeconfigOf, makeNamespace, NAMESPACE, openRig, type Rig } from "./support.ts";

const ID = randomBytes(3).toString("hex");
const VIEWER = `facts-viewer-${ID}`;
const RBAC = "rbac.authorization.k8s.io";
const PROFILE = { group: "kubeflow.org", version: "v1", plural: "profiles", kind: "Profile", namespaced: false };
const CRD = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};
const now = <T>(value: () => T) => Promise.resolve().then(value);

describe("what a cluster has", () => {
  const cleanup = new Cleanup();
  let admin: Rig;
  let narrow: Rig;
  let viewer: Rig;
  let namespace: string;

  before(async () => {
    admin = await openRig(cleanup, kubeconfigOf("admin"));
    narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    const as = await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ user }) => (user["as"] = VIEWER));
    viewer = await openRig(cleanup, as);
    namespace = await makeNamespace(cleanup, admin.client, "facts");
  });

  after(() => cleanup.run());

  async function make<T extends KubeObject>(kind: ResourceKind, object: T): Promise<T> {
    const made = await admin.client.create<T>(kind, object);
    const { name, namespace: inside, uid = "" } = made.metadata;
    cleanup.add(async () => {
      if ((await find(admin.client, kind, name, inside)) !== undefined)
        await admin.client.delete(kind, name, inside, uid);
    });
    return made;
  }

  /** Lets the viewer do this everywhere, or in the test's own namespace. */
  async function allow(everywhere: boolean, resource: string, verbs: readonly string[], group = ""): Promise<void> {
    const metadata = { name: `${VIEWER}-${resource}`, ...(everywhere ? {} : { namespace }) };
    const [role, binding] = everywhere ? ["ClusterRole", "ClusterRoleBinding"] : ["Role", "RoleBinding"];
    const kind = (name: string): ResourceKind => {
      return { group: RBAC, version: "v1", plural: `${name.toLowerCase()}s`, kind: name, namespaced: !everywhere };
    };
    const rules = [{ apiGroups: [group], resources: [resource], verbs }];
    await make(kind(role), { apiVersion: `${RBAC}/v1`, kind: role, metadata, ...{ rules } });
    const subjects = [{ apiGroup: RBAC, kind: "User", name: VIEWER }];
    const roleRef = { apiGroup: RBAC, kind: role, name: metadata.name };
    await make(kind(binding), { apiVersion: `${RBAC}/v1`, kind: binding, metadata, ...{ subjects, roleRef } });
  }

  function makeNode(name: string, gpus: number, labels: Record<string, string> = {}): Promise<KubeObject> {
    const allocatable = {
      cpu: "8",
      memory: "32Gi",
      pods: "100",
      ...(gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) }),
    };
    const status = { allocatable, capacity: allocatable, conditions: [{ type: "Ready", status: "True" }] };
    const spec = { taints: [{ key: "facts.test/none", effect: "NoSchedule" }] };
    return make(NODE, { apiVersion: "v1", kind: "Node", metadata: { name, labels }, ...{ spec, status } });
  }

  function makePod(
    name: string,
    nodeName: string,
    gpus: number,
    labels: Record<string, string> = {},
  ): Promise<KubeObject> {
    const limits = gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) };
    const tolerations = [{ operator: "Exists" }];
    const spec = { nodeName, tolerations, containers: [{ name: "c", image: "none", resources: { limits } }] };
    return make(POD, { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, ...{ spec } });
  }

  describe("parts of Kubeflow", () => {
    it("are told to anybody by one look at the API, and a kind that comes later is seen by the next", async () => {
      for (const rig of [admin, narrow]) {
        const parts = await rig.engine.cluster(rig.context).readParts();
        assert.ok(parts !== undefined);
        assert.deepEqual(parts.jobs, ["PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob"]);
        assert.equal(parts.kserve, false);
        assert.equal(partsWords(parts)[0], "Training Operator");
      }
      await make(CRD, crd("serving.kserve.io", "InferenceService", "inferenceservices", "Namespaced"));
      await until(
        "the kind",
        () => narrow.engine.cluster(narrow.context).readParts(),
        (parts) => parts?.kserve === true,
      );
      assert.equal(narrow.engine.parts(narrow.context)?.katib, false);
    });

    it("are known a moment after a person has opened the cluster", async () => {
      const rig = await openRig(cleanup, kubeconfigOf("narrow"));
      assert.equal(rig.engine.parts(rig.context), undefined);
      const told: string[] = [];
      rig.engine.onDidChangeCluster((context) => told.push(context));
      await rig.engine.namespaces(rig.context);
      await until(
        "the parts",
        () => now(() => rig.engine.parts(rig.context)),
        (parts) => parts?.jobs.length === 6,
      );
      assert.ok(told.includes(rig.context));
    });
  });

  describe("namespaces", () => {
    it("begin with the person's own profile, by the Profile or by its namespace", async () => {
      const mine = `mine-${ID}`;
      if ((await admin.engine.cluster(admin.context).readParts())?.profiles !== true)
        await make(CRD, crd("kubeflow.org", "Profile", "profiles", "Cluster"));
      await until(
        "profiles to be served",
        () => admin.engine.cluster(admin.context).readParts(),
        (parts) => parts?.profiles === true,
      );
      const spec = { owner: { kind: "User", name: VIEWER } };
      await until(
        "a profile",
        () =>
          make(PROFILE, {
            apiVersion: "kubeflow.org/v1",
            kind: "Profile",
            metadata: { name: mine },
            ...{ spec },
          }).catch(() => undefined),
        (made) => made !== undefined,
      );
      const labels = { "app.kubernetes.io/part-of": "kubeflow-profile" };
      const annotations = { owner: VIEWER };
      await make(NAMESPACE, { apiVersion: "v1", kind: "Namespace", metadata: { name: mine, labels, annotations } });
      await allow(true, "namespaces", ["list"]);
      await until(
        "the own namespace by its annotation",
        () => viewer.engine.namespaces(viewer.context),
        ({ shown, notes }) => shown[0] === mine && notes.get(mine) === "my profile",
      );
      // A profile whose namespace tells nothing of its owner.
      const quiet = `also-${ID}`;
      await make(NAMESPACE, { apiVersion: "v1", kind: "Namespace", metadata: { name: quiet } });
      await make(PROFILE, { apiVersion: "kubeflow.org/v1", kind: "Profile", metadata: { name: quiet }, ...{ spec } });
      await allow(true, "profiles", ["list"], "kubeflow.org");
      await until(
        "the own namespaces by their profiles",
        () => viewer.engine.namespaces(viewer.context),
        ({ shown }) => shown[0] === quiet && shown[1] === mine,
      );
      assert.equal(viewer.engine.namespaceDesk.word(viewer.context, mine), "my profile");
      assert.ok(!(await admin.engine.namespaces(admin.context)).notes.has(mine), "it is the viewer's alone");
    });

    it("are typed where they may not be listed, pinned and all at once", async () => {
      const { engine, context } = await openRig(cleanup, kubeconfigOf("narrow"));
      await engine.namespaceDesk.pin(context, "team-b", true);
      assert.deepEqual((await engine.namespaces(context)).shown, ["team-b", "team-a"]);
      await engine.namespaceDesk.choose(context, ["*"]);
      assert.deepEqual((await engine.namespaces(context)).shown, ["*"]);
    });
  });

  describe("GPUs", () => {
    const own = (rig: Rig): readonly NodeUse[] =>
      rig.engine.cluster(rig.context).gpus.nodes.filter(({ node }) => node.name.endsWith(ID));

    it("are free, in use and held by somebody, as it happens", async () => {
      const big = `big-${ID}`;
      await makeNode(big, 8, { "nvidia.com/gpu.product": "NVIDIA-L4", "cloud.google.com/gke-nodepool": "gpus" });
      await makeNode(`plain-${ID}`, 0);
      await makePod("bert-0", big, 2, { "training.kubeflow.org/job-name": "bert" });
      await makePod("bert-1", big, 2, { "training.kubeflow.org/job-name": "bert" });
      await makePod("nb-0", big, 1, { "notebook-name": "nb" });
      await makePod("no-gpu", big, 0);
      const { gpus } = admin.engine.cluster(admin.context);
      assert.equal(gpus.state.kind, "idle");
      const held = gpus.hold();
      cleanup.add(() => held.dispose());
      await gpus.answered(20_000);
      assert.equal(gpus.state.kind, "live");
      const [use, plain] = own(admin);
      assert.deepEqual(
        [use?.node.name, use?.counts, plain?.counts],
        [big, [{ noun: "GPU", total: 8, used: 5, free: 3 }], []],
      );
      assert.deepEqual(
        [use?.node.gpuModel, use?.node.pool, use?.node.taints],
        ["L4", "gpus", ["facts.test/none: NoSchedule"]],
      );
      assert.deepEqual(
        use?.holders.map(({ kind, namespace, name, pods, gpus }) => [kind, namespace, name, pods.length, gpus]),
        [
          ["training job", namespace, "bert", 2, { "nvidia.com/gpu": 4 }],
          ["notebook", namespace, "nb", 1, { "nvidia.com/gpu": 1 }],
        ],
      );
      assert.match(gpuWords(gpus.totals), /^\d+ of \d+ GPUs free$/);
      await admin.client.json({
        method: "PATCH",
        path: `/api/v1/namespaces/${namespace}/pods/nb-0/status`,
        body: { status: { phase: "Succeeded" } },
        contentType: "application/merge-patch+json",
      });
      await until(
        "the notebook's GPU to be free",
        () => now(() => own(admin)[0]?.counts[0]?.free),
        (free) => free === 4,
      );
      await makeNode(`late-${ID}`, 4);
      await makePod("late", `late-${ID}`, 4);
      await until(
        "a node that came later",
        () => now(() => own(admin).map(({ node, counts }) => `${node.name} ${counts[0]?.free ?? 0}`)),
        (all) => all.includes(`late-${ID} 0`),
      );
    });

    it("are not told where nodes may not be read", async () => {
      const { gpus } = narrow.engine.cluster(narrow.context);
      const held = gpus.hold();
      await gpus.answered(20_000);
      assert.deepEqual([gpus.state.kind, gpus.totals], ["forbidden", undefined]);
      held.dispose();
    });

    it("are the most there can be where pods may be read in some namespaces only", async () => {
      await allow(true, "nodes", ["list", "watch"]);
      await allow(false, "pods", ["list", "watch"]);
      await viewer.engine.namespaceDesk.visit(viewer.context, namespace);
      const { gpus } = viewer.engine.cluster(viewer.context);
      const held = gpus.hold();
      await until(
        "an answer",
        () => {
          if (gpus.state.kind === "forbidden") gpus.refresh();
          return now(() => gpus.totals);
        },
        (totals) => totals !== undefined,
      );
      assert.equal(gpus.totals?.complete, false);
      assert.match(gpuWords(gpus.totals), /^at most \d+ of \d+ GPUs free$/);
      assert.equal(own(viewer).find(({ node }) => node.name === `big-${ID}`)?.counts[0]?.used, 4);
      held.dispose();
    });
  });

  describe("rights", () => {
    const jobs = { group: "kubeflow.org", resource: "pytorchjobs" };
    const pods = { group: "", resource: "pods" };
    const rights: readonly Right[] = [
      ...["list", "watch", "delete", "patch", "update"].map((verb) => ({ verb, ...jobs })),
      { verb: "delete", group: "kubeflow.org", resource: "experiments" },
      { verb: "get", ...pods, subresource: "log" },
      { verb: "create", ...pods, subresource: "exec" },
      { verb: "create", ...pods, subresource: "portforward" },
      { verb: "list", group: "", resource: "events" },
    ];

    it("are known by one request for a namespace, for those who may everything and those who may little", async () => {
      const may = async (rig: Rig, inside: string): Promise<string[]> => {
        const scope = rig.engine.cluster(rig.context).rights.in(inside);
        await scope.know();
        return rights.map((right) => scope.may(right));
      };
      assert.deepEqual(new Set(await may(admin, "team-a")), new Set(["yes"]));
      const yes = "yes yes yes yes no no yes no no no";
      assert.equal((await may(narrow, "team-a")).join(" "), yes);
      assert.deepEqual(new Set(await may(narrow, "team-b")), new Set(["no"]));
    });

    it("on the cluster as a whole are asked for one by one", async () => {
      const nodes: Right = { verb: "list", group: "", resource: "nodes" };
      for (const [rig, answer] of [
        [admin, "yes"],
        [narrow, "no"],
      ] as const) {
        const scope = rig.engine.cluster(rig.context).rights.in(undefined);
        await scope.know();
        await until(
          "an answer",
          () => now(() => scope.may(nodes)),
          (may) => may !== "unknown",
        );
        assert.equal(scope.may(nodes), answer);
      }
    });
  });
});

function crd(group: string, kind: string, plural: string, scope: "Cluster" | "Namespaced"): KubeObject {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  const names = { kind, plural, singular: kind.toLowerCase() };
  const spec = { group, scope, names, versions: [{ name: "v1", served: true, storage: true, schema }] };
  const metadata = { name: `${plural}.${group}` };
  return { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata, ...{ spec } };
}
