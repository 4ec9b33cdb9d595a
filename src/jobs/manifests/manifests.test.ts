import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { ownerLabel } from "../labels.ts";
import { buildCode } from "./code.ts";
import { literal, ownedBy } from "./parts.ts";
import { buildPyTorchJob } from "./pytorchJob.ts";
import { buildTrainJob } from "./trainJob.ts";
import type { Snapshot } from "../code/snapshot.ts";
import type { Needs } from "../needs.ts";
import { size, type LaunchSpec, type RuntimeUse } from "../spec.ts";
import { assertGolden as assertGoldenText } from "../../core/testing/golden.ts";
import { RUNTIME, SNAPSHOT, SPEC } from "../testing/launches.ts";

const VERSION = "0.1.0";
const NO_ARCHIVE = Buffer.alloc(0);
const UNCOMMITTED: LaunchSpec = { ...SPEC, env: [] };
const PLAIN: LaunchSpec = { ...UNCOMMITTED, git: { commit: "a".repeat(40), dirty: true } };

function assertGolden(name: string, value: unknown): void {
  assertGoldenText(name, stringify(value, { aliasDuplicateObjects: false }));
}

/** What the kubelet does with command, args and env values (kubernetes third_party/forked/golang/expansion). */
function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, second: string, name: string | undefined) =>
    second === "$" ? "$" : (variables[name ?? ""] ?? whole),
  );
}

