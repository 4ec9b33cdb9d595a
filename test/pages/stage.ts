// A page of the extension in a real browser: the built bundle under the policy that the editor gives it, with the
// editor's own colours, and a host that answers as a test says.
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import * as v from "valibot";
import { type FromJobForm, FromJobFormSchema, type ToJobForm } from "../../src/contract/jobForm.ts";
import { type FromCurves, FromCurvesSchema, type ToCurves } from "../../src/contract/curves.ts";
import { type FromNotebookForm, FromNotebookFormSchema, type ToNotebookForm } from "../../src/contract/notebookForm.ts";
import { type FromRunForm, FromRunFormSchema, type ToRunForm } from "../../src/contract/runForm.ts";
import { type FromPipeline, FromPipelineSchema, type ToPipeline } from "../../src/contract/pipeline.ts";
import { type FromWizard, FromWizardSchema, type ToWizard } from "../../src/contract/wizard.ts";
import { pageHtml } from "../../src/panels/page.ts";
import { buildPages, ROOT } from "../../scripts/build.ts";
import { openBrowser } from "../editor/browser.ts";
import { ensureBrowser } from "../editor/install.ts";
import type { Theme } from "../editor/settings.ts";
import { until } from "../editor/until.ts";

/** Colours of VS Code 1.139's default themes, as its own pages get them. */
const THEMES = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, "themes.json"), "utf8")) as Record<
  Theme,
  Record<string, string>
>;

const BODY_CLASS: Readonly<Record<Theme, string>> = {
  dark: "vscode-dark",
  light: "vscode-light",
  "hc-black": "vscode-high-contrast",
  "hc-light": "vscode-high-contrast-light",
};

const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css" };

/** A page of webview/ and what it may say. */
export interface StagedPage<From, To> {
  readonly name: string;
  readonly parse: (data: unknown) => From;
  /** What it understands; for its type alone. */
  readonly hears?: To;
}

export const WIZARD: StagedPage<FromWizard, ToWizard> = {
  name: "wizard",
  parse: (data) => v.parse(FromWizardSchema, data),
};

export const CURVES: StagedPage<FromCurves, ToCurves> = {
  name: "curves",
  parse: (data) => v.parse(FromCurvesSchema, data),
};

export const JOB: StagedPage<FromJobForm, ToJobForm> = {
  name: "job",
  parse: (data) => v.parse(FromJobFormSchema, data),
};

export const RUN_FORM: StagedPage<FromRunForm, ToRunForm> = {
  name: "runForm",
  parse: (data) => v.parse(FromRunFormSchema, data),
};

export const NOTEBOOK_FORM: StagedPage<FromNotebookForm, ToNotebookForm> = {
  name: "notebookForm",
  parse: (data) => v.parse(FromNotebookFormSchema, data),
};

export const PIPELINE: StagedPage<FromPipeline, ToPipeline> = {
  name: "pipeline",
  parse: (data) => v.parse(FromPipelineSchema, data),
};

interface Message {
  readonly type: string;
}

/** One browser and one server for the pages of a test file. */
export class PageStage<From extends Message, To> {
  readonly #staged: StagedPage<From, To>;
  readonly #folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-pages-"));
  #server: http.Server | undefined;
  #context: BrowserContext | undefined;
  #origin = "";

  constructor(staged: StagedPage<From, To>) {
    this.#staged = staged;
  }

