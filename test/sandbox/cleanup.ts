// Takes away what a sandbox leaves on the machine when it ends, in good order or not.
import fs from "node:fs";
import process from "node:process";
import { run } from "../../scripts/steps.mjs";
import { removeCgroups } from "./inside/place.ts";
import { linkOf, slotsOnMachine } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { isRunning, readSettings, readStatus } from "./state.ts";
import type { ProcessIdentity } from "./state.ts";

/** Ends the process that holds the namespaces, and so everything in them. */
export async function endInside(inside: ProcessIdentity | undefined): Promise<void> {
  if (!isRunning(inside)) return;
  process.kill(inside.pid, "SIGKILL");
  await waitWhile(() => isRunning(inside), 10);
}

/** Removes what is left once no process of the sandbox lives. Harmless where nothing is left. */
export async function removeLeftovers(layout: Layout): Promise<void> {
  await endInside(readStatus(layout)?.inside);
  const slot = readSettings(layout)?.slot;
  // The kernel takes our link down with the namespace, a moment later. One that stays is a stranger's (a sandbox
  // of another cache folder got the slot), and so are the cgroups of that slot.
  const stranger = slot !== undefined && (await waitWhile(() => slotsOnMachine().includes(slot), 3));
  // Nothing of ours is mounted outside of our namespaces; removing what is mounted would remove the machine's files.
  for (const place of mountsBelow(layout.dir)) await run("umount", ["-l", place]);
  if (slot !== undefined && !stranger) await waitWhile(() => !removeCgroups(linkOf(slot).cgroup), 5);
  fs.rmSync(layout.run, { recursive: true, force: true });
}

function mountsBelow(folder: string): string[] {
  if (!fs.existsSync("/proc/self/mounts")) return [];
  const places = fs
    .readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  return places.filter((place) => place.startsWith(`${folder}/`)).reverse();
}

/** @returns whether it still holds when the time is up */
export async function waitWhile(condition: () => boolean, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (condition()) {
    if (Date.now() > end) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
