// Desktop VS Code with a profile of ours, for a person at a screen.
import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { runVSCodeCommand } from "@vscode/test-electron";
import { cacheRoot } from "../../scripts/cache.mjs";
import { VSCODE_VERSION } from "../editor/install.ts";

export interface DesktopOptions {
  readonly executable: string;
  readonly folder: string;
  readonly userDataDir: string;
  readonly extensionsDir: string;
  readonly kubeconfig: string;
}

const GRACE_MS = 5000;

export async function installIntoDesktop(vsix: string, options: DesktopOptions): Promise<void> {
  await runVSCodeCommand(["--install-extension", vsix, "--force", ...profileArguments(options)], {
    version: VSCODE_VERSION,
    cachePath: path.join(cacheRoot(), "desktop"),
    reuseMachineInstall: true,
    spawn: { env: desktopEnvironment(process.env, options.kubeconfig) },
  });
}

/** @returns once it runs; `ended` when its last window is closed */
export function startDesktop(options: DesktopOptions): {
  ended: Promise<string | undefined>;
  stop: () => Promise<void>;
} {
  const args = [options.folder, "--new-window", "--disable-workspace-trust", ...profileArguments(options)];
  const child = spawn(options.executable, args, {
    stdio: "ignore",
    env: desktopEnvironment(process.env, options.kubeconfig),
  });
  const gone = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code) => resolve(code === 0 || code === null ? undefined : `VS Code ended with ${code}`));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await Promise.race([gone, delay(GRACE_MS, undefined, { ref: false })]);
    child.kill("SIGKILL");
  };
  return { ended: gone, stop };
}

function profileArguments({ userDataDir, extensionsDir }: DesktopOptions): string[] {
  // As root, Chromium has no sandbox to offer, and VS Code asks to be told so.
  const root = process.platform === "linux" && process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return ["--user-data-dir", userDataDir, "--extensions-dir", extensionsDir, ...root];
}

/** Ours without what npm, or an editor around us, has left in it. */
export function desktopEnvironment(env: NodeJS.ProcessEnv, kubeconfig: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(VSCODE_|ELECTRON_|npm_)/i.test(name));
  return { ...Object.fromEntries(kept), KUBECONFIG: kubeconfig };
}
