// What every test of the wizard's page stands on: one stage per file, scenarios in all themes, the keyboard.
import assert from "node:assert/strict";
import type { Preview } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import type { ToWizard, WizardState } from "../../src/contract/wizard.ts";
import type { Theme } from "../editor/settings.ts";
import { violations } from "./axe.ts";
import { PageStage, type WizardPage } from "./stage.ts";
import { FORM } from "./states.ts";

const THEMES: readonly Theme[] = ["dark", "light", "hc-black", "hc-light"];

/** What the page is told, and what is done with it, for each picture that it can be. */
export interface Scenario {
  readonly name: string;
  readonly say: readonly ToWizard[];
  readonly act?: (page: WizardPage) => Promise<void>;
  readonly shows: string;
}

type Opened = (theme: Theme, viewport?: { width: number; height: number }) => Promise<WizardPage>;

export function init(wish: Wish, preview: Preview, state: WizardState = FORM): ToWizard {
  return { type: "init", wish, preview, state };
}

/** Sets a stage for the tests of a `describe`; what is returned opens a page that is closed after its test. */
export function pageRig(): Opened {
  const stage = new PageStage();
  let open: WizardPage | undefined;

  before(async function () {
    this.timeout(120_000);
    await stage.set();
  });

  after(() => stage.strike());

  afterEach(async function () {
    if (this.currentTest?.state === "failed")
      await open?.look(`failed-${this.currentTest.title.replace(/\W+/g, "-").slice(0, 60)}`);
    await open?.close();
    open = undefined;
  });

  return async (theme, viewport) => (open = await stage.open(theme, viewport));
}

/** Each scenario in each theme, and the `narrow` ones in little room. */
export function showsAll(opened: Opened, scenarios: readonly Scenario[], narrow: readonly string[]): void {
  for (const theme of THEMES) {
    for (const { name, say, act, shows } of scenarios) {
      it(`shows ${name} in ${theme} with nothing for axe or the browser to find`, async () => {
        const wizard = await opened(theme);
        await wizard.say(...say);
        await wizard.page.locator("main.page").waitFor();
        await act?.(wizard);
        await wizard.page.getByText(shows).filter({ visible: true }).first().waitFor();
        await wizard.look(`${name}-${theme}`);
        assert.deepEqual(await violations(wizard.page), []);
        assert.deepEqual(wizard.complaints, []);
      });
    }
  }

  for (const { name, say } of scenarios.filter((one) => narrow.includes(one.name))) {
    it(`fits ${name} into 400 pixels, and into half a window at twice the size`, async () => {
      const wizard = await opened("dark", { width: 400, height: 800 });
      await wizard.say(...say);
      await wizard.page.locator("main.page").waitFor();
      await wizard.look(`${name}-narrow`);
      assert.equal(await overflow(wizard), 0);
      await wizard.page.setViewportSize({ width: 320, height: 500 });
      assert.equal(await overflow(wizard), 0);
    });
  }
}

/** How much of the page would have to be scrolled to sideways, in pixels. */
function overflow(wizard: WizardPage): Promise<number> {
  return wizard.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

/** Id of the field or button that has the focus. */
export function focused(wizard: WizardPage): Promise<string> {
  return wizard.page.evaluate("document.activeElement?.closest('[id]')?.id ?? ''");
}

/** Presses Tab until the focus is there, as a person would. */
export async function tabTo(wizard: WizardPage, id: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    const now = await focused(wizard);
    if (now === id) return;
    passed.push(now);
    await wizard.page.keyboard.press("Tab");
  }
  throw new Error(`${id} cannot be reached by Tab; passed ${passed.join(", ")}`);
}
