// The editor behind VS Code's own command line, so that `runTests` of @vscode/test-electron can start it.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { parseArguments } from "./args.ts";
import type { CodeArguments } from "./args.ts";
import { EDITOR_VERSION, ensureEditor } from "./install.ts";
import { serverArguments, serverEnvironment, temporaryFolder } from "./server.ts";
import { openEditor } from "./session.ts";
import type { EditorSession } from "./session.ts";

const DEFAULT_LIMIT_S = 600;
const TIMED_OUT = 124;
const SIGNALLED = 130;

/** Version of the editor to use: the only thing that VS Code's own arguments have no place for. */
const version = process.env["TRAINYARD_EDITOR_VERSION"] ?? EDITOR_VERSION;

async function main(): Promise<void> {
  const args = parseArguments(process.argv.slice(2), process.cwd());
  if (args.passOn) await leave(await withoutWindow(args, args.passOn));
  else await withWindow(args);
}

async function withoutWindow(args: CodeArguments, passOn: readonly string[]): Promise<number> {
  const editor = await ensureEditor(version);
  const folder = temporaryFolder();
  try {
    const dirs = serverArguments(
      folder,
      args.userDataDir ?? path.join(folder, "user"),
      args.extensionsDir ?? path.join(folder, "extensions"),
    );
    const { status } = spawnSync(editor.node, [editor.server, ...dirs, ...passOn], {
      env: serverEnvironment(folder),
      stdio: "inherit",
    });
    return status ?? 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function withWindow(args: CodeArguments): Promise<void> {
  const editor = await ensureEditor(version);
  const state: { session?: EditorSession; leaving: boolean } = { leaving: false };
  const finish = async (code: number, reason?: string) => {
    if (state.leaving) return;
    state.leaving = true;
    if (reason !== undefined) process.stderr.write(`${reason}\n`);
    await state.session?.stop();
    await leave(code);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => void finish(SIGNALLED, `got ${signal}`));
  const limit = Number(process.env["TRAINYARD_EDITOR_LIMIT_S"] ?? DEFAULT_LIMIT_S);
  setTimeout(() => void finish(TIMED_OUT, `the tests were not through after ${limit} s`), limit * 1000).unref();
  // Nobody is left to read the result when whoever started us is gone, and no signal tells.
  const starter = process.ppid;
  setInterval(() => {
    if (process.ppid !== starter) void finish(SIGNALLED);
  }, 1000).unref();
  const debug = process.env["TRAINYARD_EDITOR_DEBUG"] !== undefined;
  const opened = await openEditor({
    editor,
    ...(args.open === undefined ? {} : { folder: args.open }),
    ...(args.userDataDir === undefined ? {} : { userDataDir: args.userDataDir }),
    ...(args.extensionsDir === undefined ? {} : { extensionsDir: args.extensionsDir }),
    ...(args.testsPath === undefined ? {} : { testsPath: args.testsPath }),
    developmentPaths: args.developmentPaths,
    trust: args.trust,
    disableExtensions: args.disableExtensions,
    proposedApi: args.proposedApi,
    onOutput: (channel, text) => process[channel].write(text),
    onLog: (type, text) => {
      if (debug) process.stderr.write(`[${type}] ${text}\n`);
    },
  });
  state.session = opened;
  const { code, reason } = await opened.exited;
  await finish(code, reason);
}

/** Writes everything out and leaves a moment: the caller drops its ends of the pipes as soon as we exit. */
async function leave(code: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write("", resolve));
  await delay(100);
  process.exit(code);
}

try {
  await main();
} catch (error) {
  console.error(error);
  await leave(1);
}
