import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { skipBecause } from "../../test/rings/skip.ts";
import { systemClock } from "../core/clock.ts";
import { isCancelled } from "../core/errors.ts";
import { silentLogger } from "../core/log.ts";
import type { StateStore } from "../core/storage.ts";
import { Connections } from "./connections.ts";
import { ConnectError } from "./errors.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { LoginPath } from "./loginPath.ts";
import type { PluginToAllow } from "./pluginConsent.ts";

describe("sign-in programs of other kubeconfigs", () => {
  let folder = "";
  let state: StateStore;
  let asked: PluginToAllow[];
  let answer: (plugin: PluginToAllow) => Promise<boolean>;
  const open: Connections[] = [];

  before(async () => (folder = await mkdtemp(path.join(tmpdir(), "consent-"))));
  after(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    const values = new Map<string, unknown>();
    state = { get: (key) => values.get(key), set: (key, value) => Promise.resolve(void values.set(key, value)) };
    asked = [];
    answer = () => Promise.resolve(true);
    await writeFile(path.join(folder, "runs"), "");
    const body = `require("fs").appendFileSync(${JSON.stringify(path.join(folder, "runs"))}, "x")`;
    const said = `{kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: {token: "t"}}`;
    await writeFile(
      path.join(folder, "sign-in"),
      `#!${process.execPath}\n${body};console.log(JSON.stringify(${said}))\n`,
    );
    await chmod(path.join(folder, "sign-in"), 0o755);
  });
  afterEach(() => {
    for (const connections of open.splice(0)) connections.dispose();
  });

  const runs = async (): Promise<number> => (await readFile(path.join(folder, "runs"), "utf8")).length;

  /** Contexts a, b, … with one user each, all of which sign in by the program with their arguments. */
  async function connect(args: readonly string[], env: NodeJS.ProcessEnv = {}, variables = ""): Promise<Connections> {
    const file = path.join(folder, "config");
    const names = args.map((_, at) => String.fromCharCode(97 + at));
    const user = (name: string, arg: string): string =>
      `- {name: ${name}, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./sign-in, args: [${arg}], env: [${variables}]}}}`;
    await writeFile(
      file,
      [
        "clusters:\n- {name: c, cluster: {server: 'https://127.0.0.1:1'}}\nusers:",
        ...names.map((name, at) => user(name, args[at] ?? "")),
        "contexts:",
        ...names.map((name) => `- {name: ${name}, context: {cluster: c, user: ${name}}}`),
      ].join("\n"),
    );
    const connections = new Connections({
      load: () => loadKubeconfig({ paths: [file], env, home: "/nobody", platform: process.platform }),
      userAgent: "test",
      log: silentLogger,
      clock: systemClock,
      proxyOverride: () => undefined,
      env: { PATH: process.env["PATH"] },
      consent: {
        state,
        allowPlugin: (plugin) => {
          asked.push(plugin);
          return answer(plugin);
        },
      },
    });
    open.push(connections);
    await connections.load();
    return connections;
  }

  const signIn = (connections: Connections, name = "a"): Promise<unknown> => connections.get(name).credentials.get();

  it("run once they are allowed, which is asked once, also for many at a time", async () => {
    const connections = await connect(["x", "x"], {}, "{name: SECRET, value: hidden}");
    let allow: (yes: boolean) => void = () => undefined;
    answer = () => new Promise((resolve) => (allow = resolve));
    const waiting = ["a", "a", "a", "a", "b", "b"].map((name) => signIn(connections, name));
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await runs(), 0);
    allow(true);
    await Promise.all(waiting);
    assert.deepEqual([asked.length, await runs()], [1, 2], "one process for each user");
    const { command, user, ...rest } = asked[0] ?? assert.fail();
    assert.equal(command, path.join(folder, "sign-in"));
    assert.match(user, /^[ab]$/, "whose program was found first");
    assert.deepEqual(rest, {
      ...{ credential: "program", args: ["x"], envNames: ["SECRET"], files: [], server: "" },
      file: path.join(folder, "config"),
    });

    await signIn(await connect(["x"], {}, "{name: SECRET, value: hidden}"));
    assert.equal(asked.length, 1, "remembered");
    answer = () => Promise.resolve(true);
    await signIn(await connect(["x"], {}, "{name: SECRET, value: other}"));
    assert.equal(asked.length, 2, "what a variable holds is part of what was allowed");
    asked.length = 1;
    await signIn(await connect(["y"], {}, "{name: SECRET, value: other}"));
    await signIn(await connect(["x"], {}, "{name: LD_PRELOAD, value: other}"));
    assert.equal(asked.length, 3, "other arguments and other variables are another question");
    assert.doesNotMatch(JSON.stringify(state.get("plugins/allowed")), /sign-in|SECRET|hidden/);
  });

  it("do not run where they are declined, and nothing is asked until the person tries again", async () => {
    const connections = await connect(["x"]);
    answer = () => Promise.resolve(false);
    const declined = (error: unknown): boolean =>
      error instanceof ConnectError && error.code === "plugin-declined" && /you did not allow it/.test(error.message);
    await assert.rejects(signIn(connections), declined);
    await assert.rejects(signIn(connections), declined);
    await assert.rejects(connections.get("a").client.json({ method: "GET", path: "/x" }), declined);
    assert.deepEqual([asked.length, await runs()], [1, 0]);
    answer = () => Promise.resolve(true);
    connections.get("a").credentials.unblock();
    await signIn(connections);
    assert.deepEqual([asked.length, await runs()], [2, 1]);
  });

  it("run unasked from the default places, as kubectl does", async () => {
    await signIn(await connect(["x"], { KUBECONFIG: `/none:${path.join(folder, "config")}` }));
    assert.deepEqual([asked.length, await runs()], [0, 1]);
    await signIn(await connect(["x"], { KUBECONFIG: "/none" }));
    assert.deepEqual([asked.length, await runs()], [1, 2]);
  });

  it("run once they are allowed, also where that cannot be kept, and are not asked for again", async () => {
    state = { get: () => undefined, set: () => Promise.reject(new Error("the disk is full")) };
    const connections = await connect(["x", "x"]);
    await signIn(connections, "a");
    await signIn(connections, "b");
    assert.deepEqual([asked.length, await runs()], [1, 2]);
  });

  it("are asked for as the token, the certificate or the files that a server of another file would get", async () => {
    const given = path.join(folder, "given");
    const home = path.join(folder, "home");
    const own = path.join(folder, "kubeconfigs", "one");
    await mkdir(path.dirname(own), { recursive: true });
    await writeFile(path.join(folder, "secret"), "s3cret");
    const cluster = "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n";
    const context = "contexts: [{name: a, context: {cluster: c, user: u}}]\n";
    const user = (what: string): string => `users: [{name: u, user: {${what}}}]\n`;
    const both = async (mine: string, theirs: string, file = given): Promise<Connections> => {
      await writeFile(home, mine);
      await writeFile(file, theirs);
      const env = { KUBECONFIG: home };
      const load = (): ReturnType<typeof loadKubeconfig> =>
        loadKubeconfig({
          ...{ paths: [home, file], env, home: "/nobody", platform: process.platform, own: path.dirname(own) },
        });
      const consent = { state, allowPlugin: (plugin: PluginToAllow) => (asked.push(plugin), answer(plugin)) };
      const connections = new Connections({
        ...{ load, userAgent: "test", log: silentLogger, clock: systemClock, proxyOverride: () => undefined, consent },
      });
      open.push(connections);
      await connections.load();
      return connections;
    };
    const exec = user("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./sign-in}");
    const server = "https://127.0.0.1:1";
    const rows: readonly (readonly [mine: string, theirs: string, asks?: unknown])[] = [
      [cluster + context + user("token: t"), ""],
      [cluster + context + user("tokenFile: secret"), ""],
      ["", cluster + context + user("token: t")],
      ["", cluster + context + user("tokenFile: secret"), ["token", [path.join(folder, "secret")], ""]],
      [user("token: t"), cluster + context, ["token", [], server]],
      [user("username: x, password: y"), cluster + context, ["password", [], server]],
      [cluster + user("token: t"), context, ["token", [], server]],
      [cluster + context, user("token: t"), ["token", [], server]],
      [cluster + exec, context, ["program", [], server]],
      [user(""), cluster + context],
    ];
    state = { get: () => undefined, set: () => Promise.resolve() };
    for (const [mine, theirs, asks] of rows) {
      asked.length = 0;
      await signIn(await both(mine, theirs));
      const [question] = asked;
      const said = question && [question.credential, question.files, question.server];
      assert.deepEqual([said, question?.file], [asks, asks && given], `${mine}---\n${theirs}`);
      await signIn(await both(mine, theirs.replace("secret", "../secret").replace("./sign-in", "../sign-in"), own));
      assert.equal(asked.length, asks === undefined ? 0 : 1, "ours is trusted");
    }
    answer = () => Promise.resolve(false);
    asked.length = 0;
    const connections = await both(user("token: t"), cluster + context);
    const declined = /The token of user u was not sent, since you did not allow it/;
    await assert.rejects(signIn(connections), declined);
    await assert.rejects(signIn(connections), declined);
    assert.equal(asked.length, 1, "nobody is asked twice who has not tried again");
  });

  it("leave nobody waiting for an answer who has gone", async () => {
    const connections = await connect(["x"]);
    answer = () => new Promise(() => undefined);
    const waiting = signIn(connections);
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    connections.dispose();
    await assert.rejects(waiting, isCancelled);
    assert.equal(await runs(), 0);
  });
});

