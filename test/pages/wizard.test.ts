import assert from "node:assert/strict";
import type { Preview } from "../../src/contract/preview.ts";
import type { Wish } from "../../src/contract/wish.ts";
import { until } from "../editor/until.ts";
import * as fixtures from "./fixtures.ts";
import { focused, init, pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { WIZARD } from "./stage.ts";
import * as states from "./states.ts";

const { GKE, GKE_PREVIEW } = fixtures;
const { FORM } = states;

const EMPTY: Wish = {
  ...GKE,
  name: "",
  gke: { ...GKE.gke, project: "", region: "", zones: [], gpu: null, cpu: { machine: "", nodes: 0, maxNodes: 0 } },
};
const T4: Wish = {
  ...GKE,
  gke: { ...GKE.gke, gpu: { gpu: "nvidia-tesla-t4", machine: "n1-standard-8", perNode: 3, maxNodes: 2, spot: false } },
};
const EKS: Wish = { ...GKE, where: "eks" };
const LOCAL: Wish = { ...GKE, where: "local" };
const NO_CHOICES: Preview = {
  ...GKE_PREVIEW,
  choices: {},
  made: [],
  files: [],
  compare: [],
  cost: fixtures.LOCAL_PREVIEW.cost,
};
const WRONG: Preview = { ...GKE_PREVIEW, findings: [fixtures.T4_TIMES_3, fixtures.NO_STATE] };

const SCENARIOS: readonly Scenario[] = [
  { name: "empty", say: [init(EMPTY, NO_CHOICES)], shows: "No cloud, no bill" },
  {
    name: "gke",
    say: [init(GKE, GKE_PREVIEW), { type: "checks", checks: fixtures.CHECKS }],
    shows: "$0.50/h empty · $2.61/h full",
  },
  {
    name: "gke-errors",
    say: [init(T4, WRONG)],
    act: (page) => page.page.locator("#plan").click(),
    shows: "2 things to put right first",
  },
  { name: "eks", say: [init(EKS, fixtures.EKS_PREVIEW)], shows: "at least $0.50/h empty" },
  { name: "local", say: [init(LOCAL, fixtures.LOCAL_PREVIEW)], shows: "A registry for images" },
  {
    name: "planned",
    say: [init(GKE, GKE_PREVIEW, states.PLANNED), { type: "checks", checks: fixtures.CHECKS }],
    shows: "Makes 19 things",
  },
  {
    name: "plan-failed",
    say: [
      init(GKE, GKE_PREVIEW, {
        ...FORM,
        planFailure: {
          message: "Terraform says: the state is held by ana@laptop since 14:02.",
          next: ["Wait for the Lock", "Show Log"],
        },
      }),
    ],
    shows: "held by ana@laptop",
  },
  { name: "running", say: [init(GKE, GKE_PREVIEW, states.RUNNING)], shows: "of about 11 min" },
  { name: "cancelled", say: [init(GKE, GKE_PREVIEW, states.CANCELLED)], shows: "may exist unrecorded" },
  { name: "failed", say: [init(GKE, GKE_PREVIEW, states.FAILED)], shows: "Try Another Zone" },
  { name: "ended", say: [init(GKE, GKE_PREVIEW, states.ENDED)], shows: "ml-team is in the tree" },
  { name: "destroy", say: [init(GKE, GKE_PREVIEW, states.DESTROY)], shows: "Deletes 19 things" },
];

describe("the wizard's page", () => {
  const opened = pageRig(WIZARD);
  showsAll(opened, SCENARIOS, ["gke", "local", "planned", "running"]);

  it("leaves text, caret and focus alone while previews arrive", async () => {
    const wizard = await opened("dark");
    wizard.answer = (message) =>
      message.type === "change" ? [{ type: "preview", seq: message.seq, preview: WRONG }] : [];
    await wizard.say(init(GKE, GKE_PREVIEW));
    const input = wizard.page.locator("#f-name input");
    await input.focus();
    await wizard.page.keyboard.press("Home");
    await wizard.page.keyboard.type("x-", { delay: 80 });
    await wizard.page.getByText("A node can have 1, 2 or 4 T4").waitFor();
    await wizard.say({ type: "preview", seq: 2, preview: GKE_PREVIEW }, { type: "checks", checks: fixtures.CHECKS });
    await wizard.page.keyboard.type("y-");
    assert.equal(await input.inputValue(), "x-y-ml-team");
    assert.equal(await focused(wizard), "f-name");
  });

  it("sends typing once it pauses, picks at once, and each with the whole wish", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(GKE, GKE_PREVIEW));
    await wizard.page.locator("#f-name input").fill("abc");
    assert.equal((await wizard.hears("change")).wish.name, "abc");
    await wizard.page.locator("#f-gke-region").focus();
    await wizard.page.keyboard.press("ArrowDown");
    const change = await wizard.hears("change", 2);
    assert.deepEqual([change.seq, change.wish.name, change.wish.gke.region], [2, "abc", "europe-west4"]);
    assert.equal(wizard.heard.filter(({ type }) => type === "change").length, 2);
    assert.equal(await wizard.page.evaluate("globalThis.keptState.gke.region"), "europe-west4");
  });

  it("ignores a preview that answers an older form", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(GKE, GKE_PREVIEW));
    await wizard.page.locator("#f-gke-region").focus();
    await wizard.page.keyboard.press("ArrowDown");
    await wizard.page.keyboard.press("ArrowDown");
    await wizard.hears("change", 2);
    const later: Preview = { ...GKE_PREVIEW, cost: { ...GKE_PREVIEW.cost, hour: { least: 2, most: 3 } } };
    const older: Preview = { ...GKE_PREVIEW, cost: { ...GKE_PREVIEW.cost, hour: { least: 8, most: 9 } } };
    await wizard.say({ type: "preview", seq: 2, preview: later }, { type: "preview", seq: 1, preview: older });
    await wizard.page.getByText("$2.00/h empty · $3.00/h full").waitFor();
    assert.equal(await wizard.page.getByText("$8.00/h").count(), 0);
  });

  it("brings the plan, why there is none, and the end into view and under the focus, from the foot of the form too", async () => {
    const wizard = await opened("dark", { width: 1280, height: 800 });
    const failure = { ...FORM, planFailure: { message: "The state is held by ana@laptop.", next: ["Unlock…"] } };
    const answers = [failure, states.PLANNED];
    wizard.answer = (message) => {
      const next = message.type === "plan" ? answers.shift() : undefined;
      return next === undefined
        ? []
        : [
            { type: "state", state: { ...FORM, phase: "planning" } },
            { type: "state", state: next },
          ];
    };
    await wizard.say(init(GKE, GKE_PREVIEW));
    const foot = async (): Promise<void> => {
      await wizard.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)");
      assert.ok(Number(await wizard.page.evaluate("window.scrollY")) > 200);
    };
    const shown = async (id: string): Promise<void> => {
      await until(
        `${id} has the focus`,
        () => focused(wizard),
        (now) => now === id,
      );
      const box = await wizard.page.locator(`#${id}`).boundingBox();
      assert.ok(box !== null && box.y >= 0 && box.y + box.height <= 720, JSON.stringify(box));
    };
    await foot();
    await wizard.page.locator("#plan").click();
    await shown("failure");
    await foot();
    await wizard.page.locator("#plan").click();
    await shown("right-title");
    const sentence = wizard.page.getByText("Makes 19 things").filter({ visible: true }).first();
    assert.ok(((await sentence.boundingBox())?.y ?? 800) < 800);
    await wizard.say({ type: "state", state: states.RUNNING });
    await shown("right-title");
    await foot().catch(() => undefined);
    await wizard.say({ type: "state", state: states.ENDED });
    await shown("outcome");
  });

  it("shows the size of a machine in its list, at 1280 pixels", async () => {
    const wizard = await opened("dark", { width: 1280, height: 800 });
    await wizard.say(init(GKE, GKE_PREVIEW));
    for (const id of ["f-gke-cpu-machine", "f-gke-gpu-machine"]) {
      const shown = wizard.page.locator(`#${id} .selected-value`);
      const value = `document.getElementById("${id}").shadowRoot.querySelector(".selected-value")`;
      assert.equal(await wizard.page.evaluate(`${value}.scrollWidth > ${value}.clientWidth`), false, id);
      assert.match(await shown.innerText(), /CPUs, \d+ GB/);
    }
  });

  it("offers what would be right as a button at the field", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(T4, WRONG));
    // What no cluster can be is not drawn.
    assert.match(await wizard.page.locator(".drawing .gpu").innerText(), /to be put right$/);
    const field = wizard.page.locator("#f-gke-gpu-perNode");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    const says = (await field.getAttribute("aria-describedby")) ?? "";
    assert.match(await wizard.page.locator(`#${says.split(" ")[0] ?? ""}`).innerText(), /1, 2 or 4 T4/);
    await wizard.page.getByRole("button", { name: "Use 4 for GPUs per node" }).click();
    assert.equal((await wizard.hears("change")).wish.gke.gpu?.perNode, 4);
  });

  it("switches the GPU pool off, and on again as it was", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(GKE, GKE_PREVIEW));
    const box = wizard.page.getByRole("checkbox", { name: "Add a GPU pool" });
    await box.click();
    assert.equal((await wizard.hears("change")).wish.gke.gpu, null);
    await wizard.page.locator("#f-gke-gpu-machine").waitFor({ state: "detached" });
    await box.click();
    assert.deepEqual((await wizard.hears("change", 2)).wish.gke.gpu, GKE.gke.gpu);
  });

  it("takes what the extension changed in the wish, lists and all", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(GKE, GKE_PREVIEW));
    const choices = { ...GKE_PREVIEW.choices, "gke.gpu.machine": [{ value: "a3-highgpu-1g", label: "a3-highgpu-1g" }] };
    const gpu = { gpu: "nvidia-h100-80gb", machine: "a3-highgpu-1g", perNode: 1, maxNodes: 1, spot: true };
    const wish: Wish = { ...GKE, name: "renamed", gke: { ...GKE.gke, gpu } };
    await wizard.say({ type: "wish", wish, preview: { ...GKE_PREVIEW, choices } });
    await until(
      "the machine's list",
      () => wizard.page.locator("#f-gke-gpu-machine .selected-value").innerText(),
      (shown) => shown.trim() === "a3-highgpu-1g",
    );
    assert.equal(await wizard.page.locator("#f-name input").inputValue(), "renamed");
    assert.equal(wizard.heard.filter(({ type }) => type === "change").length, 0);
  });

  it("does not create from a plan that the form has left", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(GKE, GKE_PREVIEW, states.PLANNED));
    await wizard.page.locator("#f-name input").fill("other");
    await wizard.page.getByText("The form has changed since").waitFor();
    await wizard.page.locator("#act").click({ force: true });
    await wizard.hears("change");
    assert.equal(wizard.heard.filter(({ type }) => type === "create").length, 0);
  });

  it("takes over 1,000 resources without naming them all", async () => {
    const wizard = await opened("dark");
    const parts = Array.from({ length: 1000 }, (_, index) => ({
      address: `terraform_data.part[${index}]`,
      what: `part ${index}`,
      action: "create" as const,
      state: index < 900 ? ("done" as const) : ("running" as const),
      elapsedMs: 1000,
    }));
    const steps = states.RUNNING.steps.map((step) => (step.id === "cloud" ? { ...step, parts } : step));
    await wizard.say(init(GKE, GKE_PREVIEW, { ...states.RUNNING, steps }));
    await wizard.page.getByText("900 of 1000 done").waitFor();
    await wizard.page.getByText("and 88 more").waitFor();
  });

  it("names its fields to a screen reader by what they say now, and its maturity only where there is a cloud", async () => {
    const wizard = await opened("dark");
    const shared: Wish = { ...GKE, state: { kind: "shared", bucket: "b", prefix: "" } };
    await wizard.say(init(shared, GKE_PREVIEW));
    await wizard.page.getByRole("textbox", { name: "Bucket of Cloud Storage" }).waitFor();
    await wizard.page.locator("p.maturity").waitFor();
    await wizard.say({ type: "wish", wish: { ...shared, where: "eks" }, preview: fixtures.EKS_PREVIEW });
    await wizard.page.getByRole("textbox", { name: "Bucket of S3" }).waitFor();
    await wizard.page.getByText("grows when you say so").waitFor();
    await wizard.say({ type: "wish", wish: LOCAL, preview: fixtures.LOCAL_PREVIEW });
    await wizard.page.locator("p.maturity").waitFor({ state: "detached" });
  });

  it("leads nobody to Destroy, and says of what goes nothing about making it", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(GKE, GKE_PREVIEW, states.DESTROY));
    assert.equal(await wizard.page.locator("#act").getAttribute("appearance"), "secondary");
    await tabTo(wizard, "act");
    const gone = await wizard.page.locator(".asked .items li").allInnerTexts();
    assert.equal(gone.join(), GKE_PREVIEW.made.map(({ what }) => what).join());
  });

  it("is filled in, planned, created and cancelled by the keyboard alone", async () => {
    const wizard = await opened("hc-black");
    const { keyboard } = wizard.page;
    wizard.answer = (message) => {
      if (message.type === "change") {
        const findings = message.wish.state.kind === "unset" ? [fixtures.NO_STATE] : [];
        return [{ type: "preview", seq: message.seq, preview: { ...GKE_PREVIEW, findings } }];
      }
      if (message.type === "plan")
        return [
          { type: "state", state: { ...FORM, phase: "planning" } },
          { type: "state", state: states.PLANNED },
        ];
      if (message.type === "create") return [{ type: "state", state: states.RUNNING }];
      if (message.type === "cancel") return [{ type: "state", state: states.CANCELLED }];
      return [];
    };
    await wizard.say(init(GKE, { ...GKE_PREVIEW, findings: [fixtures.NO_STATE] }));
    await wizard.page.locator("main.page").waitFor();
    await tabTo(wizard, "f-where");
    await tabTo(wizard, "f-name");
    await keyboard.type("ml-team-2");
    await tabTo(wizard, "f-gke-region");
    await keyboard.press("Enter");
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await tabTo(wizard, "f-gke-gpu");
    await keyboard.press("Space");
    await wizard.page.locator("#f-gke-gpu-machine").waitFor({ state: "detached" });
    await tabTo(wizard, "plan");
    await keyboard.press("Enter");
    await wizard.page.getByRole("heading", { name: "1 thing to put right first" }).waitFor();
    assert.equal(await focused(wizard), "errors");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    assert.equal(await focused(wizard), "f-state");
    await keyboard.press("ArrowRight");
    await tabTo(wizard, "plan");
    await keyboard.press("Enter");
    await wizard.page.getByText("Makes 19 things").filter({ visible: true }).first().waitFor();
    const { wish } = await wizard.hears("change");
    assert.deepEqual(
      [wish.name, wish.gke.region, wish.gke.gpu, wish.state.kind],
      ["ml-team-2", "europe-west4", null, "mine"],
    );
    assert.equal(await focused(wizard), "right-title");
    await tabTo(wizard, "act");
    await keyboard.press("Enter");
    await wizard.hears("create");
    await tabTo(wizard, "cancel");
    await keyboard.press("Space");
    await wizard.hears("cancel");
    await wizard.page.getByText("may exist unrecorded").filter({ visible: true }).first().waitFor();
    assert.deepEqual(wizard.complaints, []);
  });
});
