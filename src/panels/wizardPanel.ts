// The wizard's tab. There is one: a second would plan against the same folders.
import * as v from "valibot";
import type * as vscode from "vscode";
import type { Disposable } from "../core/dispose.ts";
import { errorText } from "../core/errors.ts";
import { type Wish, WishSchema } from "../contract/wish.ts";
import { type FromWizard, FromWizardSchema, type ToWizard } from "../contract/wizard.ts";
import { PAGES } from "../manifest.ts";
import { openPage, type Page } from "./basePanel.ts";
import type { PagesOptions } from "./onePage.ts";

/** What answers the wizard's page. Made anew for each page that opens. */
export interface WizardHost {
  /**
   * `restored`: what the form held before the window was reloaded. `send` drops what is said while the page is hidden;
   * each time it is drawn it says `ready`, and is to be answered by `init`, and by `checks` where there are some.
   */
  start(send: (message: ToWizard) => void, restored: Wish | undefined): void;
  receive(message: FromWizard): void | Promise<void>;
  dispose(): void;
  /** The page still waits for a wish: who asks for a new cluster is shown this one. */
  isForm(): boolean;
}

/** The form as the page last had it, of this window's folder. */
const MEMORY_KEY = "trainyard.wizard.wish";

/** Opens the wizard's page, and takes one over after a reload. */
export class WizardPanels implements Disposable {
  readonly #options: PagesOptions;
  #page: Page | undefined;
  #host: WizardHost | undefined;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** True where a page with a form is open; it is shown then, and no other is opened. */
  revealForm(): boolean {
    const isForm = this.#host?.isForm() === true;
    if (isForm) this.#page?.reveal();
    return isForm;
  }

  /** Closes the page that is open and opens another, as for another cluster. */
  open(title: string, host: WizardHost): void {
    this.#show(title, host, undefined, undefined);
  }

  /**
   * For `WebviewPanelSerializer.deserializeWebviewPanel`: `state` is what the page had kept. An editor in a browser saves
   * that once a minute only, and not when it is reloaded: what we keep ourselves is newer.
   */
  restore(title: string, host: WizardHost, panel: vscode.WebviewPanel, state: unknown): void {
    const own = v.safeParse(WishSchema, this.#options.memory.get(MEMORY_KEY));
    const wish = own.success ? own : v.safeParse(WishSchema, state);
    this.#show(title, host, wish.success ? wish.output : undefined, panel);
  }

  dispose(): void {
    this.#page?.dispose();
  }

  #remember(wish: Wish): void {
    // Without it, only what the page itself had kept comes back.
    this.#options.memory
      .update(MEMORY_KEY, wish)
      .then(undefined, (error: unknown) => this.#options.log.warn(`The form was not kept: ${errorText(error)}`));
  }

  #show(title: string, host: WizardHost, restored: Wish | undefined, kept: vscode.WebviewPanel | undefined): void {
    this.#page?.dispose();
    const page = openPage<FromWizard, ToWizard>(
      this.#options,
      { viewType: PAGES.wizard, title, page: "wizard", parse: (data) => v.parse(FromWizardSchema, data) },
      {
        start: (send) =>
          host.start((message) => {
            if (message.type === "init" || message.type === "wish") this.#remember(message.wish);
            send(message);
          }, restored),
        receive: (message) => {
          if (message.type === "change") this.#remember(message.wish);
          return host.receive(message);
        },
        dispose: () => host.dispose(),
      },
      kept,
    );
    this.#page = page;
    this.#host = host;
    page.onDidDispose(() => {
      if (this.#page !== page) return;
      this.#page = undefined;
      this.#host = undefined;
    });
  }
}