describe("the login shell's PATH", () => {
  let folder = "";
  before(async () => (folder = await mkdtemp(path.join(tmpdir(), "login-"))));
  after(() => rm(folder, { recursive: true }));

  const shell = async (body: string): Promise<string> => {
    const file = path.join(folder, "shell");
    await writeFile(file, `#!/bin/sh\necho x >> ${folder}/asked\n${body}\n`);
    await chmod(file, 0o755);
    await writeFile(path.join(folder, "asked"), "");
    return file;
  };
  const times = async (): Promise<number> => (await readFile(path.join(folder, "asked"), "utf8")).length / 2;

  it("is read once, whatever else the start-up files say", async () => {
    const SHELL = await shell('echo "Welcome"; PATH=/login/bin:$PATH; shift; eval "$1"; echo Bye');
    const login = new LoginPath({ SHELL, PATH: "/usr/bin:/bin" }, "linux", silentLogger);
    assert.deepEqual(await Promise.all([login.get(), login.get()]), Array(2).fill("/login/bin:/usr/bin:/bin"));
    await login.get();
    assert.equal(await times(), 1);
    assert.equal(await new LoginPath({ SHELL }, "win32", silentLogger).get(), undefined);
    assert.equal(await new LoginPath({ SHELL: "sh" }, "linux", silentLogger).get(), undefined);
  });

  it("is tried again where the shell failed", async () => {
    const SHELL = await shell("exit 1");
    const login = new LoginPath({ SHELL }, "linux", silentLogger);
    assert.deepEqual([await login.get(), await login.get()], [undefined, undefined]);
    assert.equal(await times(), 2);
    assert.equal(await new LoginPath({ SHELL: "/no/such" }, "linux", silentLogger).get(), undefined);
  });

  it("is understood from a real bash", async function () {
    const bash = "/bin/bash";
    if (!(await readFile(bash).catch(() => undefined))) skipBecause(this, "there is no /bin/bash");
    await writeFile(path.join(folder, ".bash_profile"), "echo hello; export PATH=/from/profile:$PATH\n");
    const login = new LoginPath({ SHELL: bash, HOME: folder, PATH: "/usr/bin:/bin" }, "linux", silentLogger);
    assert.match((await login.get()) ?? "", /^\/from\/profile:/);
  });

  /** Contexts a and b, whose users sign in by a program in `bin`, which starts one in `folder`; that is on the login PATH. */
  async function signingIn(bin: string, PATH: string): Promise<Connections> {
    const program = path.join(bin, "cloud-sign-in");
    const helper = path.join(folder, "cloud-helper");
    const said = { kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: { token: "t" } };
    await mkdir(bin, { recursive: true });
    await writeFile(program, `#!/bin/sh\necho x >> ${folder}/ran\nexec cloud-helper\n`);
    await writeFile(helper, `#!/bin/sh\necho '${JSON.stringify(said)}'\n`);
    for (const file of [program, helper]) await chmod(file, 0o755);
    await writeFile(path.join(folder, "ran"), "");
    const SHELL = await shell(`PATH=${folder}:$PATH; shift; eval "$1"`);
    const file = path.join(folder, "config");
    const user = "user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: cloud-sign-in}}";
    await writeFile(
      file,
      "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n" +
        "contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: v}}]\n" +
        `users: [{name: u, ${user}}, {name: v, ${user}}]\n`,
    );
    const connections = new Connections({
      load: () => loadKubeconfig({ env: { KUBECONFIG: file }, home: "/nobody", platform: process.platform }),
      ...{ userAgent: "test", log: silentLogger, clock: systemClock, proxyOverride: () => undefined },
      env: { SHELL, PATH },
    });
    await connections.load();
    return connections;
  }

  const ran = async (): Promise<number> => (await readFile(path.join(folder, "ran"), "utf8")).length / 2;

  it("finds a sign-in program that the editor's PATH does not have, and what that starts", async () => {
    const connections = await signingIn(folder, "/usr/bin:/bin");
    assert.equal((await connections.get("a").credentials.get()).token, "t");
    assert.deepEqual([await times(), await ran()], [1, 1]);
    connections.dispose();
  });

  it("is where a program that was found finds what it starts: asked once it did not, and known from then on", async () => {
    const bin = path.join(folder, "bin");
    const connections = await signingIn(bin, `${bin}:/usr/bin:/bin`);
    for (const name of ["a", "b"]) assert.equal((await connections.get(name).credentials.get()).token, "t");
    assert.deepEqual([await times(), await ran()], [1, 3]);
    connections.dispose();
  });
});
