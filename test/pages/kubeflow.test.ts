import assert from "node:assert/strict";
import type { Finding } from "../../src/contract/preview.ts";
import { GKE, GKE_PREVIEW, LOCAL_PREVIEW } from "./fixtures.ts";
import * as kubeflow from "./kubeflow.ts";
import { focused, init, pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { WIZARD, type WizardPage } from "./stage.ts";

const { FULL, installPreview, INSTALL_FORM, kubeflowPreview, withKubeflow } = kubeflow;
const LOCAL = { ...GKE, where: "local" as const };
const PARTS = withKubeflow(GKE, { profile: "parts", components: ["trainer", "katib"] });
const TOO_SMALL: Finding = {
  field: "kubeflow.quota.memoryGiB",
  severity: "error",
  message: "A notebook alone needs 2 GiB: 1 is too little.",
  instead: [{ label: "8", value: 8 }],
};
const SMALL = { ...FULL, kubeflow: { ...FULL.kubeflow, quota: { cpu: 4, memoryGiB: 1, gpus: 1 } } };
const INSTALL = installPreview("full");
const CHECKED = { type: "checks" as const, checks: kubeflow.INSTALL_CHECKS };

const SCENARIOS: readonly Scenario[] = [
  {
    name: "kubeflow-gke",
    say: [init(FULL, kubeflowPreview(GKE_PREVIEW, "full"))],
    shows: "Each gets an account with a password made for this install",
  },
  {
    name: "kubeflow-local",
    say: [init(withKubeflow(LOCAL, { profile: "training" }), kubeflowPreview(LOCAL_PREVIEW, "training"))],
    shows: "Run a small training job at the end",
  },
  {
    name: "install-form",
    say: [init(SMALL, { ...INSTALL, findings: [TOO_SMALL] }, INSTALL_FORM), CHECKED],
    shows: "1 is too little",
  },
  { name: "install-parts", say: [init(PARTS, installPreview("parts"), INSTALL_FORM)], shows: "what they need comes" },
  { name: "install-planned", say: [init(FULL, INSTALL, kubeflow.INSTALL_PLANNED), CHECKED], shows: "read-only there" },
  { name: "install-running", say: [init(FULL, INSTALL, kubeflow.INSTALL_RUNNING)], shows: "it needs Katib" },
  { name: "install-ended", say: [init(FULL, INSTALL, kubeflow.INSTALL_ENDED)], shows: "all 12 components are healthy" },
  {
    name: "kubeflow-running",
    say: [init(FULL, kubeflowPreview(GKE_PREVIEW, "full"), kubeflow.NEW_RUNNING)],
    shows: "8 of 12 components",
  },
];

describe("the wizard's page, Kubeflow", () => {
  const opened = pageRig(WIZARD);
  showsAll(opened, SCENARIOS, ["kubeflow-gke", "install-parts", "install-planned", "kubeflow-running"]);

  it("asks for no more than the choice has", async () => {
    const wizard = await opened("dark");
    const fields = async (profile: string): Promise<string[]> => {
      await wizard.say(init(withKubeflow(GKE, { profile }), installPreview(profile), INSTALL_FORM));
      await wizard.page.locator(`#f-kubeflow-profile vscode-radio[aria-checked="true"]`).waitFor();
      const kinds = ["radio-group", "text-field", "checkbox", "dropdown"].map((kind) => `vscode-${kind}`);
      return wizard.page.evaluate<string[]>(
        `Array.from(document.querySelectorAll("form :is(${kinds.join()})"), ({ id }) => id)`,
      );
    };
    const more = ["f-kubeflow-storageClass", "f-kubeflow-folder"];
    assert.deepEqual(await fields(""), ["f-kubeflow-profile"]);
    assert.deepEqual(await fields("pipelines"), ["f-kubeflow-profile", ...more]);
    assert.deepEqual(await fields("training"), ["f-kubeflow-profile", "f-kubeflow-sample", ...more]);
    const quota = ["cpu", "memoryGiB", "gpus"].map((one) => `f-kubeflow-quota-${one}`);
    assert.deepEqual(await fields("full"), [
      ...["f-kubeflow-profile", "f-kubeflow-people", "f-kubeflow-sample"],
      ...[...quota, ...more],
    ]);
  });

  it("takes a click on what a profile is for the profile, and goes on from there by the keyboard", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(withKubeflow(GKE, { profile: "training" }), installPreview("training"), INSTALL_FORM));
    await wizard.page.getByText("Everything, behind one page").click({ force: true });
    assert.equal((await wizard.hears("change")).wish.kubeflow.profile, "full");
    await wizard.page.keyboard.press("ArrowDown");
    assert.equal((await wizard.hears("change", 2)).wish.kubeflow.profile, "parts");
    await wizard.page.getByText("The cluster alone").click({ force: true });
    assert.equal((await wizard.hears("change", 3)).wish.kubeflow.profile, "");
  });

  it("asks the editor for a folder by the field that it is for", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(withKubeflow(LOCAL, { profile: "training" }), kubeflowPreview(LOCAL_PREVIEW, "training")));
    await wizard.page.getByRole("button", { name: "Choose… Folder that every node sees" }).click();
    assert.equal((await wizard.hears("pickFolder")).field, "local.volume");
    await wizard.page.getByText("More", { exact: true }).click();
    await wizard.page.getByRole("button", { name: "Choose… Folder with the release’s files" }).click();
    assert.equal((await wizard.hears("pickFolder", 2)).field, "kubeflow.folder");
  });

  it("opens what is folded where something in it is to be put right, and leads there", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(FULL, INSTALL, INSTALL_FORM));
    assert.equal(await wizard.page.locator("#f-kubeflow-quota-memoryGiB").isVisible(), false);
    await wizard.say({ type: "wish", wish: FULL, preview: { ...INSTALL, findings: [TOO_SMALL] } });
    await wizard.page.locator("#f-kubeflow-quota-memoryGiB").waitFor();
    await wizard.page.locator("#plan").click();
    await wizard.page.getByRole("link", { name: "1 is too little" }).click();
    assert.equal(await focused(wizard), "f-kubeflow-quota-memoryGiB");
    await wizard.page.getByRole("button", { name: "Use 8 for Memory" }).click();
    assert.equal((await wizard.hears("change")).wish.kubeflow.quota.memoryGiB, 8);
  });

  it("shows the components as steps of the step Kubeflow, and alone where that is all", async () => {
    const wizard = await opened("dark");
    await wizard.say(init(FULL, INSTALL, kubeflow.NEW_RUNNING));
    const outer = wizard.page.getByRole("list", { name: "Steps", exact: true });
    const inner = outer.getByRole("list", { name: "Steps of Kubeflow" });
    await inner.getByRole("listitem").filter({ hasText: "ImagePullBackOff" }).waitFor();
    assert.equal(await inner.getByRole("listitem").count(), 12);
    assert.equal(await outer.locator("> li").count(), kubeflow.NEW_RUNNING.steps.length - 12);
    await inner.getByRole("button", { name: "Try Again" }).click();
    assert.deepEqual(await wizard.hears("next"), { type: "next", step: "kubeflow-katib", next: "Try Again" });
    await wizard.say({ type: "state", state: kubeflow.INSTALL_RUNNING });
    await inner.waitFor({ state: "detached" });
    assert.equal(await outer.locator("> li").count(), 14);
  });

  it("is filled in, planned and installed by the keyboard alone", async () => {
    const wizard = await opened("hc-light");
    const { keyboard } = wizard.page;
    wizard.answer = (message) => {
      if (message.type === "change")
        return [{ type: "preview", seq: message.seq, preview: installPreview(message.wish.kubeflow.profile) }];
      if (message.type === "plan") return [{ type: "state", state: kubeflow.INSTALL_PLANNED }, CHECKED];
      if (message.type === "create") return [{ type: "state", state: kubeflow.INSTALL_RUNNING }];
      return [];
    };
    await wizard.say(init(withKubeflow(GKE, { profile: "training" }), installPreview("training"), INSTALL_FORM));
    await wizard.page.locator("main.page").waitFor();
    await tabTo(wizard, "f-kubeflow-profile");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");
    await wizard.page.locator("#f-kubeflow-people").waitFor();
    await tabTo(wizard, "f-kubeflow-people");
    await keyboard.type("ana@example.com, ben@example.com");
    await tabTo(wizard, "f-kubeflow-sample");
    await keyboard.press("Space");
    await pressOn(wizard, "SUMMARY");
    await tabTo(wizard, "f-kubeflow-quota-cpu");
    await keyboard.press("ControlOrMeta+a");
    await keyboard.type("16");
    await tabTo(wizard, "plan");
    await keyboard.press("Enter");
    await wizard.hears("plan");
    const { wish } = await wizard.hears("change");
    const { profile, people, sample, quota } = wish.kubeflow;
    assert.deepEqual([profile, people, sample, quota.cpu], ["full", kubeflow.PEOPLE, false, 16]);
    await wizard.page.getByText("read-only there").waitFor();
    await tabTo(wizard, "act");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await wizard.hears("openPlan");
    await tabTo(wizard, "act");
    await keyboard.press("Enter");
    await wizard.hears("create");
    await wizard.page.getByText("it needs Katib").filter({ visible: true }).first().waitFor();
    assert.equal(await focused(wizard), "right-title");
    assert.deepEqual(wizard.complaints, []);
  });
});

/** Goes on to the next element of that name, and presses Enter on it. */
async function pressOn(wizard: WizardPage, tag: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    if ((await wizard.page.evaluate("document.activeElement.tagName")) === tag)
      return wizard.page.keyboard.press("Enter");
    await wizard.page.keyboard.press("Tab");
  }
  throw new Error(`${tag} cannot be reached by Tab`);
}