describe("manifests", () => {
  it("one node", () => {
    assertGolden("pytorchjob-one-node", buildPyTorchJob({ ...PLAIN, ...size(1) }, SNAPSHOT, VERSION));
  });

  it("two nodes with a GPU each, amounts, arguments and variables", () => {
    const spec: LaunchSpec = {
      ...PLAIN,
      ...size(2, 1),
      cpu: "4",
      memory: "16Gi",
      args: ["--epochs", "3", "--note", "a b $(HOME) `x`"],
      env: [{ name: "GREETING", value: "costs $5" }],
    };
    assertGolden("pytorchjob-two-gpus", buildPyTorchJob(spec, SNAPSHOT, VERSION));
  });

  it("four processes on one node", () => {
    assertGolden("pytorchjob-processes", buildPyTorchJob({ ...UNCOMMITTED, ...size(1, 0, 4) }, SNAPSHOT, VERSION));
  });

  it("a script in a sub-folder, with a name like an option", () => {
    const snapshot: Snapshot = {
      ...SNAPSHOT,
      script: "tools/-x.py",
      files: [{ path: "tools/-x.py", bytes: 1 }],
      keyed: [{ path: "tools/-x.py", key: "f0001--x.py", content: "1", encoding: "utf8" }],
    };
    assertGolden("pytorchjob-subfolder", buildPyTorchJob({ ...PLAIN, ...size(1) }, snapshot, VERSION));
  });

  it("all that a PyTorchJob can ask for, and a TrainJob in a queue", () => {
    const needs: Needs = {
      nodeSelector: { "cloud.google.com/gke-accelerator": "nvidia-l4" },
      tolerations: [{ key: "nvidia.com/gpu" }, { key: "team", value: "a", effect: "NoSchedule" }, {}],
      serviceAccount: "trainer",
      secrets: [{ name: "HF_TOKEN", secret: "hf", key: "token" }],
      volumes: [{ claim: "data", path: "/data", readOnly: true }],
      timeLimit: 3600,
    };
    const job: LaunchSpec = {
      ...PLAIN,
      ...size(2),
      needs: { ...needs, priority: "high", retries: 3, keepFor: 86_400 },
    };
    assertGolden("pytorchjob-needs", buildPyTorchJob(job, SNAPSHOT, VERSION));
    const data = { dataset: "hf://org/data", model: "s3://bucket/model", queue: "team-a", priority: "high" };
    const queued: LaunchSpec = { ...PLAIN, ...size(1), kind: "TrainJob", image: "", needs: { ...needs, ...data } };
    assertGolden("trainjob-needs", buildTrainJob(queued, RUNTIME, SNAPSHOT, VERSION));
  });

  it("the code", () => {
    const snapshot: Snapshot = {
      ...SNAPSHOT,
      keyed: [...SNAPSHOT.keyed, { path: "odd.py", key: "f0003-odd.py", content: "/w==", encoding: "base64" }],
    };
    assertGolden("configmap-code", buildCode(PLAIN, snapshot, NO_ARCHIVE, VERSION)[0]);
  });

  it("has no binaryData where there is none", () => {
    assert.deepEqual(Object.keys(buildCode(PLAIN, SNAPSHOT, NO_ARCHIVE, VERSION)[0] ?? {}).slice(-1), ["data"]);
  });

  it("names the owner by its kind", () => {
    const at = { name: SPEC.name, uid: "uid-1" };
    const { apiVersion } = ownedBy({ ...at, kind: "PyTorchJob" });
    assert.equal(apiVersion, "kubeflow.org/v1");
    const train = { apiVersion: "trainer.kubeflow.org/v1alpha1", kind: "TrainJob", ...at };
    assert.deepEqual(ownedBy({ ...at, kind: "TrainJob" }), train);
  });

  it("a TrainJob: with the image of its runtime, and with one of its own, GPUs and variables", () => {
    const plain: LaunchSpec = { ...PLAIN, ...size(1), kind: "TrainJob", image: "" };
    assertGolden("trainjob-one-node", buildTrainJob(plain, RUNTIME, SNAPSHOT, VERSION));
    const spec: LaunchSpec = {
      ...plain,
      ...size(2, 4),
      image: SPEC.image,
      args: ["--note", "$(HOME)"],
      env: [{ name: "GREETING", value: "costs $5" }],
    };
    assertGolden("trainjob-gpus", buildTrainJob(spec, RUNTIME, SNAPSHOT, VERSION));
  });

  it("a TrainJob of Trainer 2.1, and one whose launcher starts it by MPI", () => {
    const spec: LaunchSpec = { ...PLAIN, ...size(2), kind: "TrainJob", env: [{ name: "A", value: "1" }] };
    const old: RuntimeUse = { ...RUNTIME, patches: "podTemplateOverrides" };
    assertGolden("trainjob-older", buildTrainJob(spec, old, SNAPSHOT, VERSION));
    const mpi: RuntimeUse = { ...RUNTIME, name: "deepspeed-distributed", policy: "mpi", targets: ["launcher", "node"] };
    assertGolden("trainjob-mpi", buildTrainJob(spec, mpi, SNAPSHOT, VERSION));
  });

  it("the code of a TrainJob has with it what goes to its folder", () => {
    const script = "tools/x.py";
    const snapshot: Snapshot = {
      ...SNAPSHOT,
      script,
      keyed: [{ path: script, key: "f0001-x.py", content: "1", encoding: "utf8" }],
    };
    const [code] = buildCode({ ...PLAIN, kind: "TrainJob" }, snapshot, NO_ARCHIVE, VERSION);
    const { data = {} } = code ?? {};
    assert.deepEqual(Object.keys(data), ["f0001-x.py", "start.py", "start.json"]);
    const plan: unknown = JSON.parse(data["start.json"] ?? "");
    assert.deepEqual(plan, { folder: "/opt/trainyard/code/tools", path: ["/opt/trainyard/code"] });
  });

  it("a larger project: an archive in parts, unpacked and checked, with what it needs installed", () => {
    const bytes = 1_000_000;
    const snapshot: Snapshot = {
      ...SNAPSHOT,
      script: "scripts/train.py",
      searched: [".", "src"],
      tier: "archive",
      keyed: [],
      requirements: "requirements.txt",
      archive: { file: "/store/x.tar.gz", bytes, sha256: "ab".repeat(32) },
    };
    assertGolden("pytorchjob-archive", buildPyTorchJob({ ...PLAIN, ...size(1) }, snapshot, VERSION));
    const codes = buildCode(PLAIN, snapshot, Buffer.alloc(bytes, "x"), VERSION);
    assert.deepEqual(
      codes.map(({ metadata: { name }, binaryData }) => [
        name,
        Buffer.from(binaryData?.["part"] ?? "", "base64").length,
      ]),
      [
        ["train-4f2a-code-4f2a91", 0],
        ["train-4f2a-code-4f2a91-1", 900_000],
        ["train-4f2a-code-4f2a91-2", 100_000],
      ],
    );
    const plan: unknown = JSON.parse(codes[0]?.data?.["start.json"] ?? "");
    assert.deepEqual(plan, {
      folder: "/opt/trainyard/code/scripts",
      path: ["/opt/trainyard/code", "/opt/trainyard/code/src"],
      archive: { from: "/opt/trainyard/archive", into: "/opt/trainyard/code", sha256: "ab".repeat(32) },
      requirements: { file: "/opt/trainyard/code/requirements.txt", into: "/opt/trainyard/packages" },
    });
    const without = buildPyTorchJob({ ...PLAIN, ...size(1), installs: false }, snapshot, VERSION);
    assert.doesNotMatch(JSON.stringify(without), /packages/);
  });

  it("delivers any argument as it was typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("$", "(", ")", "A", " ", "'", "\\") }), (text) => {
        assert.equal(expand(literal(text), { A: "expanded" }), text);
      }),
    );
  });

  it("gives an owner label that is one, and the same each time", () => {
    assert.match(ownerLabel("ada@example.org"), /^[0-9a-f]{16}$/);
    assert.equal(ownerLabel("x"), ownerLabel("x"));
  });
});
