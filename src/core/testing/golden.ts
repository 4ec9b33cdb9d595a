import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const GOLDEN = join(process.cwd(), "test", "golden");

/** Compares with test/golden/<name>.yaml; UPDATE_GOLDEN=1 writes it. */
export function assertGolden(name: string, text: string): void {
  const file = join(GOLDEN, `${name}.yaml`);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, "utf8"));
}
