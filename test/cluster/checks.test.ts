import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { RunChoice } from "../../src/jobs/desk.ts";
import type { Finding } from "../../src/jobs/index.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { kindOf } from "../../src/kubeflow/jobKinds.ts";
import { NODE } from "../../src/kubeflow/kinds/node.ts";
import { CLAIM, LIMIT_RANGE, POD, PRIORITY_CLASS, SECRET } from "../../src/kubeflow/kinds/resources.ts";
import { until } from "../editor/until.ts";
import { keepAlive } from "./bareNodes.ts";
import {
  bendKubeconfig,
  choice,
  Cleanup,
  find,
  kubeconfigOf,
  makeNamespace,
  NAMESPACE,
  openRig,
  RESOURCE_QUOTA,
  type Rig,
  writeProject,
} from "./support.ts";

const ID = randomBytes(3).toString("hex");
const GPU = "nvidia.com/gpu";
/** Nodes of this test alone are chosen by it. */
const OWN = { "checks.test/own": ID };
const TAINT = { key: "checks.test/none", effect: "NoSchedule" } as const;

describe("what is known of a run before it is sent", () => {
  const cleanup = new Cleanup();
  let admin: Rig;
  let narrow: Rig;
  let namespace: string;
  let file: string;

  before(async () => {
    admin = await openRig(cleanup, kubeconfigOf("admin"));
    narrow = await openRig(cleanup, kubeconfigOf("narrow"));
    namespace = await makeNamespace(cleanup, admin.client, "checks");
    file = await writeProject(cleanup, { "train.py": "import helper\n", "helper.py": "x = 1\n" });
  });

  after(() => cleanup.run());

  async function make(
    kind: ResourceKind,
    name: string,
    body: object,
    labels: Record<string, string> = {},
    place = namespace,
  ): Promise<void> {
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const metadata = { name, labels, ...(kind.namespaced ? { namespace: place } : {}) };
    const made = await admin.client.create<KubeObject>(kind, { apiVersion, kind: kind.kind, metadata, ...body });
    const { namespace: inside, uid = "" } = made.metadata;
    cleanup.add(async () => {
      if ((await find(admin.client, kind, name, inside)) !== undefined)
        await admin.client.delete(kind, name, inside, uid);
    });
  }

  async function makeNode(name: string, gpus: number): Promise<void> {
    const allocatable = { cpu: "8", memory: "32Gi", pods: "100", [GPU]: String(gpus) };
    const status = { allocatable, capacity: allocatable, conditions: [{ type: "Ready", status: "True" }] };
    await make(NODE, name, { spec: { taints: [TAINT] }, status }, OWN);
    keepAlive(cleanup, admin.client, name);
  }

  async function check(rig: Rig, inside: string, more: Partial<RunChoice> = {}): Promise<readonly Finding[]> {
    const plan = await rig.engine.jobs.plan(file, choice(rig, inside, more), rig.client);
    const found: Finding[] = [];
    await rig.engine.checkRun(plan, (finding) => found.push(finding), AbortSignal.timeout(20_000), { anew: true });
    return found;
  }

  const short = (found: readonly Finding[]): string[] =>
    found.map(({ field, level, text }) => `${level} ${field}: ${text}`);
  const at = (found: readonly Finding[], ...fields: readonly Finding["field"][]): string[] =>
    short(found.filter(({ field }) => fields.includes(field)));
  const worst = (found: readonly Finding[]): string[] =>
    short(found.filter(({ level }) => level === "warning" || level === "problem"));
  const sized = (nodes: number, gpusPerNode: number): RunChoice["size"] => ({
    nodes,
    gpusPerNode,
    processesPerNode: 1,
  });

  it("a small run: all is in order, and nothing is left behind", async () => {
    const found = await check(admin, namespace);
    assert.deepEqual(worst(found), []);
    const texts = short(found);
    for (const text of [
      `ok namespace: You may run jobs in ${namespace} and read their logs.`,
      "ok kind: The cluster would take it, as a dry run says.",
      "ok code: 2 files with 20 B travel.",
      "ok nodes: There is room now for 1 pod.",
    ])
      assert.ok(texts.includes(text), `${text}\n${texts.join("\n")}`);
    for (const kind of [kindOf("PyTorchJob").resource, CLAIM, POD])
      assert.deepEqual((await admin.client.list(kind, { namespace })).items, []);
  });

  it("a TrainJob's runtime, and one that has gone meanwhile", async () => {
    const plan = await admin.engine.jobs.plan(
      file,
      choice(admin, namespace, { kind: "TrainJob", image: "" }),
      admin.client,
    );
    const { runtime } = plan.spec;
    assert.ok(runtime !== undefined);
    const of = async (name: string): Promise<string[]> => {
      const found: Finding[] = [];
      const other = { ...plan, spec: { ...plan.spec, runtime: { ...runtime, name } } };
      await admin.engine.checkRun(other, (one) => found.push(one), AbortSignal.timeout(20_000), { without: "dry run" });
      return at(found, "runtime");
    };
    assert.match((await of(runtime.name))[0] ?? "", /^ok runtime: The runtime \S+ is there\./);
    assert.deepEqual(await of("gone"), ["problem runtime: There is no ClusterTrainingRuntime gone."]);
  });

  describe("room", () => {
    const big = `checks-big-${ID}`;
    const here = { nodeSelector: OWN, tolerations: [{ key: TAINT.key }] };

    before(async () => {
      await makeNode(big, 4);
      await makeNode(`checks-small-${ID}`, 1);
      const spec = {
        nodeName: big,
        tolerations: [{ operator: "Exists" }],
        containers: [{ name: "c", image: "none", resources: { limits: { [GPU]: "2", cpu: "3", memory: "4Gi" } } }],
      };
      await make(POD, "bert-0", { spec }, { "training.kubeflow.org/job-name": "bert" });
    });

    const room = async (more: Partial<RunChoice>): Promise<Finding> => {
      const found = (await check(admin, namespace, { needs: here, ...more })).filter(
        ({ field, text }) => (field === "gpus" || field === "nodes") && !text.includes("quota"),
      );
      assert.equal(found.length, 1, short(found).join("\n"));
      return found[0] as Finding;
    };

    it("is there for a gang, comes when others finish, or never", async () => {
      const now = await room({ size: sized(2, 1), cpu: "2" });
      assert.equal(now.text, "There is room now for 2 × (1 GPU and 2 CPUs).");
      const later = await room({ size: sized(1, 4) });
      assert.deepEqual(
        [later.level, later.text],
        ["warning", "It waits until others have finished: it wants 4 GPUs, and 3 of 5 GPUs are free (bert)."],
      );
      assert.ok(later.lines?.includes(`${big}: 2 of 4 GPUs free · others hold them`), later.lines?.join("\n"));
      const never = await room({ size: sized(1, 8) });
      assert.equal(never.level, "problem");
      assert.match(
        never.text,
        /^It finds no place: it wants 8 GPUs on one node, and the largest has 4\. Nothing was found/,
      );
    });

    it("is measured by CPU and memory, and not on nodes that are tainted or labelled otherwise", async () => {
      assert.equal((await room({ size: sized(1, 0), cpu: "6", memory: "24Gi" })).level, "ok");
      const cpu = await room({ size: sized(2, 0), cpu: "6" });
      assert.match(
        cpu.text,
        /^It waits until others have finished: it wants 2 × 6 CPUs, and 13 of 16 CPUs are free\.$/,
      );
      const tainted = await room({ size: sized(1, 1), needs: { nodeSelector: OWN } });
      assert.match(tainted.text, /has a taint that it does not tolerate \(checks\.test\/none: NoSchedule\)/);
      const away = await room({ size: sized(1, 1), needs: { nodeSelector: { "checks.test/own": "no" } } });
      assert.match(away.text, /^It waits for a node: none has the label checks\.test\/own=no now\./);
    });

    it("is taken from pods of lower priority, where the run has a class that says so", async () => {
      const high = `checks-high-${ID}`;
      await make(PRIORITY_CLASS, high, { value: 1000 });
      const found = await room({ size: sized(1, 4), needs: { ...here, priority: high } });
      assert.deepEqual(
        [found.level, found.text],
        ["warning", "It fits by preempting 1 pod of lower priority: it wants 4 GPUs, and 3 of 5 GPUs are free (bert)."],
      );
    });

    it("can be had from a pool that was made from here and that nothing scales", async () => {
      const gpuPool = () => Promise.resolve({ perNode: 8, mostNodes: 2, scalesItself: false, perHour: 3.06 });
      const rig = await openRig(cleanup, kubeconfigOf("admin"), { gpuPool });
      const found = await check(rig, namespace, { size: sized(1, 8), needs: here });
      const next = found.flatMap((finding) => finding.next ?? []);
      assert.deepEqual(next, [{ title: "Start a GPU Node ($3.06/h)…", what: "gpu-node" }]);
    });
  });

  it("volumes and secrets that are not there, or have another key", async () => {
    await make(SECRET, "hf", { stringData: { token: "x" } });
    await make(CLAIM, "data", {
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "none", resources: { requests: { storage: "1Gi" } } },
    });
    const found = await check(admin, namespace, {
      size: sized(2, 0),
      output: { claim: "gone" },
      needs: {
        secrets: [
          { name: "A", secret: "hf", key: "token" },
          { name: "B", secret: "hf", key: "user" },
        ],
        volumes: [{ claim: "data", path: "/data", readOnly: false }],
        serviceAccount: "nobody",
        priority: "highest",
      },
    });
    assert.deepEqual(at(found, "output", "volumes", "secrets", "serviceAccount", "priority").sort(), [
      "problem output: There is no volume claim gone in the namespace.",
      "problem priority: There is no PriorityClass highest in the cluster.",
      "problem secrets: The Secret hf has no key user.",
      "problem serviceAccount: There is no ServiceAccount nobody in the namespace.",
      "warning volumes: data is for one node at a time, and the job has 2: pods on others do not start.",
    ]);
  });

  it("a namespace with limits, a quota and sidecars", async () => {
    const limit = { type: "Container", max: { memory: "1Gi" }, defaultRequest: { cpu: "100m" }, default: { cpu: "1" } };
    const tight = await makeNamespace(cleanup, admin.client, "checks-tight");
    await make(LIMIT_RANGE, "small", { spec: { limits: [limit] } }, {}, tight);
    await make(RESOURCE_QUOTA, "few", { spec: { hard: { "requests.cpu": "2", pods: "2" } } }, {}, tight);
    await until(
      "the quota to be counted",
      () => find(admin.client, RESOURCE_QUOTA, "few", tight),
      (quota) => quota !== undefined && JSON.stringify(quota).includes('"used"'),
    );
    const labels = { "istio-injection": "enabled" };
    await admin.client.patch(NAMESPACE, tight, undefined, { metadata: { labels } });
    const found = await check(admin, tight, { size: sized(3, 0), cpu: "1", memory: "2Gi" });
    const texts = short(found);
    for (const text of [
      "problem memory: The namespace’s limit range small allows at most 1 Gi memory for each container, and this one asks for 2 Gi memory.",
      "problem cpu: The namespace’s quota few allows 2 CPUs (0 in use, this job asks for 3).",
      "problem nodes: The namespace’s quota few allows 2 pods (0 in use, this job asks for 3).",
      `ok namespace: ${tight} puts Istio’s sidecar into pods. The job’s pods go without: it would not let them end.`,
    ])
      assert.ok(texts.includes(text), `${text}\n${texts.join("\n")}`);
    // The LimitRange gives what is not stated.
    assert.ok(!texts.some((text) => text.includes("to be stated")));
  });

  it("a person with few rights is told what cannot be told, and what is not theirs", async () => {
    const own = await check(narrow, "team-a", { size: sized(1, 1) });
    assert.deepEqual(worst(own), []);
    assert.deepEqual(at(own, "gpus"), [
      "unknown gpus: Whether there is room now cannot be told: you may not list nodes.",
    ]);
    const other = worst(await check(narrow, "team-b"));
    assert.ok(
      other.some((text) => text.startsWith("problem namespace: You may not create pytorchjobs,")),
      other.join("\n"),
    );
    const as = await bendKubeconfig(cleanup, kubeconfigOf("admin"), ({ user }) => (user["as"] = `nobody-${ID}`));
    const nobody = await openRig(cleanup, as);
    const found = await check(nobody, namespace);
    assert.ok(worst(found).length >= 2);
    assert.deepEqual(at(found, "cluster"), []);
  });
});
