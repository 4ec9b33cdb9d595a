// Packs the VSIX and checks what is in it: exactly the files of the allow-list, and bundles within their size.
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { run } from "./steps.mjs";
import { buildExtension, ROOT } from "./build.ts";

/** What a window loads at start may weigh at most, in bytes. */
export const EXTENSION_LIMIT = 150_000;

/** Files that ship, as they are named in .vscodeignore. `vsce` adds its own two, and renames LICENSE. */
async function allowed(): Promise<Set<string>> {
  const lines = (await fs.readFile(path.join(ROOT, ".vscodeignore"), "utf8")).split("\n");
  const named = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1).trim());
  return new Set(named);
}

/** Builds and packs; returns the VSIX's path. Rejects where a file is there that must not ship, or one is missing. */
export async function packageExtension(out = path.join(ROOT, "out", "trainyard.vsix")): Promise<string> {
  await buildExtension();
  const { size } = await fs.stat(path.join(ROOT, "dist", "extension.js"));
  if (size > EXTENSION_LIMIT) throw new Error(`dist/extension.js has ${size} bytes; ${EXTENSION_LIMIT} are allowed`);
  await fs.mkdir(path.dirname(out), { recursive: true });
  const vsce = path.join(ROOT, "node_modules", "@vscode", "vsce", "vsce");
  const listed = await run(process.execPath, [vsce, "ls", "--no-dependencies"], { cwd: ROOT });
  const files = new Set(
    listed
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
  const wanted = await allowed();
  // Every bundle is there for somebody: one that was forgotten in the list fails when it is first needed.
  for (const name of await fs.readdir(path.join(ROOT, "dist"), { recursive: true }))
    if (/\.(js|css)$/.test(name)) wanted.add(path.posix.join("dist", name.replaceAll(path.sep, "/")));
  const extra = [...files].filter((file) => !wanted.has(file));
  const missing = [...wanted].filter((file) => !files.has(file));
  if (extra.length > 0 || missing.length > 0) {
    throw new Error(
      `The VSIX would not hold what it should. Too much: ${extra.join(", ") || "nothing"}. Missing: ${missing.join(", ") || "nothing"}.`,
    );
  }
  const flags = ["--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links"];
  await run(process.execPath, [vsce, "package", ...flags, "--out", out], { cwd: ROOT });
  return out;
}

if (process.argv[1] === import.meta.filename) {
  const vsix = await packageExtension();
  const { size } = await fs.stat(vsix);
  console.log(`${path.relative(ROOT, vsix)}  ${(size / 1000).toFixed(0)} KB`);
}
