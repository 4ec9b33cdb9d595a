// What every test of a page stands on: one stage per file, scenarios in all themes, the keyboard.
import assert from "node:assert/strict";
import type { Preview } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import type { FromWizard, ToWizard, WizardState } from "../../src/contract/wizard.ts";
import type { Theme } from "../editor/settings.ts";
import { violations } from "./axe.ts";
import { type OpenPage, PageStage, type StagedPage, type WizardPage } from "./stage.ts";
import { FORM } from "./states.ts";

const THEMES: readonly Theme[] = ["dark", "light", "hc-black", "hc-light"];

interface Said {
  readonly type: string;
}

/** What the page is told, and what is done with it, for each picture that it can be. */
export interface Scenario<From extends Said = FromWizard, To = ToWizard> {
  readonly name: string;
  readonly say: readonly To[];
  readonly act?: (page: OpenPage<From, To>) => Promise<void>;
  readonly shows: string;
}

type Opened<From extends Said, To> = (
  theme: Theme,
  viewport?: { width: number; height: number },
) => Promise<OpenPage<From, To>>;

export function init(wish: Wish, preview: Preview, state: WizardState = FORM): ToWizard {
  return { type: "init", wish, preview, state };
}

/** Sets a stage for the tests of a `describe`; what is returned opens a page that is closed after its test. */
export function pageRig<From extends Said, To>(staged: StagedPage<From, To>): Opened<From, To> {
  const stage = new PageStage(staged);
  let open: OpenPage<From, To> | undefined;

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
export function showsAll<From extends Said, To>(
  opened: Opened<From, To>,
  scenarios: readonly Scenario<From, To>[],
  narrow: readonly string[],
): void {
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

  for (const { name, say, act } of scenarios.filter((one) => narrow.includes(one.name))) {
    it(`fits ${name} into 400 pixels, and into half a window at twice the size`, async () => {
      const wizard = await opened("dark", { width: 400, height: 800 });
      await wizard.say(...say);
      await wizard.page.locator("main.page").waitFor();
      await act?.(wizard);
      await wizard.look(`${name}-narrow`);
      assert.equal(await overflow(wizard), 0);
      await wizard.page.setViewportSize({ width: 320, height: 500 });
      assert.equal(await overflow(wizard), 0);
    });
  }
}

/** How much of the page would have to be scrolled to sideways, in pixels. */
function overflow(wizard: Pick<WizardPage, "page">): Promise<number> {
  return wizard.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

/** Id of the field or button that has the focus. */
export function focused(wizard: Pick<WizardPage, "page">): Promise<string> {
  return wizard.page.evaluate("document.activeElement?.closest('[id]')?.id ?? ''");
}

/** Presses Tab until the focus is there, as a person would. */
export async function tabTo(wizard: Pick<WizardPage, "page">, id: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    const now = await focused(wizard);
    if (now === id) return;
    passed.push(now);
    await wizard.page.keyboard.press("Tab");
  }
  throw new Error(`${id} cannot be reached by Tab; passed ${passed.join(", ")}`);
}
