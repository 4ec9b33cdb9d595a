import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { type Parts, partsWords, readParts } from "./parts.ts";

const AGGREGATED = "as=APIGroupDiscoveryList";
type Kinds = Readonly<Record<string, readonly string[]>>;

const FULL: Kinds = {
  "kubeflow.org/v1": ["PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "Notebook", "Profile"],
  "kubeflow.org/v1beta1": ["Experiment", "Notebook", "Profile", "Workspace"],
  "trainer.kubeflow.org/v1alpha1": ["TrainJob"],
  "argoproj.io/v1alpha1": ["Workflow"],
  "jobset.x-k8s.io/v1alpha2": ["JobSet"],
  "kueue.x-k8s.io/v1beta1": ["Workload"],
  "serving.kserve.io/v1beta1": ["InferenceService"],
};

function aggregated(kinds: Kinds): unknown {
  const items = Object.entries(kinds).map(([groupVersion, names]) => {
    const [name, version] = groupVersion.split("/");
    const resources = names.map((kind) => ({ resource: `${kind.toLowerCase()}s`, responseKind: { kind } }));
    return { metadata: { name }, versions: [{ version, resources }] };
  });
  return { kind: "APIGroupDiscoveryList", items };
}

interface Fake {
  readonly kinds?: Kinds;
  /** A server that knows no aggregated discovery. */
  readonly old?: boolean;
  readonly data?: Readonly<Record<string, FakeReply>>;
}

async function read({ kinds = FULL, old = false, data = {} }: Fake): Promise<[Parts | undefined, string[]]> {
  const transport = new FakeTransport(({ path, raw }) => {
    if (path === "/apis") {
      assert.match(raw.accept ?? "", /v=v2;as=APIGroupDiscoveryList,.*v2beta1.*,application\/json$/);
      if (!old && raw.accept?.includes(AGGREGATED) === true) return json(aggregated(kinds));
      const groups = Object.keys(kinds).map((groupVersion) => ({
        name: groupVersion.split("/")[0],
        versions: [{ groupVersion }],
      }));
      return json({ kind: "APIGroupList", groups });
    }
    const found = kinds[path.replace("/apis/", "")];
    if (found !== undefined) return json({ kind: "APIResourceList", resources: found.map((kind) => ({ kind })) });
    return data[path.split("/").at(-1) ?? ""] ?? refusal(404, "NotFound", "no");
  });
  const parts = await readParts(new KubeClient(transport));
  return [parts, transport.requests.map((request) => request.path)];
}

describe("the parts of Kubeflow in a cluster", () => {
  const VERSIONS = {
    "kubeflow-trainer-public": json({ metadata: { name: "x" }, data: { kubeflow_trainer_version: "v2.3.0" } }),
    "kubeflow-pipelines-public": json({ metadata: { name: "x" }, data: { kubeflow_pipelines_version: "2.16.1" } }),
  };

  it("are told by three requests, with the versions that are published", async () => {
    const [parts, asked] = await read({ data: VERSIONS });
    assert.ok(parts !== undefined);
    assert.deepEqual(partsWords(parts), [
      "Training Operator",
      "Trainer 2.3.0",
      "Notebooks",
      "Pipelines 2.16.1",
      "Katib",
      "KServe",
      "Kueue",
      "Workspaces",
    ]);
    assert.deepEqual(parts.jobs, ["PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob"]);
    assert.deepEqual([parts.profiles, parts.jobset, parts.pipelines?.namespace], [true, true, "kubeflow"]);
    assert.deepEqual(asked, [
      "/apis",
      "/api/v1/namespaces/kubeflow-system/configmaps/kubeflow-trainer-public",
      "/api/v1/namespaces/kubeflow/configmaps/kubeflow-pipelines-public",
    ]);
  });

  it("are the same from a server without aggregated discovery, which is asked for the versions that matter", async () => {
    const fresh = {
      "kubeflow-trainer-public": json({ metadata: { name: "x" }, data: { kubeflow_trainer_version: "v2.3.0" } }),
    };
    const [parts, asked] = await read({ old: true, data: fresh });
    assert.deepEqual(parts?.trainer, { version: "2.3.0" });
    assert.deepEqual([parts.notebooks, parts.katib, parts.workspaces, parts.kserve], [true, true, true, true]);
    assert.deepEqual(asked.slice(1, 4), [
      "/apis/kubeflow.org/v1",
      "/apis/kubeflow.org/v1beta1",
      "/apis/trainer.kubeflow.org/v1alpha1",
    ]);
  });

  it("takes Katib's group for no notebooks, and Argo alone for no certain pipelines", async () => {
    const [parts] = await read({
      kinds: { "kubeflow.org/v1beta1": ["Experiment"], "argoproj.io/v1alpha1": ["Workflow"] },
    });
    assert.ok(parts !== undefined);
    assert.deepEqual([parts.notebooks, parts.profiles, parts.jobs], [false, false, []]);
    assert.deepEqual(parts.pipelines, { namespace: "kubeflow", version: undefined, certain: false });
    assert.deepEqual(partsWords(parts), ["Katib"]);
  });

  it("leaves a version unknown that may not be read, and asks for none of what is not there", async () => {
    const refused = { "kubeflow-trainer-public": refusal(403, "Forbidden", "no") };
    const [parts] = await read({ kinds: { "trainer.kubeflow.org/v1alpha1": ["TrainJob"] }, data: refused });
    assert.deepEqual(parts && partsWords(parts), ["Trainer"]);
    const [none, asked] = await read({ kinds: { "apps/v1": ["Deployment"] } });
    assert.deepEqual(none && partsWords(none), []);
    assert.deepEqual(asked, ["/apis"]);
  });

  it("are not known where discovery is refused, and a failure stays one", async () => {
    const client = (reply: FakeReply): KubeClient => new KubeClient(new FakeTransport(() => reply));
    assert.equal(await readParts(client(refusal(403, "Forbidden", "no"))), undefined);
    await assert.rejects(readParts(client(refusal(500, "InternalError", "sick"))), /sick/);
  });

  it("believes nothing of a hostile answer but words", async () => {
    const evil = { kubeflow_trainer_version: `v2\u001b]0;x\u0007.3\n${"9".repeat(100)}` };
    const [parts] = await read({ data: { "kubeflow-trainer-public": json({ metadata: {}, data: evil }) } });
    const version = parts?.trainer?.version ?? "";
    assert.match(version, /^2\.3 9+…$/);
    assert.equal(version.length, 29);
    for (const answer of [
      null,
      [],
      { kind: "APIGroupDiscoveryList", items: [null, { versions: [7, { resources: "x" }] }] },
      { groups: 3 },
    ]) {
      const read = await readParts(new KubeClient(new FakeTransport(() => json(answer))));
      assert.deepEqual(read && partsWords(read), []);
    }
  });
});
