// Stands between us and the server: `guard.ts <folder> <program> [arguments]`, leader of a process group of its
// own. When its standard input closes, because we ask so or because we are gone (even by SIGKILL, of which no
// exit hook hears), it ends the whole group and whatever else runs on that folder, and removes the folder.
import { spawn } from "node:child_process";
import fs from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const GRACE_MS = 2000;

const [folder = "", program = "", ...args] = process.argv.slice(2);
let ending = false;

// The signals that end the group reach this process too, which has yet to tidy up.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => void end());
process.stdin.on("end", () => void end()).on("error", () => void end());
process.stdin.resume();
process.stdout.on("error", () => void end());
process.stderr.on("error", () => void end());

const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
const gone = new Promise<void>((resolve) => {
  child.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    resolve();
    void end(1);
  });
  child.on("exit", (code) => {
    resolve();
    void end(code ?? 1);
  });
});

async function end(code = 0): Promise<void> {
  if (ending) return;
  ending = true;
  killGroup("SIGTERM");
  await Promise.race([gone, delay(GRACE_MS)]);
  // The browser has a group of its own and goes when its pipe to our parent closes. Its folder is in ours.
  for (let tries = 0; tries < 20; tries++) {
    for (const pid of runningOn(folder)) kill(pid, "SIGKILL");
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    await delay(50);
    if (!fs.existsSync(folder) && runningOn(folder).length === 0) break;
  }
  process.exitCode = code;
  if (process.platform === "win32") process.exit();
  // Last, since it ends this process as well; a plain exit would leave stubborn members of the group.
  if (othersInGroup()) killGroup("SIGKILL");
  process.exit();
}

function killGroup(signal: NodeJS.Signals): void {
  if (process.platform === "win32") child.kill();
  else kill(-process.pid, signal);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Processes, other than this one, whose arguments name the folder. It is a fresh one: they are all ours. */
function runningOn(dir: string): number[] {
  return processes().filter((pid) => pid !== process.pid && readProc(pid, "cmdline").includes(dir));
}

function othersInGroup(): boolean {
  return processes().some((pid) => {
    const stat = readProc(pid, "stat");
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return pid !== process.pid && state !== "Z" && group === String(process.pid);
  });
}

/** Empty where there is no /proc. */
function processes(): number[] {
  if (process.platform !== "linux") return [];
  return fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
}

function readProc(pid: number, file: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
