// A pipeline as large as they come.
import type { Graph } from "../../src/contract/pipeline.ts";
import { graphOf, readPipelineSpec } from "../../src/pipelines/index.ts";

/** `count` steps in ranks of ten, each after two of the rank before. */
export function mesh(count: number): Graph {
  const key = (index: number): string => `step-${index}`;
  const tasks = Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const rank = Math.floor(index / 10);
      const before = [7 * index, 3 * index + 1].map((one) => key((rank - 1) * 10 + (one % 10)));
      return [
        key(index),
        { taskInfo: { name: key(index) }, componentRef: { name: "comp" }, dependentTasks: rank === 0 ? [] : before },
      ];
    }),
  );
  const components = { comp: { executorLabel: "exec" } };
  const deploymentSpec = { executors: { exec: { container: { image: "registry.example/team/step:1.0" } } } };
  return graphOf(
    readPipelineSpec({ pipelineInfo: { name: "mesh" }, root: { dag: { tasks } }, components, deploymentSpec }),
  );
}
