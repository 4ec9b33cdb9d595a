import assert from "node:assert/strict";
import { UserError } from "../../core/errors.ts";
import { DockerfileError, failureOf, isMissing, refuseUnreachable, type ToolFailure } from "./failures.ts";
import type { ToolKind } from "./tools.ts";

const DOCKERFILE = `FROM ghcr.io/base/python:1
# of the step
COPY train.py .
RUN pip install \\
    numpy
`;

function failure(kind: ToolKind, output: string, code: number | undefined = 1): ToolFailure {
  const signIn = (host: string) => ({ title: "Log In in Terminal", command: "test", args: [host] });
  const reference = "registry.example.com/team/train:0123456789abcdef";
  return { kind, code, output: output.split("\n"), reference, dockerfile: DOCKERFILE, signIn };
}

describe("a build or a push that failed", () => {
  // What the tools wrote, the code, the sentence: recorded here of buildah 1.28, podman 4.3 and docker 20.10, buildx as it is documented.
  const rows: readonly (readonly [kind: ToolKind, output: string, code: string, words: RegExp])[] = [
    [
      "buildx",
      "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "daemon",
      /^The image was not built\. docker does not run\. It said: Cannot connect to the Docker daemon.* Start Docker\.$/,
    ],
    [
      "docker",
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
      "daemon",
      /docker does not run\. It said: permission denied/,
    ],
    [
      "buildx",
      "#9 1.2 write /usr/lib/x: no space left on device\nERROR: failed to solve: process did not complete successfully: exit code: 1",
      "no-space",
      /The disk of docker is full\. docker buildx prune in a terminal/,
    ],
    [
      "buildx",
      "ERROR: failed to solve: failed to push registry.example.com/team/train:0123456789abcdef: push access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
      "registry-sign-in",
      /registry\.example\.com did not accept you\. docker said: failed to push/,
    ],
    [
      "docker",
      "The push refers to repository [registry.example.com/team/train]\n5f70bf18a086: Preparing\ndenied: requested access to the resource is denied",
      "registry-sign-in",
      /registry\.example\.com did not accept you\. docker said: denied: requested access/,
    ],
    [
      "buildx",
      "ERROR: failed to solve: ghcr.io/base/python:1: failed to resolve source metadata for ghcr.io/base/python:1: failed to authorize: 401 Unauthorized",
      "registry-sign-in",
      /ghcr\.io did not accept you/,
    ],
    [
      "buildah",
      'Error: pushing image "x" to "docker://registry.example.com/team/train:0123456789abcdef": trying to reuse blob sha256:1 at destination: pinging container registry registry.example.com: Get "https://registry.example.com/v2/": dial tcp: lookup registry.example.com: no such host',
      "registry",
      /registry\.example\.com was not reached\. buildah said: .*no such host$/,
    ],
    [
      "podman",
      'Error: pinging container registry registry.example.com: Get "https://registry.example.com/v2/": http: server gave HTTP response to HTTPS client',
      "registry",
      /It has no TLS: name it as insecure in the configuration of podman\.$/,
    ],
    ["docker", "something else", "build-failed", /The image was not built and pushed\. docker said: something else$/],
    ["docker", "", "build-failed", /docker failed with exit code 1\.$/],
  ];
  for (const [kind, output, code, words] of rows)
    it(`says so: ${kind}, ${output.slice(0, 50)}`, () => {
      const error = failureOf(failure(kind, output));
      assert.equal(error.code, code);
      assert.match(error.message, words);
    });

  it("offers to sign in where it was refused", () => {
    const [, , , , docker] = rows;
    const { next } = failureOf(failure("docker", docker?.[1] ?? ""));
    assert.deepEqual(next, [{ title: "Log In in Terminal", command: "test", args: ["registry.example.com"] }]);
  });

  const places: readonly (readonly [kind: ToolKind, output: string, line: number])[] = [
    ["buildx", "ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: COPPY", 2],
    [
      "buildx",
      'Dockerfile:4\n--------------------\n   3 |     COPY train.py .\n   4 | >>> RUN pip install \\\n   5 | >>>     numpy\n--------------------\nERROR: failed to solve: process "/bin/sh -c pip install     numpy" did not complete successfully: exit code: 1',
      3,
    ],
    ["docker", "Error response from daemon: dockerfile parse error line 1: unknown instruction: FORM", 0],
    [
      "docker",
      "Step 2/3 : COPY train.py .\nCOPY failed: file not found in build context: stat train.py: file does not exist",
      2,
    ],
    [
      "docker",
      "#5 [2/2] RUN pip install     numpy\n------\n > [2/2] RUN pip install     numpy:\n------\nexecutor failed running [/bin/sh -c pip install     numpy]: exit code: 3",
      3,
    ],
    [
      "docker",
      "Step 3/3 : RUN pip install     numpy\nThe command '/bin/sh -c pip install     numpy' returned a non-zero code: 3",
      3,
    ],
    [
      "buildah",
      'STEP 2/3: COPY train.py .\nSTEP 3/3: RUN pip install     numpy\nError: building at STEP "RUN pip install     numpy": exit status 1',
      3,
    ],
  ];
  for (const [kind, output, line] of places)
    it(`stands at its line: ${kind}, ${output.slice(0, 50)}`, () => {
      const error = failureOf(failure(kind, output));
      assert.ok(error instanceof DockerfileError);
      assert.equal(error.line, line);
    });

  it("of a push is no line’s, though the steps have its name", () => {
    const output = "STEP 3/3: RUN pip install     numpy\nCOMMIT x\nError: something";
    assert.equal(failureOf(failure("buildah", output)).code, "build-failed");
  });

  it("shows nothing that is secret, and of a long one the end", () => {
    const error = failureOf(failure("docker", `Error: ${"x".repeat(500)} token=abcdefgh: the cause`));
    assert.match(error.message, /…x+ token=\[redacted\] the cause$/);
  });

  it("is known where the registry has no such tag, and where it cannot be asked", () => {
    const missing = "Error: reading manifest none in x: manifest unknown: manifest unknown";
    assert.equal(isMissing([missing]), true);
    assert.equal(isMissing(["no such manifest: ghcr.io/team/train:1"]), true);
    assert.equal(isMissing(["ERROR: ghcr.io/team/train:1: not found"]), true);
    assert.equal(isMissing(["unauthorized"]), false);
    assert.throws(
      () => refuseUnreachable(failure("docker", "dial tcp 127.0.0.1:9: connect: connection refused")),
      UserError,
    );
    refuseUnreachable(failure("docker", "denied: denied"));
  });
});
