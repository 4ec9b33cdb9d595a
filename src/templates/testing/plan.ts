import type { RunPlan } from "../../jobs/index.ts";

/** A script of two files, as it would run on two nodes. */
export const PLAN: RunPlan = {
  file: "/home/ada/project/train.py",
  spec: {
    ...{ kind: "PyTorchJob", id: "4f2a91bc77aa", name: "train-4f2a", namespace: "alice", context: "team-a" },
    script: { root: "/home/ada/project", path: "train.py" },
    image: "pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime",
    ...{ nodes: 2, processesPerNode: 1, gpusPerNode: 0 },
    args: ["--seed", "7", "--lr", "0.1"],
    env: [{ name: "MODE", value: "fast" }],
    ...{ installs: true, owner: "0123456789abcdef" },
  },
  snapshot: {
    ...{ root: "/home/ada/project", script: "train.py", searched: [], left: [], missing: [], bytes: 15, tier: "files" },
    files: [
      { path: "pkg/__init__.py", bytes: 0 },
      { path: "train.py", bytes: 15 },
    ],
    keyed: [
      { path: "pkg/__init__.py", key: "f0001-__init__.py", content: "", encoding: "utf8" },
      { path: "train.py", key: "f0002-train.py", content: "print('hello')\n", encoding: "utf8" },
    ],
    archive: { file: "/nowhere", bytes: 0, sha256: "" },
    hash: "5f3a".padEnd(64, "0"),
  },
};

/** The same as a TrainJob. */
export const TRAIN_PLAN: RunPlan = {
  ...PLAN,
  spec: {
    ...PLAN.spec,
    kind: "TrainJob",
    args: [],
    runtime: {
      ...{ kind: "ClusterTrainingRuntime", name: "torch-distributed", policy: "torch", targets: ["node"] },
      ...{ image: "pytorch/pytorch:2.13.0", patches: "runtimePatches" },
    },
  },
};
