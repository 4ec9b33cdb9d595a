// Definitions of what templates make. Katib's is upstream's own, from its Go module. KServe and KubeRay publish none that
// can be had here: theirs are small stand-ins of the same shape, with the fields that our templates write.
import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { cached } from "../../scripts/cache.mjs";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceKind } from "../../src/kube/objects.ts";
import { EXPERIMENT, INFERENCE_SERVICE, RAY_JOB } from "../../src/kubeflow/kinds/resources.ts";
import { until } from "../editor/until.ts";
import { moduleFolder } from "../sandbox/parts/golang.ts";
import { MANIFESTS } from "../sandbox/versions.ts";
import type { Cleanup } from "./support.ts";

const DEFINITION: ResourceKind = {
  ...{ group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" },
  ...{ kind: "CustomResourceDefinition", namespaced: false },
};

const text = { type: "string" };
const count = { type: "integer", format: "int32" };
const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const fields = (properties: object, required: readonly string[] = []): object => ({
  ...{ type: "object", properties },
  ...(required.length === 0 ? {} : { required }),
});

const MODEL = fields({
  modelFormat: fields({ name: text }, ["name"]),
  storageUri: text,
  args: { type: "array", items: text },
  env: { type: "array", items: open },
  resources: open,
});
const KSERVE = fields({ predictor: fields({ serviceAccountName: text, minReplicas: count, model: MODEL }) }, [
  "predictor",
]);
const GROUP = { rayStartParams: { type: "object", additionalProperties: text }, template: open };
const RAY = fields({
  ...{ entrypoint: text, runtimeEnvYAML: text, shutdownAfterJobFinishes: { type: "boolean" } },
  ttlSecondsAfterFinished: count,
  rayClusterSpec: fields(
    {
      rayVersion: text,
      headGroupSpec: fields(GROUP, ["template"]),
      workerGroupSpecs: {
        type: "array",
        items: fields({ groupName: text, replicas: count, minReplicas: count, maxReplicas: count, ...GROUP }, [
          "template",
        ]),
      },
    },
    ["headGroupSpec"],
  ),
});

function standIn({ group, version, plural, kind }: ResourceKind, spec: object): KubeObject {
  const openAPIV3Schema = { type: "object", properties: { spec, status: open } };
  const served = {
    name: version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema },
    subresources: { status: {} },
  };
  const names = { kind, plural, singular: kind.toLowerCase() };
  return {
    ...{
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
    },
    ...{ spec: { group, scope: "Namespaced", names, versions: [served] } },
  };
}

async function katib(): Promise<KubeObject> {
  const folder = await cached("katib-definitions", { version: MANIFESTS.katib }, async (into) => {
    const module = await moduleFolder("github.com/kubeflow/katib", MANIFESTS.katib);
    fs.cpSync(path.join(module, "manifests/v1beta1/components/crd"), into, { recursive: true });
  });
  return parse(fs.readFileSync(path.join(folder, "experiment.yaml"), "utf8")) as KubeObject;
}

/** Served when this resolves; they go with the cleanup. */
export async function defineTemplates(cleanup: Cleanup, client: KubeClient): Promise<void> {
  const all = [await katib(), standIn(INFERENCE_SERVICE, KSERVE), standIn(RAY_JOB, RAY)];
  for (const definition of all) {
    const made = await until(
      `the name ${definition.metadata.name} to be free`,
      () =>
        client.create(DEFINITION, definition).catch((error: unknown) => {
          if (isApiError(error, "AlreadyExists")) return undefined;
          throw error;
        }),
      (created) => created !== undefined,
      30_000,
    );
    cleanup.add(() => client.delete(DEFINITION, definition.metadata.name, undefined, made?.metadata.uid ?? ""));
  }
  for (const kind of [EXPERIMENT, INFERENCE_SERVICE, RAY_JOB])
    await until(
      `${kind.plural} to be served, with their schema`,
      async () => {
        const { group, version } = kind;
        const published = client.json<unknown>({ method: "GET", path: `/openapi/v3/apis/${group}/${version}` });
        const found = await Promise.all([client.list(kind, { limit: 1 }), published]).catch(() => undefined);
        return found !== undefined && JSON.stringify(found[1]).includes(`${version}.${kind.kind}`);
      },
      (isServed) => isServed,
      30_000,
    );
}
