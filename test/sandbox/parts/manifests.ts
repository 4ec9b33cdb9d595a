// A controller's manifests, rendered once from its module with kubectl's kustomize and changed just as far as
// running the controller outside a pod needs.
import fs from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { parseAllDocuments } from "yaml";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import { KubeObject } from "../api.ts";
import type { Controller } from "../controllers.ts";
import { kubernetesProgram, moduleFolder } from "./golang.ts";

const FILE = "objects.json";

/** Path of the controller's objects, as one JSON list. */
export async function controllerManifests(controller: Controller): Promise<string> {
  const { name, module, version, manifests } = controller;
  const dir = await cached(`manifests-${name}`, { module, version, manifests, recipe: 1 }, async (into) => {
    const folder = path.join(await moduleFolder(module, version), manifests);
    const text = await run(await kubernetesProgram(), ["kubectl", "kustomize", folder]);
    fs.writeFileSync(path.join(into, FILE), JSON.stringify(withoutPods(parseObjects(text))));
  });
  return path.join(dir, FILE);
}

export function readObjects(file: string): KubeObject[] {
  return v.parse(v.array(KubeObject), JSON.parse(fs.readFileSync(file, "utf8")));
}

export function parseObjects(text: string): KubeObject[] {
  const contents = parseAllDocuments(text).map((document) => document.toJS() as unknown);
  return contents.filter((content) => content !== null).map((content) => v.parse(KubeObject, content));
}

/**
 * Drops Deployments, because the controller runs as a process, and the selectors of Services, because their
 * endpoints are written by us (a Service with a selector would have them emptied).
 */
export function withoutPods(objects: readonly KubeObject[]): KubeObject[] {
  return objects
    .filter((object) => object.kind !== "Deployment")
    .map((object) => {
      if (object.kind !== "Service" || typeof object["spec"] !== "object" || object["spec"] === null) return object;
      const spec = Object.entries(object["spec"]).filter(([field]) => field !== "selector");
      return { ...object, spec: Object.fromEntries(spec) };
    });
}
