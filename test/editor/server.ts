// Starts and ends the editor's server. Its extension host, and all that extensions start, are its children.
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { Editor } from "./install.ts";

const START_TIMEOUT_MS = 60_000;
const NO_TYPE_WARNING = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON";

export interface ServerOptions {
  editor: Editor;
  /** Folder from `temporaryFolder()`; removed when the server has ended, whatever way that comes about. */
  folder: string;
  userData: string;
  extDir: string;
  /** Default: 127.0.0.1 and a free port. */
  host?: string | undefined;
  port?: number | undefined;
  /** Whether opened folders are trusted without a question. */
  trust: boolean;
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Further arguments of the server. */
  args?: readonly string[] | undefined;
}

export interface Server {
  /** `host:port`, the authority of its addresses. */
  authority: string;
  /** Without it in the address, or the cookie that follows from it, nobody gets in. */
  token: string;
  /** Ends with the server. */
  exited: Promise<{ code: number; output: string }>;
  stop: () => Promise<void>;
}

/** A fresh private folder for one editor. The real path: on macOS the temporary folder is a link. */
export function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-editor-"));
}

/** Our environment without what an editor around us has left in it, and without a marketplace. */
export function serverEnvironment(
  folder: string,
  extra: Readonly<Record<string, string | undefined>> = {},
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    // npm's own variables would change what a user's terminal in the editor does.
    if (!/^(VSCODE_|ELECTRON_|npm_)/i.test(name)) env[name] = value;
  }
  const run = path.join(folder, "run");
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  return { ...env, EXTENSIONS_GALLERY: "{}", XDG_RUNTIME_DIR: run, ...extra };
}

/** The first arguments of every start of the server's program. */
export function serverArguments(folder: string, userData: string, extDir: string): string[] {
  return [
    "--accept-server-license-terms",
    "--server-data-dir",
    path.join(folder, "server"),
    "--user-data-dir",
    userData,
    "--extensions-dir",
    extDir,
  ];
}

export async function startServer(options: ServerOptions): Promise<Server> {
  const { editor, folder } = options;
  const host = options.host ?? "127.0.0.1";
  const token = randomBytes(16).toString("hex");
  // In a file: the arguments of a process can be read by every user of the machine.
  const tokenFile = path.join(folder, "token");
  fs.writeFileSync(tokenFile, token, { mode: 0o600 });
  const args = [
    editor.server,
    ...serverArguments(folder, options.userData, options.extDir),
    ...["--connection-token-file", tokenFile, "--host", host, "--port", String(options.port ?? 0)],
    // The environment is the one given here, not what a login shell makes of it.
    ...[
      "--disable-telemetry",
      "--disable-experiments",
      "--disable-getting-started-override",
      "--force-disable-user-env",
    ],
    ...(options.trust ? ["--disable-workspace-trust"] : []),
    ...(options.args ?? []),
  ];
  const guard = spawn(
    editor.node,
    [NO_TYPE_WARNING, path.join(import.meta.dirname, "guard.ts"), folder, editor.node, ...args],
    {
      env: serverEnvironment(folder, options.env),
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    },
  );
  let output = "";
  const exited = new Promise<{ code: number; output: string }>((resolve) => {
    guard.on("error", (error) => resolve({ code: 1, output: error.message }));
    guard.on("exit", (code) => {
      // Nothing to do for a guard that ended by itself; one that was killed has left its group to us.
      if (code === null) killGroup(guard.pid);
      resolve({ code: code ?? 1, output });
    });
  });
  const port = new Promise<number>((resolve) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      const listening = /listening on (\d+)/.exec(output);
      if (listening) resolve(Number(listening[1]));
    };
    guard.stdout.on("data", read);
    guard.stderr.on("data", read);
  });
  guard.stdin.on("error", () => undefined);
  const stop = async () => {
    guard.stdin.end();
    await exited;
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`VS Code's server did not listen within ${START_TIMEOUT_MS / 1000} s:\n${output}`)),
      START_TIMEOUT_MS,
    );
  });
  const failed = exited.then(({ code }) => {
    throw new Error(`VS Code's server ended with ${code} before it listened:\n${output}`);
  });
  try {
    return { authority: `${host}:${await Promise.race([port, failed, late])}`, token, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
    failed.catch(() => undefined);
  }
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined || process.platform === "win32") return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}
