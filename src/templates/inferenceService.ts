import { toJobName } from "../kube/names.ts";
import {
  amounts,
  answer,
  type Answers,
  countField,
  type Field,
  gpuField,
  memoryField,
  nameField,
  referenceProblem,
} from "./fields.ts";
import type { Template, TemplateFacts, TemplateObject } from "./template.ts";

/** Host names are made of it and of the namespace's, and have 63 characters. */
const MAX_NAME = 40;
const PART: Template["part"] = { name: "KServe", isShipped: true, isIn: ({ kserve }) => kserve };

/** Formats of the runtimes that KServe brings (kserve v0.18.0: config/runtimes). */
const FORMATS = [
  ["sklearn", "scikit-learn"],
  ["xgboost", "XGBoost"],
  ["lightgbm", "LightGBM"],
  ["pytorch", "PyTorch (TorchServe archive)"],
  ["tensorflow", "TensorFlow SavedModel"],
  ["onnx", "ONNX"],
  ["mlflow", "MLflow"],
  ["huggingface", "Hugging Face"],
].map(([value = "", label = ""]) => ({ value, label, detail: value }));

const STORED = /^(?:gs|s3|hf|pvc|https?|hdfs|webhdfs|oci):\/\/\S+$/;

/** A model in a bucket or on a volume, by the runtime of its format. */
export const MODEL_TEMPLATE: Template = {
  id: "model",
  title: "Model server",
  detail: "Serves a model from a bucket or a volume by KServe: scikit-learn, ONNX and others",
  kind: "InferenceService",
  what: "models",
  part: PART,
  fields: modelFields,
  build: (answers, namespace) => {
    const account = answer(answers, "account");
    return service(answers, namespace, {
      ...(account === "" ? {} : { serviceAccountName: account }),
      model: {
        modelFormat: { name: answer(answers, "format") },
        storageUri: answer(answers, "uri"),
        resources: amounts("1", answer(answers, "memory"), answer(answers, "gpus")),
      },
    });
  },
};

function modelFields({ id }: TemplateFacts): readonly Field[] {
  return [
    nameField("model server", `model-${id}`, MAX_NAME),
    { key: "format", name: "Format", help: "What is the model of?", initial: "sklearn", choices: FORMATS },
    {
      ...{ key: "uri", name: "Model", initial: "" },
      help: "Where the model is: gs://…, s3://…, hf://…, https://…, or pvc://claim/path.",
      check: (text) => (STORED.test(text) ? undefined : "An address such as s3://bucket/model, or pvc://claim/path."),
    },
    memoryField("2Gi"),
    gpuField("GPUs of each replica.", 0),
    {
      ...{ key: "account", name: "Service account", initial: "", check: referenceProblem },
      help: "Service account whose Secrets open the bucket; empty where none is needed.",
    },
  ];
}

/** A large language model, which the runtime fetches by itself and serves by vLLM. */
export const LLM_TEMPLATE: Template = {
  id: "llm",
  title: "Language model server (vLLM)",
  detail: "Serves a model of the Hugging Face Hub by KServe and vLLM, with the API of OpenAI",
  kind: "InferenceService",
  what: "models",
  part: PART,
  fields: llmFields,
  build: (answers, namespace) => {
    const [gpus, length] = [answer(answers, "gpus"), answer(answers, "length")];
    const [secret = "", key = "HF_TOKEN"] = answer(answers, "token").split("/");
    const args = [
      `--model_name=${answer(answers, "name")}`,
      `--model_id=${answer(answers, "model")}`,
      "--backend=vllm",
      ...(Number(gpus) > 1 ? [`--tensor-parallel-size=${gpus}`] : []),
      ...(length === "0" ? [] : [`--max-model-len=${length}`]),
    ];
    const token = { name: "HF_TOKEN", valueFrom: { secretKeyRef: { name: secret, key } } };
    return service(answers, namespace, {
      model: {
        modelFormat: { name: "huggingface" },
        args,
        ...(secret === "" ? {} : { env: [token] }),
        resources: amounts("4", answer(answers, "memory"), gpus),
      },
    });
  },
};

function llmFields({ id }: TemplateFacts, answers: Answers): readonly Field[] {
  const model = answer(answers, "model").split("/").at(-1) ?? "";
  return [
    {
      ...{ key: "model", name: "Model", help: "Its id on the Hugging Face Hub, such as Qwen/Qwen3-8B.", initial: "" },
      check: (text) => (/^[\w.-]+\/[\w.-]+$/.test(text) ? undefined : "Owner and name, such as Qwen/Qwen3-8B."),
    },
    nameField("model server", `${toJobName(model, MAX_NAME - 5)}-${id}`, MAX_NAME),
    gpuField("GPUs of each replica; the model is spread over them.", 1, 1),
    memoryField("24Gi"),
    countField(
      {
        ...{ key: "length", name: "Context length", initial: "0" },
        help: "Tokens of a question with its answer; 0 for what the model has. Less needs less of the GPU’s memory.",
      },
      0,
      10_000_000,
    ),
    {
      ...{ key: "token", name: "Token", initial: "" },
      help: "Secret with your Hugging Face token, as name or name/key; empty for an open model. Its value is never read here.",
      check: (text) =>
        /^(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?(?:\/[\w.-]+)?)?$/.test(text)
          ? undefined
          : "The name of a Secret in the namespace, such as hf or hf/HF_TOKEN. Not the token itself.",
    },
  ];
}

function service(answers: Answers, namespace: string, predictor: object): TemplateObject {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: answer(answers, "name"), namespace },
    spec: { predictor },
  };
}
