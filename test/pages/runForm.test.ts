import assert from "node:assert/strict";
import type { FromRunForm, RunForm, RunInput, RunPreview, ToRunForm } from "../../src/contract/runForm.ts";
import { until } from "../editor/until.ts";
import { focused, pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { type OpenPage, RUN_FORM } from "./stage.ts";

type RunPage = OpenPage<FromRunForm, ToRunForm>;

const input = (name: string, type: RunInput["type"], more: Partial<RunInput> = {}): RunInput => ({
  ...{ name, type, description: "", optional: true, default: "", choices: [] },
  ...more,
});

const FORM: RunForm = {
  name: "housing 2026-11-30 12:00:00",
  experiment: "Default",
  serviceAccount: "",
  root: "",
  caching: "as written",
  when: "once",
  cron: "0 6 * * *",
  every: "60",
  atOnce: "1",
  catchUp: false,
  values: {
    data_url: "s3://data/housing.csv",
    epochs: "3",
    rate: "0.05",
    quick: "false",
    layers: "[64, 32]",
    size: "small",
  },
};
const PREVIEW: RunPreview = {
  problems: [],
  schedule: "",
  next: [],
  notes: ["It is uploaded as a version, unless this very pipeline is there already."],
};
const NEXT = ["Tuesday, December 1, 2026 at 6:00 AM", "Wednesday, December 2, 2026 at 6:00 AM"];

const init = (
  form: Partial<RunForm> = {},
  preview: Partial<RunPreview> = {},
  inputs?: readonly RunInput[],
): ToRunForm => ({
  type: "init",
  subject: {
    pipeline: "housing",
    detail: "pipeline.yaml",
    description: "Trains a model on the prices of houses.",
    place: "gke_ml-prod_us-central1_team-a / alice · multi-user, by port-forward with a token · 2.17.0",
    inputs: inputs ?? [
      input("data_url", "string", { optional: false, description: "Where the table is." }),
      input("epochs", "integer"),
      input("rate", "number"),
      input("quick", "boolean"),
      input("layers", "list"),
      input("size", "string", { choices: ["small", "large"] }),
    ],
    steps: 4,
  },
  form: { ...FORM, ...form },
  preview: { ...PREVIEW, ...preview },
});
const CHOICES: ToRunForm = {
  type: "choices",
  choices: { experiments: ["Default", "tuning"], serviceAccounts: ["default-editor", "pipeline-runner"] },
};

const SCENARIOS: readonly Scenario<FromRunForm, ToRunForm>[] = [
  { name: "run", say: [init(), CHOICES], shows: "Nothing is missing." },
  {
    name: "run-schedule",
    say: [init({ when: "cron" }, { schedule: "At 06:00", next: NEXT }), CHOICES],
    shows: "At 06:00",
  },
  {
    name: "run-wrong",
    say: [
      init(
        { name: "", values: { ...FORM.values, layers: "[64, ", data_url: "" } },
        {
          problems: [
            { field: "name", text: "A name has 1 to 128 characters." },
            { input: "data_url", text: "It needs a value." },
            { input: "layers", text: "It is a JSON list, such as [1, 2]. Unexpected end of JSON input." },
          ],
        },
      ),
      CHOICES,
    ],
    shows: "3 problems in the form",
  },
  {
    name: "run-refused",
    say: [
      init({}, { notes: [] }, []),
      { type: "said", text: "The run was not started. It says: the service account x was not found.", isError: true },
    ],
    shows: "The pipeline asks for nothing.",
  },
];

describe("the page of a run", () => {
  const opened = pageRig(RUN_FORM);
  showsAll(opened, SCENARIOS, ["run", "run-schedule"]);

  const sent = (page: RunPage): RunForm | undefined =>
    page.heard.flatMap((message) => (message.type === "change" ? [message.form] : [])).at(-1);
  const button = (page: RunPage, name: string) => page.page.getByRole("button", { name, exact: true });

  it("sends values and fields as they are written or taken, and drops what answers an older edit", async () => {
    const page = await opened("dark");
    await page.say(init(), CHOICES);
    await page.page.getByRole("textbox", { name: "epochs" }).fill("12");
    await page.page.getByRole("textbox", { name: "layers" }).fill("[1]");
    await button(page, "Use tuning for Experiment").click();
    await page.page.locator("#i-quick").click();
    await page.page.getByRole("option", { name: "true" }).click();
    await until(
      "the change",
      () => Promise.resolve(sent(page)),
      (form) => form?.values["quick"] === "true",
    );
    const form = sent(page);
    assert.deepEqual([form?.values["epochs"], form?.values["layers"], form?.experiment], ["12", "[1]", "tuning"]);
    const old = { ...PREVIEW, problems: [{ field: "name" as const, text: "an older answer" }] };
    await page.say({ type: "preview", seq: 1, preview: old });
    assert.equal(await page.page.getByText("an older answer").count(), 0);
    assert.deepEqual(page.complaints, []);
  });

  it("asks for a schedule where it is to run by one", async () => {
    const page = await opened("light");
    await page.say(init(), CHOICES);
    assert.equal(await page.page.locator("#f-cron").count(), 0);
    await page.page.getByRole("radio", { name: "By a schedule" }).click();
    await page.page.locator("#f-cron").waitFor();
    await button(page, "Make Recurring Run").waitFor();
    assert.equal(sent(page)?.when, "cron");
    assert.deepEqual(page.complaints, []);
  });

  it("is started by the keyboard alone, and not twice", async () => {
    const page = await opened("hc-black");
    await page.say(init(), CHOICES);
    await button(page, "Start Run").waitFor();
    await tabTo(page, "start");
    await page.page.keyboard.press("Enter");
    const types = () => Promise.resolve(page.heard.map(({ type }) => type));
    await until("the start", types, (all) => all.includes("start"));
    await page.say({ type: "busy", busy: true });
    await button(page, "Sending…").waitFor();
    await page.page.keyboard.press("Enter");
    assert.equal(await focused(page), "start");
    assert.equal((await types()).filter((type) => type === "start").length, 1);
    await page.say(
      { type: "busy", busy: false },
      { type: "said", text: "A run of housing was started.", isError: false },
    );
    await page.page.getByText("A run of housing was started.").filter({ visible: true }).first().waitFor();
  });

  it("cannot be started while something is wrong", async () => {
    const page = await opened("dark");
    await page.say(...(SCENARIOS.find(({ name }) => name === "run-wrong")?.say ?? []));
    const field = page.page.getByRole("textbox", { name: "layers" });
    await field.waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await button(page, "Start Run").click({ force: true });
    assert.ok(!page.heard.some(({ type }) => type === "start"));
  });
});
