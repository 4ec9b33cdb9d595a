import assert from "node:assert/strict";
import type http from "node:http";
import { silentLogger } from "../../core/log.ts";
import { until } from "../../kube/testing/manualClock.ts";
import { ClusterPipelines } from "../clusterPipelines.ts";
import { readPipelineSpec } from "../spec/read.ts";
import { DoorDouble } from "../testing/doorDouble.ts";
import { MetadataServer } from "./metadata.ts";
import { frameOf, messageOf } from "./wire.ts";

/** Written by the real classes of ML Metadata's protos (protoc for Python), in base64. */
const RECORDED = {
  contextRequest: "ChJzeXN0ZW0uUGlwZWxpbmVSdW4SBXJ1bi0x",
  executionsRequest: "CAc=",
  eventsRequest: "CAEIAgisAgiBgICAgICAEA==",
  artifactsRequest: "CAsIDA==",
  context: "Ch0IBxoFcnVuLTEyEnN5c3RlbS5QaXBlbGluZVJ1bg==",
  executions:
    "CmQIARgDKg8KCXRhc2tfbmFtZRICGgAqHQoGaW5wdXRzEhMiEQoPCgJschIJEZqZmZmZmbk/KhIKDGRpc3BsYXlfbmFtZRICGgA6E3N5c3RlbS5EQUdFeGVjdXRpb25AgNDqtrczCvsBCAIYAyoZCgl0YXNrX25hbWUSDBoKUHJlcGFyZSBpdCogCgdvdXRwdXRzEhUiEwoRCgRyb3dzEgkRAAAAAAAARUAqYwoGaW5wdXRzElkiVwogChNwaXBlbGluZWNoYW5uZWwtLWxyEgkRmpmZmZmZuT8KFQoFbmFtZXMSDDIKCgMaAWEKAxoBYgocCgRkZWVwEhQqEgoHCgF5EgIgAQoHCgF4EgIIACocCgxkaXNwbGF5X25hbWUSDBoKUHJlcGFyZSBpdCoTCg1wYXJlbnRfZGFnX2lkEgIIAToZc3lzdGVtLkNvbnRhaW5lckV4ZWN1dGlvbkCA0Oq2tzMKhQEIAxgDKhkKCXRhc2tfbmFtZRIMGgpmb3ItbG9vcC0xKhUKD2l0ZXJhdGlvbl9jb3VudBICCAIqHAoMZGlzcGxheV9uYW1lEgwaCmZvci1sb29wLTEqEwoNcGFyZW50X2RhZ19pZBICCAE6E3N5c3RlbS5EQUdFeGVjdXRpb25AgNDqtrczCqYBCAQYAyoZCgl0YXNrX25hbWUSDBoKZm9yLWxvb3AtMSofCgZpbnB1dHMSFSITChEKBGl0ZW0SCREAAAAAAAAAQCoVCg9pdGVyYXRpb25faW5kZXgSAggBKhwKDGRpc3BsYXlfbmFtZRIMGgpmb3ItbG9vcC0xKhMKDXBhcmVudF9kYWdfaWQSAggDOhNzeXN0ZW0uREFHRXhlY3V0aW9uQIDQ6ra3MwqFAQgFGAMqGQoJdGFza19uYW1lEgwaCmZvci1sb29wLTEqFQoPaXRlcmF0aW9uX2luZGV4EgIIACocCgxkaXNwbGF5X25hbWUSDBoKZm9yLWxvb3AtMSoTCg1wYXJlbnRfZGFnX2lkEgIIAzoTc3lzdGVtLkRBR0V4ZWN1dGlvbkCA0Oq2tzMKiwEIBhgDKhQKCXRhc2tfbmFtZRIHGgV0cmFpbiofCgZpbnB1dHMSFSITChEKBGl0ZW0SCREAAAAAAAAAQCoXCgxkaXNwbGF5X25hbWUSBxoFdHJhaW4qEwoNcGFyZW50X2RhZ19pZBICCAQ6GXN5c3RlbS5Db250YWluZXJFeGVjdXRpb25AgNDqtrczCogBCKwCGAUqFAoJdGFza19uYW1lEgcaBXRyYWluKhsKE2NhY2hlZF9leGVjdXRpb25faWQSBBoCOTkqFwoMZGlzcGxheV9uYW1lEgcaBXRyYWluKhMKDXBhcmVudF9kYWdfaWQSAggFOhlzeXN0ZW0uQ29udGFpbmVyRXhlY3V0aW9uQIDQ6ra3MwpoCAgYAyoTCgl0YXNrX25hbWUSBhoEbG9zdCoWCgxkaXNwbGF5X25hbWUSBhoEbG9zdCoTCg1wYXJlbnRfZGFnX2lkEgIITToZc3lzdGVtLkNvbnRhaW5lckV4ZWN1dGlvbkCA0Oq2tzM=",
  events:
    "ChAICxACGggKBhIEZGF0YSAECikICxAGGiEKHxIdcGlwZWxpbmVjaGFubmVsLS1wcmVwYXJlLWRhdGEgAwoSCAwQBhoKCggSBnNjb3JlcyAEChMIDRAGGgsKCRIHcGVuZGluZyAH",
  artifacts:
    "CsMBCAsaNG1pbmlvOi8vbWxwaXBlbGluZS92Mi9hcnRpZmFjdHMvcC9ydW4tMS9wcmVwYXJlL2RhdGEqFQoGc291cmNlEgsaCWEg4oCuZmlsZSoWCgxkaXNwbGF5X25hbWUSBhoEZGF0YSpIChJzdG9yZV9zZXNzaW9uX2luZm8SMhoweyJQcm92aWRlciI6Im1pbmlvIiwiUGFyYW1zIjp7ImZyb21FbnYiOiJ0cnVlIn19MAJCDnN5c3RlbS5EYXRhc2V0CsIBCAwaNG1pbmlvOi8vbWxwaXBlbGluZS92Mi9hcnRpZmFjdHMvcC9ydW4tMS90cmFpbi9zY29yZXMqFQoIYWNjdXJhY3kSCRHD9Shcj8LtPyoVCgZlcG9jaHMSCwj9//////////8BKgsKBWZpbmFsEgIwASo9CgZtYXRyaXgSMyIxCi8KBHJvd3MSJzIlCiMqIQofCgNyb3cSGDIWCgkRAAAAAAAA8D8KCREAAAAAAAAAQEIOc3lzdGVtLk1ldHJpY3M=",
} as const;
const message = (name: keyof typeof RECORDED): Buffer => Buffer.from(RECORDED[name], "base64");
const CALLS = {
  GetContextByTypeAndName: ["contextRequest", "context"],
  GetExecutionsByContext: ["executionsRequest", "executions"],
  GetEventsByExecutionIDs: ["eventsRequest", "events"],
  GetArtifactsByID: ["artifactsRequest", "artifacts"],
} as const;

