import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** Names one window's extension host: `host/pid/random`. */
export function newInstance(): string {
  return `${hostname()}/${process.pid}/${randomBytes(4).toString("hex")}`;
}

/**
 * Whether the process behind an instance still runs. One on another computer (a storage folder in a shared home)
 * counts as running, since nobody can tell. A number that was given to another process since is a rare mistake on
 * the safe side.
 */
export function isInstanceAlive(instance: string): boolean {
  const [host, digits = ""] = instance.split("/");
  if (host !== hostname()) return true;
  const pid = Number(digits);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
