import assert from "node:assert/strict";
import * as v from "valibot";
import { type Code, type Outcome, podOf, Progress, Workflow } from "./argoProgress.ts";

const argument = (name: string, value: string) => ({ name, value });
const COMPONENT = "pipelines.kubeflow.org/implementations-comp-a";
const driver = (name: string, depends: string) => ({
  name: `${name}-driver`,
  template: "system-container-driver",
  depends,
  arguments: {
    parameters: [
      argument("container", `{{workflow.annotations.${COMPONENT}}}`),
      argument("task", JSON.stringify({ inputs: { parameters: { say: { componentInputParameter: "text" } } } })),
    ],
  },
});
const executor = (name: string) => ({
  name,
  template: "system-container-executor",
  depends: `${name}-driver.Succeeded`,
});

/** Two tasks, the second after the first, and a third however the first ends: the shape that KFP 2.0 compiles to. */
const WORKFLOW = v.parse(Workflow, {
  metadata: {
    name: "wf",
    namespace: "ns",
    uid: "1",
    resourceVersion: "1",
    annotations: { [COMPONENT]: JSON.stringify({ image: "i", args: ["{{$.inputs.parameters['say']}}"] }) },
  },
  spec: {
    entrypoint: "entrypoint",
    podMetadata: { labels: { "pipeline/runid": "r" } },
    templates: [
      {
        name: "entrypoint",
        dag: {
          tasks: [
            { name: "root", template: "root", depends: "root-driver.Succeeded" },
            {
              name: "root-driver",
              template: "system-dag-driver",
              arguments: {
                parameters: [argument("runtime-config", JSON.stringify({ parameterValues: { text: "hi" } }))],
              },
            },
          ],
        },
      },
      {
        name: "root",
        dag: {
          tasks: [
            executor("b"),
            driver("b", "a.Succeeded"),
            executor("end"),
            driver("end", "(a.Succeeded || a.Failed || a.Errored)"),
            executor("a"),
            driver("a", ""),
          ],
        },
      },
      { name: "system-container-executor", dag: { tasks: [{ name: "executor", template: "system-container-impl" }] } },
      { name: "system-container-impl" },
      { name: "system-container-driver" },
      { name: "system-dag-driver" },
    ],
  },
});

async function run(outcomes: Readonly<Record<string, Outcome>>) {
  const asked: Code[] = [];
  const progress = new Progress(WORKFLOW, (code) => {
    asked.push(code);
    return Promise.resolve(outcomes[code.name] ?? { phase: "Succeeded" });
  });
  const phase = await progress.make();
  const phases = Object.values(progress.nodes).map((node) => [node["displayName"], node.phase] as const);
  const of = new Map<unknown, string>(phases);
  return { asked, phase, phaseOf: (...names: string[]) => names.map((name) => of.get(name)) };
}

describe("the stand-in for Argo", () => {
  it("starts only what nothing is waited for, with the run's parameters in it", async () => {
    const { asked, phase } = await run({ "wf.root.a.executor": { phase: "Running" } });
    assert.deepEqual(
      asked.map(({ name, container }) => [name, container]),
      [["wf.root.a.executor", { image: "i", args: ["hi"] }]],
    );
    assert.equal(phase, "Running");
    const [code] = asked;
    assert.ok(code !== undefined);
    const { metadata } = podOf(WORKFLOW, code);
    assert.equal(metadata.name, "wf-system-container-impl-3581945770");
    assert.deepEqual(metadata["labels"], { "pipeline/runid": "r", "workflows.argoproj.io/workflow": "wf" });
  });

  it("goes on after a success, and is over when all are", async () => {
    const { phase, phaseOf } = await run({});
    assert.equal(phase, "Succeeded");
    assert.deepEqual(phaseOf("a", "b", "end"), ["Succeeded", "Succeeded", "Succeeded"]);
  });

  it("leaves out what needs a success, and runs what does not, after a failure", async () => {
    const { phase, phaseOf } = await run({ "wf.root.a.executor": { phase: "Failed", message: "Error (exit code 3)" } });
    assert.equal(phase, "Failed");
    assert.deepEqual(phaseOf("a", "b", "end"), ["Failed", "Omitted", "Succeeded"]);
  });
});
