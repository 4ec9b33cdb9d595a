import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";

/**
 * Replaces a file whole: written aside, synced, renamed. After a crash there is the old text or the new one, never half
 * of one. Its folder is made where it is missing. Readable by the person alone unless `mode` says otherwise. Rejects with
 * the file system's error.
 */
export async function writeWhole(file: string, text: string, mode = 0o600): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const aside = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const handle = await open(aside, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Makes the rename itself durable. Windows cannot open a folder, and does without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {
    // The file itself is written.
  }
}
