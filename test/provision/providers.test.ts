import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { variablesText } from "../../src/provision/files/variables.ts";
import { legalGpuShapes } from "../../src/provision/plan/limits.ts";
import { skipBecause } from "../rings/skip.ts";
import { ensureTerraform } from "./program.ts";
import { providerFolder } from "./providers.ts";
import { terraform } from "./run.ts";
import { wishFor } from "./wishes.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");

describe("the files with their provider", () => {
  for (const [cloud, provider, region, gpu] of [
    ["gke", "google", "us-central1", "nvidia-l4"],
    ["eks", "aws", "us-west-2", "L4"],
  ] as const) {
    it(`are valid and, with a mocked ${provider}, come to what they should`, async function () {
      this.timeout(300_000);
      const providers = await providerFolder(provider);
      if (providers === undefined)
        skipBecause(this, `no ${provider} provider was found: name a mirror by TRAINYARD_TERRAFORM_PROVIDERS`);
      const program = await ensureTerraform();
      const root = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-provider-"));
      try {
        await fs.cp(path.join(ROOT, "media", "terraform", cloud), root, { recursive: true });
        await fs.copyFile(path.join(import.meta.dirname, `${cloud}.tftest.hcl`), path.join(root, "all.tftest.hcl"));
        const shape = legalGpuShapes(cloud).find((of) => of.gpu === gpu);
        assert.ok(shape);
        const wish = wishFor(cloud, shape, shape.perNode[0] ?? 1, region);
        await fs.writeFile(path.join(root, "terraform.tfvars.json"), variablesText(wish));
        const config = path.join(root, "cli.tfrc");
        await fs.writeFile(
          config,
          `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(providers)}\n  }\n}\n`,
        );
        for (const argv of [
          ["init", "-input=false", "-no-color"],
          ["validate", "-no-color"],
          ["test", "-no-color"],
        ]) {
          const { code, out, err } = await terraform(program, argv, root, config);
          assert.equal(code, 0, `terraform ${argv.join(" ")}: ${out}${err}`);
        }
      } finally {
        await fs.rm(root, { recursive: true, force: true });
      }
    });
  }
});
