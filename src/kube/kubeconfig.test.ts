import assert from "node:assert/strict";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConnectError } from "./errors.ts";
import { contextEntry } from "./kubeconfigEntries.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { kubeconfigPaths } from "./kubeconfigFiles.ts";

const MAIN = `
current-context: dev
clusters:
- name: dev
  cluster:
    server: https://dev.test:6443/
    certificate-authority: pki/ca.crt
    tls-server-name: api.dev
    proxy-url: http://proxy:3128
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: abc}
contexts:
- name: dev
  context: {cluster: dev, user: ann, namespace: team-a}
- name: lost
  context: {cluster: nowhere, user: ann}
- name: nobody
  context: {cluster: dev, user: ghost}
- name: anonymous
  context: {cluster: dev}
users:
- name: ann
  user:
    tokenFile: secrets/token
    client-certificate: /abs/ann.crt
    client-key-data: a2V5
    as: root
    as-groups: [admins]
`;

describe("kubeconfig", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "kubeconfig-"));
    await mkdir(path.join(folder, ".kube"));
  });
  after(() => rm(folder, { recursive: true }));

  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
  };
  const load = (...paths: string[]) => loadKubeconfig({ paths, env: {}, home: folder, platform: "linux" });

  it("looks where kubectl looks", () => {
    const env = { KUBECONFIG: ":/a:/b::/a" };
    assert.deepEqual(kubeconfigPaths({ env, home: "/h", platform: "linux" }), { files: ["/a", "/b"], chosen: false });
    assert.deepEqual(kubeconfigPaths({ env: {}, home: "/h", platform: "darwin" }).files, ["/h/.kube/config"]);
    assert.deepEqual(kubeconfigPaths({ paths: ["~/x", ""], env, home: "/h", platform: "linux" }), {
      files: ["/h/x"],
      chosen: true,
    });
    const windows = kubeconfigPaths({ env: { KUBECONFIG: "C:\\a;D:\\b" }, home: "C:\\h", platform: "win32" });
    assert.deepEqual(windows.files, ["C:\\a", "D:\\b"]);
  });

  it("reads contexts, and resolves what a file names against its folder", async () => {
    const file = await write("main", MAIN);
    const config = await load(file);
    assert.deepEqual(config.problems, []);
    assert.deepEqual(config.contexts[0], {
      name: "dev",
      cluster: "dev",
      user: "ann",
      server: "https://dev.test:6443",
      namespace: "team-a",
      file,
      isCurrent: true,
    });
    assert.equal(config.contexts[1]?.namespace, "default");
    const { cluster, user } = config.entry("dev");
    assert.deepEqual(cluster, {
      name: "dev",
      server: "https://dev.test:6443",
      caFile: path.join(folder, "pki/ca.crt"),
      insecureSkipTlsVerify: false,
      tlsServerName: "api.dev",
      proxyUrl: "http://proxy:3128",
      execConfig: { audience: "abc" },
    });
    assert.deepEqual(user, {
      name: "ann",
      tokenFile: path.join(folder, "secrets/token"),
      clientCertFile: "/abs/ann.crt",
      clientKeyData: "a2V5",
      impersonate: { user: "root", groups: ["admins"] },
      outside: { file },
    });
    assert.deepEqual(config.entry("anonymous").user, { name: "" });
  });

  it("lists contexts that cannot be used, and says why when they are", async () => {
    const config = await load(await write("main", MAIN));
    assert.deepEqual(
      config.contexts.map(({ name }) => name),
      ["dev", "lost", "nobody", "anonymous"],
    );
    refused(() => config.entry("lost"), /names the cluster nowhere, which no kubeconfig file has/);
    refused(() => config.entry("nobody"), /names the user ghost/);
    refused(() => config.entry("other"), /has no context other/);
  });

  it("gives the first file the word, and lets no broken file hide another", async () => {
    const broken = await write("broken", "clusters:\n- name: dev\n   bad: SECRET\n\tx");
    const first = await write(
      "first",
      "contexts:\n- {name: dev, context: {cluster: dev, user: bob, namespace: mine}}\nusers:\n- {name: bob, user: {token: 12345}}\n",
    );
    const env = { KUBECONFIG: [broken, first, path.join(folder, "missing"), await write("main", MAIN)].join(":") };
    const config = await loadKubeconfig({ env, home: folder, platform: "linux" });
    assert.equal(config.contexts.find(({ name }) => name === "dev")?.namespace, "mine");
    assert.equal(config.contexts.find(({ isCurrent }) => isCurrent)?.name, "dev");
    assert.equal(config.entry("dev").user.token, "12345");
    assert.equal(config.files.length, 4, "missing ones are watched too");
    assert.equal(config.problems.length, 1);
    assert.match(config.problems[0]?.message ?? "", /^Line 2, column \d+, is not valid YAML/);
    assert.doesNotMatch(JSON.stringify(config.problems), /SECRET/);
  });

  it("says what is wrong with a file that the person chose", async () => {
    assert.match((await load("/no/such")).problems[0]?.message ?? "", /does not exist/);
    assert.match((await load(folder)).problems[0]?.message ?? "", /not a file/);
    assert.match((await load(await write("list", "- 1"))).problems[0]?.message ?? "", /holds no mapping/);
    assert.deepEqual((await load(await write("empty", ""))).problems, []);
    const half = await load(
      await write(
        "half",
        "clusters:\n- {name: a, cluster: {}}\n- {name: b, cluster: {server: ftp://x}}\ncontexts:\n- {name: b, context: {cluster: b}}\n",
      ),
    );
    assert.deepEqual(
      half.problems.map(({ message }) => message),
      ["The cluster a names no server."],
    );
    refused(() => half.entry("b"), /server is not an http or https URL/);
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    assert.match((await load(await write("bomb", bomb))).problems[0]?.message ?? "", /repeats itself/);
  });

  it("never reads a file that client-node would read by itself", async () => {
    const config = await load(
      await write(
        "trap",
        "users:\n- {name: u, user: {token-file: /etc/hostname}}\nclusters:\n- {name: c, cluster: {server: 'https://x'}}\ncontexts:\n- {name: x, context: {cluster: c, user: u}}\n",
      ),
    );
    assert.deepEqual(config.entry("x").user, { name: "u" });
  });

  it("checks a plugin's entry without quoting it", async () => {
    const exec = (text: string) =>
      `users:\n- name: u\n  user: {exec: ${text}}\nclusters:\n- {name: c, cluster: {server: 'https://x'}}\ncontexts:\n- {name: x, context: {cluster: c, user: u}}\n`;
    const good = await load(
      await write(
        "exec",
        exec(
          "{command: ./get-token, args: [a, 1], env: [{name: A, value: b}], apiVersion: client.authentication.k8s.io/v1, installHint: null}",
        ),
      ),
    );
    assert.deepEqual(good.entry("x").user.exec, {
      command: "./get-token",
      args: ["a", "1"],
      env: { A: "b" },
      apiVersion: "client.authentication.k8s.io/v1",
      provideClusterInfo: false,
      interactiveMode: "IfAvailable",
      baseDir: folder,
    });
    const bad = await load(await write("exec2", exec("{command: [SECRET], apiVersion: v1}")));
    refused(() => bad.entry("x"), /The user u cannot be used: exec\.command is missing or not valid/);
    const legacy = await load(await write("legacy", exec("null").replace("exec: null", "auth-provider: {name: gcp}")));
    assert.equal(legacy.entry("x").user.authProvider, "gcp");
  });

  it("gives equal fingerprints to equal contexts and others to changed ones", async () => {
    const one = (await load(await write("main", MAIN))).entry("dev");
    const same = (await load(await write("main", MAIN.replace("current-context: dev", "current-context: lost")))).entry(
      "dev",
    );
    assert.equal(same.fingerprint, one.fingerprint);
    const elsewhere = contextEntry({ ...one.context, namespace: "elsewhere", isCurrent: false }, one.cluster, one.user);
    assert.equal(elsewhere.fingerprint, one.fingerprint, "what runs must not end for another namespace");
    const other = (await load(await write("main", MAIN.replace("a2V5", "a2V6")))).entry("dev");
    assert.notEqual(other.fingerprint, one.fingerprint);
  });
});

function refused(act: () => unknown, text: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof ConnectError && error.code === "kubeconfig");
    assert.match(error.message, text);
    assert.doesNotMatch(error.message, /SECRET/);
    return true;
  });
}
