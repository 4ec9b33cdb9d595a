import fs from "node:fs";
import path from "node:path";
import { ROOT } from "../../scripts/build.ts";

/** Image of the sandbox that has Python and PyTorch. */
export const TORCH_IMAGE = "trainyard.local/torch:2";
/** A namespace that every sandbox has. */
export const NAMESPACE = "team-a";

/** A copy of the sample project that a person, or a test, may change. An existing copy stays as it is. */
export function copyProject(into: string): string {
  if (!fs.existsSync(into)) fs.cpSync(path.join(ROOT, "test", "project"), into, { recursive: true });
  return into;
}

/**
 * A setting of machine scope counts in a browser-hosted editor only from the machine's own file: from the person's it
 * is taken until the extension has registered it, and dropped as soon as the settings are read again.
 */
export function writeMachineSettings(userDataDir: string, settings: Readonly<Record<string, unknown>>): void {
  const file = path.join(userDataDir, "Machine", "settings.json");
  if (fs.existsSync(file)) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(settings, undefined, 2));
}

/** Settings of the editor that make the sample project run on the sandbox without a word from anybody. */
export const SANDBOX_SETTINGS = { "trainyard.job.image": TORCH_IMAGE } as const;
