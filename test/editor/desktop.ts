// Desktop VS Code, where there is a screen to show it on. It is not in any package registry: it is downloaded from
// where VS Code is published, which a closed network may not let us reach.
import path from "node:path";
import process from "node:process";
import { downloadAndUnzipVSCode } from "@vscode/test-electron";
import { cacheRoot } from "../../scripts/cache.mjs";
import { VSCODE_VERSION } from "./install.ts";

export type Desktop = { path: string } | { reason: string };

export async function findDesktop(version: string = VSCODE_VERSION): Promise<Desktop> {
  if (process.platform === "linux" && !process.env["DISPLAY"] && !process.env["WAYLAND_DISPLAY"]) {
    return { reason: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" };
  }
  try {
    return { path: await downloadAndUnzipVSCode({ version, cachePath: path.join(cacheRoot(), "desktop") }) };
  } catch (error) {
    return {
      reason: `desktop VS Code ${version} could not be downloaded: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
