// Where each ring finds its tests, what it needs first, and how it is started.
import path from "node:path";
import process from "node:process";
import { ROOT } from "../../scripts/build.ts";
import { packageExtension } from "../../scripts/package.ts";
import { ensureBrowser, ensureEditor, OLDEST_EDITOR_VERSION } from "../editor/install.ts";
import { NODE_OPTIONS } from "../mutation/options.ts";
import { ensureKfp } from "../pipelines/kfp.ts";
import { ensureImageTools } from "../images/tools.ts";
import { ensureTerraform, ensureTofu } from "../provision/program.ts";
import { ensureSandbox, stopSandbox } from "../sandbox/sandbox.ts";

export interface Ring {
  readonly name: string;
  /** Globs from the checkout's root. */
  readonly files: readonly string[];
  /** Arguments of Node that run these files. */
  readonly argv: (files: readonly string[]) => readonly string[];
  /** Gets the ring's parts, while earlier rings run; resolves to variables for its tests. */
  readonly prepare?: (full: boolean) => Promise<Readonly<Record<string, string>>>;
  readonly cleanUp?: () => Promise<void>;
  /** Only in `npm run test:full`, or when it is named. */
  readonly fullOnly?: boolean;
}

const mocha = (timeoutMs: number) => (files: readonly string[]) => [
  path.join(ROOT, "test", "rings", "mocha.ts"),
  String(timeoutMs),
  ...files,
];

/** The sandbox of the tests: its own name and a fresh etcd, so that a person's `dev` is never touched. */
const SANDBOX = "test";
let sandbox: Promise<Readonly<Record<string, string>>> | undefined;

function testSandbox(full: boolean): Promise<Readonly<Record<string, string>>> {
  // TRAINYARD_PIPELINES=off leaves Kubeflow Pipelines out, and its tests with it.
  const pipelines = full ? (["pipelines", "argo"] as const) : (["pipelines"] as const);
  const extras = process.env["TRAINYARD_PIPELINES"] === "off" ? [] : pipelines;
  const options = { name: SANDBOX, fresh: true, with: extras, onProgress: (line: string) => console.log(line) };
  return (sandbox ??= ensureSandbox(options).then((made) => ({
    TRAINYARD_KUBECONFIG: made.kubeconfig,
    TRAINYARD_KUBECONFIG_NARROW: made.narrowKubeconfig,
    TRAINYARD_KUBECONFIG_READER: made.readerKubeconfig,
  })));
}

/** One after the other: both want the package manager of the system. */
let editor: Promise<void> | undefined;

function testEditor(): Promise<void> {
  return (editor ??= (async () => {
    await ensureEditor();
    await ensureBrowser();
    process.env["TRAINYARD_VSIX"] = await packageExtension(path.join(ROOT, "out", "test.vsix"));
  })());
}

export const RINGS: readonly Ring[] = [
  {
    name: "unit",
    files: [
      "src/**/*.test.ts",
      "webview/**/*.test.ts",
      "scripts/**/*.test.ts",
      "test/{rings,editor,sandbox,start,bench}/**/*.test.ts",
    ],
    argv: mocha(10_000),
  },
  {
    name: "mutation",
    files: ["test/mutation/**/*.test.ts"],
    argv: mocha(15 * 60_000),
    prepare: () => Promise.resolve({ NODE_OPTIONS }),
    fullOnly: true,
  },
  {
    name: "provision",
    files: ["test/provision/**/*.test.ts"],
    argv: mocha(240_000),
    prepare: async (full) => ({
      TRAINYARD_TERRAFORM: await ensureTerraform(),
      // The page says that it works as well: seen before an issue ends.
      ...(full ? { TRAINYARD_TOFU: await ensureTofu() } : {}),
    }),
  },
  { name: "pipelines", files: ["test/pipelines/**/*.test.ts"], argv: mocha(120_000), prepare: ensureKfp },
  { name: "images", files: ["test/images/**/*.test.ts"], argv: mocha(60_000), prepare: ensureImageTools },
  {
    name: "pages",
    files: ["test/pages/**/*.test.ts"],
    argv: mocha(60_000),
    prepare: async () => {
      await testEditor();
      return {};
    },
  },
  {
    name: "cluster",
    files: ["test/cluster/**/*.test.ts"],
    argv: mocha(60_000),
    prepare: async (full) => ({ ...(await ensureKfp()), ...(await testSandbox(full)) }),
  },
  {
    name: "host",
    files: ["test/host/**/*.test.ts"],
    argv: (files) => [path.join(ROOT, "test", "host", "main.ts"), ...files],
    prepare: async (full) => {
      await testEditor();
      return { ...(await testSandbox(full)), ...(await ensureKfp()) };
    },
  },
  {
    name: "oldest",
    files: ["test/host/**/*.test.ts"],
    argv: (files) => [path.join(ROOT, "test", "host", "main.ts"), ...files],
    prepare: async (full) => {
      await testEditor();
      await ensureEditor(OLDEST_EDITOR_VERSION);
      const parts = { ...(await testSandbox(full)), ...(await ensureKfp()) };
      return { ...parts, TRAINYARD_EDITOR_VERSION: OLDEST_EDITOR_VERSION };
    },
    fullOnly: true,
  },
  {
    name: "e2e",
    files: ["test/e2e/**/*.test.ts"],
    argv: mocha(180_000),
    prepare: async (full) => {
      await testEditor();
      const vsix = process.env["TRAINYARD_VSIX"] ?? "";
      return { ...(await testSandbox(full)), ...(await ensureKfp()), TRAINYARD_VSIX: vsix };
    },
    cleanUp: () => (sandbox === undefined ? Promise.resolve() : stopSandbox(SANDBOX)),
  },
];
