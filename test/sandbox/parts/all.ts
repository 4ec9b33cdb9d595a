// Builds all parts that a sandbox of a kind needs, in the order that has it ready soonest: what compiles and what
// downloads go on side by side, and among what compiles Kubernetes, the longest, comes first.
import path from "node:path";
import { CONTROLLERS } from "../controllers.ts";
import type { Controller } from "../controllers.ts";
import type { StartOrder } from "../inside/talk.ts";
import type { Progress } from "../progress.ts";
import type { Parts } from "../state.ts";
import { IMAGES, KWOK } from "../versions.ts";
import { containerRuntime, rootFileSystem, runtimePaths } from "./debian.ts";
import { kubernetesProgram, localProgram, moduleFolder, publishedProgram, toolProgram } from "./golang.ts";
import { pauseImage, programImage, pythonImage, torchImage } from "./images.ts";
import { controllerImageName, controllerManifests } from "./manifests.ts";

type Built = Omit<StartOrder, "do" | "slot">;

export async function buildParts(parts: Parts, progress: Progress): Promise<Built> {
  // Both are begun at once; a failure of either must not leave the other unhandled.
  const [compiled, fetched] = await Promise.all([
    compile(parts, progress),
    parts === "node" || parts === "bare" ? fetchNode(progress) : undefined,
  ]);
  const { kubernetes, controllers, coredns } = compiled;
  if (fetched === undefined || coredns === undefined) return { parts, kubernetes, controllers };
  const { runtime, images } = fetched;
  const pause = { name: IMAGES.pause, archive: await progress.step("making the pause image", pauseImage) };
  const all = [pause, ...images, ...(parts === "bare" ? await controllerImages(controllers, progress) : [])];
  return { parts, kubernetes, controllers, node: { coredns, ...runtimePaths(runtime), images: all } };
}

async function compile(parts: Parts, progress: Progress) {
  const kubernetes = await progress.step("compiling Kubernetes", kubernetesProgram);
  const controllers: StartOrder["controllers"] = [];
  if (parts === "empty") return { kubernetes, controllers, coredns: undefined };
  for (const controller of CONTROLLERS) {
    const file = await progress.step(`compiling ${controller.name}`, () => controllerProgram(controller));
    const manifests = await progress.step(`rendering the manifests of ${controller.name}`, () =>
      controllerManifests(controller),
    );
    controllers.push({ name: controller.name, program: file, manifests });
  }
  const coredns =
    parts !== "control" ? await progress.step("compiling CoreDNS", () => localProgram("coredns")) : undefined;
  return { kubernetes, controllers, coredns };
}

/** The controllers as their own manifests name their images: programs that were built here, in images of ours. */
async function controllerImages(built: StartOrder["controllers"], progress: Progress) {
  const images: { readonly name: string; readonly archive: string }[] = [];
  for (const controller of CONTROLLERS) {
    const program = built.find(({ name }) => name === controller.name)?.program ?? "";
    const name = await controllerImageName(controller);
    const make = (): Promise<string> => programImage(controller.name, name, program);
    images.push({ name, archive: await progress.step(`making the image of ${controller.name}`, make) });
  }
  return images;
}

function controllerProgram({ name, module, program, version, builtBy }: Controller): Promise<string> {
  const main = program === "" ? module : `${module}/${program}`;
  return builtBy === undefined ? publishedProgram(name, main, version) : toolProgram(name, main, builtBy);
}

async function fetchNode(progress: Progress) {
  const runtime = await progress.step("unpacking containerd", containerRuntime);
  await progress.step("fetching a small Debian", rootFileSystem);
  const python = await progress.step("making the python image", pythonImage);
  const torch = await progress.step("making the torch image", torchImage);
  const images = [
    { name: IMAGES.python, archive: python },
    { name: IMAGES.torch, archive: torch },
  ];
  return { runtime, images };
}

/** kwok is built only when it is asked for. */
export async function buildKwok(progress: Progress): Promise<{ program: string; stages: string[] }> {
  const program = await progress.step("compiling kwok", () =>
    publishedProgram("kwok", "sigs.k8s.io/kwok/cmd/kwok", KWOK),
  );
  const folder = await moduleFolder("sigs.k8s.io/kwok", KWOK);
  const stages = ["node/fast/node-initialize", "pod/fast/pod-ready", "pod/fast/pod-complete", "pod/fast/pod-delete"];
  return { program, stages: stages.map((stage) => path.join(folder, "kustomize", "stage", `${stage}.yaml`)) };
}
