// The host ring: tests inside the extension host of a real VS Code, through @vscode/test-electron.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { runTests } from "@vscode/test-electron";
import esbuild from "esbuild";
import { buildExtension, COMMON, ROOT } from "../../scripts/build.ts";
import { buildJupyterStandIn, JUPYTER_ID } from "../jupyter/build.ts";
import { copyProject } from "../start/project.ts";

const files = process.argv.slice(2);
const out = path.join(ROOT, "out", "host");
await buildExtension();
await fs.rm(out, { recursive: true, force: true });
await esbuild.build({
  ...COMMON,
  stdin: {
    contents: [
      `import { runSuite } from "./test/host/suite.ts";`,
      `export const run = () => runSuite(() => { ${files.map((file) => `require(${JSON.stringify(`./${file}`)});`).join(" ")} });`,
    ].join("\n"),
    resolveDir: ROOT,
    loader: "ts",
  },
  outfile: path.join(out, "index.cjs"),
  external: ["vscode", "mocha"],
  sourcemap: "inline",
});
const jupyter = await buildJupyterStandIn(out);
const folder = await fs.mkdtemp(path.join(os.tmpdir(), "trainyard-host-"));
try {
  await runTests({
    vscodeExecutablePath: path.join(ROOT, "test", "editor", "code"),
    extensionDevelopmentPath: [ROOT, jupyter],
    extensionTestsPath: path.join(out, "index.cjs"),
    launchArgs: [
      copyProject(path.join(folder, "project")),
      "--disable-workspace-trust",
      `--enable-proposed-api=${JUPYTER_ID}`,
      `--user-data-dir=${path.join(folder, "user")}`,
      `--extensions-dir=${path.join(folder, "extensions")}`,
    ],
    extensionTestsEnv: { ...process.env, TRAINYARD_ROOT: ROOT, KUBECONFIG: process.env["TRAINYARD_KUBECONFIG"] },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await fs.rm(folder, { recursive: true, force: true });
}
