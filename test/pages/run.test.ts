import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import type {
  FromPipeline,
  GraphTask,
  RunHead,
  StepDetails,
  StepStatus,
  ToPipeline,
} from "../../src/contract/pipeline.ts";
import { until } from "../editor/until.ts";
import { pageRig, type Scenario, showsAll, tabTo } from "./rig.ts";
import { PIPELINE } from "./stage.ts";

const task = (name: string, after: readonly string[], more: Partial<GraphTask> = {}): GraphTask => ({
  ...{ path: name, name, kind: "container", short: `housing-${name}:1`, image: `registry.example/housing-${name}:1` },
  ...{ component: name, after, always: false, caching: true, retry: 0, inputs: [], outputs: [], children: [] },
  ...more,
});
const GRAPH: ToPipeline = {
  type: "graph",
  file: "minikube",
  names: [],
  shown: "",
  hasSource: false,
  graph: {
    name: "housing",
    description: "Trains a model on the prices of houses.",
    inputs: [{ name: "epochs", type: "integer", words: "3" }],
    tasks: [
      task("preprocess", []),
      task("train", ["preprocess"], {
        inputs: [{ name: "data", type: "Dataset", words: "preprocess → data", task: "preprocess" }],
        outputs: [{ name: "model", type: "Model", words: "" }],
      }),
      task("test", ["train"]),
      task("deploy", ["test"]),
    ],
    isCut: false,
  },
};
const head = (more: Partial<RunHead> = {}): ToPipeline => ({
  type: "run",
  run: {
    name: "housing 2026-11-30 12:00:00",
    state: "Running",
    started: Date.now() - 120_000,
    finished: null,
    words: "minikube · standalone, by port-forward · 2.17.0",
    deeds: ["Stop", "Run Again…"],
    failure: null,
    ...more,
  },
});
const status = (state: StepStatus["state"], started: number | null, finished: number | null, cached = false) => ({
  ...{ state, started, finished, cached },
});
const states = (of: Record<string, StepStatus>): ToPipeline => ({ type: "states", anew: true, states: of });
const live: ToPipeline = { type: "status", status: { kind: "current", text: "Live.", steps: [] } };
const ROC = [
  ["Threshold", "False positive rate", "True positive rate"],
  ["0.5", "0.1", "0.8"],
];
const step = (more: Partial<StepDetails> = {}): ToPipeline => ({
  type: "step",
  path: "train",
  step: {
    message: "",
    hasLog: true,
    rounds: [
      {
        title: "",
        inputs: [{ name: "epochs", type: "number", words: "3" }],
        outputs: [],
        read: [{ id: "1", name: "data", type: "Dataset", uri: "minio://mlpipeline/v2/data", facts: [], tables: [] }],
        written: [
          {
            ...{ id: "2", name: "metrics", type: "Metrics", uri: "minio://mlpipeline/v2/metrics" },
            facts: [
              ["accuracy", "0.93"],
              ["loss", "0.12"],
            ],
            tables: [{ name: "ROC curve", rows: ROC, isCut: false }],
          },
          { id: "3", name: "curve", type: "Artifact", uri: "minio://mlpipeline/v2/curve.png", facts: [], tables: [] },
          { id: "4", name: "sample", type: "Dataset", uri: "minio://mlpipeline/v2/sample.csv", facts: [], tables: [] },
        ],
      },
    ],
    note: "",
    ...more,
  },
});

const RUNNING = [
  GRAPH,
  head(),
  states({
    preprocess: status("Succeeded", 1_000, 14_000, true),
    train: status("Succeeded", 15_000, 80_000),
    test: status("Failed", 81_000, 84_000),
    deploy: status("Waiting", null, null),
  }),
  live,
];
const FAILED = head({
  state: "Failed",
  finished: Date.now() - 30_000,
  words: "minikube",
  deeds: ["Retry Failed Steps", "Run Again…"],
  failure: {
    ...{ path: "test", name: "test", why: "The step ended with exit code 1.", noLog: "" },
    lines: [
      "Traceback (most recent call last):",
      '  File "test.py", line 12, in <module>',
      "ValueError: shapes differ",
    ],
  },
});

