// The editor for a person's own browser: extensions are installed, not loaded unpacked, and the address carries a
// token, since a server without one would give a shell to every user of the machine.
import fs from "node:fs";
import path from "node:path";
import { run } from "../../scripts/steps.mjs";
import { ensureEditor } from "./install.ts";
import type { Editor } from "./install.ts";
import { serverArguments, serverEnvironment, startServer, temporaryFolder } from "./server.ts";
import { CALM, writeSettings } from "./settings.ts";
import type { Settings } from "./settings.ts";

export interface ServeOptions {
  editor?: Editor;
  folder: string;
  extensionsDir: string;
  userDataDir: string;
  /** Default: 127.0.0.1 and a free port. */
  host?: string;
  port?: number;
  /** Taken where the profile does not say otherwise. */
  settings?: Settings;
  env?: Readonly<Record<string, string | undefined>>;
  /** False: the person is asked whether they trust the folder. Default: it is trusted. */
  trust?: boolean;
}

export interface ServedEditor {
  /** With the connection token and the folder. */
  url: string;
  exited: Promise<{ code: number; output: string }>;
  stop: () => Promise<void>;
}

export async function serveEditor(options: ServeOptions): Promise<ServedEditor> {
  const editor = options.editor ?? (await ensureEditor());
  const userData = path.resolve(options.userDataDir);
  const extDir = path.resolve(options.extensionsDir);
  fs.mkdirSync(extDir, { recursive: true });
  writeSettings(userData, { ...CALM, ...options.settings }, {});
  const { host, port, env } = options;
  const folder = temporaryFolder();
  const server = await startServer({ editor, folder, userData, extDir, trust: options.trust ?? true, host, port, env });
  const query = new URLSearchParams({ tkn: server.token, folder: path.resolve(options.folder) });
  return { url: `http://${server.authority}/?${query.toString()}`, exited: server.exited, stop: server.stop };
}

/** Installs a packaged extension into the folder that an editor is going to be started with. */
export async function installExtension(
  vsixPath: string,
  extensionsDir: string,
  userDataDir: string,
  editor?: Editor,
): Promise<void> {
  const { node, server } = editor ?? (await ensureEditor());
  const folder = temporaryFolder();
  try {
    const dirs = serverArguments(folder, path.resolve(userDataDir), path.resolve(extensionsDir));
    await run(node, [server, ...dirs, "--install-extension", path.resolve(vsixPath), "--force"], {
      env: serverEnvironment(folder),
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
