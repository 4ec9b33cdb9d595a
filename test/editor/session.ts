// One editor in one headless browser, with folders of its own, gone without a trace when it stops.
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import { openBrowser } from "./browser.ts";
import { ensureBrowser, ensureEditor } from "./install.ts";
import type { Editor } from "./install.ts";
import { startServer, temporaryFolder } from "./server.ts";
import type { Server } from "./server.ts";
import { TEST_SETTINGS, THEMES, writeSettings } from "./settings.ts";
import type { Settings, Theme } from "./settings.ts";
import { TestRun } from "./testRun.ts";
import type { Output } from "./testRun.ts";

export interface SessionOptions {
  /** Default: the version under test. */
  editor?: Editor;
  /** Folder, `.code-workspace` file or single file to open. */
  folder?: string;
  /** Default: fresh ones, removed at the end. */
  userDataDir?: string;
  extensionsDir?: string;
  /** Unpacked extensions to load. */
  developmentPaths?: readonly string[];
  /** Module whose `run()` the extension host calls; the session has ended when that has. */
  testsPath?: string;
  /** Added to those that keep a test calm. */
  settings?: Settings;
  env?: Readonly<Record<string, string | undefined>>;
  viewport?: { width: number; height: number };
  /** False: what is opened is in Restricted Mode. Default: it is trusted without a question. */
  trust?: boolean;
  theme?: Theme;
  proposedApi?: readonly string[];
  disableExtensions?: boolean;
  /** Messages of the workbench's and the page's log. */
  onLog?: (type: string, text: string) => void;
  /** What the tests print. */
  onOutput?: Output;
  /** Takes what was seen, as `<milliseconds since start>.jpg` a frame (a film would need ffmpeg). */
  videoDir?: string;
}

export interface EditorExit {
  code: number;
  /** Said where the end is not the tests' own. */
  reason?: string;
}

export interface EditorSession {
  page: Page;
  context: BrowserContext;
  /** Address with the connection token: not for logs. */
  url: string;
  userData: string;
  extDir: string;
  /** As asked for. */
  theme: Theme | undefined;
  /** Ends with the tests, or when editor or browser break down; never after `stop()`. */
  exited: Promise<EditorExit>;
  stop: () => Promise<void>;
}

/** Exit codes of sessions that ended otherwise than by their tests. */
const EXIT = { pageCrashed: 70, browserGone: 71, serverGone: 72, noVerdict: 74 };

