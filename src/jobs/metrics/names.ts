// Which names are those of a metric, and which say where in the training a line stands.

export type Position = "step" | "epoch" | "batch";

const POSITIONS: Readonly<Record<string, Position>> = {
  step: "step",
  global_step: "step",
  globalstep: "step",
  iter: "step",
  iteration: "step",
  update: "step",
  epoch: "epoch",
  ep: "epoch",
  // Begins anew with each epoch: it says that the line is one of a training, not how far that has come.
  batch: "batch",
};

/** What a name stands for, where it says how far the training is. */
export function position(name: string): Position | undefined {
  const own = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  return Object.hasOwn(POSITIONS, own) ? POSITIONS[own] : undefined;
}

/** Words that nobody uses for anything but a result; a name counts by any of its words. */
const RESULTS: ReadonlySet<string> = new Set(
  (
    "loss losses nll mse mae rmse mape acc accuracy auc auroc f recall iou miou dice psnr ssim fid bleu rouge " +
    "meteor wer cer ppl perplexity bpc bpb elbo reward rewards score"
  ).split(" "),
);

/** `loss_weight`, `acc_threshold`: how a result is come by, said once at the start. */
const SETTING = /(?:scale|weights?|smoothing|coeff?|type|fn|func|function|threshold|every|size|interval|name)$/i;

/** `loss`, `val_loss`, `train/Accuracy`, `Acc@1`, `eval_rougeL`, `f1`: a result by its name alone. */
export function isResult(name: string): boolean {
  if (SETTING.test(name)) return false;
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => RESULTS.has(word) && (word !== "f" || /f\d/i.test(name)));
}

const NOISE =
  /^(?:v_num|version|seed|pid|port|ts|time_?stamp|epochs|steps|(?:local_|global_)?rank|world_size|batch_size)$|^(?:max|num)_|(?:^|_)id$/i;

/** Numbers that stand beside metrics and are none: `v_num`, `batch_size`, `max_steps`. */
export function isNoise(name: string): boolean {
  return NOISE.test(name);
}