const SCENARIOS: readonly Scenario<FromPipeline, ToPipeline>[] = [
  {
    name: "run-page",
    say: RUNNING,
    act: async (page) => {
      await page.page.getByRole("button", { name: /^train/ }).click();
      await page.say(
        step(),
        { type: "content", id: "1", content: { kind: "scalars", facts: [["rows", "506"]] } },
        { type: "content", id: "3", content: { kind: "image", type: "image/png", data: png() } },
        {
          type: "content",
          id: "4",
          content: {
            kind: "table",
            rows: [
              ["a", "b"],
              ["1", "2"],
            ],
            isCut: true,
          },
        },
      );
      await page.page.getByText("Only its beginning is shown.").waitFor();
    },
    shows: "accuracy",
  },
  { name: "run-page-failed", say: [...RUNNING, FAILED], shows: "test failed first" },
];

describe("the page of a run of a pipeline", () => {
  const opened = pageRig(PIPELINE);
  showsAll(opened, SCENARIOS, []);

  it("asks for logs, artifacts and deeds by their buttons, and shows the failed step", async () => {
    const page = await opened("dark");
    await page.say(...RUNNING, FAILED);
    await tabTo(page, "deed-0");
    await page.page.keyboard.press("Enter");
    await page.page.locator("#failed-log").click();
    await page.page.locator("#failed-step").click();
    const heard = () => Promise.resolve(page.heard);
    await until("the step", heard, (all) => all.some((message) => message.type === "open" && message.path === "test"));
    await page.page.getByRole("button", { name: /^train/ }).click();
    await page.say(step());
    await page.page.getByRole("button", { name: "Show curve" }).click();
    await page.say({ type: "content", id: "3", content: { kind: "reading" } });
    await page.page.getByRole("button", { name: "Cancel reading curve" }).click();
    await page.page.getByRole("button", { name: "Download data" }).click();
    await until("the download", heard, (all) => all.filter(({ type }) => type === "artifact").length === 3);
    const asked = page.heard.filter(({ type }) => ["deed", "logs", "artifact"].includes(type));
    assert.deepEqual(asked, [
      { type: "deed", title: "Retry Failed Steps" },
      { type: "logs", path: "test" },
      { type: "artifact", id: "3", how: "show" },
      { type: "artifact", id: "3", how: "stop" },
      { type: "artifact", id: "1", how: "save" },
    ]);
    assert.deepEqual(page.complaints, []);
  });

  it("says of an image that cannot be drawn that it can be downloaded", async () => {
    const page = await opened("dark");
    await page.say(...RUNNING);
    await page.page.getByRole("button", { name: /^train/ }).click();
    const data = Buffer.from(png(), "base64").subarray(0, 60).toString("base64");
    await page.say(step(), { type: "content", id: "3", content: { kind: "image", type: "image/png", data } });
    await page.page.getByText("It begins as an image does, but cannot be drawn. It can be downloaded.").waitFor();
    await page.page.getByRole("button", { name: "Download curve" }).click();
    await page.hears("artifact");
    assert.deepEqual(page.complaints, []);
  });

  it("changes one step at a time, in the graph and in words", async () => {
    const page = await opened("light");
    await page.say(GRAPH, head(), live, states({ train: status("Running", Date.now(), null) }));
    await page.page.getByRole("button", { name: /^train.*Running/i }).waitFor();
    await page.say({ type: "states", anew: false, states: { train: status("Succeeded", 1_000, 4_000) } });
    await page.page.getByRole("button", { name: /^train.*Succeeded · 3 s/i }).waitFor();
    assert.deepEqual(page.complaints, []);
  });
});

/** A picture of one blue row, as base 64. */
function png(): string {
  const width = 120;
  const height = 40;
  const raw = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) raw.set([x * 2, 80, 200], y * (width * 3 + 1) + 1 + x * 3);
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk("IHDR", header), chunk("IDAT", deflateSync(raw)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat(parts).toString("base64");
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}
