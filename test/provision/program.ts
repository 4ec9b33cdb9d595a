// The Terraform that tests run: the machine's own, else one that is built from its Go module. Nothing here reaches a
// registry of Terraform's.
import process from "node:process";
import { findProgram } from "../sandbox/machine.ts";
import { toolProgram } from "../sandbox/parts/golang.ts";

/** Go module github.com/hashicorp/terraform v1.11.4 (go/terraform/go.mod): the newest whose backends' own modules, which its archive lacks, resolve by the commit of its release. */
const TERRAFORM = "github.com/hashicorp/terraform";

/** Go module github.com/opentofu/opentofu v1.12.6 (go/opentofu/go.mod); needs Go 1.26.6. */
const OPENTOFU = "github.com/opentofu/opentofu/cmd/tofu";

/** Path of a Terraform: TRAINYARD_TERRAFORM, the PATH's, else built (four CPU minutes once). Rejects where that fails. */
export async function ensureTerraform(): Promise<string> {
  return foundTerraform() ?? (await toolProgram("terraform", TERRAFORM, "terraform"));
}

/** Path of an OpenTofu: TRAINYARD_TOFU, the PATH's, else built (five CPU minutes once). Rejects where that fails. */
export async function ensureTofu(): Promise<string> {
  return foundTofu() ?? (await toolProgram("opentofu", OPENTOFU, "opentofu"));
}

/** A Terraform that is there, or undefined. */
export function foundTerraform(): string | undefined {
  return process.env["TRAINYARD_TERRAFORM"] ?? findProgram("terraform");
}

/** An OpenTofu that is there, or undefined. */
export function foundTofu(): string | undefined {
  return process.env["TRAINYARD_TOFU"] ?? findProgram("tofu");
}
