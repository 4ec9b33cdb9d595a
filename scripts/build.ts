// Builds the extension's bundles. `dist/extension.js` is what every window loads: it must stay small, so everything
// that talks to clusters is a second bundle, required on first use.
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import esbuild, { type BuildOptions, type Plugin } from "esbuild";

export const ROOT = path.dirname(import.meta.dirname);

/** Modules that are bundles of their own: their dynamic `import` becomes a `require` of the file beside. */
const LAZY: readonly (readonly [module: RegExp, file: string])[] = [
  [/\/commands\/handlers\.ts$|^\.\/handlers\.ts$/, "./commands.js"],
  [/\/engine\.ts$/, "./kube.js"],
  [/\/streams\/index\.ts$/, "./streams.js"],
  [/\/panels\/wizardPanel\.ts$/, "./panels.js"],
  [/\/panels\/curvesPanel\.ts$/, "./curves.js"],
  [/\/panels\/jobPanel\.ts$/, "./job.js"],
  [/\/panels\/pipelinePages\.ts$/, "./pipelines.js"],
  [/\/panels\/failedPage\.ts$/, "./failed.js"],
  [/\/panels\/notebookFormPanel\.ts$/, "./notebookForm.js"],
  [/\/provision\/provisioning\.ts$/, "./provisioning.js"],
  [/\/install\/installers\.ts$/, "./install.js"],
];

/** Pages: a folder of webview/ each, with its script and its style sheet. */
const PAGES = ["wizard", "curves", "job", "runForm", "notebookForm", "pipeline"] as const;

const lazyBundles: Plugin = {
  name: "lazy-bundles",
  setup(build) {
    for (const [filter, file] of LAZY)
      build.onResolve({ filter }, ({ kind }) =>
        kind === "dynamic-import" ? { path: file, external: true } : undefined,
      );
  },
};

/**
 * Client-node's exec and port-forward import the generated API classes, 1.4 MB that only forwarding to a Service by name
 * needs, which nothing here does: an empty module stands for them. With them goes undici, which on loading takes the
 * process-wide `fetch` over; should something bring it back, the bundle cannot be loaded, and every test says so.
 */
const stubs: Plugin = {
  name: "stubs",
  setup(build) {
    build.onResolve({ filter: /^undici$|^\.\/gen\/index\.js$/ }, ({ path: name }) => ({
      path: name,
      namespace: "stub",
    }));
    build.onLoad({ filter: /^undici$/, namespace: "stub" }, () => ({
      contents: `throw new Error("undici has no place in this bundle");`,
    }));
    build.onLoad({ filter: /index\.js$/, namespace: "stub" }, () => ({ contents: "module.exports = {};" }));
  },
};

export const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node22",
  // Dynamic imports become require: one bundle is loaded where it is asked for, in one step.
  supported: { "dynamic-import": false },
  external: ["vscode"],
  legalComments: "none",
  sourcesContent: false,
  logLevel: "warning",
};

/** Builds into `outdir`; minified as it ships unless `debug`. Returns the metafiles for notices and size checks. */
export async function buildExtension(outdir = path.join(ROOT, "dist"), debug = false): Promise<esbuild.Metafile[]> {
  await fs.rm(outdir, { recursive: true, force: true });
  const bundles: [string, string, Plugin[]][] = [
    ["src/extension.ts", "extension.js", [lazyBundles]],
    ["src/commands/handlers.ts", "commands.js", [lazyBundles]],
    ["src/engine.ts", "kube.js", [lazyBundles]],
    ["src/kube/streams/index.ts", "streams.js", [stubs]],
    ["src/panels/wizardPanel.ts", "panels.js", [lazyBundles]],
    ["src/panels/curvesPanel.ts", "curves.js", [lazyBundles]],
    ["src/panels/jobPanel.ts", "job.js", [lazyBundles]],
    ["src/panels/pipelinePages.ts", "pipelines.js", [lazyBundles]],
    ["src/panels/failedPage.ts", "failed.js", [lazyBundles]],
    ["src/panels/notebookFormPanel.ts", "notebookForm.js", [lazyBundles]],
    ["src/provision/provisioning.ts", "provisioning.js", [lazyBundles]],
    ["src/install/installers.ts", "install.js", [lazyBundles]],
    ["src/provision/terraform/keeper.ts", "keeper.js", []],
  ];
  const metafiles: esbuild.Metafile[] = [];
  for (const [entry, file, plugins] of bundles) {
    const { metafile } = await esbuild.build({
      ...COMMON,
      entryPoints: [entry],
      outfile: path.join(outdir, file),
      plugins,
      minify: !debug,
      sourcemap: debug ? "linked" : false,
      metafile: true,
    });
    metafiles.push(metafile);
  }
  metafiles.push(await buildPages(path.join(outdir, "webview"), debug));
  await fs.writeFile(path.join(outdir, "THIRD_PARTY_NOTICES.txt"), await notices(metafiles));
  return metafiles;
}

/** Builds every page's script and style sheet into `outdir`. The browser is the one of the oldest supported editor. */
export async function buildPages(outdir: string, debug = false): Promise<esbuild.Metafile> {
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    bundle: true,
    platform: "browser",
    format: "iife",
    target: "chrome142",
    legalComments: "none",
    logLevel: "warning",
    entryPoints: PAGES.flatMap((page) => [
      { in: `webview/${page}/main.ts`, out: page },
      { in: `webview/${page}/${page}.css`, out: page },
    ]),
    outdir,
    minify: !debug,
    sourcemap: debug ? "inline" : false,
    metafile: true,
  });
  return metafile;
}

/** The licence texts of every package that went into a bundle. */
async function notices(metafiles: readonly esbuild.Metafile[]): Promise<string> {
  const folders = new Set<string>();
  for (const input of metafiles.flatMap((metafile) => Object.keys(metafile.inputs))) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1] !== undefined) folders.add(match[1]);
  }
  const parts = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await fs.readFile(path.join(ROOT, folder, "package.json"), "utf8"),
      ) as Record<string, string>;
      const files = (await fs.readdir(path.join(ROOT, folder)))
        .filter((file) => /^(licen[cs]e|notice)/i.test(file))
        .sort();
      const texts = await Promise.all(files.map((file) => fs.readFile(path.join(ROOT, folder, file), "utf8")));
      return `${name} ${version} (${license})\n\n${texts.map((text) => text.trim()).join("\n\n")}`;
    }),
  );
  return `Trainyard for Kubeflow contains the following packages.\n\n${parts.join(`\n\n${"-".repeat(78)}\n\n`)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const metafiles = await buildExtension(undefined, process.argv.includes("--debug"));
  for (const metafile of metafiles) {
    for (const [file, { bytes }] of Object.entries(metafile.outputs))
      console.log(`${file}  ${(bytes / 1000).toFixed(1)} KB`);
  }
}
