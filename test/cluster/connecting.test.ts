import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { isUserError, type UserError } from "../../src/core/errors.ts";
import type { EngineOptions } from "../../src/engine.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { expiredPair } from "./certificate.ts";
import { FaultProxy } from "./faultProxy.ts";
import {
  bendKubeconfig,
  Cleanup,
  kubeconfigOf,
  type KubeconfigDraft,
  makeNamespace,
  openEngine,
  openRig,
  SERVICE_ACCOUNT,
  serverOf,
  temporaryFolder,
} from "./support.ts";

/** What a person reads who expands this context. */
async function sentence(
  cleanup: Cleanup,
  bend: (draft: KubeconfigDraft) => void,
  more: Partial<EngineOptions> = {},
): Promise<UserError> {
  const file = await bendKubeconfig(cleanup, kubeconfigOf("admin"), bend);
  const { engine, context } = await openEngine(cleanup, file, more).then((engine) => ({
    engine,
    context: engine.contexts()[0]?.name ?? "",
  }));
  const failure: unknown = await engine.namespaces(context).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(isUserError(failure), String(failure));
  const state = engine.clusterState(context);
  if (state.kind === "failed") assert.deepEqual([state.code, state.message], [failure.code, failure.message]);
  return failure;
}

function exec(command: string, ...args: string[]): (draft: KubeconfigDraft) => void {
  return ({ user }) => {
    for (const key of Object.keys(user)) Reflect.deleteProperty(user, key);
    user["exec"] = { apiVersion: "client.authentication.k8s.io/v1", command, args, interactiveMode: "Never" };
  };
}

