import assert from "node:assert/strict";
import { silentLogger } from "../core/log.ts";
import type { YamlApi } from "../core/yamlApi.ts";
import { record } from "../kubeflow/read.ts";
import { findRuntime } from "./runtimes.ts";
import {
  checkObject,
  editorSchema,
  emptyFields,
  inlined,
  KEPT_MS,
  readJobSchema,
  schemaAt,
  without,
} from "./schema.ts";
import { World } from "./testing/launches.ts";
import { publishSchemas, SCHEMAS } from "./testing/schemas.ts";
import { contributeSchemas } from "./yamlSchemas.ts";

const TRAIN_JOB = record(inlined(SCHEMAS["org.kubeflow.trainer.v1alpha1.TrainJob"], SCHEMAS));

function said(spec: object, metadata: object = { name: "a" }): string[] {
  const job = { apiVersion: "trainer.kubeflow.org/v1alpha1", kind: "TrainJob", metadata, spec };
  return checkObject(job, TRAIN_JOB).map(
    ({ path, text, isWarning }) => `${path.join(".")}: ${text}${isWarning ? " (warning)" : ""}`,
  );
}

const STEP = { "trainer.kubeflow.org/trainjob-ancestor-step": "trainer" };
const NODE = { template: { spec: { containers: [{ name: "node" }] } } };
const RUNTIME = { runtimeRef: { name: "torch-distributed" } };

