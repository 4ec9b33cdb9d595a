import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { variablesText } from "../../src/provision/files/variables.ts";
import { legalGpuShapes } from "../../src/provision/plan/limits.ts";
import { skipBecause } from "../rings/skip.ts";
import { inMirror, mocksOf, planEach, PROVIDER } from "./mockedPlans.ts";
import { ensureTerraform } from "./program.ts";
import { providerFolder } from "./providers.ts";
import { terraform } from "./run.ts";
import { wishFor } from "./wishes.ts";

describe("the files with their provider", () => {
  for (const [cloud, region, gpu] of [
    ["gke", "us-central1", "nvidia-l4"],
    ["eks", "us-west-2", "L4"],
  ] as const) {
    const provider = PROVIDER[cloud];
    it(`are valid and, with a mocked ${provider}, come to what they should`, async function () {
      this.timeout(300_000);
      const mirror =
        (await providerFolder(provider)) ??
        skipBecause(this, `no ${provider} provider was found: name a mirror by TRAINYARD_TERRAFORM_PROVIDERS`);
      await inMirror(await ensureTerraform(), cloud, mirror, async (root, run) => {
        await fs.copyFile(path.join(import.meta.dirname, `${cloud}.tftest.hcl`), path.join(root, "all.tftest.hcl"));
        const shape = legalGpuShapes(cloud).find((of) => of.gpu === gpu);
        assert.ok(shape);
        const wish = wishFor(cloud, shape, shape.perNode[0] ?? 1, region);
        await fs.writeFile(path.join(root, "terraform.tfvars.json"), variablesText(wish));
        for (const command of ["init", "validate", "test"]) {
          const { code, out, err } = await run(command, "-no-color");
          assert.equal(code, 0, `terraform ${command}: ${out}${err}`);
        }
      });
    });
  }

  it("are planned with each of many values, and what is refused is counted", async () => {
    assert.match(await mocksOf("eks"), /^[^]*mock_provider "aws" \{[^]*\}\n$/);
    const [program, root] = [await ensureTerraform(), await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-each-"))];
    try {
      // A provider of Terraform's own stands for those that are not here.
      const rule = 'validation {\n    condition     = var.name != "b"\n    error_message = "Not that."\n  }';
      await fs.writeFile(
        path.join(root, "main.tf"),
        `variable "name" {\n  ${rule}\n}\nresource "terraform_data" "x" {}\n`,
      );
      const plan = (...names: string[]) =>
        planEach(
          root,
          (...args) => terraform(program, args, root),
          "",
          names.map((name) => ({ name })),
        );
      await terraform(program, ["init"], root);
      assert.deepEqual(await plan("a", "${path.module}", '%{if "'), { refused: 0, details: [] });
      const { refused, details } = await plan("a", "b", "c");
      assert.equal(refused, 2);
      assert.match(details[0] ?? "", /Not that\./);
    } finally {
      await fs.rm(root, { recursive: true, force: true });
    }
  });
});
