import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { hclString } from "../../src/provision/files/backend.ts";
import { ensureTerraform } from "./program.ts";
import { terraform } from "./run.ts";

const TEXTS = ["${path.module}", "%{if true}x%{endif}", 'a"b', "back\\slash", "$${x}", "%%{x}", "ends$", "\\${x}", "%${x}", "$$"]; // prettier-ignore

describe("a person's words in backend.tf", () => {
  it("mean to Terraform exactly what they were", async function () {
    this.timeout(1_200_000);
    const program = await ensureTerraform();
    const root = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-words-"));
    try {
      const blocks = TEXTS.map((text, index) => `output "o${index}" {\n  value = ${hclString(text)}\n}\n`);
      await fs.writeFile(path.join(root, "main.tf"), blocks.join(""));
      const { code, err } = await terraform(program, ["apply", "-auto-approve", "-input=false"], root);
      assert.equal(code, 0, err);
      const { out } = await terraform(program, ["output", "-json"], root);
      const values = JSON.parse(out) as Record<string, { value: string }>;
      assert.deepEqual(TEXTS.map((_, index) => values[`o${index}`]?.value), TEXTS); // prettier-ignore
    } finally {
      await fs.rm(root, { recursive: true, force: true });
    }
  });
});
