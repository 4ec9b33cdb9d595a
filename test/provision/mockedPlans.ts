// Our files with the provider that they are for, which makes nothing: `terraform test` with mocks.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Cloud } from "../../src/provision/plan/catalogue/shapes.ts";
import { type Ended, errorsIn, terraform } from "./run.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");

export const PROVIDER = { gke: "google", eks: "aws" } as const;

/** Terraform by its arguments, in one folder. */
type Run = (...args: readonly string[]) => Promise<Ended>;

/** Works in a copy of the cloud's files whose provider comes from a mirror. */
export async function inMirror<T>(
  program: string,
  cloud: Cloud,
  mirror: string,
  work: (root: string, run: Run) => Promise<T>,
): Promise<T> {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-provider-"));
  try {
    await fs.cp(path.join(ROOT, "media", "terraform", cloud), root, { recursive: true });
    const config = path.join(root, "cli.tfrc");
    const from = `filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }`;
    await fs.writeFile(config, `provider_installation {\n  ${from}\n}\n`);
    return await work(root, (...args) => terraform(program, args, root, config));
  } finally {
    await fs.rm(root, { recursive: true, force: true });
  }
}

/** The mocks of a cloud's provider. */
export async function mocksOf(cloud: Cloud): Promise<string> {
  const text = await fs.readFile(path.join(import.meta.dirname, `${cloud}.tftest.hcl`), "utf8");
  return text.slice(0, text.indexOf('\nrun "'));
}

/**
 * Plans the files of a folder with each of these contents of terraform.tfvars.json. `refused`: how many came to no plan; the
 * first that fails takes those after it along. `details`: what Terraform said.
 */
export async function planEach(
  root: string,
  run: Run,
  mocks: string,
  all: readonly Readonly<Record<string, unknown>>[],
): Promise<{ readonly refused: number; readonly details: readonly string[] }> {
  // A string of HCL is one of JSON in which `${` and `%{` are doubled.
  const hcl = (value: unknown): string => JSON.stringify(value).replace(/([$%])\{/g, "$1$1{");
  const runs = all.map((values, at) => {
    const lines = Object.entries(values).map(([name, value]) => `    ${name} = ${hcl(value)}`);
    return `run "c${at}" {\n  command = plan\n  variables {\n${lines.join("\n")}\n  }\n}\n`;
  });
  await fs.writeFile(path.join(root, "each.tftest.hcl"), [mocks, ...runs].join("\n"));
  const { out, err } = await run("test", "-json", "-filter=each.tftest.hcl");
  const passed = Number(/"type":"test_summary"/.test(out) ? /"passed":(\d+)/.exec(out)?.[1] : NaN);
  if (Number.isNaN(passed)) throw new Error(`terraform test ended without a summary: ${err}`);
  const details = errorsIn(out).map(({ summary, detail }) => `${summary}: ${detail}`);
  return { refused: all.length - passed, details };
}
