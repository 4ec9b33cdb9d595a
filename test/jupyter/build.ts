import fs from "node:fs/promises";
import path from "node:path";
import esbuild from "esbuild";
import { COMMON } from "../../scripts/build.ts";

/** Whom the editor has to allow the proposed API that the stand-in uses. */
export const JUPYTER_ID = "ms-toolsai.jupyter";

/** Builds the stand-in for the Jupyter extension below `out`; returns its folder. */
export async function buildJupyterStandIn(out: string): Promise<string> {
  const folder = path.join(out, "jupyter");
  await esbuild.build({
    ...COMMON,
    entryPoints: [path.join(import.meta.dirname, "extension.ts")],
    outfile: path.join(folder, "extension.cjs"),
  });
  await fs.copyFile(path.join(import.meta.dirname, "package.json"), path.join(folder, "package.json"));
  return folder;
}
