import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type AddressInfo, createServer, type Socket } from "node:net";
import path from "node:path";
import type { Clock } from "../core/clock.ts";
import { systemClock } from "../core/clock.ts";
import { isCancelled } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { Credentials, type CredentialsOptions } from "./credentials.ts";
import { ConnectError, type ConnectFailure } from "./errors.ts";
import { findCommand } from "./execCommand.ts";
import type { ExecEntry } from "./kubeconfigEntries.ts";
import { certificate, testEntry, testServer, testTransport, textOf, until } from "./testing/testServers.ts";

const V1 = "client.authentication.k8s.io/v1";
const SECRET = "s3cr3t-Va1ue-0123456789";

describe("credentials", () => {
  let folder = "";
  let count = 0;
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const log: Logger = { trace: note, debug: note, info: note, warn: note, error: note };
  before(async () => (folder = await mkdtemp(path.join(tmpdir(), "credentials-"))));
  after(() => rm(folder, { recursive: true }));
  afterEach(() => assert.doesNotMatch(lines.join("\n"), new RegExp(SECRET), "a secret in the log"));

  /** A plugin with this body of JavaScript, and the file in which it notes each run. */
  const plugin = async (
    body: string,
    more: Partial<ExecEntry> = {},
  ): Promise<{ exec: ExecEntry; runs: () => Promise<number> }> => {
    const name = `plugin-${count++}`;
    const file = path.join(folder, name);
    const noted = `${file}.runs`;
    await writeFile(noted, "");
    const start = `#!${process.execPath}\nrequire("fs").appendFileSync(${JSON.stringify(noted)}, "x");`;
    const answer = `const answer = (status, more) => console.log(JSON.stringify({kind: "ExecCredential", apiVersion: ${JSON.stringify(V1)}, status, ...more}));`;
    await writeFile(file, `${start}\n${answer}\n${body}\n`);
    await chmod(file, 0o755);
    const exec = {
      command: `./${name}`,
      args: [],
      env: {},
      apiVersion: V1,
      provideClusterInfo: false,
      interactiveMode: "Never",
      baseDir: folder,
      ...more,
    } as const;
    return { exec, runs: async () => (await readFile(noted, "utf8")).length };
  };
  const made = (exec: ExecEntry, options: Partial<CredentialsOptions> = {}): Credentials =>
    new Credentials({
      entry: testEntry("https://x.test", { execConfig: { a: 1 } }, { exec }),
      env: process.env,
      log,
      ...options,
    });

  it("runs a plugin once for 20 who ask at the same time, and keeps what it said", async () => {
    const { exec, runs } = await plugin(`answer({token: "${SECRET}"})`);
    const credentials = made(exec);
    const all = await Promise.all(Array.from({ length: 20 }, () => credentials.get()));
    assert.ok(all.every((identity) => identity === all[0] && identity.token === SECRET));
    await credentials.get();
    assert.equal(await runs(), 1);
  });

  it("runs no plugin once it is disposed, also over a transport", async () => {
    const { exec, runs } = await plugin(`answer({token: "${SECRET}"})`);
    const credentials = made(exec);
    const identity = await credentials.get();
    const transport = testTransport(testEntry("https://127.0.0.1:1", {}, { exec }), { credentials: made(exec) });
    transport.dispose();
    await assert.rejects(transport.send({ method: "GET", path: "/" }), isCancelled);
    credentials.dispose();
    await assert.rejects(credentials.get(), isCancelled);
    await assert.rejects(credentials.refresh(identity), isCancelled);
    assert.equal(await runs(), 1);
  });

  it("tells a plugin its arguments, its environment and the cluster", async () => {
    const { exec } = await plugin(
      `answer({token: JSON.stringify([process.argv.slice(2), process.env.A, JSON.parse(process.env.KUBERNETES_EXEC_INFO)])})`,
      {
        args: ["--x", "a b"],
        env: { A: "é" },
        provideClusterInfo: true,
      },
    );
    const [args, a, info] = JSON.parse((await made(exec).get()).token ?? "") as [unknown, unknown, unknown];
    assert.deepEqual([args, a], [["--x", "a b"], "é"]);
    assert.deepEqual(info, {
      kind: "ExecCredential",
      apiVersion: V1,
      spec: {
        interactive: false,
        cluster: {
          server: "https://x.test",
          "certificate-authority-data": certificate("ca.pem").toString("base64"),
          config: { a: 1 },
        },
      },
    });
  });

  it("renews 60 s before the end, and never more often than once a minute", async () => {
    const { exec, runs } = await plugin(
      `answer({token: "t" + Date.now(), expirationTimestamp: new Date(Number(process.env.END)).toISOString()})`,
      {
        env: { END: String(Date.UTC(2030, 0, 1)) },
      },
    );
    let passed = 0;
    const clock: Clock = {
      ...systemClock,
      now: () => Date.UTC(2030, 0, 1) - 600_000 + passed,
      monotonic: () => passed,
    };
    const credentials = made(exec, { clock });
    const first = await credentials.get();
    passed = 539_000;
    assert.equal(await credentials.get(), first);
    passed = 541_000;
    assert.notEqual(await credentials.get(), first);
    passed = 590_000;
    await credentials.get();
    assert.equal(await runs(), 2);
  });

  it("refreshes once for 20 refusals at the same time, and not at all for a late one", async () => {
    const { exec, runs } = await plugin(`answer({token: "t" + Math.random()})`);
    const credentials = made(exec);
    const old = await credentials.get();
    const fresh = await Promise.all(Array.from({ length: 20 }, () => credentials.refresh(old)));
    assert.ok(fresh.every((identity) => identity === fresh[0] && identity !== old));
    assert.equal(await credentials.refresh(old), fresh[0]);
    assert.equal(await runs(), 2);
  });

  it("stays with a failure until the person acts", async () => {
    const { exec, runs } = await plugin(`process.exit(3)`);
    const credentials = made(exec);
    const first = await credentials.get().catch((error: unknown) => error);
    await assert.rejects(credentials.get(), (error) => error === first);
    await assert.rejects(credentials.refresh({}), (error) => error === first);
    assert.equal(await runs(), 1);
    credentials.unblock();
    await assert.rejects(credentials.get(), ConnectError);
    assert.equal(await runs(), 2);
  });

  it("says what went wrong with a plugin, and no secret", async () => {
    const rows: [string, Partial<ExecEntry>, ConnectFailure, RegExp][] = [
      [`console.log("junk ${SECRET}")`, {}, "plugin-output", /wrote no JSON/],
      [``, {}, "plugin-output", /wrote nothing/],
      [`console.log('{"kind":"${SECRET}"}')`, {}, "plugin-output", /no ExecCredential/],
      [`answer({})`, {}, "plugin-output", /neither a token nor a certificate/],
      [`answer({clientCertificateData: "${SECRET}"})`, {}, "plugin-output", /certificate without its key/],
      [`answer({token: "${SECRET}"}, {apiVersion: "${SECRET}"})`, {}, "plugin-output", /wrote another version/],
      [`process.stdout.write("x".repeat(3e6))`, {}, "plugin-output", /more than 1 MB/],
      [
        `console.error("line one\\n\\u001b[31mno access for token=${SECRET} " + process.env.KEY + "\\u001b[0m\\n"); process.exit(7)`,
        { env: { KEY: SECRET } },
        "plugin-failed",
        /exit code 7\. It said: no access for token=\[redacted\] \[redacted\]$/,
      ],
      [`process.kill(process.pid, "SIGKILL")`, {}, "plugin-failed", /ended by a signal/],
      [
        ``,
        { command: "no-such-plugin", installHint: "Install it\nfrom here" },
        "plugin-missing",
        /of user alice was not found\. The editor looks on its own PATH.* Install it from here/,
      ],
      [``, { command: "./no-such-plugin" }, "plugin-missing", /names it by a path/],
      [``, { interactiveMode: "Always" }, "plugin-failed", /wants a terminal/],
      [``, { apiVersion: "client.authentication.k8s.io/v1alpha1" }, "kubeconfig", /v1alpha1 is no longer supported/],
    ];
    await Promise.all(
      rows.map(async ([body, more, code, text]) => {
        const { exec } = await plugin(body, more);
        await assert.rejects(made(exec).get(), failure(code, text));
      }),
    );
  });

  it("says that a plugin took too long", async () => {
    const { exec } = await plugin(`setInterval(() => {}, 1000)`);
    const credentials = made(exec, { pluginTimeoutMs: 150 });
    await assert.rejects(credentials.get(), failure("plugin-timeout", /gave no answer within/));
    assert.ok(credentials.blocked !== undefined);
  });

  it("ends a plugin with what it started, also where they do not want to", async () => {
    // Both processes hold a connection for as long as they live.
    const alive = new Set<Socket>();
    const listener = createServer((socket) => {
      alive.add(socket);
      socket.on("error", () => undefined).once("close", () => alive.delete(socket));
    });
    const port = await new Promise<number>((resolve) =>
      listener.listen(0, "127.0.0.1", () => resolve((listener.address() as AddressInfo).port)),
    );
    const hold = `require("net").connect(${port}, "127.0.0.1"); process.on("SIGTERM", () => {});`;
    const { exec } = await plugin(
      `${hold} require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}], {stdio: "inherit"});`,
    );
    const abort = new AbortController();
    const running = made(exec).get(abort.signal);
    await until(() => alive.size === 2, "both run");
    abort.abort();
    await assert.rejects(running, isCancelled);
    await until(() => alive.size === 0, "both ended, though they ignored the request to");
    listener.close();
  });

  it("ends a plugin when all who asked have left, and does not hold that against it", async () => {
    const pid = path.join(folder, "pid");
    const { exec, runs } = await plugin(
      `require("fs").writeFileSync(${JSON.stringify(pid)}, String(process.pid)); if (process.env.SLOW) setInterval(() => {}, 1000); else answer({token: "t"})`,
    );
    const credentials = made({ ...exec, env: { SLOW: "1" } });
    const [one, two] = [new AbortController(), new AbortController()];
    const asked = [credentials.get(one.signal), credentials.get(two.signal)];
    let id = "";
    while (id === "") id = await readFile(pid, "utf8").catch(() => "");
    one.abort();
    await assert.rejects(asked[0] ?? Promise.resolve(), isCancelled);
    assert.ok(isAlive(Number(id)), "one still waits");
    two.abort();
    await assert.rejects(asked[1] ?? Promise.resolve(), isCancelled);
    await until(() => !isAlive(Number(id)), "ended");
    assert.equal(credentials.blocked, undefined);
    const disposed = credentials.get();
    credentials.dispose();
    await assert.rejects(disposed, isCancelled);
    assert.ok((await runs()) <= 2);
  });

  it("reads a token's file again after a minute and after a refusal", async () => {
    const tokenFile = path.join(folder, "token");
    await writeFile(tokenFile, "one\n");
    let passed = 0;
    const clock: Clock = { ...systemClock, monotonic: () => passed };
    const credentials = new Credentials({
      entry: testEntry("https://x.test", {}, { tokenFile, token: "ignored" }),
      clock,
    });
    const first = await credentials.get();
    assert.equal(first.token, "one");
    assert.equal(await credentials.refresh(first), first, "nothing newer");
    await writeFile(tokenFile, "two\n");
    assert.equal(await credentials.get(), first);
    passed = 61_000;
    const second = await credentials.get();
    assert.equal(second.token, "two");
    await writeFile(tokenFile, "three");
    assert.equal((await credentials.refresh(second)).token, "three");
    await rm(tokenFile);
    await assert.rejects(
      credentials.refresh(await credentials.get()),
      failure("kubeconfig", /token of user alice is missing: .*token does not exist/),
    );
  });

  it("refuses the old auth-providers", async () => {
    const entry = testEntry("https://x.test", {}, { authProvider: "azure" });
    await assert.rejects(
      new Credentials({ entry }).get(),
      failure("kubeconfig", /old auth-provider azure: kubectl dropped it in 1\.26/),
    );
  });

  it("answers a 401 once with a fresh token; 20 at the same time run the plugin once more; then it waits", async () => {
    const { exec, runs } = await plugin(
      `answer({token: "t" + require("fs").readFileSync(process.env.RUNS, "utf8").length})`,
    );
    const env = { ...process.env, RUNS: path.join(folder, `${exec.command.slice(2)}.runs`) };
    let accepted = "Bearer t2";
    const api = await testServer((request, response) => {
      response.writeHead(request.headers.authorization === accepted ? 200 : 401);
      response.end("{}");
    });
    const entry = testEntry(api.url, {}, { exec });
    const credentials = new Credentials({ entry, env, log });
    const wire = testTransport(entry, { credentials });
    const send = () => wire.send({ method: "POST", path: "/", body: { a: 1 } });
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(await textOf(answers[0] ?? (await send())), "{}");
    assert.equal(await runs(), 2);
    accepted = "nothing";
    await Promise.all(
      Array.from({ length: 20 }, () =>
        assert.rejects(send(), failure("sign-in-needed", /did not accept the credentials of user alice/)),
      ),
    );
    await assert.rejects(send(), ConnectError);
    assert.equal(await runs(), 3, "refused once, not run again");
    accepted = "Bearer t4";
    credentials.unblock();
    assert.equal((await send()).status, 200);
    wire.dispose();
    await api.close();
  });

  it("connects anew when the plugin brings another certificate", async () => {
    const pair = (name: string) =>
      JSON.stringify({
        clientCertificateData: certificate(`${name}.pem`).toString(),
        clientKeyData: certificate(`${name}.key`).toString(),
      });
    const { exec } = await plugin(
      `answer(require("fs").readFileSync(process.env.RUNS, "utf8").length === 1 ? ${pair("client")} : ${pair("client-renewed")})`,
    );
    const env = { ...process.env, RUNS: path.join(folder, `${exec.command.slice(2)}.runs`) };
    let handshakes = () => 0;
    const api = await testServer((_, response) => void response.writeHead(handshakes() === 1 ? 401 : 200).end("{}"), {
      clientCertificates: "required",
    });
    handshakes = api.handshakes;
    const entry = testEntry(api.url, {}, { exec });
    const wire = testTransport(entry, { credentials: new Credentials({ entry, env }) });
    assert.equal((await wire.send({ method: "GET", path: "/" })).status, 200);
    assert.equal(api.handshakes(), 2);
    await until(() => api.sockets.size === 1, "the session of the old certificate is closed");
    wire.dispose();
    await api.close();
  });
});

