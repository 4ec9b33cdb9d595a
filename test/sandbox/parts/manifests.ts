// A controller's manifests, rendered once from its module with kubectl's kustomize and changed just as far as
// running the controller outside a pod needs.
import fs from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { parse, parseAllDocuments, stringify } from "yaml";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import { KubeObject } from "../api.ts";
import type { Controller } from "../controllers.ts";
import { kubernetesProgram, moduleFolder } from "./golang.ts";

const FILE = "objects.json";
/** The image that the controller's Deployment names. */
const IMAGE = "image.txt";

/** Path of the controller's objects, as one JSON list. */
export async function controllerManifests(controller: Controller): Promise<string> {
  const { name, module, version, manifests, leftOut, images = {} } = controller;
  const recipe = { module, version, manifests, leftOut, images, recipe: 3 };
  const dir = await cached(`manifests-${name}`, recipe, async (into) => {
    const folder = await moduleFolder(module, version);
    const copy = path.join(into, "module");
    for (const top of new Set(manifests.map((place) => place.split("/")[0] ?? "")))
      fs.cpSync(path.join(folder, top), path.join(copy, top), { recursive: true });
    if (leftOut !== undefined) leaveOut(copy, leftOut);
    const texts = await Promise.all(manifests.map((place) => render(path.join(copy, place))));
    fs.rmSync(copy, { recursive: true, force: true });
    const objects = withImages(withoutPods(texts.flatMap(parseObjects)), images);
    fs.writeFileSync(path.join(into, FILE), JSON.stringify(objects));
    fs.writeFileSync(path.join(into, IMAGE), imageIn(texts.flatMap(parseObjects)));
  });
  return path.join(dir, FILE);
}

/** Full name and tag of the image that the controller's own Deployment runs. */
export async function controllerImageName(controller: Controller): Promise<string> {
  if (controller.ownImage !== undefined) return controller.ownImage;
  return fs.readFileSync(path.join(path.dirname(await controllerManifests(controller)), IMAGE), "utf8");
}

const Deployment = v.object({
  spec: v.object({ template: v.object({ spec: v.object({ containers: v.array(v.object({ image: v.string() })) }) }) }),
});

function imageIn(objects: readonly KubeObject[]): string {
  const found = objects.find(({ kind }) => kind === "Deployment");
  const image = v.parse(Deployment, found).spec.template.spec.containers[0]?.image;
  if (image === undefined) throw new Error("The controller's manifests have no Deployment with a container.");
  return image;
}

async function render(place: string): Promise<string> {
  if (place.endsWith(".yaml")) return fs.readFileSync(place, "utf8");
  return run(await kubernetesProgram(), ["kubectl", "kustomize", place]);
}

const Kustomization = v.looseObject({ resources: v.optional(v.array(v.string()), []) });

/** Takes a resource out of every kustomization of a folder. */
function leaveOut(folder: string, resource: string): void {
  const found = fs.globSync("**/kustomization.yaml", { cwd: folder }).filter((name) => {
    const file = path.join(folder, name);
    const content = v.parse(Kustomization, parse(fs.readFileSync(file, "utf8")));
    const resources = content.resources.filter((other) => !other.endsWith(resource));
    if (resources.length === content.resources.length) return false;
    fs.writeFileSync(file, stringify({ ...content, resources }));
    return true;
  });
  if (found.length === 0) throw new Error(`No kustomization in ${folder} names ${resource} any more.`);
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

/** Other images in the place of those named (without tag), wherever a container names one. */
export function withImages(
  objects: readonly KubeObject[],
  images: Readonly<Record<string, string>>,
): readonly KubeObject[] {
  const replace = (key: string, value: unknown): unknown =>
    key === "image" && typeof value === "string" ? (images[value.replace(/:[^:/]*$/, "")] ?? value) : value;
  return v.parse(v.array(KubeObject), JSON.parse(JSON.stringify(objects, replace)));
}
