// How long the page of a pipeline takes to draw a large one, and to show that one of its steps is in another state.
import type { FromPipeline, ToPipeline } from "../../src/contract/pipeline.ts";
import { mesh } from "../pages/mesh.ts";
import { type OpenPage, PageStage, PIPELINE } from "../pages/stage.ts";
import type { OnEnd } from "./ending.ts";

/** Milliseconds from a message until the frame is over in which it was drawn. */
const TOOK = `globalThis.took = (message) => new Promise((resolve) => {
  const begun = performance.now();
  const heard = () => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
  addEventListener("message", heard, { once: true });
  postMessage(message, "*");
})`;

export interface PageTimes {
  readonly graphMs: readonly number[];
  readonly stepUpdateMs: readonly number[];
}

/** Each graph in a page that is new, with the changes of ten of its steps. Throws where the browser complained. */
export async function pageTimes(steps: number, repeats: number, onEnd: OnEnd): Promise<PageTimes> {
  const stage = new PageStage(PIPELINE);
  onEnd(() => stage.strike());
  await stage.set();
  const times = { graphMs: [] as number[], stepUpdateMs: [] as number[] };
  const graph = mesh(steps);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const page = await stage.open("dark");
    await page.page.evaluate(TOOK);
    times.graphMs.push(
      await took(page, {
        type: "graph",
        file: "pipeline.py",
        names: [graph.name],
        shown: graph.name,
        graph,
        hasSource: true,
      }),
    );
    const drawn = await page.page.locator(".task").count();
    if (drawn !== steps) throw new Error(`${drawn} of ${steps} steps were drawn`);
    for (let at = 0; at < 10; at++) {
      const step = `step-${(at * 37) % steps}`;
      const state = { state: "Running", started: 0, finished: null, cached: false } as const;
      times.stepUpdateMs.push(await took(page, { type: "states", anew: false, states: { [step]: state } }));
      await page.page.locator(`.task[data-path="${step}"]`).getByText("Running").waitFor();
    }
    await page.close();
    if (page.complaints.length > 0) throw new Error(page.complaints.join("\n"));
  }
  return times;
}

function took(page: OpenPage<FromPipeline, ToPipeline>, message: ToPipeline): Promise<number> {
  return page.page.evaluate(`took(${JSON.stringify(message)})`);
}
