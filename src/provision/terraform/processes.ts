import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { errorCode } from "../../core/errors.ts";

/** A process for good: the system gives a number again, but not with the same start. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the system's own words; "" on Windows, where it is not asked for. */
  readonly start: string;
}

/**
 * When a process started, comparable with itself alone; undefined where there is no such process or it has ended and
 * waits to be collected. Linux: boot id and ticks since then, proc(5); macOS: `ps`.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  if (process.platform === "linux") return linuxStart(pid);
  return process.platform === "win32" ? windowsStart(pid) : psStart(pid);
}

export async function isAlive(id: ProcessId): Promise<boolean> {
  return (await processStart(id.pid)) === id.start;
}

export async function identify(pid: number): Promise<ProcessId> {
  // One that has ended already is never found alive again.
  return { pid, start: (await processStart(pid)) ?? "ended" };
}

function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold anything; the fields after it begin with the state, the twentieth is the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${fields[19] ?? ""}`;
  } catch {
    // It has gone.
    return undefined;
  }
}

/** Nothing is ever signalled there, so that a number that was given again does no harm. */
function windowsStart(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return "";
  } catch (error) {
    return errorCode(error) === "EPERM" ? "" : undefined;
  }
}

function psStart(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env: { LC_ALL: "C" }, timeout: 5_000 };
    execFile("/bin/ps", ["-o", "stat=,lstart=", "-p", String(pid)], options, (error, stdout) => {
      const [state = "", ...start] = stdout.trim().split(/\s+/);
      resolve(error !== null || state.startsWith("Z") || start.length === 0 ? undefined : start.join(" "));
    });
  });
}