  async set(): Promise<void> {
    await buildPages(path.join(this.#folder, "dist"));
    const server = http.createServer((request, response) => this.#answer(request.url ?? "/", response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#context = await openBrowser({ executable: await ensureBrowser(), folder: this.#folder });
  }

  async open(theme: Theme, viewport = { width: 1280, height: 1000 }): Promise<OpenPage<From, To>> {
    if (this.#context === undefined) throw new Error("the stage is not set");
    const page = await this.#context.newPage();
    page.setDefaultTimeout(20_000);
    await page.setViewportSize(viewport);
    const opened = new OpenPage(page, this.#staged);
    await opened.begin(theme, THEMES[theme], BODY_CLASS[theme], `${this.#origin}/page`);
    return opened;
  }

  async strike(): Promise<void> {
    await this.#context?.close();
    this.#server?.close();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(url: string, response: http.ServerResponse): void {
    if (url === "/page") {
      response.setHeader("content-type", "text/html; charset=utf-8");
      const { name } = this.#staged;
      const parts = { title: `Page of the ${name}`, language: "en", cspSource: this.#origin };
      response.end(pageHtml({ ...parts, script: `/${name}.js`, style: `/${name}.css` }));
      return;
    }
    const file = path.join(this.#folder, "dist", path.basename(url));
    if (!fs.existsSync(file)) {
      // A browser asks for an icon of its own accord.
      response.writeHead(url === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    response.setHeader("content-type", TYPES[path.extname(file)] ?? "text/plain");
    response.end(fs.readFileSync(file));
  }
}

/** As the editor prepares a page before any of its scripts: its function, its colours, its classes. */
function editorScript(theme: Theme, colours: Readonly<Record<string, string>>, bodyClass: string): string {
  return `(() => {
    let kept;
    globalThis.acquireVsCodeApi = () => ({
      postMessage: (message) => globalThis.toHost(JSON.stringify(message)),
      getState: () => kept,
      setState: (state) => { kept = state; globalThis.keptState = state; },
    });
    const colours = ${JSON.stringify(colours)};
    document.addEventListener("DOMContentLoaded", () => {
      for (const [name, value] of Object.entries(colours)) document.documentElement.style.setProperty(name, value);
      document.body.classList.add(${JSON.stringify(bodyClass)});
      document.body.dataset.vscodeThemeId = ${JSON.stringify(theme)};
    });
  })();`;
}

export type WizardPage = OpenPage<FromWizard, ToWizard>;
export type WizardStage = PageStage<FromWizard, ToWizard>;

export class OpenPage<From extends Message, To> {
  readonly page: Page;
  readonly #staged: StagedPage<From, To>;
  /** Everything that the page said, in order; each fitted the contract. */
  readonly heard: From[] = [];
  /** What the browser complained of: refused by the policy, thrown by a script. */
  readonly complaints: string[] = [];
  /** Answers of the host; set by the test. */
  answer: (message: From) => readonly To[] = () => [];

  constructor(page: Page, staged: StagedPage<From, To>) {
    this.page = page;
    this.#staged = staged;
  }

  async begin(theme: Theme, colours: Readonly<Record<string, string>>, bodyClass: string, url: string): Promise<void> {
    this.page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    this.page.on("pageerror", (error) => this.complaints.push(String(error)));
    await this.page.exposeFunction("toHost", (text: string) => this.#hear(text));
    await this.page.addInitScript(editorScript(theme, colours, bodyClass));
    await this.page.goto(url);
    await this.hears("ready");
  }

  /** Says something to the page, as the extension would. */
  async say(...messages: readonly To[]): Promise<void> {
    for (const message of messages) await this.page.evaluate(`window.postMessage(${JSON.stringify(message)}, "*")`);
  }

  /** Waits for the last message that the page has said to be of this type. */
  async hears<T extends From["type"]>(type: T, count = 1): Promise<Extract<From, { type: T }>> {
    const isIt = (message: From): message is Extract<From, { type: T }> => message.type === type;
    const found = await until(
      `${count} × ${type}`,
      () => Promise.resolve(this.heard.filter(isIt)),
      (messages) => messages.length >= count,
      20_000,
    );
    const last = found.at(-1);
    if (last === undefined) throw new Error(`the page never said ${type}`);
    return last;
  }

  /** Takes a picture of all of it: the window grows for it, since what sticks to its foot should be at the foot. */
  async look(name: string): Promise<void> {
    const size = this.page.viewportSize();
    const height: number = await this.page.evaluate("Math.ceil(document.documentElement.scrollHeight)");
    if (size !== null && height > size.height) await this.page.setViewportSize({ width: size.width, height });
    await this.page.screenshot({ path: path.join(ROOT, "out", "pages", `${name}.png`) });
    if (size !== null) await this.page.setViewportSize(size);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async #hear(text: string): Promise<void> {
    const message = this.#staged.parse(JSON.parse(text));
    this.heard.push(message);
    await this.say(...this.answer(message));
  }
}
