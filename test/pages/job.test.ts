import assert from "node:assert/strict";
import type {
  FromJobForm,
  JobChoices,
  JobFinding,
  JobForm,
  JobPreview,
  ToJobForm,
} from "../../src/contract/jobForm.ts";
import { until } from "../editor/until.ts";
import { focused, pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { JOB, type OpenPage } from "./stage.ts";

type JobPage = OpenPage<FromJobForm, ToJobForm>;

const FORM: JobForm = {
  context: "gke_ml-prod_us-central1_team-a",
  namespace: "alice",
  kind: "PyTorchJob",
  runtime: "",
  nodes: "2",
  processes: "",
  gpus: "1",
  cpu: "4",
  memory: "16Gi",
  image: "pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime",
  args: "--epochs 3",
  code: "imports",
  installs: true,
  output: "pvc://results",
  env: "NCCL_DEBUG=INFO",
  secrets: "HF_TOKEN=hf/token",
  volumes: "data:/data:ro",
  dataset: "",
  model: "",
  nodeSelector: "cloud.google.com/gke-accelerator=nvidia-l4",
  tolerations: "nvidia.com/gpu:NoSchedule",
  serviceAccount: "",
  queue: "",
  priority: "",
  timeLimit: "90",
  retries: "",
  keepFor: "",
};

const PREVIEW: JobPreview = {
  problems: [],
  manifest: [
    "apiVersion: kubeflow.org/v1",
    "kind: PyTorchJob",
    "metadata:",
    "  name: train-4f2a",
    "  namespace: alice",
    "  annotations:",
    `    trainyard/source-hash: ${"5f3a".padEnd(64, "0")}`,
    ...Array.from({ length: 60 }, (_, index) => `  # line ${index + 7}`),
  ].join("\n"),
  summary:
    "PyTorchJob · gke_ml-prod_us-central1_team-a / alice · 2 nodes × 1 GPU · pytorch:2.11.0-cuda12.8 · 12 files, 84 KB",
  price: "$2.08/h list",
  files: "12 files, 84 KB; 3 others stay here",
};

const option = (value: string, label = value) => ({ value, label });
const CHOICES: JobChoices = {
  context: [option("gke_ml-prod_us-central1_team-a"), option("minikube")],
  namespace: [option("alice"), option("bob")],
  kind: [option("PyTorchJob"), option("TrainJob")],
  runtime: [
    option("ClusterTrainingRuntime/torch-distributed", "torch-distributed · torch"),
    option("TrainingRuntime/own", "own"),
  ],
  output: [option("pvc://results", "results · 10Gi, many nodes at a time")],
  volumes: [option("data", "data · 1Ti, many nodes at a time")],
  gpuTypes: [option("cloud.google.com/gke-accelerator=nvidia-l4", "nvidia-l4 · 2 now")],
  queue: [option("team-a")],
};

const finding = (
  field: JobFinding["field"],
  level: JobFinding["level"],
  text: string,
  more: Partial<JobFinding> = {},
) => ({
  ...{ field, level, text, lines: [], next: "" },
  ...more,
});
const FINDINGS: JobFinding[] = [
  finding("form", "ok", "The cluster would take it, as a dry run says."),
  finding(
    "gpus",
    "warning",
    "It waits until a pool grows: it wants 2 × 1 GPU, and the nodes have room for 0 of 2 pods.",
    {
      lines: ["gpu-pool-x7k2: 0 of 1 free", "gpu-pool-q9d1: takes no new pods"],
      next: "Start a GPU Node ($1.04/h)…",
    },
  ),
  finding("secrets", "problem", "The Secret hf has no key token."),
];

const init = (form: Partial<JobForm> = {}, preview: Partial<JobPreview> = {}): ToJobForm => ({
  type: "init",
  file: "train.py",
  form: { ...FORM, ...form },
  preview: { ...PREVIEW, ...preview },
});
const SAID: ToJobForm[] = [
  init(),
  { type: "choices", choices: CHOICES },
  { type: "findings", findings: FINDINGS, checking: false },
];
const WRONG: ToJobForm = {
  type: "preview",
  seq: 0,
  preview: {
    ...PREVIEW,
    problems: [
      finding("nodes", "problem", "It is a whole number between 1 and 1000."),
      finding("env", "problem", "Line 2 is not of the form NAME=value."),
    ],
  },
};

const SCENARIOS: readonly Scenario<FromJobForm, ToJobForm>[] = [
  { name: "job", say: SAID, shows: "Start a GPU Node ($1.04/h)…" },
  {
    name: "job-train",
    say: [
      init({ kind: "TrainJob", runtime: "ClusterTrainingRuntime/torch-distributed", image: "" }),
      { type: "choices", choices: CHOICES },
      { type: "findings", findings: [], checking: true },
    ],
    shows: "Asking the cluster…",
  },
  { name: "job-wrong", say: [...SAID, WRONG], shows: "2 problems in the form" },
];

describe("the page of a job", () => {
  const opened = pageRig(JOB);
  showsAll(opened, SCENARIOS, ["job", "job-wrong"]);

  /** The form that the page sent last. */
  const sent = (page: JobPage): JobForm | undefined => {
    const changes = page.heard.flatMap((message) => (message.type === "change" ? [message.form] : []));
    return changes.at(-1);
  };
  const button = (page: JobPage, name: string) => page.page.getByRole("button", { name, exact: true });

  it("sends every change at once, numbered, and drops what answers an older one", async () => {
    const page = await opened("dark");
    await page.say(...SAID);
    await page.page.locator("#f-nodes input").fill("4");
    await page.page.locator("#f-env textarea").fill("A=1\nB=2");
    await until(
      "the change",
      () => Promise.resolve(sent(page)),
      (form) => form?.env === "A=1\nB=2",
    );
    assert.equal(sent(page)?.nodes, "4");
    await page.say({ type: "preview", seq: 1, preview: { ...PREVIEW, summary: "an older answer" } });
    await page.say({ type: "preview", seq: 2, preview: { ...PREVIEW, summary: "the answer" } });
    await page.page.getByText("the answer", { exact: true }).waitFor();
    assert.equal(await page.page.getByText("an older answer").count(), 0);
    assert.deepEqual(page.complaints, []);
  });

  it("takes what the cluster has by a press: a place, a volume, a sort of GPU", async () => {
    const page = await opened("light");
    await page.say(init({ output: "", volumes: "", nodeSelector: "spot=true" }), ...SAID.slice(1));
    await button(page, "Use results · 10Gi, many nodes at a time for Results").click();
    await button(page, "Use data · 1Ti, many nodes at a time for Volumes").click();
    await page.page.locator("#f-gpuType").click();
    await page.page.getByRole("option", { name: "nvidia-l4 · 2 now" }).click();
    const wanted = "spot=true\ncloud.google.com/gke-accelerator=nvidia-l4";
    await until(
      "the change",
      () => Promise.resolve(sent(page)),
      (form) => form?.nodeSelector === wanted,
    );
    assert.deepEqual([sent(page)?.output, sent(page)?.volumes], ["pvc://results", "data:/mnt/data"]);
    assert.deepEqual(page.complaints, []);
  });

  it("asks of each kind what that kind takes", async () => {
    const page = await opened("dark");
    await page.say(...SAID);
    await page.page.locator("#f-retries").waitFor();
    assert.equal(await page.page.locator("#f-dataset").count(), 0);
    await page.page.getByRole("radio", { name: "TrainJob" }).click();
    await page.page.locator("#f-dataset").waitFor();
    assert.deepEqual(
      await Promise.all(["retries", "keepFor"].map((id) => page.page.locator(`#f-${id}`).count())),
      [0, 0],
    );
    assert.equal(sent(page)?.kind, "TrainJob");
  });

  it("is run by the keyboard alone, and not twice", async () => {
    const page = await opened("hc-black");
    await page.say(...SAID);
    await button(page, "Run Anyway").waitFor();
    await tabTo(page, "run");
    await page.page.keyboard.press("Enter");
    await until(
      "the run",
      () => Promise.resolve(page.heard.map(({ type }) => type)),
      (types) => types.includes("run"),
    );
    await page.say({ type: "busy", busy: true });
    await button(page, "Sending…").waitFor();
    await page.page.keyboard.press("Enter");
    assert.equal(await focused(page), "run");
    assert.equal(page.heard.filter(({ type }) => type === "run").length, 1);
    await page.say({ type: "busy", busy: false });
    await button(page, "Run Anyway").waitFor();
  });

  it("says what is wrong at its field, and cannot be run then", async () => {
    const page = await opened("dark");
    await page.say(...SAID, WRONG);
    await page.page.getByText("2 problems in the form").filter({ visible: true }).first().waitFor();
    const nodes = page.page.getByRole("textbox", { name: "Nodes", exact: true });
    assert.equal(await nodes.getAttribute("aria-invalid"), "true");
    await button(page, "Run").click({ force: true });
    assert.deepEqual(
      page.heard.filter(({ type }) => type === "run"),
      [],
    );
  });

  it("leads to the field of the worst that was found", async () => {
    const page = await opened("light");
    await page.say(...SAID);
    await tabTo(page, "verdict");
    await page.page.keyboard.press("Enter");
    assert.equal(await focused(page), "f-secrets");
    await page.say({ type: "findings", findings: [finding("form", "problem", "It is full.")], checking: false });
    await page.page.getByRole("link", { name: "1 problem" }).click();
    assert.equal(await focused(page), "checks");
  });

  it("presses the button of what was found, as it is numbered there", async () => {
    const page = await opened("dark");
    await page.say(...SAID);
    await button(page, "Start a GPU Node ($1.04/h)…").first().click();
    await until(
      "the press",
      () => Promise.resolve(page.heard.at(-1)),
      (message) => message?.type === "next" && message.finding === 1,
    );
  });
});
