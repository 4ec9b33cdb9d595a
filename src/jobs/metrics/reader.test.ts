import assert from "node:assert/strict";
import { MetricReader, type MetricPoint } from "./reader.ts";

const read = (...lines: readonly string[]): MetricPoint[] => {
  const reader = new MetricReader();
  return lines.flatMap((text) => reader.read({ source: 0, text }));
};

/** `loss=0.31 @step 10 @epoch 2`, in the order of the line. */
const told = (...lines: readonly string[]): string[] =>
  read(...lines).map(
    ({ name, value, step, epoch }) =>
      `${name}=${value}${step === undefined ? "" : ` @step ${step}`}${epoch === undefined ? "" : ` @epoch ${epoch}`}`,
  );

// Measured on one core: 120,000 (Python's dictionaries) to 450,000 lines with metrics a second, 390,000 and more without.
describe("metrics in a log", () => {
  const FORMATS: readonly (readonly [what: string, lines: readonly string[], points: readonly string[]])[] = [
    ["name=value", ["loss=0.31 epoch=2"], ["loss=0.31 @epoch 2"]],
    ["name: value", ["loss: 0.31"], ["loss=0.31"]],
    ["our own sample", ["epoch 3  loss 2.304000"], ["loss=2.304 @epoch 3"]],
    ["Keras in one line", ["Epoch 3/10 - 2s - loss 0.42 - acc 0.9"], ["loss=0.42 @epoch 3", "acc=0.9 @epoch 3"]],
    [
      "Keras in two",
      [
        "Epoch 1/2",
        "10/10 ━━━━━━━━━━ 2s 15ms/step - accuracy: 0.9123 - val_loss: 0.30",
        "Epoch 2/2",
        "10/10 - loss: 0.2",
      ],
      ["accuracy=0.9123 @epoch 1", "val_loss=0.3 @epoch 1", "loss=0.2 @epoch 2"],
    ],
    ["JSON", ['{"loss":0.3,"lr":1e-4,"step":10,"note":"x"}'], ["loss=0.3 @step 10", "lr=0.0001 @step 10"]],
    ["JSON behind a logger", ['INFO:root:{"val/acc": 0.9, "epoch": 1}'], ["val/acc=0.9 @epoch 1"]],
    ["JSON as Python writes it", ['{"loss": NaN, "step": 3}'], ["loss=NaN @step 3"]],
    [
      "Lightning",
      ["Epoch 1: 100%|██████████| 10/10 [00:01<00:00, 8.5it/s, v_num=0, train_loss_step=0.312, foo=2.0]"],
      ["train_loss_step=0.312 @step 20 @epoch 1", "foo=2 @step 20 @epoch 1"],
    ],
    ["tqdm", ["  5%|▌         | 5/100 [00:01<00:20,  4.7it/s, gap=0.3]"], ["gap=0.3 @step 5"]],
    [
      "HF Trainer",
      ["{'loss': 0.69, 'grad_norm': 1.2, 'learning_rate': 4.9e-05, 'epoch': 0.5}"],
      ["loss=0.69 @epoch 0.5", "grad_norm=1.2 @epoch 0.5", "learning_rate=0.000049 @epoch 0.5"],
    ],
    [
      "HF Trainer with text",
      ["{'loss': '0.69', 'grad_norm': 'nan', 'epoch': '1'}"],
      ["loss=0.69 @epoch 1", "grad_norm=NaN @epoch 1"],
    ],
    ["HF Trainer gone wrong", ["{'eval_loss': inf, 'epoch': 1.0}"], ["eval_loss=Infinity @epoch 1"]],
    ["Katib", ["{metricName: accuracy, metricValue: 0.9}"], ["accuracy=0.9"]],
    ["Katib’s JSON, any name", ['{"metricName": "x", "metricValue": "-.5"}'], ["x=-0.5"]],
    ["Katib’s name=value", ["Validation-accuracy = 0.95"], ["Validation-accuracy=0.95"]],
    ["MNIST of PyTorch", ["Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.29"], ["Loss=2.29 @epoch 1"]],
    [
      "its test",
      ["Test set: Average loss: 0.0561, Accuracy: 9819/10000 (98%)"],
      ["Average loss=0.0561", "Accuracy=0.9819"],
    ],
    ["brackets", ["Epoch [2/5], Step [100/600], Loss: 0.31"], ["Loss=0.31 @step 100 @epoch 2"]],
    ["tensors", ["iter 5 loss: tensor(0.32, device='cuda:0')"], ["loss=0.32 @step 5"]],
    ["percent, and the end of a sentence", ["acc: 91.5%, loss=1e-3."], ["acc=91.5", "loss=0.001"]],
    ["two of one name", ["train loss: 0.3, val loss: 0.4"], ["train loss=0.3", "val loss=0.4"]],
  ];
  for (const [what, lines, points] of FORMATS) it(`reads ${what}`, () => assert.deepEqual(told(...lines), points));

  it("takes no date, version, path, address, time, unit or configuration for one", () => {
    const lines = [
      "2026-11-30 04:00:00,123 INFO step 3: started at 12:30:04",
      "PyTorch 2.9.1, score: 2.9.1, loss: 2026-11-30, acc=1/2/3",
      "step 100: saved /ckpt/epoch=3-step=100.ckpt and ckpt/loss=0.31.ckpt",
      "step 1: listening on localhost:29500, took 3ms, time=3ms",
      "Config: lr=0.1 batch_size=32 epochs=10 precision=16",
      "Namespace(lr=0.1, step=3, loss_weight=2, acc=1)",
      "{'lr': 0.1, 'batch_size': 32, 'epochs': 10, 'loss_weight': 0.5}",
      "lr: 0.001",
      "rank 0 of 2 on cpu, PyTorch 2.9",
      "loss information: 3 files",
      "epoch=2 batch_size=32 max_steps=9 v_num=3",
    ];
    assert.deepEqual(told(...lines), []);
  });

  it("knows when: as the line says, else as it was written", () => {
    const reader = new MetricReader();
    const time = (text: string): unknown => reader.read({ source: 1, text, time: 7 })[0]?.time;
    const noon = Date.parse("2026-11-30T12:00:00.500Z");
    assert.equal(time("loss=1"), 7);
    assert.equal(time("[2026-11-30 12:00:00,500] loss=1"), noon);
    assert.equal(time("2026-11-30T14:00:00.500123+0200 loss=1"), noon);
    assert.equal(time('{"loss": 1, "ts": 1796040000.5}'), noon);
    assert.equal(time('{"loss": 1, "time": 0.5}'), 7);
  });

  it("keeps an epoch to the rank that named it", () => {
    const reader = new MetricReader();
    reader.read({ source: 1, text: "Epoch 4/9" });
    assert.equal(reader.read({ source: 0, text: "loss=1" })[0]?.epoch, undefined);
    assert.deepEqual(reader.read({ source: 1, text: "loss=1" }), [{ name: "loss", value: 1, epoch: 4, rank: 1 }]);
  });

  it("is not held up by hostile lines, and shows none of their control characters", () => {
    const long = [
      `{"a":${" ".repeat(100_000)}`,
      "a=".repeat(50_000),
      "a ".repeat(50_000),
      "[".repeat(50_000),
      "1|".repeat(50_000),
    ];
    assert.deepEqual(
      told(...long, `${"x".repeat(200)}loss=1`, `{'${" ".repeat(3000)}': 1, 'loss':${" ".repeat(900)}1}`),
      [],
    );
    const [point] = read(`{"\\u001b[31mloss\\u202e ${"x".repeat(200)}": 1, "step": 1}`);
    assert.equal(point?.name.length, 100);
    assert.ok(point.name.startsWith("loss\ufffd x"));
    assert.deepEqual(told("old loss=9\rloss=\u001b[1m0.5\u001b[0m"), ["loss=0.5"]);
    assert.equal(read(`step=1 ${Array.from({ length: 90 }, (_, index) => `m${index}=1`).join(" ")}`).length, 50);
  });
});

