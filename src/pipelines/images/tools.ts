// What is known of each program that builds images: arguments and answers, no processes.
import { type Json, record, text } from "../../kubeflow/read.ts";
import { hostOf, isDigest, isLoopback, repositoryOf } from "./reference.ts";

/** `buildx` and `docker` are the same program, with and without its plug-in. */
export type ToolKind = "buildx" | "docker" | "podman" | "buildah";

/** One image to build and push; every path is absolute. */
export interface ToolOrder {
  readonly dockerfile: string;
  readonly context: string;
  /** Where the tool would not find the same by itself. */
  readonly ignoreFile: string | undefined;
  /** `ghcr.io/team/train:0123456789abcdef`. */
  readonly reference: string;
  /** Such as `linux/amd64`; undefined for the tool's own. */
  readonly platform: string | undefined;
  /** File that the tool may write its result to. */
  readonly result: string;
}

export interface ImageTool {
  readonly program: "docker" | "podman" | "buildah";
  /** Commands that build and push, one after the other. */
  readonly build: (order: ToolOrder) => readonly (readonly string[])[];
  /** Digest of what was pushed, by what the result file holds and the last command wrote; undefined where it does not say. */
  readonly pushed: (result: string | undefined, output: readonly string[]) => string | undefined;
  /**
   * Commands that ask the registry for a tag, by the person's own sign-in; the last one writes what `found` reads. `known`
   * are digests of which one is of that tag, if it was pushed from here.
   */
  readonly ask: (reference: string) => readonly (readonly string[])[];
  readonly found: (stdout: string, reference: string, known: readonly string[]) => string | undefined;
  /** What gives room on its disk, for a person to run. */
  readonly tidy: string;
}

const common = ({ dockerfile, reference, platform }: ToolOrder): readonly string[] => [
  `--file=${dockerfile}`,
  `--tag=${reference}`,
  ...(platform === undefined ? [] : [`--platform=${platform}`]),
];

/** Podman and Buildah know nothing of a Dockerfile's own ignore file in their older versions: it is named. */
const ignored = ({ ignoreFile }: ToolOrder): readonly string[] =>
  ignoreFile === undefined ? [] : [`--ignorefile=${ignoreFile}`];

const digestOf = (value: unknown): string | undefined => {
  const digest = text(value)?.trim() ?? "";
  return isDigest(digest) ? digest : undefined;
};

export const IMAGE_TOOLS: Readonly<Record<ToolKind, ImageTool>> = {
  // docs.docker.com/reference/cli/docker/buildx/build: --metadata-file has `containerimage.digest`.
  buildx: {
    program: "docker",
    build: (order) => [
      [
        ...["buildx", "build", "--progress=plain", "--push", `--metadata-file=${order.result}`],
        ...common(order),
        order.context,
      ],
    ],
    pushed: (result) => digestOf(json(result)["containerimage.digest"]),
    ask: (reference) => [["buildx", "imagetools", "inspect", "--format={{json .Manifest}}", reference]],
    found: (stdout) => digestOf(json(stdout)["digest"]),
    tidy: "docker buildx prune",
  },
  docker: {
    program: "docker",
    build: (order) => [
      ["build", ...common(order), order.context],
      ["push", order.reference],
    ],
    // `<tag>: digest: sha256:… size: 1234` is the last line.
    pushed: (_, output) =>
      output.flatMap((line) => digestOf(/: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(line)?.[1]) ?? []).at(-1),
    ask: (reference) => [
      [
        ...["manifest", "inspect", "--verbose"],
        // As docker's daemon has it for loopback; this command alone asks in docker's client.
        ...(isLoopback(hostOf(reference) ?? "") ? ["--insecure"] : []),
        reference,
      ],
    ],
    // A list of several platforms has no digest of its own there.
    found: (stdout) => digestOf(record(json(stdout)["Descriptor"])["digest"]),
    tidy: "docker system prune",
  },
  podman: {
    program: "podman",
    build: (order) => [
      ["build", ...common(order), ...ignored(order), order.context],
      ["push", `--digestfile=${order.result}`, order.reference],
    ],
    pushed: (result) => digestOf(result),
    // `manifest inspect` refuses single images (measured, 4.3.1): the layers that are here already are not fetched.
    ask: (reference) => [
      ["pull", "--quiet", reference],
      ["image", "inspect", "--format={{json .RepoDigests}}", reference],
    ],
    // What was built here has digests of its own beside the registry's, in no order that tells them apart (4.3.1).
    found: (stdout, reference, known) => {
      const own = `${repositoryOf(reference)}@`;
      const all = Object.values(json(`{"all":${stdout}}`)).flat();
      const digests = all.flatMap((one) => digestOf(text(one)?.replace(own, "")) ?? []);
      return digests.length === 1 ? digests[0] : known.find((digest) => digests.includes(digest));
    },
    tidy: "podman system prune",
  },
  buildah: {
    program: "buildah",
    build: (order) => [
      // `build` is its name since 1.24; all know this one.
      ["bud", ...common(order), ...ignored(order), order.context],
      ["push", `--digestfile=${order.result}`, order.reference],
    ],
    pushed: (result) => digestOf(result),
    ask: (reference) => [
      ["pull", "--quiet", "--policy=always", reference],
      ["inspect", "--type=image", "--format={{.FromImageDigest}}", reference],
    ],
    found: digestOf,
    tidy: "buildah rmi --prune",
  },
};

function json(answer: string | undefined): Json {
  try {
    return record(JSON.parse(answer ?? ""));
  } catch {
    return {};
  }
}
