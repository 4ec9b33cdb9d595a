// What carries out pipelines as upstream does: Argo's controller and executor, the driver and the launcher of Kubeflow
// Pipelines, an image with what steps of data science need, and upstream's manifests of them.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import type { ArgoParts } from "../inside/talk.ts";
import { ARGO_NAMESPACE } from "../layout.ts";
import { needPrograms } from "../machine.ts";
import type { Progress } from "../progress.ts";
import { ARGO, DEBIAN, IMAGES, METADATA_PACKAGES, PIPELINES, STEP_PACKAGES } from "../versions.ts";
import { toolProgram } from "./golang.ts";
import { install, slim, unpackRoot } from "./images.ts";
import { packImage } from "./oci.ts";
import { inNamespace, ONE_PERSON, pipelinesModule, pipelinesProgram } from "./pipelines.ts";

const MODULE = "github.com/argoproj/argo-workflows/v3";
const EXECUTOR = "executor/signal_linux.go";
/** The executor's module lacks a file that only Linux needs; ours takes its place. */
const COMPLETED = {
  module: MODULE,
  version: ARGO,
  files: { "workflow/executor/os-specific/signal_linux.go": EXECUTOR },
};

export async function buildArgo(progress: Progress): Promise<ArgoParts> {
  const argo = (name: string, options = {}) =>
    toolProgram(`argo-${name}`, `${MODULE}/cmd/${name}`, "pipelines", options);
  const [controller, steps] = await progress.step("compiling Argo", async () => [
    await argo("workflow-controller"),
    {
      argoexec: await argo("argoexec", { completed: COMPLETED }),
      driver: await pipelinesProgram("pipelines-driver", "v2/cmd/driver"),
      "launcher-v2": await pipelinesProgram("pipelines-launcher", "v2/cmd/launcher-v2"),
    },
  ]);
  const images = [
    { name: IMAGES.steps, archive: await progress.step("making the image of the executor", () => stepsImage(steps)) },
    { name: IMAGES.science, archive: await progress.step("making the image of steps", scienceImage) },
  ];
  const manifests = await progress.step("collecting the manifests of Argo", argoManifests);
  return { controller, manifests, images };
}

/** Archive of an image with these static programs, by the names that they are called by. */
async function stepsImage(programs: Readonly<Record<string, string>>): Promise<string> {
  const made = Object.values(programs).map((program) => path.basename(path.dirname(program)));
  const dir = await cached("image-steps", { made, name: IMAGES.steps, recipe: 1 }, async (into) => {
    const root = path.join(into, "root");
    for (const folder of ["tmp", "usr/local/bin"]) fs.mkdirSync(path.join(root, folder), { recursive: true });
    for (const [name, program] of Object.entries(programs))
      fs.copyFileSync(program, path.join(root, "usr/local/bin", name));
    await packImage(IMAGES.steps, root, path.join(into, "image.tar"), ["argoexec"]);
    fs.rmSync(root, { recursive: true, force: true });
  });
  return path.join(dir, "image.tar");
}

/** Archive of the python image with Debian's scikit-learn and pip, and with packages of PyPI. */
async function scienceImage(): Promise<string> {
  const recipe = { DEBIAN, METADATA_PACKAGES, STEP_PACKAGES, name: IMAGES.science, arch: process.arch, recipe: 1 };
  const dir = await cached(
    "image-science",
    recipe,
    async (into) => {
      const root = await unpackRoot(path.join(into, "root"));
      await install(root, ["python3-sklearn", "python3-pip"]);
      await fromPypi(into, path.join(root, "usr/local/lib/python3.11/dist-packages"));
      slim(root);
      const needed = "import joblib, sklearn, grpc, ml_metadata.metadata_store, kfp.dsl.executor_main";
      // As the SDK's own programs are told it: then it asks for no other package.
      await run("chroot", [root, "python3", "-c", needed], { env: { _KFP_RUNTIME: "true" } });
      await packImage(IMAGES.science, root, path.join(into, "image.tar"), ["python3"]);
      fs.rmSync(root, { recursive: true, force: true });
    },
    { needsGB: 3 },
  );
  return path.join(dir, "image.tar");
}

/** The machine's own pip knows where its packages come from; it installs for the image's Python, just what is named. */
async function fromPypi(into: string, target: string): Promise<void> {
  await needPrograms(["python3"]);
  const venv = path.join(into, "venv");
  await run("python3", ["-m", "venv", venv]);
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const platforms = ["17", "28"].map((glibc) => `--platform=manylinux_2_${glibc}_${machine}`);
  await run(path.join(venv, "bin/python"), [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"],
    ...["--only-binary=:all:", "--python-version=3.11", ...platforms, `--platform=manylinux2014_${machine}`],
    ...[`--target=${target}`, ...STEP_PACKAGES, ...METADATA_PACKAGES],
  ]);
  fs.rmSync(venv, { recursive: true, force: true });
}

const KUSTOMIZE = "manifests/kustomize";
const UPSTREAM = `${KUSTOMIZE}/third-party/argo/upstream/manifests`;
const RBAC = ["role", "rolebinding"].map(
  (what) => `${UPSTREAM}/namespace-install/workflow-controller-rbac/workflow-controller-${what}.yaml`,
);
const FILES = [
  ...ONE_PERSON,
  ...RBAC,
  `${UPSTREAM}/base/workflow-controller/workflow-controller-sa.yaml`,
  ...["grpc-configmap", "envoy-service"].map((name) => `${KUSTOMIZE}/base/metadata/base/metadata-${name}.yaml`),
  `${KUSTOMIZE}/third-party/argo/base/workflow-controller-configmap-patch.yaml`,
];

/** Path of all objects in a namespace of their own, as one JSON list. */
async function argoManifests(): Promise<string> {
  const dir = await cached(
    "manifests-argo",
    { PIPELINES, FILES, namespace: ARGO_NAMESPACE, recipe: 1 },
    async (into) => {
      const { read } = await pipelinesModule();
      const text = JSON.stringify(FILES.flatMap(read).map((object) => inNamespace(object, ARGO_NAMESPACE)));
      // What kustomize fills in.
      const filled = text
        .replaceAll("$(kfp-namespace)", ARGO_NAMESPACE)
        .replaceAll("$(kfp-artifact-bucket-name)", "mlpipeline");
      fs.writeFileSync(path.join(into, "objects.json"), filled);
    },
  );
  return path.join(dir, "objects.json");
}
