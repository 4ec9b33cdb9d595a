// The three things that a command does to a sandbox as root, called by sandbox.ts (through sudo where the person
// is not root): `start NAME FRESH PARTS EXTRAS…`, `stop NAME`, `add NAME`.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { removeLeftovers, waitWhile } from "./cleanup.ts";
import { layoutOf } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { giveBack } from "./machine.ts";
import { isRunning, livingSupervisor } from "./state.ts";

async function start(layout: Layout, fresh: boolean, rest: readonly string[]): Promise<void> {
  await stop(layout);
  if (fresh) fs.rmSync(layout.etcd, { recursive: true, force: true });
  fs.rmSync(layout.logs, { recursive: true, force: true });
  fs.mkdirSync(layout.logs, { recursive: true });
  for (const file of [layout.status, layout.wanted]) fs.rmSync(file, { force: true });
  const log = fs.openSync(layout.progress, "w");
  await giveBack(layout.logs);
  const supervisor = path.join(import.meta.dirname, "supervisor.ts");
  const child = spawn(
    process.execPath,
    ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", supervisor, layout.name, ...rest],
    {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
    },
  );
  child.unref();
  // Until it has said who it is, a second `up` could not tell that it is there.
  if (await waitWhile(() => livingSupervisor(layout) === undefined && child.exitCode === null, 20))
    throw new Error("the supervisor did not start in 20 s");
}

/** Ends the sandbox in good order, by force after 10 s, and clears away what is left in either case. */
async function stop(layout: Layout): Promise<void> {
  const supervisor = livingSupervisor(layout);
  if (supervisor !== undefined) {
    process.kill(supervisor.pid, "SIGTERM");
    if (await waitWhile(() => isRunning(supervisor), 10)) process.kill(supervisor.pid, "SIGKILL");
    await waitWhile(() => isRunning(supervisor), 5);
  }
  await removeLeftovers(layout);
  fs.rmSync(layout.supervisor, { force: true });
}

const [command, name = "", fresh, ...rest] = process.argv.slice(2);
const layout = layoutOf(name);
if (command === "start") await start(layout, fresh === "fresh", rest);
else if (command === "stop") await stop(layout);
else if (command === "add") {
  const supervisor = livingSupervisor(layout);
  if (supervisor !== undefined) process.kill(supervisor.pid, "SIGUSR2");
} else throw new Error(`root.ts does not know «${command ?? ""}»`);
