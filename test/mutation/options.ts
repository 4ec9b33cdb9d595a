// What is mutated, by which tests, and what is left out.
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { Stryker } from "@stryker-mutator/core";

interface Group {
  readonly mutate: readonly string[];
  /** Tests that are run against each mutant that they reach. */
  readonly tests: string;
}

/**
 * The tests are those of the group's own files and of what drives them over a double. Left out, since each would run
 * against hundreds of mutants: real sockets (`watchWire`), and the randomized run of a store (`watchConvergence`).
 */
export const GROUPS: Readonly<Record<string, Group>> = {
  "watch store": {
    mutate: ["src/kube/watchStore.ts", "src/kube/reflector.ts", "src/kube/watchRun.ts", "src/kube/rows.ts"],
    tests: "src/kube/{watchStore,watchFaults,watchRecovery,quietWatch,listing,stores,rows,watchRun}.test.ts",
  },
  "log resume": {
    mutate: ["src/kube/logResume.ts", "src/kube/logRead.ts", "src/kube/lines.ts"],
    tests: "src/kube/{lines,logRead,logResume,logRotation,logStream}.test.ts",
  },
  "launch journal": {
    mutate: ["src/jobs/cluster.ts", "src/jobs/flight.ts", "src/jobs/journal.ts", "src/jobs/launcher.ts"],
    tests: "src/jobs/{cluster,journal,launcher,resume,launchErrors,launchSupport}.test.ts",
  },
};

/** For Node, also as Stryker starts it for the checks and the tests of its mutants. */
export const NODE_OPTIONS = `--disable-warning=MODULE_TYPELESS_PACKAGE_JSON --import=${import.meta.resolve("./mocha12.ts")}`;

/** Its report, with what each mutant was and which test noticed it, is `out/mutation-<group>.html`. */
export function optionsOf(name: string, { mutate, tests }: Group): ConstructorParameters<typeof Stryker>[0] {
  return {
    plugins: [
      import.meta.resolve("@stryker-mutator/mocha-runner"),
      fileURLToPath(new URL("sentences.ts", import.meta.url)),
    ],
    testRunner: "mocha",
    mochaOptions: {
      ...{ spec: fs.globSync(tests), extension: ["ts"], "no-config": true, "no-package": true },
      // It holds a limit in seconds, and code that counts what is run of it is slower.
      grep: "^(?!log resume stays quick)",
    },
    mutate: [...mutate],
    coverageAnalysis: "perTest",
    // Constants of a module are read once, as it is loaded: each would need a process of its own. Most are times and
    // sizes.
    ignoreStatic: true,
    // Words that people read: how they sound is no behaviour.
    ignorers: ["sentences"],
    concurrency: 2,
    // For each mutant: two seconds, and half as long again as its tests take without it.
    timeoutMS: 2_000,
    timeoutFactor: 1.5,
    // A copy of the sources, under the checkout: its packages are found from there. Git ignores it with `out`.
    tempDirName: "out/mutation",
    cleanTempDir: "always",
    symlinkNodeModules: false,
    ignorePatterns: ["/*", "!/src", "!/test", "/test/*", "!/test/rings", "!/package.json"],
    // Node strips the types; nobody compiles the copy.
    disableTypeChecks: false,
    reporters: ["html"],
    htmlReporter: { fileName: `out/mutation-${name.replaceAll(" ", "-")}.html` },
  };
}
