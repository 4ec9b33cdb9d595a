// The images of a pipeline: what `pipeline.py` names, and where each is built.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { unlessMissing } from "../../core/errors.ts";
import { COMPONENTS, type ImageSource, PIPELINE_FILE } from "./content.ts";

/** A component whose image is built here. */
export interface Component extends ImageSource {
  /** Its folder's name below `components`: ASCII, as a Python name. */
  readonly id: string;
  /** What `pipeline.py` names now. */
  readonly image: string;
}

/** A line of `pipeline.py` such as `TRAIN_IMAGE = "train:latest"`. Offsets are of what stands between the quotes. */
interface NamedImage {
  readonly id: string;
  readonly image: string;
  readonly start: number;
  readonly end: number;
}

const LINE = /^([A-Z][A-Z0-9_]*)_IMAGE = "([^"\\\r\n]*)"[ \t]*(?:#.*)?\r?$/gm;

export function namedImages(text: string): readonly NamedImage[] {
  return [...text.matchAll(LINE)].map(({ 0: line, 1: name = "", 2: image = "", index }) => {
    const start = index + line.indexOf('"') + 1;
    return { id: name.toLowerCase(), image, start, end: start + image.length };
  });
}

/** The edits of a pipeline's text that name these images by their components; nothing else of it changes. */
export function pinEdits(
  text: string,
  images: ReadonlyMap<string, string>,
): readonly { readonly start: number; readonly end: number; readonly text: string }[] {
  return namedImages(text).flatMap(({ id, image, start, end }) => {
    const wanted = images.get(id);
    return wanted === undefined || wanted === image ? [] : [{ start, end, text: wanted }];
  });
}

/** Components of a pipeline's folder that have both a line in `pipeline.py` and a Dockerfile; in the order of the lines. */
export async function componentsOf(folder: string): Promise<readonly Component[]> {
  const text = await readFile(path.join(folder, PIPELINE_FILE), "utf8").catch(unlessMissing);
  const base = path.join(folder, COMPONENTS);
  const names = (await readdir(base).catch(unlessMissing)) ?? [];
  const found = await Promise.all(
    namedImages(text ?? "").map(async ({ id, image }): Promise<readonly Component[]> => {
      if (!names.includes(id)) return [];
      const files = await readdir(path.join(base, id)).catch(unlessMissing);
      return files?.includes("Dockerfile") === true
        ? [{ id, image, context: folder, dockerfile: path.join(base, id, "Dockerfile"), isComponent: true }]
        : [];
    }),
  );
  return found.flat();
}

/** What New Pipeline from Files… names for a component until its image is pushed: it is in no registry. */
export function firstImage(pipeline: string, id: string): string {
  return `${pipeline}-${id.replaceAll("_", "-")}:latest`;
}

/** Components of a pipeline that have that image still; none where they cannot be read, which is no reason not to run it. */
export async function neverPushed(folder: string, pipeline: string): Promise<readonly string[]> {
  const components = await componentsOf(folder).catch(() => []);
  return components.filter(({ id, image }) => image === firstImage(pipeline, id)).map(({ id }) => id);
}
