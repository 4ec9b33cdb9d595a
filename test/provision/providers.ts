// Providers that this machine happens to have, as folders that Terraform installs from. Nothing is downloaded.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";

/** A mirror with the provider `hashicorp/<name>` for this platform, or undefined. */
export async function providerFolder(name: string): Promise<string | undefined> {
  const named = ["TRAINYARD_TERRAFORM_PROVIDERS", "TF_PLUGIN_CACHE_DIR"].flatMap((key) => process.env[key] ?? []);
  const usual = [
    path.join(os.homedir(), ".terraform.d", "plugins"),
    path.join(os.homedir(), ".local", "share", "terraform", "plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ];
  const platform = `${process.platform === "win32" ? "windows" : process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  for (const folder of [...named, ...usual]) {
    const provider = path.join(folder, "registry.terraform.io", "hashicorp", name);
    for (const version of await namesIn(provider))
      if ((await namesIn(path.join(provider, version, platform))).length > 0) return folder;
  }
  return undefined;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await fs.readdir(folder);
  } catch {
    // Not there: this folder has no provider.
    return [];
  }
}
