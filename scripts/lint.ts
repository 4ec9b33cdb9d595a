// The checks that need no cluster and no editor: types, lint, format, unused code, layout of the words for translation.
import path from "node:path";
import process from "node:process";
import { ROOT } from "./build.ts";
import { run, step } from "./steps.mjs";

const bin = (...parts: string[]): string => path.join(ROOT, "node_modules", ...parts);

/** Name and arguments of each check; all run under the project's Node. */
export const CHECKS: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: "types", argv: [bin("typescript", "bin", "tsc"), "--noEmit", "-p", "."] },
  { name: "types of pages", argv: [bin("typescript", "bin", "tsc"), "--noEmit", "-p", "webview"] },
  { name: "lint", argv: [bin("eslint", "bin", "eslint.js"), ".", "--max-warnings", "0"] },
  { name: "format", argv: [bin("prettier", "bin", "prettier.cjs"), "--check", "--log-level", "warn", "."] },
  { name: "unused code", argv: [bin("knip", "bin", "knip.js")] },
];

export function runCheck(argv: readonly string[]): Promise<string> {
  return run(process.execPath, argv, { cwd: ROOT });
}

if (process.argv[1] === import.meta.filename) {
  let failed = false;
  for (const { name, argv } of CHECKS) {
    try {
      await step(name, () => runCheck(argv));
    } catch (error) {
      failed = true;
      console.error(error instanceof Error ? error.message : error);
    }
  }
  process.exitCode = failed ? 1 : 0;
}
