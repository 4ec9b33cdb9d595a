// The same in the page: from a person's hand on a field until what it leads to is drawn, in a real browser with the real
// wizard behind it.
import type { Choices, Preview } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import { PageStage, WIZARD, type WizardPage, type WizardStage } from "../pages/stage.ts";
import type { OnEnd } from "./ending.ts";
import { WizardHost } from "./wizardHost.ts";

export interface DrawnTimes {
  /** A choice, a box or a radio button: sent at once. */
  readonly chosen: readonly number[];
  /** A letter typed: sent after a pause of the page's own. */
  readonly typed: readonly number[];
}

/**
 * Does something to a field, and tells milliseconds until the frame is over in which the answer was drawn. The page's own
 * listener came first: the answer is in the document when this one hears of it.
 */
const SCRIPT = `globalThis.timeOf = (selector, kind, value) => new Promise((resolve) => {
  const element = document.querySelector(selector);
  const heard = ({ data }) => {
    if (data.type !== "preview" && data.type !== "wish") return;
    removeEventListener("message", heard);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
  };
  addEventListener("message", heard);
  const begun = performance.now();
  if (kind === "press") element.click();
  else {
    element.value = value;
    element.dispatchEvent(new Event(kind));
  }
})`;

interface Deed {
  readonly selector: string;
  readonly kind: "press" | "change" | "input";
  readonly value?: string;
}

export async function setStage(onEnd: OnEnd): Promise<WizardStage> {
  const stage = new PageStage(WIZARD);
  onEnd(() => stage.strike());
  await stage.set();
  return stage;
}

/** Opens a page, does `count` things to it, and closes it. Throws where the browser complained of anything. */
export async function drawnTimes(stage: WizardStage, count: number, onEnd: OnEnd): Promise<DrawnTimes> {
  const host = await WizardHost.open(onEnd);
  const page = await stage.open("dark");
  const preview = await joined(host, page);
  const times = { chosen: [] as number[], typed: [] as number[] };
  for (let at = 0; at < count; at++) {
    const { wish } = host.wizard;
    const deed = deedFor(wish, preview().choices, at);
    const took: unknown = await page.page.evaluate(
      `timeOf(${[deed.selector, deed.kind, deed.value ?? ""].map((part) => JSON.stringify(part)).join(", ")})`,
    );
    times[deed.kind === "input" ? "typed" : "chosen"].push(Number(took));
  }
  await page.close();
  if (page.complaints.length > 0) throw new Error(page.complaints.join("\n"));
  return times;
}

/** Connects the wizard to the page; answers the preview that was last told. */
async function joined(host: WizardHost, page: WizardPage): Promise<() => Preview> {
  let last: Preview | undefined;
  host.heard = (message) => {
    if ("preview" in message) last = message.preview;
    void page.say(message);
  };
  page.answer = (message) => {
    void host.wizard.receive(message);
    return [];
  };
  await host.wizard.receive({ type: "ready" });
  await page.page.locator("#f-gke-region").waitFor();
  await page.page.evaluate(SCRIPT);
  return () => {
    if (last === undefined) throw new Error("the wizard has told no preview");
    return last;
  };
}

/** One after another what a person may do to the form as it is: a list, a box, a number, the other cloud. */
function deedFor(wish: Wish, choices: Choices, at: number): Deed {
  const { where } = wish;
  if (where === "local" || at % 12 === 11) {
    const other = where === "gke" ? "eks" : where === "eks" ? "local" : "gke";
    return {
      selector: `#f-where vscode-radio[current-value="${other}"], #f-where vscode-radio[value="${other}"]`,
      kind: "press",
    };
  }
  const pool = wish[where];
  const press = (field: string): Deed => ({ selector: `#f-${where}-${field}`, kind: "press" });
  const list = (field: string, now: string): Deed => {
    const values = (choices[`${where}.${field}`] ?? []).map(({ value }) => value).filter((value) => value !== now);
    const value = values[at % Math.max(values.length, 1)];
    return value === undefined ? press("gpu-spot") : { selector: id(field), kind: "change", value };
  };
  const id = (field: string): string => `#f-${where}-${field.replaceAll(".", "-")}`;
  const type = (selector: string, now: string | number, values: readonly [string, string]): Deed => ({
    ...{ selector, kind: "input" },
    value: String(now) === values[0] ? values[1] : values[0],
  });
  if (pool.gpu === null) return press("gpu");
  const ways: readonly (() => Deed)[] = [
    () => list("region", pool.region),
    () => type("#f-name", wish.name, ["kubeflow-01", `ml-${at}`]),
    () => list("gpu.gpu", pool.gpu?.gpu ?? ""),
    () => press("gpu-spot"),
    () => type(id("cpu.nodes"), pool.cpu.nodes, ["3", "4"]),
    () => list("gpu.machine", pool.gpu?.machine ?? ""),
    () => list("cpu.machine", pool.cpu.machine),
    () => press("gpu"),
  ];
  return (ways[at % ways.length] ?? (() => press("gpu")))();
}
