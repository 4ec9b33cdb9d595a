// The image store, which outlives the sandbox: brings missing images in and clears away what a former life left.
import fs from "node:fs";
import path from "node:path";
import { run } from "../../../scripts/steps.mjs";
import { CONTAINERD_SOCKET } from "./node.ts";

const ctr = (...args: string[]) => run("ctr", ["-a", CONTAINERD_SOCKET, "-n", "k8s.io", ...args]);
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

export async function answers(): Promise<boolean> {
  try {
    await ctr("version");
    return true;
  } catch {
    return false;
  }
}

/** Removes the containers of a former life. @returns whether there were any; containerd must then be started again, as it has read them */
export async function removeOldContainers(): Promise<boolean> {
  const old = lines(await ctr("containers", "ls", "-q"));
  if (old.length > 0) await ctr("containers", "rm", ...old);
  return old.length > 0;
}

export interface Image {
  readonly name: string;
  readonly archive: string;
}

/** Imports the images that the store does not have, or has from an older archive. @param marks folder that remembers the archives */
export async function importImages(
  images: readonly Image[],
  marks: string,
  onImport: (image: Image) => void,
): Promise<void> {
  const have = new Set(lines(await ctr("images", "ls", "-q")));
  const file = path.join(marks, "imported.json");
  const imported = new Map(Object.entries(readMarks(file)));
  for (const image of images) {
    if (have.has(image.name) && imported.get(image.name) === image.archive) continue;
    onImport(image);
    await ctr("images", "import", image.archive);
    imported.set(image.name, image.archive);
    fs.writeFileSync(file, JSON.stringify(Object.fromEntries(imported)));
  }
}

/** Gives an image that is there a second name. */
export async function nameAlso(image: string, second: string): Promise<void> {
  await ctr("images", "tag", "--force", image, second);
}

function readMarks(file: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(fs.readFileSync(file, "utf8"));
    return typeof content === "object" && content !== null ? { ...content } : {};
  } catch {
    return {};
  }
}

/** overlayfs cannot lie on another overlay (a dev container's own disk, say); copies then take its place. */
export async function snapshotterFor(folder: string): Promise<"overlayfs" | "native"> {
  const type = (await run("stat", ["-f", "-c", "%T", folder])).trim();
  return type === "overlayfs" ? "native" : "overlayfs";
}
