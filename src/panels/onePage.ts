// The tab of its kind: another subject's takes its place. What it shows is kept, and found again after a reload.
import * as v from "valibot";
import type * as vscode from "vscode";
import type { Disposable } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import { openPage, type Page, type PageHost, type PageKind, type PageSite } from "./basePanel.ts";

export interface PagesOptions extends PageSite {
  /** Of this window's folder. */
  readonly memory: vscode.Memento;
}

export interface OnePageKind<Kept, From> extends Omit<PageKind<From>, "title"> {
  readonly memoryKey: string;
  readonly kept: v.GenericSchema<unknown, Kept>;
}

export class OnePage<Kept, From extends { readonly type: string }, To> implements Disposable {
  readonly #options: PagesOptions;
  readonly #kind: OnePageKind<Kept, From>;
  #page: { readonly key: string; readonly page: Page } | undefined;

  constructor(options: PagesOptions, kind: OnePageKind<Kept, From>) {
    this.#options = options;
    this.#kind = kind;
  }

  /** What the page showed that a reload has left behind. */
  get shown(): Kept | undefined {
    const kept = v.safeParse(this.#kind.kept, this.#options.memory.get(this.#kind.memoryKey));
    return kept.success ? kept.output : undefined;
  }

  /** Remembers what the page shows. Without it, the page does not come back after a reload. */
  keep(kept: Kept): void {
    const { memory, log } = this.#options;
    const { memoryKey, viewType } = this.#kind;
    memory
      .update(memoryKey, kept)
      .then(undefined, (error: unknown) => log.warn(`${viewType}: what it shows was not kept: ${errorText(error)}`));
  }

  get isOpen(): boolean {
    return this.#page !== undefined;
  }

  /** True where the page of that subject is open; it is shown then. */
  reveal(key: string): boolean {
    if (this.#page?.key !== key) return false;
    this.#page.page.reveal();
    return true;
  }

  /** What was filled in there is done with: whoever wants that subject again gets a new page. */
  finished(key: string): void {
    if (this.#page?.key === key) this.#page = { key: "", page: this.#page.page };
  }

  /** `kept`: the tab that the editor has kept over a reload; `held` ends with the page. */
  open(key: string, title: string, host: PageHost<From, To>, held?: Disposable, kept?: vscode.WebviewPanel): void {
    this.close();
    const page = openPage<From, To>(this.#options, { ...this.#kind, title }, host, kept);
    this.#page = { key, page };
    page.onDidDispose(() => {
      held?.dispose();
      if (this.#page?.page === page) this.#page = undefined;
    });
  }

  close(): void {
    this.#page?.page.dispose();
    this.#page = undefined;
  }

  dispose(): void {
    this.close();
  }
}
