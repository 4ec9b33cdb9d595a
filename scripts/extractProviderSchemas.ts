// Extracts, from provider bindings on npm, the argument names of the resources that media/terraform uses. Run by hand when
// a resource is added: the packages are large, so what is needed of them is kept in test/provision/schemas.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type Names, readTerraform, type ProviderNames } from "../test/provision/argumentNames.ts";
import { ROOT } from "./build.ts";
import { run, step } from "./steps.mjs";

/** The oldest and the newest provider that the files allow, as far as npm has bindings. */
const PACKAGES = [
  { cloud: "gke", prefix: "google", name: "@cdktf/provider-google", version: "16.12.1", provider: "6.50.0" },
  { cloud: "eks", prefix: "aws", name: "@cdktf/provider-aws", version: "21.22.1", provider: "6.25.0" },
  { cloud: "eks", prefix: "aws", name: "@cdktn/provider-aws", version: "25.7.0", provider: "6.66.0" },
] as const;

type Package = (typeof PACKAGES)[number];

const NOTICE =
  "Names taken from the package named here, which is under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/), as is this file.";

async function extract(of: Package, scratch: string): Promise<ProviderNames> {
  const used = await readTerraform(path.join(ROOT, "media", "terraform", of.cloud));
  const packed = await run("npm", ["pack", "--silent", `${of.name}@${of.version}`], { cwd: scratch });
  const archive = packed.trim().split("\n").at(-1) ?? "";
  const into = path.join(scratch, archive.replace(/\.tgz$/, ""));
  await fs.mkdir(into);
  const folders = {
    resource: new Map([...used.resources].map((type) => [type, folderOf(type, of.prefix)])),
    data: new Map([...used.data].map((type) => [type, `data-${of.prefix}-${folderOf(type, of.prefix)}`])),
  };
  const all = ["provider", ...folders.resource.values(), ...folders.data.values()];
  const listed = await run("tar", ["tzf", path.join(scratch, archive)]);
  const files = listed
    .split("\n")
    .filter((file) => all.some((folder) => file.startsWith(`package/lib/${folder}/`) && file.endsWith(".js")));
  await run("tar", ["xzf", path.join(scratch, archive), "-C", into, ...files]);
  const read = (folder: string) => namesOf(path.join(into, "package", "lib", folder));
  const every = async (of: ReadonlyMap<string, string>) =>
    Object.fromEntries(await Promise.all([...of].map(async ([type, folder]) => [type, await read(folder)] as const)));
  return {
    notice: NOTICE,
    package: `${of.name} ${of.version}`,
    provider: `${of.prefix} ${of.provider}`,
    extracted: new Date().toISOString().slice(0, 10),
    block: { [of.prefix]: await read("provider") },
    resources: await every(folders.resource),
    data: await every(folders.data),
  };
}

/** `container-node-pool` for `google_container_node_pool`. */
function folderOf(type: string, prefix: string): string {
  return type.slice(prefix.length + 1).replaceAll("_", "-");
}

/** One entry of an attribute table in the bindings: whether it is a block, and which function writes the block. */
interface Entry {
  readonly name: string;
  readonly block: boolean;
  readonly writer: string;
}

/** Every table in the scripts of a folder, by the function that holds it; the resource's own is under "". */
async function tablesOf(folder: string): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const files = (await fs.readdir(folder, { recursive: true })).filter((file) => file.endsWith(".js"));
  const tables = new Map<string, Entry[]>();
  for (const file of files) {
    let table: Entry[] | undefined;
    let name = "";
    let writer = "";
    for (const line of (await fs.readFile(path.join(folder, file), "utf8")).split("\n")) {
      const opened = /^(?:function (\w+)ToHclTerraform\(|\s+synthesizeHclAttributes\()/.exec(line);
      if (opened !== null) tables.set(opened[1] ?? "", (table = []));
      else if (/^\S|^ {4}\w+\(/.test(line)) table = undefined;
      name = /^\s+"?(\w+)"?: \{$/.exec(line)?.[1] ?? name;
      // The outer call may be a mapper over a list, whose own name ends otherwise.
      writer = /^\s+value: .*?(\w+)ToHclTerraform/.exec(line)?.[1] ?? writer;
      const [, block] = /^\s+isBlock: (true|false),/.exec(line) ?? [];
      if (block !== undefined) table?.push({ name, writer, block: block === "true" });
    }
  }
  return tables;
}

async function namesOf(folder: string): Promise<Names> {
  const tables = await tablesOf(folder);
  const resolve = (owner: string): Names => {
    const entries = tables.get(owner);
    if (entries === undefined)
      throw new Error(`${folder} has no table for "${owner}": the bindings look different now.`);
    const blocks = entries.filter((entry) => entry.block);
    return {
      arguments: entries.filter((entry) => !entry.block).map((entry) => entry.name),
      ...(blocks.length > 0 && {
        blocks: Object.fromEntries(blocks.map((entry) => [entry.name, resolve(entry.writer)])),
      }),
    };
  };
  return resolve("");
}

const scratch = await fs.mkdtemp(path.join(os.tmpdir(), "schemas-"));
try {
  for (const of of PACKAGES) {
    const file = path.join(ROOT, "test", "provision", "schemas", `${of.prefix}-${of.provider}.json`);
    await step(path.relative(ROOT, file), async () => {
      const names = await extract(of, scratch);
      await fs.mkdir(path.dirname(file), { recursive: true });
      await fs.writeFile(file, `${JSON.stringify(names)}\n`);
      await run(process.execPath, [
        path.join(ROOT, "node_modules", "prettier", "bin", "prettier.cjs"),
        "--write",
        file,
      ]);
    });
  }
} finally {
  await fs.rm(scratch, { recursive: true, force: true });
}
