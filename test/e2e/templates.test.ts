import assert from "node:assert/strict";
import { Cleanup, kubeconfigOf, makeNamespace, openRig, type Rig } from "../cluster/support.ts";
import { defineTemplates } from "../cluster/templateDefinitions.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import type { ResourceKind } from "../../src/kube/objects.ts";
import { EXPERIMENT, INFERENCE_SERVICE, RAY_JOB } from "../../src/kubeflow/kinds/resources.ts";
import { SANDBOX_SETTINGS } from "../start/project.ts";
import { lookAtFailure, Stage } from "./support.ts";

describe("new from a template", () => {
  const cleanup = new Cleanup();
  let rig: Rig;
  let namespace: string;
  let stage: Stage;
  let workbench: Workbench;

  before(async function () {
    this.timeout(180_000);
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    await defineTemplates(cleanup, rig.client);
    namespace = await makeNamespace(cleanup, rig.client, "shelf");
    const options = { settings: SANDBOX_SETTINGS, env: { KUBECONFIG: kubeconfigOf("admin") } };
    stage = await Stage.set("templates", options);
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
  });

  after(function () {
    this.timeout(180_000);
    return cleanup.run();
  });

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  /** Until this question stands there. */
  const asked = (prompt: RegExp): Promise<string> => workbench.inputMessage(prompt);
  const offered = (label: string) =>
    until(
      `the choice ${label}`,
      () => workbench.quickPickItems(),
      (rows) => rows.some((row) => row.label === label),
      30_000,
    );

  it("asks, goes back, refuses what is no answer, shows the YAML, and makes a row of it", async () => {
    await workbench.palette("Kubeflow: New from Template…");
    await offered("Model server");
    await stage.look("pick");
    await workbench.pick("Model server");
    await offered(namespace);
    await workbench.pick(namespace);
    await asked(/Name of the model server/);
    await workbench.input("Iris");
    await asked(/A name has at most 40 lower-case letters/);
    await stage.look("refused");
    await workbench.input("iris");
    await offered("scikit-learn");
    await workbench.quickInput.getByRole("button", { name: "Back" }).click();
    await asked(/Name of the model server/);
    await workbench.page.keyboard.press("Enter");
    await workbench.pick("scikit-learn");
    await asked(/Where the model is/);
    await workbench.input("s3://models/iris");
    for (const prompt of [/Memory of each replica/, /GPUs of each replica/, /Service account whose Secrets/]) {
      await asked(prompt);
      await workbench.page.keyboard.press("Enter");
    }
    await workbench.page.locator(".view-lines").getByText("InferenceService").first().waitFor();
    await workbench
      .notification(/would take the InferenceService iris/)
      .first()
      .waitFor({ timeout: 30_000 });
    await stage.look("yaml");
    await workbench.notificationButton(/would take the InferenceService iris/, "Apply");
    await workbench.notificationButton(/iris was made in/, "Show Row");
    await workbench
      .treeRow(/^iris, model server, waiting/)
      .first()
      .waitFor({ timeout: 60_000 });
    await stage.look("row");
    assert.equal((await rig.client.list(INFERENCE_SERVICE, { namespace })).items.length, 1);
  });

  /** Answers what is asked from step `from` on as it is offered, until the text is there. */
  async function acceptAll(from: number, to: number, kind: string): Promise<void> {
    for (let step = from; step <= to; step++) {
      const asked = workbench.quickInput.getByText(`(${step}/${to})`);
      await asked.waitFor();
      let pressed = -Infinity;
      await until(
        `step ${step} to be answered`,
        async () => {
          // A box that is still being drawn loses the key.
          if (performance.now() - pressed > 3000 && (await asked.isVisible())) {
            pressed = performance.now();
            await workbench.page.keyboard.press("Enter");
          }
          return asked.isVisible();
        },
        (isAsked) => !isAsked,
      );
    }
    await workbench.page.locator(".view-lines").getByText(kind, { exact: true }).first().waitFor();
  }
  /** What its controller would write. */
  async function play(kind: ResourceKind, status: object): Promise<void> {
    const [made] = (await rig.client.list(kind, { namespace })).items;
    await rig.client.json({
      ...{ method: "PATCH", contentType: "application/merge-patch+json", body: { status } },
      path: `/apis/${kind.group}/${kind.version}/namespaces/${namespace}/${kind.plural}/${made?.metadata.name}/status`,
    });
  }
  const start = async (template: string): Promise<void> => {
    await workbench.palette("Kubeflow: New from Template…");
    await offered(template);
    await workbench.pick(template);
    await offered(namespace);
    await workbench.pick(namespace);
  };

  it("makes an experiment of the open script, with its warnings in Problems, and a Ray job", async () => {
    await workbench.openFile("train.py");
    await start("Katib experiment");
    await offered("train.py");
    await stage.look("source");
    await workbench.pick("train.py");
    await workbench.quickInput.getByText("(1/8)").waitFor();
    await workbench.page.keyboard.press("Enter");
    await stage.look("parameters");
    await workbench.input("lr=0.001..0.1:log layers=1,2,3");
    await acceptAll(3, 8, "Experiment");
    const question = /would take the Experiment .* warning in Problems/;
    await workbench.notification(question).first().waitFor({ timeout: 30_000 });
    assert.match((await workbench.problems()).join(), /lacks the label katib\.kubeflow\.org/);
    await stage.look("problems");
    await workbench.notificationButton(question, "Apply");
    await workbench.notificationButton(/train-\w+ was made in/, "Show Row");
    await workbench.treeRow(/^train-.*, experiment, waiting/).waitFor({ timeout: 60_000 });
    await play(EXPERIMENT, {
      conditions: [{ type: "Running", status: "True", lastTransitionTime: new Date().toISOString() }],
      ...{ trialsSucceeded: 3, trialsRunning: 2 },
      currentOptimalTrial: { observation: { metrics: [{ name: "loss", min: "0.31", max: "0.9", latest: "0.4" }] } },
    });
    await workbench.treeRow(/^train-.*, experiment, running, 3 of 12 trials done/).waitFor();
    await start("Ray job");
    await acceptAll(1, 7, "RayJob");
    await workbench.notificationButton(/would take the RayJob/, "Apply");
    await workbench.notificationButton(/ray-\w+ was made in/, "Show Row");
    await play(RAY_JOB, { jobDeploymentStatus: "Running", jobStatus: "RUNNING" });
    await workbench.treeRow(/^ray-.*, Ray job, running/i).waitFor({ timeout: 60_000 });
    await stage.look("rows");
  });
});