describe("the program of a plugin", () => {
  const find = (command: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform, ...there: string[]) =>
    findCommand(command, platform === "win32" ? "C:\\kube" : "/kube", {
      env,
      platform,
      isExecutable: (file) => Promise.resolve(there.includes(file)),
    });

  it("is found by path or on the PATH, never in the current folder", async () => {
    assert.equal(await find("p", { PATH: "/a:/b" }, "linux", "/b/p"), "/b/p");
    assert.equal(await find("./bin/p", {}, "linux", "/kube/bin/p"), "/kube/bin/p");
    assert.equal(await find("/x/p", {}, "linux", "/x/p"), "/x/p");
    assert.equal(
      await find("p", { PATH: ":.:bin:" }, "linux", path.resolve("p"), path.resolve("bin/p"), "/p", "p"),
      undefined,
    );
    assert.equal(
      await find("p", { Path: 'C:\\a;"C:\\b c"', PATHEXT: ".EXE;.CMD" }, "win32", "C:\\b c\\p.EXE"),
      "C:\\b c\\p.EXE",
    );
    assert.equal(await find("p.exe", { PATH: "C:\\a", PATHEXT: ".EXE" }, "win32", "C:\\a\\p.exe"), "C:\\a\\p.exe");
    assert.equal(await find("p", { PATH: "C:\\a", PATHEXT: ".EXE" }, "win32", "C:\\a\\p"), undefined);
    assert.equal(await find(".\\p.exe", {}, "win32", "C:\\kube\\p.exe"), "C:\\kube\\p.exe");
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function failure(code: ConnectFailure, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    assert.doesNotMatch(error.message, new RegExp(SECRET));
    return true;
  };
}