describe("a person’s own pattern", () => {
  const read = (pattern: string, text: string): MetricPoint[] => new MetricReader(pattern).read({ source: 0, text });

  it("reads each place where it fits, and leaves other lines to the known formats", () => {
    const pattern = String.raw`(?<name>\w+)→(?<value>\S+)(?: at (?<step>\d+))?`;
    assert.deepEqual(read(pattern, "gap→0.5 at 12 and err→nan"), [
      { name: "gap", value: 0.5, step: 12, rank: 0 },
      { name: "err", value: Number.NaN, step: 12, rank: 0 },
    ]);
    assert.equal(read(pattern, "gap→much loss=1")[0]?.name, "loss");
    assert.equal(read("(?<value>\\d+) left", "3 left")[0]?.name, "value");
  });

  it("is refused with a sentence where it cannot be used", () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["(?<value>", /was not used\. .+ Write it as JavaScript does\./],
      ["x".repeat(301), /301 characters\. Use at most 300/],
      ["loss=(\\d+)", /named value/],
      ["(?<value>(\\d+)+)$", /repeats or chooses/],
      ["(?<value>(?:a|ab)*)c", /repeats or chooses/],
      ["(?<value>((?:a+))x{2,}){3}", /repeats or chooses/],
    ];
    for (const [pattern, words] of refused) assert.throws(() => read(pattern, ""), words, pattern);
    for (const pattern of ["(?<value>[\\d.)*+]+)(?:e|E)?", "\\((?<value>\\d+)\\)+", "(?:ab)+(?<value>\\d+)"])
      read(pattern, "");
  });
});
