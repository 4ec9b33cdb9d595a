import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { errorCode, unlessMissing } from "../../core/errors.ts";
import { isAlive } from "./processes.ts";

const ProcessSchema = v.object({ pid: v.pipe(v.number(), v.integer()), start: v.string() });

/** Who holds something; more may be written beside these. */
export const ClaimSchema = v.looseObject({
  owner: ProcessSchema,
  /** What the owner started, which holds it as well when the owner has gone. */
  child: v.optional(ProcessSchema),
  /** Given back. */
  exit: v.optional(v.unknown()),
});
export type Claim = v.InferOutput<typeof ClaimSchema>;

const KEPT = 20;
/** A file that was made and not yet written is read again for this long, in ms. */
const HALF_WRITTEN_MS = 1_000;

/**
 * Takes what one process at a time may have: makes `<name>-<n>.json` with the claim, n being one more than the last. The
 * last of the numbers counts: while its owner or child lives and it says no `exit`, nobody else gets one. Files are never
 * taken over, so that two who find the same owner dead cannot both win. Undefined where it is held.
 */
export async function take(folder: string, name: string, claim: Claim): Promise<number | undefined> {
  for (;;) {
    const last = (await numbers(folder, name)).at(-1) ?? 0;
    if (last > 0 && (await isHeld(await readClaim(claimFile(folder, name, last))))) return undefined;
    const own = last + 1;
    if (!(await createNew(claimFile(folder, name, own), claim))) continue;
    const now = await numbers(folder, name);
    if (now.at(-1) === own) {
      await prune(folder, name, now);
      return own;
    }
    // Somebody who came later was quicker, and what stood here had been cleared away.
    await rm(claimFile(folder, name, own), { force: true });
  }
}

export function claimFile(folder: string, name: string, number: number): string {
  return path.join(folder, `${name}-${number}.json`);
}

/** Ascending. */
export async function numbers(folder: string, name: string): Promise<number[]> {
  const found = ((await readdir(folder).catch(unlessMissing)) ?? []).flatMap((file) => {
    const digits = file.startsWith(`${name}-`) && /^(\d{1,9})\.json$/.exec(file.slice(name.length + 1))?.[1];
    return digits ? [Number(digits)] : [];
  });
  return found.sort((a, b) => a - b);
}

/**
 * The claim as JSON of another form; undefined where there is none, or not a whole one, as after a full disk. Rejects where
 * the file system refuses it: who holds it is not known then.
 */
export async function readClaim(file: string): Promise<Claim | undefined> {
  let refused: unknown;
  for (let waited = 0; waited < HALF_WRITTEN_MS; waited += 50) {
    try {
      const { success, output } = v.safeParse(ClaimSchema, JSON.parse(await readFile(file, "utf8")));
      return success ? output : undefined;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      refused = error;
      await delay(50);
    }
  }
  if (errorCode(refused) !== undefined) throw refused;
  return undefined;
}

export async function isHeld(claim: Claim | undefined): Promise<boolean> {
  if (claim === undefined || claim.exit !== undefined) return false;
  return (await isAlive(claim.owner)) || (claim.child !== undefined && (await isAlive(claim.child)));
}

async function createNew(file: string, claim: Claim): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(claim), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function prune(folder: string, name: string, all: readonly number[]): Promise<void> {
  const old = new Set(all.slice(0, -KEPT).map((number) => `${name}-${number}`));
  if (old.size === 0) return;
  for (const file of await readdir(folder))
    if (old.has(file.replace(/\.[a-z]+$/, ""))) await rm(path.join(folder, file), { force: true });
}
