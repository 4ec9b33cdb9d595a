// The clouds' own programs, where this computer has them.
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { findCommand } from "../../src/kube/execCommand.ts";

/** Where a program is, as the product finds it. */
export function findHere(name: string): Promise<string | undefined> {
  return findCommand(name, "", { env: process.env, platform: process.platform });
}

/** Why tests of a program cannot run here, where they cannot. */
const missing: Readonly<Record<"aws" | "gcloud", string | undefined>> = {
  aws: await withoutAws(),
  gcloud: (await findHere("gcloud")) === undefined ? "gcloud is not on the PATH" : undefined,
};

async function withoutAws(): Promise<string | undefined> {
  const aws = await findHere("aws");
  if (aws === undefined) return "aws is not on the PATH";
  const said = await promisify(execFile)(aws, ["--version"]).catch(() => undefined);
  if (said === undefined) return "aws does not start";
  const [, major = 0, minor = 0] = (/^aws-cli\/(\d+)\.(\d+)/.exec(said.stdout) ?? []).map(Number);
  // Older ones would ask the real cloud.
  return minor < (major === 1 ? 29 : 13) ? `aws ${major}.${minor} knows no AWS_ENDPOINT_URL` : undefined;
}

const told = new Set<string>();

/** A test of a real program. Where that is missing, one row says so, once for all of its tests. */
export function itWith(program: keyof typeof missing, title: string, test: () => Promise<void>): void {
  const reason = missing[program];
  if (reason === undefined) it(title, test);
  else if (!told.has(program)) it.skip(`everything with ${program} (skipped: ${reason})`);
  told.add(program);
}
