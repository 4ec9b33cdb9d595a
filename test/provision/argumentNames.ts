// Whether the arguments in a folder of .tf files are ones that a provider has. Names and their places only: types and
// values need the provider itself.
import fs from "node:fs/promises";
import path from "node:path";
import { parse } from "./hcl.ts";

/** Arguments and nested blocks of a resource or of a block in it. */
export interface Names {
  readonly arguments: readonly string[];
  readonly blocks?: Readonly<Record<string, Names>>;
}

export interface ProviderNames {
  readonly notice: string;
  readonly package: string;
  readonly provider: string;
  readonly extracted: string;
  readonly block: Readonly<Record<string, Names>>;
  readonly resources: Readonly<Record<string, Names>>;
  readonly data: Readonly<Record<string, Names>>;
}

type Tree = Readonly<Record<string, unknown>>;

/** A resource, a data source or a provider as it is written. */
interface Written {
  readonly kind: "provider" | "resource" | "data";
  readonly type: string;
  /** `main.tf: google_container_cluster.this` */
  readonly at: string;
  readonly body: Tree;
}

/** What Terraform itself reads in every resource. */
const EVERYWHERE = new Set(["count", "for_each", "depends_on", "provider", "lifecycle", "provisioner", "connection"]);

export async function readTerraform(folder: string): Promise<{
  readonly written: readonly Written[];
  readonly resources: ReadonlySet<string>;
  readonly data: ReadonlySet<string>;
}> {
  const names = (await fs.readdir(folder)).filter((name) => name.endsWith(".tf"));
  const texts = await Promise.all(
    names.map(async (name) => [name, await fs.readFile(path.join(folder, name), "utf8")] as const),
  );
  const written = (await Promise.all(texts.map(([name, text]) => readText(name, text)))).flat();
  const types = (kind: string) => new Set(written.filter((one) => one.kind === kind).map(({ type }) => type));
  return { written, resources: types("resource"), data: types("data") };
}

/** Rejects for text that is not HCL. */
export async function readText(name: string, text: string): Promise<readonly Written[]> {
  const tree = await parse(name, text);
  const providers = entries(tree["provider"]).flatMap(([type, bodies]) =>
    each(bodies).map((body) => ({ kind: "provider" as const, type, at: `${name}: provider ${type}`, body })),
  );
  const named = (["resource", "data"] as const).flatMap((kind) =>
    entries(tree[kind]).flatMap(([type, all]) =>
      entries(all).flatMap(([label, bodies]) =>
        each(bodies).map((body) => ({
          kind,
          type,
          at: `${name}: ${kind === "data" ? "data." : ""}${type}.${label}`,
          body,
        })),
      ),
    ),
  );
  return [...providers, ...named];
}

/** How many names were checked, and those that the provider does not have, each with its place. */
export function checkNames(
  written: readonly Written[],
  provider: ProviderNames,
): { checked: number; unknown: string[] } {
  const found = { checked: 0, unknown: new Array<string>() };
  const walk = (body: Tree, names: Names, at: string): void => {
    for (const [name, value] of Object.entries(body)) {
      if (EVERYWHERE.has(name)) continue;
      if (name === "dynamic") {
        for (const [block, all] of entries(value))
          for (const one of each(all)) walk({ [block]: one["content"] }, names, at);
        continue;
      }
      found.checked += 1;
      const block = names.blocks?.[name];
      if (block !== undefined && Array.isArray(value))
        for (const inner of each(value)) walk(inner, block, `${at}.${name}`);
      else if (!names.arguments.includes(name)) found.unknown.push(`${at}.${name}`);
    }
  };
  for (const { kind, type, at, body } of written) {
    const names = { provider: provider.block, resource: provider.resources, data: provider.data }[kind][type];
    if (names === undefined) found.unknown.push(at);
    else walk(body, names, at);
  }
  return found;
}

function entries(value: unknown): readonly (readonly [string, unknown])[] {
  return isTree(value) ? Object.entries(value) : [];
}

function each(value: unknown): readonly Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