export async function openEditor(options: SessionOptions = {}): Promise<EditorSession> {
  const editor = options.editor ?? (await ensureEditor());
  const executable = await ensureBrowser();
  const folder = temporaryFolder();
  const userData = path.resolve(options.userDataDir ?? path.join(folder, "user"));
  const extDir = path.resolve(options.extensionsDir ?? path.join(folder, "extensions"));
  fs.mkdirSync(extDir, { recursive: true });
  const trust = options.trust ?? true;
  writeSettings(
    userData,
    { ...TEST_SETTINGS, ...trustSettings(trust) },
    { ...themeSettings(options.theme), ...options.settings },
  );
  const tests =
    options.testsPath === undefined
      ? undefined
      : new TestRun(folder, path.resolve(options.testsPath), options.onOutput ?? (() => undefined));
  const browser = openBrowser({ executable, folder, viewport: options.viewport });
  const args = (options.proposedApi ?? []).flatMap((id) => ["--enable-proposed-api", id]);
  const server = startServer({ editor, folder, userData, extDir, trust, args, env: { ...options.env, ...tests?.env } });
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= end(browser, server, tests, folder));
  try {
    const [context, running] = await Promise.all([browser, server]);
    const page = context.pages()[0] ?? (await context.newPage());
    const exited = watch(page, context, running, tests, options, () => stopping !== undefined);
    await page.addInitScript({ content: developmentScript(running.authority, options) });
    if (options.videoDir) await record(page, options.videoDir);
    const url = address(running, options);
    await page.goto(url, { waitUntil: "domcontentloaded", timeout: 60_000 });
    return { page, context, url, userData, extDir, theme: options.theme, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server goes last: its guard removes the folder that all of this writes to. */
async function end(
  browser: Promise<BrowserContext>,
  server: Promise<Server>,
  tests: TestRun | undefined,
  folder: string,
): Promise<void> {
  tests?.close();
  const context = await browser.catch(() => undefined);
  await Promise.race([context?.close().catch(() => undefined), delay(5000, undefined, { ref: false })]);
  const running = await server.catch(() => undefined);
  await running?.stop();
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function watch(
  page: Page,
  context: BrowserContext,
  server: Server,
  tests: TestRun | undefined,
  options: SessionOptions,
  stopping: () => boolean,
): Promise<EditorExit> {
  const log = options.onLog ?? (() => undefined);
  page.on("pageerror", (error) => log("pageerror", error.message));
  page.on("console", (message) => log(`console ${message.type()}`, message.text()));
  return new Promise((resolve) => {
    const end = (exit: EditorExit) => {
      if (!stopping()) resolve(exit);
    };
    page.on("crash", () => end({ code: EXIT.pageCrashed, reason: "the editor's page crashed" }));
    context.on("close", () => end({ code: EXIT.browserGone, reason: "the browser is gone" }));
    void server.exited.then(({ code, output }) =>
      end({ code: EXIT.serverGone, reason: `the editor's server ended with ${code}\n${output.slice(-2000)}` }),
    );
    // The workbench calls these two where they exist; desktop VS Code has them as its own automation hooks.
    const ready = [
      page.exposeFunction("codeAutomationLog", (type: string, args: unknown[]) =>
        log(type, args.map(String).join(" ")),
      ),
      page.exposeFunction("codeAutomationExit", (code: number) => {
        tests?.read();
        end(tests ? verdict(code, tests) : { code });
      }),
    ];
    Promise.all(ready).catch((error: unknown) => end({ code: EXIT.browserGone, reason: String(error) }));
  });
}

/** Only the tests' own word counts as a pass: a test that ends the process would otherwise look like one. */
function verdict(code: number, tests: TestRun): EditorExit {
  if (tests.verdict === undefined)
    return {
      code: code || EXIT.noVerdict,
      reason: `the extension host ended (code ${code}) before the tests were through`,
    };
  return { code: tests.verdict === "pass" ? code : code || 1 };
}

function trustSettings(trust: boolean): Settings {
  return { "security.workspace.trust.enabled": !trust, "security.workspace.trust.startupPrompt": "never" };
}

function themeSettings(theme: Theme | undefined): Settings {
  return theme ? { "workbench.colorTheme": THEMES[theme].setting } : {};
}

function address({ authority, token }: Server, options: SessionOptions): string {
  const query = new URLSearchParams({ tkn: token });
  const payload = [
    ["skipWelcome", "true"],
    ["skipReleaseNotes", "true"],
  ];
  if (options.disableExtensions) payload.push(["disableExtensions", "true"]);
  if (options.proposedApi?.length) payload.push(["enableProposedApi", "true"]);
  if (options.folder === undefined) query.set("ew", "true");
  else {
    const open = path.resolve(options.folder);
    if (fs.statSync(open).isDirectory()) query.set("folder", open);
    else if (open.endsWith(".code-workspace")) query.set("workspace", open);
    else {
      query.set("ew", "true");
      payload.push(["openFile", `vscode-remote://${authority}${encodeURI(open)}`]);
    }
  }
  query.set("payload", JSON.stringify(payload));
  return `http://${authority}/?${query.toString()}`;
}

/**
 * Unpacked extensions and a test module can be given to the page through its configuration alone. It is changed
 * as it is read: answering the request ourselves (`page.route`) would cost the page its right to WebSockets on
 * this machine, and the editor's own smoke test driver hides notifications. Text, since it runs in the page.
 */
function developmentScript(authority: string, options: SessionOptions): string {
  const uri = (file: string) => ({ $mid: 1, scheme: "vscode-remote", authority, path: path.resolve(file) });
  const development = {
    ...(options.developmentPaths ? { extensions: options.developmentPaths.map(uri) } : {}),
    ...(options.testsPath === undefined ? {} : { extensionTestsPath: uri(path.join(import.meta.dirname, "shim.ts")) }),
  };
  return `(() => {
    if (window.top !== window) return;
    const getAttribute = Element.prototype.getAttribute;
    Element.prototype.getAttribute = function (name) {
      const value = getAttribute.call(this, name);
      if (name !== "data-settings" || this.id !== "vscode-workbench-web-configuration") return value;
      const settings = JSON.parse(value);
      settings.developmentOptions = { ...settings.developmentOptions, ...${JSON.stringify(development)} };
      return JSON.stringify(settings);
    };
  })();`;
}

async function record(page: Page, dir: string): Promise<void> {
  fs.mkdirSync(dir, { recursive: true });
  const start = Date.now();
  const onFrame = ({ data }: { data: Buffer }) =>
    fs.writeFileSync(path.join(dir, `${String(Date.now() - start).padStart(8, "0")}.jpg`), data);
  await page.screencast.start({ onFrame, quality: 60 });
}
