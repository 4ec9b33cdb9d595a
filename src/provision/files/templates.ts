// The fixed files of each cloud, read once from the extension's own folder.
import fs from "node:fs/promises";
import path from "node:path";
import type { FileText } from "../../contract/preview.ts";

export interface Templates {
  /** Version of the extension, named in the first line of each file. */
  readonly version: string;
  readonly gke: readonly FileText[];
  readonly eks: readonly FileText[];
}

/** Reads the `*.tf` and the README.md of `<folder>/gke` and `<folder>/eks`; `folder` is the extension's media/terraform. Rejects where it is not there. */
export async function loadTemplates(folder: string, version: string): Promise<Templates> {
  const [gke, eks] = await Promise.all([read(path.join(folder, "gke")), read(path.join(folder, "eks"))]);
  return { version, gke, eks };
}

async function read(folder: string): Promise<readonly FileText[]> {
  const names = (await fs.readdir(folder)).filter((name) => /\.(tf|md)$/.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ name, text: await fs.readFile(path.join(folder, name), "utf8") })));
}
