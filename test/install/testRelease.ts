// The release that tests install: the training profile in the versions that can be had as Go modules, from a folder of
// the shape of a release's repository. Its JobSet comes from its own module instead of an https address.
import fs from "node:fs";
import path from "node:path";
import { cached } from "../../scripts/cache.mjs";
import type { Release } from "../../src/install/index.ts";
import { moduleFolder } from "../sandbox/parts/golang.ts";
import { JOBSET, TRAINER, TRAINING_OPERATOR } from "../sandbox/versions.ts";

export const TEST_RELEASE: Release = {
  id: "test",
  date: "2026-11-22",
  source: { repository: "trainyard/test", ref: "test" },
  // The sandbox's own.
  kubernetes: { oldest: 34, newest: 34 },
  profiles: [{ id: "training", title: "Training", about: "", components: ["trainer", "training-operator"] }],
  components: [
    {
      id: "jobset",
      title: "JobSet",
      version: JOBSET,
      about: "",
      needs: [],
      paths: ["jobset/config/default"],
      namespaces: ["jobset-system"],
      readyWithinS: 60,
      uses: { cpu: 500, memory: 128, storage: 0 },
    },
    {
      id: "training-operator",
      title: "Training Operator",
      version: TRAINING_OPERATOR,
      about: "",
      needs: [],
      paths: ["training-operator/manifests/overlays/standalone"],
      namespaces: ["kubeflow"],
      readyWithinS: 60,
      uses: { cpu: 10, memory: 64, storage: 0 },
    },
    {
      id: "trainer",
      title: "Trainer",
      version: TRAINER,
      about: "",
      needs: ["jobset"],
      paths: [
        "trainer/manifests/overlays/manager",
        "trainer/manifests/overlays/runtimes",
        "trainer/manifests/overlays/kubeflow-platform/kubeflow-trainer-roles.yaml",
      ],
      namespaces: ["kubeflow-system"],
      readyWithinS: 60,
      uses: { cpu: 10, memory: 143, storage: 0 },
    },
  ],
};

const MODULES = [
  {
    name: "training-operator",
    module: "github.com/kubeflow/training-operator",
    version: TRAINING_OPERATOR,
    part: "manifests",
  },
  { name: "trainer", module: "github.com/kubeflow/trainer/v2", version: TRAINER, part: "manifests" },
  { name: "jobset", module: "sigs.k8s.io/jobset", version: JOBSET, part: "config" },
];

/** Folder with the test release's files. */
export function testReleaseFolder(): Promise<string> {
  return cached("install-test-release", { MODULES, recipe: 1 }, async (into) => {
    for (const { name, module, version, part } of MODULES)
      fs.cpSync(path.join(await moduleFolder(module, version), part), path.join(into, name, part), { recursive: true });
    const manager = path.join(into, "trainer", "manifests", "overlays", "manager", "kustomization.yaml");
    const lines = fs.readFileSync(manager, "utf8").split("\n");
    fs.writeFileSync(manager, lines.filter((line) => !line.includes("third-party/jobset")).join("\n"));
  });
}
