import assert from "node:assert/strict";
import { progressOf } from "./progress.ts";
import { IMAGE_TOOLS, type ToolKind, type ToolOrder } from "./tools.ts";

const DIGEST = `sha256:${"a1".repeat(32)}`;
const OTHER = `sha256:${"b2".repeat(32)}`;
const ORDER: ToolOrder = {
  dockerfile: "/work/my pipeline/components/train/Dockerfile",
  context: "/work/my pipeline",
  ignoreFile: "/work/my pipeline/.dockerignore",
  reference: "ghcr.io/team/train:0123456789abcdef",
  platform: "linux/amd64",
  result: "/tmp/x/result",
};

describe("the programs that build images", () => {
  it("are called by argv, a word for each argument", () => {
    const common = ["--file=/work/my pipeline/components/train/Dockerfile", `--tag=${ORDER.reference}`];
    const [platform, ignored] = ["--platform=linux/amd64", "--ignorefile=/work/my pipeline/.dockerignore"];
    const rows: Readonly<Record<ToolKind, readonly (readonly string[])[]>> = {
      buildx: [
        [
          ...["buildx", "build", "--progress=plain", "--push", "--metadata-file=/tmp/x/result"],
          ...[...common, platform, ORDER.context],
        ],
      ],
      docker: [
        ["build", ...common, platform, ORDER.context],
        ["push", ORDER.reference],
      ],
      podman: [
        ["build", ...common, platform, ignored, ORDER.context],
        ["push", "--digestfile=/tmp/x/result", ORDER.reference],
      ],
      buildah: [
        ["bud", ...common, platform, ignored, ORDER.context],
        ["push", "--digestfile=/tmp/x/result", ORDER.reference],
      ],
    };
    for (const kind of ["buildx", "docker", "podman", "buildah"] as const)
      assert.deepEqual(IMAGE_TOOLS[kind].build(ORDER), rows[kind]);
    const plain = { ...ORDER, platform: undefined, ignoreFile: undefined };
    assert.deepEqual(IMAGE_TOOLS.podman.build(plain)[0], ["build", ...common, ORDER.context]);
  });

  it("tell the digest of what was pushed", () => {
    const metadata = JSON.stringify({ "containerimage.config.digest": OTHER, "containerimage.digest": DIGEST });
    assert.equal(IMAGE_TOOLS.buildx.pushed(metadata, []), DIGEST);
    assert.equal(IMAGE_TOOLS.buildx.pushed("{}", []), undefined);
    // As docker 28 wrote it.
    const output = [
      "The push refers to repository [ghcr.io/team/train]",
      "5f70bf18a086: Layer already exists",
      `0123456789abcdef: digest: ${DIGEST} size: 1784`,
    ];
    assert.equal(IMAGE_TOOLS.docker.pushed(undefined, output), DIGEST);
    assert.equal(IMAGE_TOOLS.podman.pushed(`${DIGEST}\n`, []), DIGEST);
    assert.equal(IMAGE_TOOLS.buildah.pushed(DIGEST, []), DIGEST);
    assert.equal(IMAGE_TOOLS.buildah.pushed("sha256:short", []), undefined);
  });

  it("ask the registry, and its answer is read", () => {
    const { reference } = ORDER;
    const found = (kind: ToolKind, stdout: string, known: readonly string[] = []) =>
      IMAGE_TOOLS[kind].found(stdout, reference, known);
    assert.equal(found("buildx", `{"mediaType":"x","digest":"${DIGEST}","size":856}`), DIGEST);
    assert.equal(found("docker", `{"Ref":"x","Descriptor":{"digest":"${DIGEST}","size":756}}`), DIGEST);
    assert.equal(found("docker", `[{"Descriptor":{"digest":"${DIGEST}"}}]`), undefined);
    assert.equal(found("buildah", DIGEST), DIGEST);
    // What podman 4.3.1 wrote of an image that was built here and is in the registry.
    const both = `["ghcr.io/team/train@${OTHER}","ghcr.io/team/train@${DIGEST}"]\n`;
    assert.equal(found("podman", both), undefined);
    assert.equal(found("podman", both, [DIGEST]), DIGEST);
    assert.equal(found("podman", `["ghcr.io/team/train@${DIGEST}","other@${OTHER}"]`), DIGEST);
    assert.equal(found("podman", "null"), undefined);
    assert.deepEqual(IMAGE_TOOLS.docker.ask("localhost:5000/x:1"), [
      ["manifest", "inspect", "--verbose", "--insecure", "localhost:5000/x:1"],
    ]);
    assert.equal(IMAGE_TOOLS.docker.ask(reference).flat().includes("--insecure"), false);
  });

  // Lines as the tools write them: recorded here of buildah 1.28.2, podman 4.3.1 and docker 20.10, buildx by its documented output.
  const lines: readonly (readonly [line: string, words: string | undefined])[] = [
    ["#6 [2/4] WORKDIR /app", "step 2 of 4: WORKDIR /app"],
    ["#9 [train 3/5] COPY train.py .", "step 3 of 5: COPY train.py ."],
    [
      "#2 [internal] load metadata for docker.io/library/python:3.11-slim",
      "looking at docker.io/library/python:3.11-slim",
    ],
    ["#6 CACHED", undefined],
    ["#7 0.311 Collecting numpy", undefined],
    ["#10 exporting layers 0.1s done", "exporting layers"],
    ["#10 pushing layers", "pushing layers"],
    [`#10 pushing manifest for ghcr.io/team/train:1@${DIGEST}`, "pushing manifest"],
    ["Step 2/6 : WORKDIR /app", "step 2 of 6: WORKDIR /app"],
    [" ---> Using cache", undefined],
    ["The push refers to repository [ghcr.io/team/train]", "pushing to ghcr.io/team/train"],
    ["5f70bf18a086: Pushed", "pushing layers"],
    ["STEP 2/6: WORKDIR /app", "step 2 of 6: WORKDIR /app"],
    ["[2/2] STEP 3/6: COPY hello.py .", "step 3 of 6: COPY hello.py ."],
    ["[2/2] COMMIT 127.0.0.1:5055/team/hello:pod", "writing the image"],
    ["--> 5f524f11dca", undefined],
    ["Trying to pull ghcr.io/no/base:1...", "pulling ghcr.io/no/base:1"],
    [`Copying blob ${DIGEST}`, "copying layers"],
    ["Writing manifest to image destination", "writing the manifest"],
    ["Step aside, said the program", undefined],
  ];
  for (const [line, words] of lines)
    it(`say how far they are: ${line.slice(0, 40)}`, () => assert.equal(progressOf(line), words));
});
