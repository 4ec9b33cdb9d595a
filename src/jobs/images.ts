import { UserError } from "../core/errors.ts";

/**
 * The image used where nobody has named one. CUDA 12.8 and not 13: CUDA 13 needs NVIDIA driver 580, which many clusters
 * do not have yet, while 12.8 knows every GPU from Turing (T4) to Blackwell.
 * Its tag is named in many public Dockerfiles (code search on the day below); kubeflow/trainer's own runtimes use the
 * same repository. Change the tag and the date together.
 */
export const BUILT_IN_IMAGE = {
  reference: "pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime",
  pytorch: "2.11.0",
  checked: "2026-11-22",
  source: "Docker Hub, repository pytorch/pytorch, its list of tags",
} as const;

export interface ImageChoice {
  readonly image: string;
  readonly from: "setting" | "last" | "built-in";
}

/** A sentence where the text cannot be an image reference. The registry alone knows whether it exists. */
export function imageProblem(reference: string): string | undefined {
  if (reference === "") return "No image is named.";
  if (reference.length > 255) return "An image reference has at most 255 characters.";
  if (/\s/.test(reference)) return "An image reference has no spaces.";
  if (!/^[a-zA-Z0-9][-a-zA-Z0-9._/:@+]*$/.test(reference)) {
    return `${JSON.stringify(reference.slice(0, 80))} is not an image reference such as ${BUILT_IN_IMAGE.reference}.`;
  }
  const parts = reference
    .replace(/@.*$/, "")
    .replace(/:[^/:]*$/, "")
    .split("/");
  // A first part with a dot, a port or a capital letter is a registry (distribution/reference, splitDockerDomain).
  const path = (parts.length > 1 && /[.:A-Z]/.test(parts[0] ?? "") ? parts.slice(1) : parts).join("/");
  const lower = path.toLowerCase();
  if (lower !== path) return `The name of an image has no capital letters: ${reference.replace(path, lower)}, perhaps.`;
  return undefined;
}

/**
 * The setting wins, then what this file last ran with, then the built-in image. A setting that cannot be an image is
 * an error (UserError `bad-image`): the person wrote it and expects it to count. A remembered one is passed over.
 */
export function chooseImage(options: { workspaceSetting?: string; last?: string; builtIn?: string }): ImageChoice {
  const setting = options.workspaceSetting?.trim() ?? "";
  if (setting !== "") {
    const problem = imageProblem(setting);
    if (problem === undefined) return { image: setting, from: "setting" };
    throw new UserError("bad-image", "The image in the settings cannot be used.", { why: problem });
  }
  if (options.last !== undefined && imageProblem(options.last) === undefined)
    return { image: options.last, from: "last" };
  return { image: options.builtIn ?? BUILT_IN_IMAGE.reference, from: "built-in" };
}
