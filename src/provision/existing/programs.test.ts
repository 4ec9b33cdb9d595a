import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { UserError } from "../../core/errors.ts";
import { silentLogger } from "../../core/log.ts";
import { ExistingClusters } from "./existingClusters.ts";
import type { SignIn } from "./signIn.ts";
import { failure, gone, StandIns } from "./testing/standIns.ts";

const NO_ACCOUNT =
  "ERROR: (gcloud.projects.list) You do not currently have an active account selected.\nPlease run:\n\n  $ gcloud auth login\n\nto obtain new credentials.";

describe("programs of the clouds that refuse or misbehave", () => {
  const { signal } = new AbortController();
  let programs: StandIns;
  beforeEach(() => (programs = new StandIns()));
  afterEach(() => programs.remove());

  describe("a sign-in that is missing", () => {
    const step = (error: UserError): unknown => error.next[0]?.args?.[0];

    for (const text of [
      NO_ACCOUNT,
      "ERROR: (gcloud.container.clusters.list) There was a problem refreshing auth tokens for account a@b.c: Reauthentication failed. cannot prompt during non-interactive execution.\nPlease run:\n\n  $ gcloud auth login\n",
      "ERROR: (gcloud.container.clusters.list) ResponseError: code=401, message=Request had invalid authentication credentials.",
    ]) {
      it(`gcloud: ${text.slice(0, 90).replaceAll("\n", " ")}…`, async () => {
        programs.add("gcloud", `fail(${JSON.stringify(text)})`);
        const error = await failure(programs.existing().gke.clusters("p", signal));
        assert.equal(error.code, "sign-in-needed");
        assert.equal(
          error.message,
          "The clusters of p were not listed. gcloud is not signed in, or its sign-in has expired. Sign in, then try again.",
        );
        assert.deepEqual(step(error), { kind: "sign-in", program: "gcloud" });
        assert.deepEqual(error.next[0]?.command, "trainyard.cluster.add");
      });
    }

    for (const [text, args] of [
      ["Error loading SSO Token: Token for corp does not exist", ["sso", "login"]],
      ["Error when retrieving token from sso: Token has expired and refresh failed", ["sso", "login"]],
      [
        "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding profile.",
        ["sso", "login"],
      ],
      ["aws: [ERROR]: Your session has expired. Please reauthenticate using 'aws login'.", ["login"]],
      [`Unable to locate credentials. You can configure credentials by running "aws login".`, ["login"]],
      [`Unable to locate credentials. You can configure credentials by running "aws configure".`, ["configure"]],
      ["An error occurred (ExpiredTokenException) when calling the ListClusters operation: expired", ["sso", "login"]],
      ["An error occurred (UnrecognizedClientException) when calling the ListClusters operation: no", ["sso", "login"]],
    ] as const) {
      it(`aws: ${text.slice(0, 90)}…`, async () => {
        programs.add("aws", `fail(${JSON.stringify(text)}, 255)`);
        const clusters = programs.existing();
        const error = await failure(clusters.eks.clusters({ profile: "a b", region: "r" }, signal));
        assert.equal(error.code, "sign-in-needed");
        const command = await clusters.signInCommand(step(error) as SignIn);
        assert.deepEqual(command, { file: path.join(programs.bin, "aws"), args: [...args, "--profile=a b"] });
      });
    }

    it("runs nothing but the known log-ins, whoever asks", async () => {
      programs.add("aws", "");
      const odd = JSON.parse('{ "kind": "sign-in", "program": "../evil", "way": "delete", "profile": 7 }') as SignIn;
      const { file, args } = await programs.existing().signInCommand(odd);
      assert.deepEqual([file, args], [path.join(programs.bin, "aws"), ["sso", "login"]]);
    });

    it("is said of the regions too, though they may be refused", async () => {
      programs.add(
        "aws",
        `is("configure") ? process.exit(1) : fail("Error loading SSO Token: Token for corp does not exist", 255)`,
      );
      assert.equal((await failure(programs.existing().eks.regions("p", signal))).code, "sign-in-needed");
    });
  });

  describe("a program that does not behave", () => {
    it("is missing: named, with the page to get it from", async () => {
      const clusters = programs.existing();
      assert.equal(await clusters.has("gcloud"), false);
      const error = await failure(clusters.gke.projects(signal));
      assert.equal(error.code, "cli-missing");
      assert.match(error.message, /^gcloud was not found\./);
      assert.deepEqual(error.next[0]?.args, ["https://cloud.google.com/sdk/docs/install"]);
      programs.add("gcloud", "");
      assert.equal(await clusters.has("gcloud"), true);
    });

    it("is on the login shell's PATH alone: found there, and run with that PATH", async () => {
      programs.add("gcloud", `out([{ name: "a", location: process.env.PATH }])`);
      const shell = path.join(programs.folder, "shell");
      writeFileSync(shell, `#!/bin/sh\nPATH='${programs.bin}' exec /bin/sh -c "$2"\n`, { mode: 0o755 });
      writeFileSync(path.join(programs.bin, "printenv"), '#!/bin/sh\necho "$PATH"\n', { mode: 0o755 });
      const clusters = programs.existing(8000, { PATH: "/nowhere", SHELL: shell });
      assert.equal(await clusters.has("gcloud"), true);
      assert.equal((await clusters.gke.clusters("p", signal)).items[0]?.location, programs.bin);
    });

    it("hangs: it is ended after its time", async () => {
      programs.add("gcloud", `setInterval(() => {}, 1000)`);
      const error = await failure(programs.existing(3000).gke.clusters("p", signal));
      assert.equal(error.code, "cli-timeout");
      assert.match(
        error.message,
        /The clusters of p were not listed\. gcloud gave no answer within 3 s and was ended\./,
      );
      await gone(programs.calls("gcloud")[0]?.pid);
    });

    for (const [what, body] of [
      ["junk", `console.log("<html>secret junk")`],
      ["nothing", ""],
      ["JSON of another shape", `out({ secret: [] })`],
    ] as const) {
      it(`writes ${what}: said without a word of it`, async () => {
        programs.add("gcloud", body);
        const error = await failure(programs.existing().gke.clusters("p", signal));
        assert.equal(error.code, "cli-output");
        assert.doesNotMatch(error.message, /secret/);
      });
    }

    it("writes without end: it is ended", async () => {
      programs.add("gcloud", `const more = () => process.stdout.write("x".repeat(1e6), more); more();`);
      const error = await failure(programs.existing().gke.clusters("p", signal));
      assert.equal(error.code, "cli-output");
      assert.match(error.message, /wrote more than 8\.0 MB and was ended/);
      await gone(programs.calls("gcloud")[0]?.pid);
    });

    it("fails: its own sentence is told, in one plain line and without secrets", async () => {
      programs.add(
        "gcloud",
        `fail("\\u001b[1mWARNING: x\\nERROR: (gcloud.container.clusters.list) ResponseError: code=403, message=no \\u202eright, token=abcdefgh\\nmore\\n")`,
      );
      const error = await failure(programs.existing().gke.clusters("p", signal));
      assert.equal(error.code, "cli-failed");
      assert.equal(
        error.message,
        "The clusters of p were not listed. gcloud said: ResponseError: code=403, message=no \ufffdright, token=[redacted]",
      );
    });

    it("cannot be started: the system's word is told", async () => {
      writeFileSync(path.join(programs.bin, "gcloud"), "#!/no/such/interpreter\n", { mode: 0o755 });
      const error = await failure(programs.existing().gke.clusters("p", signal));
      assert.match(error.message, /gcloud could not be started: the system said ENOENT\./);
    });

    it("is a batch file: not run, with another way to go", async () => {
      const env = { SHELL: "", PATH: "C:\\sdk\\bin", PATHEXT: ".EXE;.CMD" };
      const isExecutable = (file: string): Promise<boolean> => Promise.resolve(file.endsWith(".CMD"));
      const windows = new ExistingClusters({
        env,
        platform: "win32",
        isExecutable,
        storage: programs.storage,
        log: silentLogger,
      });
      const error = await failure(windows.gke.clusters("p", signal));
      assert.match(error.message, /gcloud is a batch file here.*in a terminal, then add that file\./);
    });
  });
});
