// VS Code's command line, as far as a test run uses it.
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Flags that take the next argument as their value when it is not joined by `=`. */
const WITH_VALUE = new Set([
  "category",
  "disable-extension",
  "enable-proposed-api",
  "extensionDevelopmentKind",
  "extensionDevelopmentPath",
  "extensions-dir",
  "extensionTestsPath",
  "file-uri",
  "folder-uri",
  "goto",
  "inspect-brk-extensions",
  "inspect-extensions",
  "install-extension",
  "locale",
  "log",
  "profile",
  "sync",
  "uninstall-extension",
  "user-data-dir",
]);
/** What ends without a window. */
const WITHOUT_WINDOW = new Set([
  "install-extension",
  "uninstall-extension",
  "list-extensions",
  "version",
  "v",
  "help",
  "h",
]);
/** What such a call passes on to the server's program, which refuses what it does not know. */
const PASSED_ON = new Set([...WITHOUT_WINDOW, "category", "show-versions", "force", "pre-release", "log"]);

export interface CodeArguments {
  /** Folder, workspace file or file to open. */
  open?: string;
  developmentPaths: string[];
  testsPath?: string;
  userDataDir?: string;
  extensionsDir?: string;
  trust: boolean;
  disableExtensions: boolean;
  proposedApi: string[];
  /** Set where no window is wanted: arguments for the server's program. */
  passOn?: string[];
}

interface Flag {
  name: string;
  value?: string;
}

/** Reads VS Code's arguments. Relative paths are taken from `cwd`. */
export function parseArguments(argv: readonly string[], cwd: string): CodeArguments {
  const { flags, plain } = split(argv);
  const all = (name: string) =>
    flags.flatMap((flag) => (flag.name === name && flag.value !== undefined ? [flag.value] : []));
  const has = (name: string) => flags.some((flag) => flag.name === name);
  const file = (name: string) => resolved(all(name).at(-1), cwd);
  const open = plain[0] ?? all("folder-uri").at(-1) ?? all("file-uri").at(-1);
  return {
    ...(open === undefined ? {} : { open: toPath(open, cwd) }),
    developmentPaths: all("extensionDevelopmentPath").map((value) => toPath(value, cwd)),
    ...present("testsPath", file("extensionTestsPath")),
    ...present("userDataDir", file("user-data-dir")),
    ...present("extensionsDir", file("extensions-dir")),
    trust: has("disable-workspace-trust"),
    disableExtensions: has("disable-extensions"),
    proposedApi: all("enable-proposed-api"),
    ...(flags.some(({ name }) => WITHOUT_WINDOW.has(name)) ? { passOn: passOn(flags) } : {}),
  };
}

function split(argv: readonly string[]): { flags: Flag[]; plain: string[] } {
  const flags: Flag[] = [];
  const plain: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? "";
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined) plain.push(argument);
    else if (value !== undefined) flags.push({ name, value });
    else if (WITH_VALUE.has(name)) flags.push(withNext(name, argv[++i]));
    else flags.push({ name });
  }
  return { flags, plain };
}

function withNext(name: string, value: string | undefined): Flag {
  return value === undefined ? { name } : { name, value };
}

function passOn(flags: readonly Flag[]): string[] {
  return flags
    .filter(({ name }) => PASSED_ON.has(name))
    .flatMap(({ name, value }) => [
      name.length === 1 ? `-${name}` : `--${name}`,
      ...(value === undefined ? [] : [value]),
    ]);
}

function present<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}

function resolved(value: string | undefined, cwd: string): string | undefined {
  return value === undefined ? undefined : toPath(value, cwd);
}

/** `@vscode/test-electron` users give paths, `file:` addresses or relative names alike. */
function toPath(value: string, cwd: string): string {
  return value.startsWith("file:") ? fileURLToPath(value) : path.resolve(cwd, value);
}