describe("connecting, where something is wrong", () => {
  const cleanup = new Cleanup();

  after(() => cleanup.run());

  it("no kubeconfig: no context, no problem, and the file that would be read", async () => {
    const home = await temporaryFolder(cleanup);
    const engine = await openEngine(cleanup, "", { home, env: {}, kubeconfigPaths: () => [] });
    assert.deepEqual([engine.contexts(), engine.problems()], [[], []]);
    assert.deepEqual(engine.kubeconfigFiles(), [path.join(home, ".kube", "config")]);
  });

  it("a kubeconfig that was chosen and is not there", async () => {
    const file = path.join(await temporaryFolder(cleanup), "none");
    const engine = await openEngine(cleanup, file);
    assert.deepEqual(engine.problems(), [{ file, message: "The file does not exist." }]);
  });

  it("a broken kubeconfig hides no other", async () => {
    const file = path.join(await temporaryFolder(cleanup), "broken");
    await fs.writeFile(file, "clusters:\n  - name: a\n   cluster: [\n");
    const engine = await openEngine(cleanup, "", { kubeconfigPaths: () => [file, kubeconfigOf("admin")] });
    const [problem, ...more] = engine.problems();
    assert.deepEqual([problem?.file, more], [file, []]);
    assert.match(problem?.message ?? "", /^Line \d+, column \d+, is not valid YAML \(.+\)\.$/);
    const [context] = engine.contexts();
    assert.ok((await engine.namespaces(context?.name ?? "")).shown.length > 0);
  });

  it("nobody listens at the address", async () => {
    const proxy = await FaultProxy.start(await serverOf(kubeconfigOf("admin")));
    const { address } = proxy;
    await proxy.stop();
    const error = await sentence(cleanup, ({ cluster }) => (cluster["server"] = address));
    assert.equal(error.code, "unreachable");
    assert.equal(
      error.message,
      `The cluster cannot be reached: nothing listens at ${address.replace("https://", "")}. Is the local cluster running?`,
    );
  });

  it("a name that nobody has", async () => {
    const error = await sentence(cleanup, ({ cluster }) => (cluster["server"] = "https://no-such-host.invalid:6443"));
    assert.equal(error.code, "unreachable");
    assert.match(
      error.message,
      /^The cluster cannot be reached: the name no-such-host\.invalid (was not found|could not be looked up)\. Check the network, the VPN or the proxy\.$/,
    );
  });

  it("a server with another authority", async () => {
    const other = await fs.readFile(path.join(import.meta.dirname, "..", "certificates", "ca.pem"), "base64");
    const error = await sentence(cleanup, ({ cluster }) => (cluster["certificate-authority-data"] = other));
    assert.equal(error.code, "untrusted-server");
    assert.match(
      error.message,
      /^The server at 127\.0\.0\.1:\d+ is not trusted: its certificate .*\. The cluster \S+ of the kubeconfig says what is trusted/,
    );
  });

  it("a client certificate that has expired, by our clock and by the server's", async () => {
    const { cert, key } = await expiredPair(cleanup);
    const bend = ({ user }: KubeconfigDraft): void => {
      user["client-certificate-data"] = cert.toString("base64");
      user["client-key-data"] = key.toString("base64");
    };
    const ours = await sentence(cleanup, bend);
    assert.equal(ours.code, "certificate-expired");
    assert.match(
      ours.message,
      /^The certificate for user \S+ expired \d+ years ago \(2021-01-01\)\. Get a new one from where the cluster's access was given, then try again\.$/,
    );
    const slow: Clock = { ...systemClock, now: () => Date.UTC(2020, 5, 1) };
    const theirs = await sentence(cleanup, bend, { clock: slow });
    assert.equal(theirs.code, "sign-in-needed");
    assert.match(
      theirs.message,
      /^The cluster at 127\.0\.0\.1:\d+ did not accept the credentials of user \S+\. Sign in again with the tool that made them, then try again\.$/,
    );
  });

  it("a sign-in program that is missing, fails, hangs or prints junk", async () => {
    const rows: readonly (readonly [(draft: KubeconfigDraft) => void, string, RegExp])[] = [
      [
        exec("no-such-program"),
        "plugin-missing",
        /^The sign-in program no-such-program of user \S+ was not found\. The editor looks on its own PATH and on the login shell's, which may differ from the terminal's\. Install it, or name it by its full path in the kubeconfig\.$/,
      ],
      [
        exec("/bin/sh", "-c", "echo your session has ended, run login >&2; exit 3"),
        "plugin-failed",
        /^The sign-in program \/bin\/sh of user \S+ failed with exit code 3\. It said: your session has ended, run login$/,
      ],
      [
        exec("/bin/sh", "-c", "sleep 600 & wait"),
        "plugin-timeout",
        /^The sign-in program \/bin\/sh of user \S+ gave no answer within 1 s and was ended\. It may wait for an answer in a terminal: run kubectl there once/,
      ],
      [
        exec("/bin/echo", "s3cret-token"),
        "plugin-output",
        /^The sign-in program \/bin\/echo of user \S+ gave no usable answer: it wrote no JSON\. Run kubectl once in a terminal with this context to see what it says\.$/,
      ],
    ];
    for (const [bend, code, message] of rows) {
      const error = await sentence(cleanup, bend, { pluginTimeoutMs: 1000 });
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("s3cret"));
    }
  });

  it("a sign-in program that works: one run for many questions, and its token is renewed after a refusal only when asked", async () => {
    const admin = await openRig(cleanup, kubeconfigOf("admin"));
    const namespace = await makeNamespace(cleanup, admin.client, "token");
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } };
    const answer = await admin.client.json<{ status: { token: string } }>({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
      body: request,
    });
    const folder = await temporaryFolder(cleanup);
    const [runs, token] = [path.join(folder, "runs"), path.join(folder, "token")];
    await fs.writeFile(token, answer.status.token);
    const script = [
      `echo run >> ${runs}`,
      `printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${token})"`,
    ].join("; ");
    const file = await bendKubeconfig(cleanup, kubeconfigOf("admin"), exec("/bin/sh", "-c", script));
    const rig = await openRig(cleanup, file, { env: process.env });
    const seen = await Promise.all([1, 2, 3, 4].map(() => rig.engine.namespaces(rig.context)));
    // This account may list nothing: it is shown its context's own namespace.
    for (const { shown, more } of seen) assert.deepEqual([shown, more], [["default"], true]);
    assert.match(
      await rig.engine.adminRequest(rig.context, namespace, "both"),
      new RegExp(`system:serviceaccount:${namespace}:default`),
    );
    const count = async (): Promise<number> => (await fs.readFile(runs, "utf8")).split("\n").length - 1;
    assert.equal(await count(), 1);

    // The account goes, and with it what the token stood for.
    const account = await admin.client.get<KubeObject>(SERVICE_ACCOUNT, "default", namespace);
    await admin.client.delete(SERVICE_ACCOUNT, "default", namespace, account.metadata.uid ?? "");
    const refused = async (): Promise<string> => {
      const failure: unknown = await rig.engine.namespaces(rig.context).then(
        () => undefined,
        (error: unknown) => error,
      );
      return isUserError(failure) ? failure.code : "";
    };
    const deadline = Date.now() + 20_000;
    while ((await refused()) !== "sign-in-needed") assert.ok(Date.now() < deadline, "the token is still good");
    const after = await count();
    for (let round = 0; round < 3; round++) assert.equal(await refused(), "sign-in-needed");
    assert.equal(await count(), after, "a refused program runs again only when a person asks");
    await assert.rejects(rig.engine.retry(rig.context));
    assert.ok((await count()) > after);
  });
});