const SPEC = readPipelineSpec({
  pipelineInfo: { name: "p" },
  root: {
    dag: {
      tasks: {
        prepare: { componentRef: { name: "comp-prepare" }, taskInfo: { name: "Prepare it" } },
        "for-loop-1": {
          componentRef: { name: "comp-for-loop-1" },
          parameterIterator: { items: { raw: "[1, 2]" }, itemInput: "item" },
        },
      },
    },
  },
  components: {
    "comp-prepare": { executorLabel: "exec" },
    "comp-train": { executorLabel: "exec" },
    "comp-for-loop-1": { dag: { tasks: { train: { componentRef: { name: "comp-train" } } } } },
  },
  deploymentSpec: { executors: { exec: { container: { image: "python" } } } },
});

describe("metadata of a run", () => {
  const { signal } = new AbortController();
  /** What is answered to a method; undefined for what was recorded. */
  let told: (method: string) => { status?: number; headers?: http.OutgoingHttpHeaders; body?: Buffer } | undefined;
  let asked: { method: string; body: Buffer }[];
  let double: DoorDouble;
  let metadata: MetadataServer;

  beforeEach(async () => {
    [told, asked] = [() => undefined, []];
    double = await DoorDouble.start("kubeflow/metadata-envoy-service");
    double.answer = ({ pathname }, sent, response) => {
      const method = /^\/ml_metadata\.MetadataStoreService\/(\w+)$/.exec(pathname)?.[1] ?? "";
      asked.push({ method, body: sent });
      const trailers = Buffer.from("grpc-status:0\r\n");
      const head = Buffer.from([0x80, 0, 0, 0, trailers.length]);
      const own = CALLS[method as keyof typeof CALLS][1];
      const recorded = Buffer.concat([frameOf(message(own)), head, trailers]);
      const { status = 200, headers = {}, body = recorded } = told(method) ?? {};
      response.writeHead(status, { "content-type": "application/grpc-web+proto", ...headers }).end(body);
    };
    metadata = new MetadataServer(double.place);
  });

  afterEach(async () => {
    metadata.dispose();
    await double.stop();
  });

  it("is asked for as ML Metadata's own classes ask, over one stream to a ready pod of its gateway", async () => {
    told = (method) =>
      method === "GetExecutionsByContext" ? { body: frameOf(executionsOf([1, 2, 300, 9007199254740993n])) } : undefined;
    await metadata.run("run-1", SPEC, signal);
    for (const { method, body } of asked)
      assert.deepEqual(body, frameOf(message(CALLS[method as keyof typeof CALLS][0])), method);
    assert.equal(asked.length, 4);
    assert.deepEqual(double.connected, ["kubeflow/metadata-envoy-service:9090"]);
  });

  it("gives each step its values and artifacts, round by round", async () => {
    const found = await metadata.run("run-1", SPEC, signal);
    assert.deepEqual([...found.keys()].sort(), ["for-loop-1", "for-loop-1/train", "prepare"]);
    const [prepare] = found.get("prepare") ?? [];
    assert.deepEqual(prepare?.inputs, { lr: 0.1, names: ["a", "b"], deep: { x: null, y: true } });
    assert.deepEqual(prepare.outputs, { rows: 42 });
    assert.deepEqual(prepare.artifacts, [
      {
        ...{ id: "11", direction: "output", name: "data", type: "Dataset", metrics: {}, tables: [] },
        uri: "minio://mlpipeline/v2/artifacts/p/run-1/prepare/data",
        properties: { source: "a \ufffdfile" },
        session: '{"Provider":"minio","Params":{"fromEnv":"true"}}',
      },
    ]);
    assert.deepEqual(
      found.get("for-loop-1")?.map(({ rounds, inputs }) => [rounds, inputs]),
      [
        [[], {}],
        [[0], {}],
        [[1], { item: 2 }],
      ],
    );
    const [first, second] = found.get("for-loop-1/train") ?? [];
    assert.deepEqual([first?.rounds, first?.cached], [[0], true]);
    assert.deepEqual([second?.rounds, second?.cached, second?.inputs], [[1], false, { item: 2 }]);
    const [data, scores] = second?.artifacts ?? [];
    assert.deepEqual([data?.name, data?.direction, data?.id], ["prepare-data", "input", "11"]);
    assert.deepEqual(scores?.metrics, { accuracy: 0.93, epochs: -3 });
    assert.deepEqual(scores.properties, { final: "true", matrix: '{"rows":[{"row":[1,2]}]}' });
  });

  it("marks what is cached where no Workflow tells", async () => {
    double.services.add("kubeflow/ml-pipeline");
    const byMethod = double.answer;
    const task = { task_id: "1", display_name: "prepare", state: "SUCCEEDED" };
    const spec = {
      pipelineInfo: { name: "p" },
      root: { dag: { tasks: { prepare: { componentRef: { name: "c" } } } } },
    };
    const run = { run_id: "run-1", state: "SUCCEEDED", run_details: { task_details: [task] }, pipeline_spec: spec };
    double.answer = (url, sent, response) =>
      url.pathname.startsWith("/ml_metadata.")
        ? byMethod(url, sent, response)
        : void response.end(JSON.stringify(url.pathname.endsWith("/healthz") ? { tag_name: "2.0.5" } : run));
    const field = (key: string, value: Buffer): Buffer => sub(5, messageOf({ 1: key }), sub(2, value));
    const cached = [
      Buffer.from(messageOf({ 1: [2n] })),
      field("task_name", Buffer.from(messageOf({ 3: "prepare" }))),
      field("cached_execution_id", Buffer.from(messageOf({ 3: "9" }))),
      field("parent_dag_id", Buffer.from(messageOf({ 1: [1n] }))),
    ];
    const executions = Buffer.concat([sub(1, messageOf({ 1: [1n] })), sub(1, ...cached)]);
    told = (method) =>
      ({
        GetExecutionsByContext: { body: frameOf(executions) },
        GetEventsByExecutionIDs: { body: frameOf(Buffer.alloc(0)) },
      })[method];
    const pipelines = new ClusterPipelines({ ...double.place, log: silentLogger });
    const reader = pipelines.openRun("run-1", "");
    reader.look();
    await until("the mark", () => reader.value?.progress.get("prepare")?.cached === true);
    assert.equal(reader.value?.source, "server");
    pipelines.dispose();
  });

  it("of a run that has not begun there is none", async () => {
    told = () => ({ body: frameOf(Buffer.alloc(0)) });
    assert.equal((await metadata.run("run-1", SPEC, signal)).size, 0);
    told = () => ({ headers: { "grpc-status": "5", "grpc-message": "No%20type" }, body: Buffer.alloc(0) });
    assert.equal((await metadata.run("run-1", SPEC, signal)).size, 0);
  });

  it("says in a sentence that there is no such server, that it refuses, or that it is not understood", async () => {
    const fails = (code: string, words: RegExp) =>
      assert.rejects(metadata.run("run-1", SPEC, signal), { code, message: words });
    told = () => ({
      headers: { "grpc-status": "14", "grpc-message": "no healthy\u0020upstream%1b[31m" },
      body: Buffer.alloc(0),
    });
    await fails(
      "no-server",
      /^Inputs, outputs and artifacts were not read\. The metadata server says: no healthy upstream\.$/,
    );
    told = () => ({ status: 403, body: Buffer.from("RBAC: access denied") });
    await fails("metadata", /answered with HTTP 403\.$/);
    for (const body of [Buffer.alloc(0), frameOf(Buffer.from([0x0a, 0xff])), Buffer.from("<html>")]) {
      told = () => ({ body });
      await fails("metadata", /was not understood\.$/);
    }
    const broken = frameOf(sub(1, messageOf({ 1: [2n] }), sub(5, Buffer.from([0x0a, 0xff]))));
    told = (method) => (method === "GetExecutionsByContext" ? { body: broken } : undefined);
    await fails("metadata", /was not understood\.$/);
  });

  it("goes on over another stream where the first has ended", async () => {
    await metadata.run("run-1", SPEC, signal);
    double.cut();
    assert.equal((await metadata.run("run-1", SPEC, signal)).size, 3);
  });

  it("where it is not installed, that is said", async () => {
    double.services.clear();
    await assert.rejects(metadata.run("run-1", SPEC, signal), {
      code: "no-server",
      message: "Inputs, outputs and artifacts were not read. There is no Service metadata-envoy-service in kubeflow.",
    });
  });
});

/** A message in a message. */
function sub(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const inside = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(field << 3) | 2, inside.length]), inside]);
}

/** GetExecutionsByContextResponse of executions that have an id alone. */
function executionsOf(ids: readonly (number | bigint)[]): Buffer {
  return Buffer.concat(ids.map((id) => sub(1, messageOf({ 1: [BigInt(id)] }))));
}