describe("the schema that a cluster publishes", () => {
  it("is read once a minute for each connection, whole, with its references", async () => {
    const { api, client, clock } = new World();
    publishSchemas(api);
    const schema = await readJobSchema(client, "TrainJob", undefined, { clock });
    assert.equal(await readJobSchema(client, "TrainJob", undefined, { clock }), schema);
    assert.equal(api.requests.length, 1);
    await readJobSchema(client, "TrainJob", undefined, { clock, fresh: true });
    clock.time += KEPT_MS;
    await readJobSchema(client, "TrainJob", undefined, { clock });
    assert.equal(api.requests.length, 3);
    assert.deepEqual(schemaAt(schema, "metadata", "labels")["additionalProperties"], { type: "string" });
    // What refers to itself ends.
    assert.deepEqual(schemaAt(schema, "metadata", "owner"), {});
    assert.ok(
      "pytorchReplicaSpecs" in record(schemaAt(await readJobSchema(client, "PyTorchJob"), "spec")["properties"]),
    );
    await assert.rejects(readJobSchema(new World().client, "TrainJob"), { status: 404 });
  });

  it("is not there yet where its kind is not published, and nothing is kept of that", async () => {
    const { api, client } = new World();
    api.objects.set("/openapi/v3/apis/kubeflow.org/v1", { metadata: { name: "" } });
    await assert.rejects(readJobSchema(client, "PyTorchJob"), {
      status: 404,
      message: "kubeflow.org/v1 has no PyTorchJob",
    });
    publishSchemas(api);
    assert.ok("properties" in (await readJobSchema(client, "PyTorchJob")));
  });

  it("tells of a Trainer that is too old only after a new reading", async () => {
    const { api, client } = new World();
    const path = "/openapi/v3/apis/trainer.kubeflow.org/v1alpha1";
    const runtime = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes/r";
    const jobs = [{ name: "node", template: { metadata: { labels: STEP }, spec: NODE } }];
    api.objects.set(runtime, {
      metadata: { name: "r" },
      spec: { template: { spec: { replicatedJobs: jobs } } },
    } as never);
    const older = { "a.v1alpha1.TrainJob": { properties: { spec: { properties: { trainer: {} } } } } };
    api.objects.set(path, { metadata: { name: "" }, components: { schemas: older } } as never);
    const find = () =>
      findRuntime(client, "alice", { kind: "ClusterTrainingRuntime", name: "r" }, undefined, "x was not made.");
    await assert.rejects(find(), { code: "trainer-too-old", message: /^x was not made\. This cluster's Trainer/ });
    publishSchemas(api);
    assert.equal((await find()).patches, "runtimePatches");
  });

  it("ends where it grows without end", () => {
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    const twice = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
    const schemas = Object.fromEntries(
      names.map((name, index) => [name, { properties: { a: twice(`n${index + 1}`), b: twice(`n${index + 1}`) } }]),
    );
    assert.ok(JSON.stringify(editorSchema(record(inlined(schemas["n0"], schemas)))).length < 20_000_000);
  });

  it("leaves out fields without a value, as a server does, and not items of lists", () => {
    const job = {
      metadata: { creationTimestamp: null },
      spec: { ...RUNTIME, trainer: { image: null, args: null, x: null } },
    };
    assert.deepEqual(emptyFields(job, TRAIN_JOB), [
      ["metadata", "creationTimestamp"],
      ["spec", "trainer", "args"],
    ]);
    assert.deepEqual(emptyFields({ spec: { trainer: { args: [null], env: [{ value: null }] } } }, TRAIN_JOB), [
      ["spec", "trainer", "env", 0, "value"],
    ]);
  });

  it("says what is missing, of another type, none of the choices, and unknown", () => {
    assert.deepEqual(said(RUNTIME), []);
    assert.deepEqual(said({}), ["spec.runtimeRef: runtimeRef is missing."]);
    assert.deepEqual(said({ ...RUNTIME, trainer: { numNodes: "2", env: [{ name: "A", value: 3 }], args: "x" } }), [
      "spec.trainer.numNodes: numNodes is a text; a whole number is wanted.",
      "spec.trainer.env.0.value: value is a whole number; a text is wanted.",
      "spec.trainer.args: args is a text; a list is wanted.",
    ]);
    assert.deepEqual(said({ ...RUNTIME, trainer: { image: null, args: null, nodes: 2 } }), [
      "spec.trainer.args: args is empty; a list is wanted.",
      "spec.trainer.nodes: The cluster does not know nodes here: it is left out. (warning)",
    ]);
    assert.deepEqual(
      said({ ...RUNTIME, trainer: { resourcesPerNode: { limits: { cpu: 4, memory: "1Gi", gpu: true } } } }),
      ["spec.trainer.resourcesPerNode.limits.gpu: gpu is true or false; a whole number or a text is wanted."],
    );
    assert.deepEqual(said(RUNTIME, { name: "a", lables: {} }), [
      "metadata.lables: The cluster does not know lables here: it is left out. (warning)",
    ]);
    const policy = record(record(inlined(SCHEMAS["org.kubeflow.v1.PyTorchJob"], SCHEMAS))["properties"])["spec"];
    assert.deepEqual(
      checkObject(
        { runPolicy: { cleanPodPolicy: "Some" }, pytorchReplicaSpecs: { Master: { template: { any: 1 } } } },
        record(policy),
      ),
      [
        {
          path: ["runPolicy", "cleanPodPolicy"],
          text: "cleanPodPolicy is one of All, Running, None.",
          isWarning: false,
        },
      ],
    );
  });

  it("leaves places out of an object, and the object alone", () => {
    const object = { a: [{ b: 1, c: 2 }], d: 1 };
    assert.deepEqual(without(object, [["a", 0, "b"], ["d"], ["x", "y"]]), { a: [{ c: 2 }] });
    assert.deepEqual(object, { a: [{ b: 1, c: 2 }], d: 1 });
  });

  it("is a JSON Schema for editors, closed where the server drops fields", () => {
    const { properties, ...root } = editorSchema(TRAIN_JOB);
    assert.equal(root["additionalProperties"], false);
    const trainer = schemaAt({ properties }, "spec", "trainer");
    assert.deepEqual(schemaAt(trainer, "image"), { type: ["string", "null"] });
    const { additionalProperties: amount } = schemaAt(trainer, "resourcesPerNode", "limits");
    assert.deepEqual(record(amount)["type"], ["integer", "string"]);
    assert.equal(schemaAt(trainer, "env", "[]")["additionalProperties"], false);
  });
});

describe("schemas for the YAML extension", () => {
  const texts: Record<string, string> = {
    "file:///job.yaml": "# one\napiVersion: 'kubeflow.org/v1' # v1\nkind: PyTorchJob\n",
    "file:///train.yaml": "kind: TrainJob\napiVersion: trainer.kubeflow.org/v1alpha1\n",
    "file:///other.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  kind: TrainJob\n",
  };

  it("come from connected clusters alone, which are asked once a document wants one", async () => {
    const { api, client } = new World();
    publishSchemas(api);
    const live: { context: string; client: typeof client }[] = [];
    let [addressOf, contentOf]: [(resource: string) => string | undefined, (uri: string) => Promise<string>] = [
      () => undefined,
      () => Promise.resolve(""),
    ];
    const yaml: YamlApi = {
      registerContributor: (scheme, address, content) => {
        assert.equal(scheme, "trainyard");
        [addressOf, contentOf] = [address, content];
        return true;
      },
    };
    contributeSchemas(yaml, { textOf: (resource) => texts[resource], clusters: () => live, log: silentLogger });
    assert.equal(addressOf("file:///train.yaml"), undefined);
    live.push({ context: "team-a/x", client });
    assert.equal(addressOf("file:///other.yaml"), undefined);
    assert.equal(addressOf("file:///gone.yaml"), undefined);
    assert.equal(addressOf("file:///job.yaml"), "trainyard://schema/team-a%2Fx/PyTorchJob");
    const address = addressOf("file:///train.yaml") ?? "";
    assert.equal(address, "trainyard://schema/team-a%2Fx/TrainJob");
    assert.equal(api.requests.length, 0);
    const schema = record(JSON.parse(await contentOf(address)));
    assert.deepEqual(schemaAt(schema, "spec")["required"], ["runtimeRef"]);
    await contentOf(address);
    assert.equal(api.requests.length, 1);
    // The connection has gone, or the cluster does not answer.
    assert.equal(await contentOf("trainyard://schema/other/TrainJob"), "{}");
    live[0] = { context: "team-a/x", client: new World().client };
    assert.equal(await contentOf(address), "{}");
  });
});
