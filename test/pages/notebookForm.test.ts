import assert from "node:assert/strict";
import type {
  FromNotebookForm,
  NotebookForm,
  NotebookPreview,
  NotebookSubject,
  ToNotebookForm,
} from "../../src/contract/notebookForm.ts";
import { firstForm } from "../../src/notebooks/form/form.ts";
import { imageLabel, shippedSpawner } from "../../src/notebooks/form/spawner.ts";
import { until } from "../editor/until.ts";
import { focused, pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { NOTEBOOK_FORM, type OpenPage } from "./stage.ts";

type FormPage = OpenPage<FromNotebookForm, ToNotebookForm>;

const SPAWNER = shippedSpawner();
const FORM: NotebookForm = { ...firstForm(SPAWNER, "default-editor"), name: "lab" };
const MANIFEST = `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: lab-workspace
---
apiVersion: kubeflow.org/v1
kind: Notebook
metadata:
  name: lab
`;
const PREVIEW: NotebookPreview = {
  problems: [],
  manifest: MANIFEST,
  summary: "Makes a notebook named lab and 1 new volume.",
};
const SUBJECT: NotebookSubject = {
  place: "gke_ml-prod_us-central1_team-a / alice",
  source: "Offers and defaults are those of this cluster’s jupyter-web-app-config-8bmt6t8d92.",
  ...{ like: "", left: [], locked: [] },
};

const init = (
  form: Partial<NotebookForm> = {},
  subject: Partial<NotebookSubject> = {},
  preview: Partial<NotebookPreview> = {},
): ToNotebookForm => ({
  type: "init",
  subject: { ...SUBJECT, ...subject },
  form: { ...FORM, ...form },
  preview: { ...PREVIEW, ...preview },
});
const named = (...names: readonly string[]) => names.map((value) => ({ value, label: value }));
const CHOICES: ToNotebookForm = {
  type: "choices",
  choices: {
    image: SPAWNER.images.jupyter.options.map((value) => ({ value, label: imageLabel(value, SPAWNER) })),
    gpuVendor: SPAWNER.gpus.vendors.map(({ key, name }) => ({ value: key, label: name })),
    workspaceClass: named("standard", "fast-ssd"),
    workspaceClaim: named("datasets", "models"),
    volumes: [
      { value: "{notebook-name}-data=10Gi:/home/jovyan/data", label: "New volume" },
      { value: "datasets:/home/jovyan/datasets", label: "datasets · 100Gi, many nodes at a time" },
    ],
    configurations: [
      { value: "access-ml-pipeline=true", label: "Allow access to Kubeflow Pipelines" },
      { value: "add-gcp-secret=true", label: "Mount the team’s key" },
    ],
    tolerations: [{ value: "gpu", label: "Nodes with L4" }],
    serviceAccount: named("default-editor", "default"),
    like: named("bob-lab", "vision"),
    partial: ["image"],
  },
};
const FINDINGS: ToNotebookForm = {
  type: "findings",
  checking: false,
  findings: [
    {
      field: "form",
      level: "ok",
      text: "The cluster would take it and its pod, as a dry run says.",
      lines: [],
      next: "",
    },
    {
      ...{ field: "gpus", level: "warning", text: "There is no room now for 1 GPU.", lines: ["gpu-a: taken by bert"] },
      next: "Show Room",
    },
  ],
};

const SCENARIOS: readonly Scenario<FromNotebookForm, ToNotebookForm>[] = [
  { name: "notebook", say: [init({ gpus: "1" }), CHOICES, FINDINGS], shows: "1 warning" },
  {
    name: "notebook-like",
    say: [
      init(
        { volumes: "datasets:/data:ro", configurations: ["access-ml-pipeline=true"], workspace: "existing" },
        {
          like: "vision",
          left: ["its workspace vision-workspace: this one gets its own"],
          locked: ["cpu", "cpuLimit"],
        },
      ),
      CHOICES,
      { type: "findings", findings: [], checking: true },
    ],
    shows: "Not taken over from vision",
  },
  {
    name: "notebook-wrong",
    say: [
      init(
        { name: "9".repeat(60), server: "group-two", workspace: "none", volumes: "nonsense" },
        {
          source:
            "Offers and defaults are those that Kubeflow Notebooks 1.11.0 ships with, for the cluster’s own may not be read.",
        },
        {
          manifest: "",
          summary: "",
          problems: [
            { field: "name", level: "problem", text: "A name has at most 52 characters.", lines: [], next: "" },
            { field: "volumes", level: "problem", text: "Line 1 is not of the form claim:/path.", lines: [], next: "" },
          ],
        },
      ),
    ],
    shows: "2 problems in the form",
  },
];

describe("the page of a new notebook", () => {
  const opened = pageRig(NOTEBOOK_FORM);
  showsAll(opened, SCENARIOS, ["notebook", "notebook-wrong"]);

  const sent = (page: FormPage): NotebookForm | undefined =>
    page.heard.flatMap((message) => (message.type === "change" ? [message.form] : [])).at(-1);
  const button = (page: FormPage, name: string) => page.page.getByRole("button", { name, exact: true });
  const tells = (page: FormPage, what: string, is: (form: NotebookForm | undefined) => boolean) =>
    until(what, () => Promise.resolve(sent(page)), is);

  it("takes what the cluster offers by a press: an image, a volume, a configuration", async () => {
    const page = await opened("dark");
    await page.say(init(), CHOICES, FINDINGS);
    await button(page, "Use jupyter-pytorch-cuda-full:v1.11.0 for Image").click();
    await button(page, "Use New volume for More volumes").click();
    await page.page.getByRole("checkbox", { name: "Mount the team’s key" }).click();
    await tells(page, "the changes", (form) => form?.configurations.includes("add-gcp-secret=true") === true);
    const form = sent(page);
    assert.match(form?.image ?? "", /pytorch-cuda-full:v1\.11\.0$/);
    assert.equal(form?.volumes, "{notebook-name}-data=10Gi:/home/jovyan/data");
    await page.page.getByRole("checkbox", { name: "Mount the team’s key" }).click();
    await tells(page, "the box to be empty", (now) => now?.configurations.length === 0);
    assert.deepEqual(page.complaints, []);
  });

  it("asks of its home what that kind of home takes", async () => {
    const page = await opened("light");
    await page.say(init(), CHOICES, FINDINGS);
    await page.page.locator("#f-workspaceSize").waitFor();
    await page.page.getByRole("radio", { name: "On a volume that is there" }).click();
    await page.page.locator("#f-workspaceClaim").waitFor();
    assert.equal(await page.page.locator("#f-workspaceSize").count(), 0);
    assert.equal(sent(page)?.workspace, "existing");
  });

  it("switches off what the administrators have decided, and says so", async () => {
    const page = await opened("hc-light");
    await page.say(init({}, { locked: ["cpu", "cpuLimit", "shm"] }), CHOICES, FINDINGS);
    const field = page.page.getByRole("textbox", { name: "CPU", exact: true });
    await field.waitFor();
    assert.ok(await field.isDisabled());
    await page.page.locator("#f-cpu-hint").getByText("administrators have decided").waitFor();
  });

  it("asks to be filled in after another notebook", async () => {
    const page = await opened("dark");
    await page.say(init(), CHOICES, FINDINGS);
    await page.page.locator("#f-like").click();
    await page.page.getByRole("option", { name: "vision" }).click();
    assert.equal((await page.hears("like")).name, "vision");
  });

  it("is made by the keyboard alone, and not twice", async () => {
    const page = await opened("hc-black");
    await page.say(init(), CHOICES, FINDINGS);
    await button(page, "Create").waitFor();
    await tabTo(page, "run");
    await page.page.keyboard.press("Enter");
    await page.hears("run");
    await page.say({ type: "busy", busy: true });
    await button(page, "Creating…").waitFor();
    await page.page.keyboard.press("Enter");
    assert.equal(await focused(page), "run");
    assert.equal(page.heard.filter(({ type }) => type === "run").length, 1);
  });

  it("cannot be made while something is wrong, and says so at its field", async () => {
    const page = await opened("dark");
    await page.say(...(SCENARIOS.find(({ name }) => name === "notebook-wrong")?.say ?? []));
    const field = page.page.getByRole("textbox", { name: "Name", exact: true });
    await field.waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await button(page, "Create").click({ force: true });
    assert.ok(!page.heard.some(({ type }) => type === "run"));
  });
});
