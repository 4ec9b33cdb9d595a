import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import * as manifest from "./manifest.ts";
import { RUN_FIELDS } from "./terminal/taskDefinition.ts";

interface Contributions {
  readonly commands: readonly { readonly command: string; readonly category?: string; readonly title: string }[];
  readonly configuration: {
    readonly properties: Readonly<
      Record<string, { readonly default?: unknown; readonly scope?: string; readonly markdownDescription?: string }>
    >;
  };
  readonly viewsContainers: { readonly activitybar: readonly { readonly id: string }[] };
  readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly viewsWelcome: readonly { readonly view: string; readonly contents: string }[];
  readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
  readonly taskDefinitions: readonly {
    readonly type: string;
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
  readonly languages: readonly { readonly id: string }[];
}

const root = path.dirname(import.meta.dirname);
const packageJson = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
  readonly contributes: Contributions;
  readonly activationEvents: readonly string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] };
  };
};
const { contributes, activationEvents, capabilities } = packageJson;
const sorted = (values: Iterable<string>): string[] => [...values].sort();

describe("package.json and src/manifest.ts", () => {
  it("name the same commands, each with a category and a title in title case", () => {
    assert.deepEqual(
      sorted(contributes.commands.map(({ command }) => command)),
      sorted(Object.values(manifest.COMMANDS)),
    );
    for (const { command, category, title } of contributes.commands) {
      assert.equal(category, "Kubeflow", command);
      assert.match(title, /^[A-Z]/, command);
    }
  });

  it("name the same settings, each with a default, a description and a scope, and restrict all of them", () => {
    const { properties } = contributes.configuration;
    assert.deepEqual(sorted(Object.keys(properties)), sorted(Object.values(manifest.SETTINGS)));
    for (const [key, setting] of Object.entries(properties)) {
      assert.ok(setting.default !== undefined && setting.markdownDescription !== undefined, key);
      // What names a file is the machine's; a workspace may choose an image, once it is trusted.
      assert.equal(setting.scope, /\.paths?$/.test(key) ? "machine" : "window", key);
    }
    assert.equal(capabilities.untrustedWorkspaces.supported, "limited");
    assert.deepEqual(
      sorted(capabilities.untrustedWorkspaces.restrictedConfigurations),
      sorted(Object.values(manifest.SETTINGS)),
    );
  });

  it("name the same views, task type and language", () => {
    assert.deepEqual(
      contributes.viewsContainers.activitybar.map(({ id }) => id),
      [manifest.VIEWS.container],
    );
    assert.deepEqual(
      Object.values(contributes.views)
        .flat()
        .map(({ id }) => id),
      [manifest.VIEWS.clusters],
    );
    assert.deepEqual(
      contributes.taskDefinitions.map(({ type }) => type),
      [manifest.TASK_TYPE],
    );
    assert.deepEqual(
      contributes.languages.map(({ id }) => id),
      [manifest.LOG_LANGUAGE],
    );
  });

  it("name the same properties of a task, but for the launch that a task of ours follows", () => {
    const [task] = contributes.taskDefinitions;
    assert.deepEqual(sorted(Object.keys(task?.properties ?? {})), sorted([...RUN_FIELDS, "launch"]));
  });

  it("name the same keys of conditions", () => {
    const conditions = [...fs.readFileSync(path.join(root, "package.json"), "utf8").matchAll(/"when": "(.*)"/g)].join();
    const named = new Set(conditions.match(/\btrainyard\.\w+/g));
    named.delete(manifest.VIEWS.clusters);
    assert.deepEqual(sorted(named), sorted(Object.values(manifest.CONTEXT_KEYS)));
  });

  it("name every command that a layer below this file writes out", () => {
    const known = new Set<string>(Object.values(manifest.COMMANDS));
    const written = fs.globSync("src/**/*.ts", { cwd: root }).flatMap((file) => {
      if (file.endsWith(".test.ts") || file === path.join("src", "manifest.ts")) return [];
      const text = fs.readFileSync(path.join(root, file), "utf8");
      return [...text.matchAll(/\b(?:command: |\w*_COMMAND = )"(trainyard\.[\w.]+)"/g)].map(([, id = ""]) => id);
    });
    assert.ok(written.length >= 5, written.join());
    assert.deepEqual(
      written.filter((id) => !known.has(id)),
      [],
    );
  });

  it("use only commands and row kinds that exist", () => {
    const known = new Set<string>(Object.values(manifest.COMMANDS));
    const items = Object.values(contributes.menus).flat();
    for (const { command } of items) assert.ok(known.has(command), command);
    for (const { contents } of contributes.viewsWelcome) {
      for (const [, command = ""] of contents.matchAll(/command:([\w.]+)/g)) assert.ok(known.has(command), command);
    }
    const every = Object.fromEntries(manifest.ROW_FLAGS.map((flag) => [flag, true]));
    const values = manifest.ROW_KINDS.map((kind) => manifest.contextValue(kind, every));
    for (const { when = "" } of items)
      for (const [, pattern = ""] of when.matchAll(/viewItem =~ \/(.+?)\//g)) {
        assert.ok(
          values.some((value) => new RegExp(pattern).test(value)),
          pattern,
        );
        // Without its flag no row has the command.
        if (/\w+;\/?$/.test(pattern) && pattern.includes("(.*;)?"))
          assert.ok(!manifest.ROW_KINDS.some((kind) => new RegExp(pattern).test(manifest.contextValue(kind))), pattern);
      }
  });

  it("name in their conditions only flags that a row may have", () => {
    for (const { when = "" } of Object.values(contributes.menus).flat())
      for (const [, flag = ""] of when.matchAll(/\(\.\*;\)\?(\w+);\//g))
        assert.ok((manifest.ROW_FLAGS as readonly string[]).includes(flag), flag);
  });

  it("wake for nothing but views, commands, tasks and pages that were open, and stay within the budget", () => {
    assert.deepEqual(activationEvents, [
      // Its notebooks may be run on servers of ours: what wakes registers that, and asks nothing.
      "onNotebook:jupyter-notebook",
      ...Object.values(manifest.PAGES).map((page) => `onWebviewPanel:${page}`),
    ]);
    assert.ok(contributes.commands.length <= 60);
    assert.ok(Object.keys(contributes.configuration.properties).length <= 25);
  });
});
