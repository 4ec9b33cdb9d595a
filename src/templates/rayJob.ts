import { stringify } from "yaml";
import { amounts, answer, type Answers, countField, type Field, gpuField, nameField } from "./fields.ts";
import type { Template, TemplateFacts, TemplateObject } from "./template.ts";

/** KubeRay names a cluster, its Services and its pods after it. */
const MAX_NAME = 40;
const RAY = "2.52.0";
/** Seconds that its cluster stays for whoever wants to look into it. */
const STAYS = 600;

export const RAY_TEMPLATE: Template = {
  id: "rayJob",
  title: "Ray job",
  detail: "Runs a program on a Ray cluster of its own, which goes when it has ended",
  kind: "RayJob",
  what: "rayJobs",
  part: { name: "KubeRay", isShipped: false, isIn: ({ ray }) => ray },
  fields,
  build,
};

function fields({ id }: TemplateFacts, answers: Answers): readonly Field[] {
  const isGpu = Number(answer(answers, "gpus")) > 0;
  return [
    nameField("Ray job", `ray-${id}`, MAX_NAME),
    {
      ...{ key: "entrypoint", name: "Entrypoint", initial: "python train.py" },
      help: "The command that is run in the cluster.",
      check: (text) => (text.trim() === "" ? "A command, such as python train.py." : undefined),
    },
    countField({ key: "workers", name: "Workers", help: "How many workers beside the head?", initial: "1" }, 0, 1000),
    gpuField("GPUs of each worker.", 0),
    {
      ...{ key: "image", name: "Image", help: "Image with Ray and Python, for head and workers." },
      initial: `rayproject/ray:${RAY}${isGpu ? "-gpu" : ""}`,
      check: (text) => (/^\S+$/.test(text) ? undefined : "An image, such as rayproject/ray:2.52.0."),
    },
    {
      ...{ key: "folder", name: "Code", initial: "" },
      help: "Address of a zip with your code (https://…, s3://…, gs://…); empty where the image has it.",
      check: (text) =>
        text === "" || /^(?:https|s3|gs|file):\/\/\S+\.zip$/.test(text)
          ? undefined
          : "The address of a .zip that the cluster can reach: Ray takes no folder of this computer from here.",
    },
    {
      ...{ key: "packages", name: "Packages", initial: "" },
      help: "Packages that pip installs first, such as torch==2.9.1 pandas; empty for none.",
    },
  ];
}

function build(answers: Answers, namespace: string): TemplateObject {
  const image = answer(answers, "image");
  const [, version] = /:(\d+\.\d+\.\d+)/.exec(image) ?? [];
  const folder = answer(answers, "folder");
  const packages = answer(answers, "packages")
    .split(/[\s,]+/)
    .filter(Boolean);
  const environment = {
    ...(folder === "" ? {} : { working_dir: folder }),
    ...(packages.length === 0 ? {} : { pip: packages }),
  };
  const workers = Number(answer(answers, "workers"));
  const group = (name: string, resources: object): object => ({
    rayStartParams: {},
    template: { spec: { containers: [{ name, image, resources }] } },
  });
  return {
    apiVersion: "ray.io/v1",
    kind: "RayJob",
    metadata: { name: answer(answers, "name"), namespace },
    spec: {
      entrypoint: answer(answers, "entrypoint"),
      ...(Object.keys(environment).length === 0 ? {} : { runtimeEnvYAML: stringify(environment) }),
      shutdownAfterJobFinishes: true,
      ttlSecondsAfterFinished: STAYS,
      rayClusterSpec: {
        ...(version === undefined ? {} : { rayVersion: version }),
        headGroupSpec: group("ray-head", amounts("2", "4Gi", "0")),
        ...(workers === 0
          ? {}
          : {
              workerGroupSpecs: [
                {
                  ...{ groupName: "workers", replicas: workers, minReplicas: workers, maxReplicas: workers },
                  ...group("ray-worker", amounts("2", "8Gi", answer(answers, "gpus"))),
                },
              ],
            }),
      },
    },
  };
}
