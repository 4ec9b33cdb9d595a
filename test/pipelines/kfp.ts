// A Python as a person has it who writes pipelines: the real SDK, and what the sample's steps import.
import path from "node:path";
import { cached } from "../../scripts/cache.mjs";
import { run } from "../../scripts/steps.mjs";
import { findProgram } from "../sandbox/machine.ts";

/** From PyPI, pinned on 2026-11-30; black, since what is generated is formatted as it would be. */
const NEWEST = [
  ...["kfp==2.17.3", "kfp-kubernetes==2.17.3"],
  ...["numpy==2.4.6", "scikit-learn==1.9.1", "joblib==1.6.0", "black==26.10.1"],
];
/** It imports setuptools without saying so. */
const OLDER = ["kfp==2.4.0", "setuptools==80.9.0"];

/** @returns the variables that tell tests of them. Rejects where the machine has no Python that can make environments. */
export async function ensureKfp(): Promise<Readonly<Record<string, string>>> {
  return {
    TRAINYARD_KFP_PYTHON: await environment(NEWEST, "import kfp.compiler, kfp.dsl, kfp.kubernetes, sklearn"),
    TRAINYARD_KFP_OLDER_PYTHON: await environment(OLDER, "import kfp.compiler, kfp.dsl"),
  };
}

async function environment(packages: readonly string[], program: string): Promise<string> {
  const base = findProgram("python3");
  if (base === undefined)
    throw new Error("Tests of pipelines need Python 3.11 or newer: install python3 with its venv.");
  // It is run as `python -m …` alone: its scripts name the place where it was made.
  const venv = await cached("kfp-python", { packages, base, recipe: 2 }, async (dir) => {
    await run(base, ["-m", "venv", dir]);
    const python = path.join(dir, "bin", "python");
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
    // Imported once: its byte code is there for everybody.
    await run(python, ["-c", program]);
  });
  return path.join(venv, "bin", "python");
}
