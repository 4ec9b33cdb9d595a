// The release that tests install: components, needs and waits of the shipped release, in the versions that can be had as
// Go modules, with upstream's manifests wherever a module carries them (UPSTREAM) and small ones of the same shape
// elsewhere (platform.ts). Its folder has the shape of a release's repository.
import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { cached } from "../../scripts/cache.mjs";
import type { Component, Release } from "../../src/install/index.ts";
import { RELEASE_26_03_1 } from "../../src/install/releases/26.03.1.ts";
import { READY_AFTER, WAITS_FOR } from "../sandbox/inside/kwok.ts";
import { moduleFolder } from "../sandbox/parts/golang.ts";
import { JOBSET, MANIFESTS, PIPELINES, TRAINER, TRAINING_OPERATOR } from "../sandbox/versions.ts";
import { PLATFORM } from "./platform.ts";

/** Folders that the release's scripts build one after the other; a component without a line is one folder of its name. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  "cert-manager": ["cert-manager/base", "cert-manager/kubeflow"],
  istio: ["istio/crds", "istio/namespace", "istio/install"],
  knative: ["knative/serving", "knative/gateway"],
  pipelines: ["pipelines/crd", "pipelines/overlays"],
  hub: ["hub/registry", "hub/catalog"],
  "pipelines-standalone": ["pipelines-standalone/cluster", "pipelines-standalone/env"],
};

const VERSIONS: Readonly<Record<string, string>> = {
  "cert-manager": MANIFESTS.certManager,
  istio: MANIFESTS.istio,
  knative: MANIFESTS.knative,
  pipelines: PIPELINES.release,
  "pipelines-standalone": PIPELINES.release,
  katib: MANIFESTS.katib,
  "training-operator": TRAINING_OPERATOR,
  trainer: TRAINER,
};

/** Neither is in a profile. */
const LEFT_OUT = ["knative-eventing", "spark"];

const released = (component: Component): Component => ({
  ...component,
  version: VERSIONS[component.id] ?? component.version,
  paths: PATHS[component.id] ?? [component.id],
  pathsOn: {},
});

export const TEST_RELEASE: Release = {
  ...RELEASE_26_03_1,
  id: "test",
  source: { repository: "trainyard/test", ref: "test" },
  // The sandbox's own.
  kubernetes: { oldest: 34, newest: 34 },
  components: RELEASE_26_03_1.components.filter(({ id }) => !LEFT_OUT.includes(id)).map(released),
};

interface Module {
  readonly name: string;
  readonly version: string;
  /** Folder of the module that is taken. */
  readonly part: string;
}

const MODULES: Readonly<Record<string, Module>> = {
  "training-operator": { name: "github.com/kubeflow/training-operator", version: TRAINING_OPERATOR, part: "manifests" },
  trainer: { name: "github.com/kubeflow/trainer/v2", version: TRAINER, part: "manifests" },
  jobset: { name: "sigs.k8s.io/jobset", version: JOBSET, part: "config" },
  katib: { name: "github.com/kubeflow/katib", version: MANIFESTS.katib, part: "manifests/v1beta1" },
  pipelines: { name: "github.com/kubeflow/pipelines", version: PIPELINES.module, part: "manifests/kustomize" },
  "cert-manager": {
    name: "github.com/cert-manager/cert-manager",
    version: MANIFESTS.certManager,
    part: "deploy/crds",
  },
  istio: { name: "istio.io/api", version: MANIFESTS.istio, part: "kubernetes" },
  knative: { name: "knative.dev/serving", version: MANIFESTS.knative, part: "config/core" },
};

interface Upstream {
  readonly module: string;
  /** A folder that kustomize builds; without it, all YAML files of the module's part, or those below `files`. */
  readonly build?: string;
  readonly files?: string;
}

const UPSTREAM: Readonly<Record<string, Upstream>> = {
  "cert-manager/base": { module: "cert-manager" },
  "istio/crds": { module: "istio" },
  "knative/serving": { module: "knative" },
  katib: { module: "katib", build: "installs/katib-with-kubeflow" },
  "pipelines/crd": { module: "pipelines", files: "third-party/metacontroller/base/crd.yaml" },
  "pipelines/overlays": { module: "pipelines", build: "env/cert-manager/platform-agnostic-multi-user" },
  "pipelines-standalone/cluster": { module: "pipelines", build: "cluster-scoped-resources" },
  "pipelines-standalone/env": { module: "pipelines", build: "env/platform-agnostic" },
  "training-operator": { module: "training-operator", build: "overlays/kubeflow" },
  trainer: { module: "trainer", build: "overlays/kubeflow-platform" },
};

/** Fields of kustomizations that make objects themselves; the names get a suffix by what is in them. */
const GENERATED: Readonly<Record<string, object>> = {
  trainer: { namespace: "kubeflow-system" },
  "oauth2-proxy": {
    secretGenerator: [
      {
        name: "oauth2-proxy",
        namespace: "oauth2-proxy",
        literals: ["client-id=kubeflow-oidc", "client-secret=well-known", "cookie-secret=well-known"],
      },
    ],
    configMapGenerator: [
      { name: "oauth2-proxy-parameters", namespace: "oauth2-proxy", literals: ["FORCE_HTTPS=false"] },
    ],
  },
};

/**
 * Seconds from the making of a component's pods until they are ready: pulling the image over a good line, and starting.
 * Estimates, since no image is pulled here; components without a line take ten.
 */
const READY_S: Readonly<Record<string, number>> = {
  ...{ istio: 15, knative: 15, kserve: 15, trainer: 15, "cert-manager": 8 },
  ...{ katib: 25, pipelines: 30, "pipelines-standalone": 30, hub: 25 },
};

/** Workloads whose pods mount a Secret that cert-manager makes: they do not start before it is there. */
const MOUNTS: Readonly<Record<string, readonly [workload: string, secret: string]>> = {
  dashboard: ["poddefaults-webhook-deployment", "poddefaults-webhook-certs"],
  katib: ["katib-controller", "katib-webhook-cert"],
  kserve: ["kserve-controller-manager", "kserve-webhook-server-cert"],
  notebooks: ["pvcviewer-controller-manager", "webhook-server-cert"],
  "pipelines/overlays": ["cache-server", "webhook-server-tls"],
};

/**
 * Folder with the test release's files; `all` in it is the full profile as one, for who applies it over and over.
 * `pace` 1: pods become ready as slowly as real ones; 0: at once.
 */
export function testReleaseFolder(pace = 0): Promise<string> {
  const recipe = { MODULES, UPSTREAM, GENERATED, PLATFORM, PATHS, READY_S, MOUNTS, pace, recipe: 3 };
  return cached("install-test-release", recipe, async (into) => {
    for (const [name, { name: module, version, part }] of Object.entries(MODULES))
      fs.cpSync(path.join(await moduleFolder(module, version), part), path.join(into, "modules", name), {
        recursive: true,
      });
    // JobSet comes from its own module instead of an https address.
    const jobset = path.join(into, "modules", "trainer", "third-party", "jobset", "kustomization.yaml");
    const theirs = fs.readFileSync(jobset, "utf8");
    fs.rmSync(jobset); // Modules' files are read-only.
    fs.writeFileSync(jobset, theirs.replace(/https:.*manifests\.yaml/, "../../../jobset/default"));
    for (const { id, paths } of TEST_RELEASE.components)
      for (const place of paths) lay(into, place, (READY_S[id] ?? 10) * pace);
    // A definition that another folder brings again would be there twice.
    const places = TEST_RELEASE.components.flatMap(({ id, paths }) => (id === "pipelines-standalone" ? [] : paths));
    const resources = places.filter((place) => place !== "pipelines/crd").map((place) => `../${place}`);
    fs.mkdirSync(path.join(into, "all"));
    fs.writeFileSync(path.join(into, "all", "kustomization.yaml"), stringify({ resources }));
  });
}

function lay(into: string, place: string, readyS: number): void {
  const folder = path.join(into, place);
  fs.mkdirSync(folder, { recursive: true });
  const own = PLATFORM[place] ?? [];
  const resources: string[] = [];
  if (own.length > 0) {
    fs.writeFileSync(path.join(folder, "own.yaml"), own.map((object) => stringify(object)).join("---\n"));
    resources.push("own.yaml");
  }
  const upstream = UPSTREAM[place];
  if (upstream !== undefined) {
    const from = path.join(into, "modules", upstream.module);
    if (upstream.build !== undefined) resources.push(path.relative(folder, path.join(from, upstream.build)));
    // kustomize takes files only from below its folder.
    else
      for (const file of fs.globSync(upstream.files ?? "**/*.yaml", { cwd: from })) {
        const name = file.replaceAll(path.sep, "-");
        fs.copyFileSync(path.join(from, file), path.join(folder, name));
        resources.push(name);
      }
  }
  const fields = { ...GENERATED[place], resources, ...(readyS === 0 ? {} : { patches: likeReal(place, readyS) }) };
  fs.writeFileSync(path.join(folder, "kustomization.yaml"), stringify(fields));
}

function likeReal(place: string, readyS: number): readonly object[] {
  const patch = (target: object, metadata: object): object => ({
    target,
    patch: stringify({
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "any" } },
      spec: { template: { metadata } },
    }),
  });
  const [name, secret] = MOUNTS[place] ?? [];
  const after = `${Math.round(readyS * 1000)}ms`;
  return [
    patch({ kind: "Deployment|StatefulSet|DaemonSet" }, { annotations: { [READY_AFTER]: after } }),
    ...(name === undefined ? [] : [patch({ kind: "Deployment", name }, { labels: { [WAITS_FOR]: secret } })]),
  ];
}
