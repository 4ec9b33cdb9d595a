import assert from "node:assert/strict";
import { constants, type ServerHttp2Session } from "node:http2";
import { gzipSync } from "node:zlib";
import { isCancelled } from "../core/errors.ts";
import { connectFailure } from "./connectFailure.ts";
import { placeOf } from "./place.ts";
import {
  certificate,
  failure,
  type Handler,
  testEntry,
  testProxy,
  testServer,
  type TestServer,
  testTransport,
  textOf,
  until,
} from "./testing/testServers.ts";
import type { Transport } from "./transport.ts";

const ok: Handler = (_, response) => void response.end("{}");

describe("transport", () => {
  const closing: (() => unknown)[] = [];
  const server = async (...args: Parameters<typeof testServer>): Promise<TestServer> => {
    const made = await testServer(...args);
    closing.push(() => made.close());
    return made;
  };
  const transport = (...args: Parameters<typeof testTransport>): Transport => {
    const made = testTransport(...args);
    closing.push(() => made.dispose());
    return made;
  };
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  for (const speaks of ["h2", "http/1.1", "plain"] as const) {
    describe(`by ${speaks}`, () => {
      it("sends method, path, query, headers and body, and gives back status, headers and body", async () => {
        const api = await server(
          (request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => {
              const { authorization, accept } = request.headers;
              response.writeHead(201, { "content-type": "application/json", "retry-after": "7" });
              const body = Buffer.concat(chunks).toString();
              response.end(
                JSON.stringify([
                  request.method,
                  request.url,
                  authorization,
                  accept,
                  request.headers["content-type"],
                  request.headers["user-agent"],
                  body,
                ]),
              );
            });
          },
          { speaks },
        );
        const entry = testEntry(`${api.url}/k8s/c-1/`, {}, { token: "tok" });
        const response = await transport(entry).send({
          method: "PATCH",
          path: "/api/v1/x",
          query: { a: 1, b: "é&", c: undefined, d: true },
          body: { ä: 1 },
          contentType: "application/merge-patch+json",
        });
        assert.equal(response.status, 201);
        assert.equal(response.headers["retry-after"], "7");
        assert.deepEqual(JSON.parse(await textOf(response)), [
          "PATCH",
          "/k8s/c-1/api/v1/x?a=1&b=%C3%A9%26&d=true",
          "Bearer tok",
          "application/json",
          "application/merge-patch+json",
          "trainyard-test",
          '{"ä":1}',
        ]);
      });

      it("makes one handshake for 100 requests", async () => {
        const api = await server(ok, { speaks });
        const wire = transport(testEntry(api.url));
        for (let count = 0; count < 100; count++)
          assert.equal(await textOf(await wire.send({ method: "GET", path: "/" })), "{}");
        assert.equal(api.handshakes(), 1);
      });

      it("unpacks gzip, and does not ask for it where something is followed", async () => {
        const api = await server(
          (request, response) => {
            const packed = request.headers["accept-encoding"] === "gzip";
            response.writeHead(200, packed ? { "content-encoding": "gzip" } : {});
            response.end(packed ? gzipSync("packed") : "plain");
          },
          { speaks },
        );
        const wire = transport(testEntry(api.url));
        assert.equal(await textOf(await wire.send({ method: "GET", path: "/" })), "packed");
        assert.equal(await textOf(await wire.send({ method: "GET", path: "/", query: { watch: true } })), "plain");
        assert.equal(await textOf(await wire.send({ method: "GET", path: "/", query: { follow: "true" } })), "plain");
      });

      it("ends the request at the server by cancel, by leaving the loop, by abort and by dispose", async () => {
        let open = 0;
        const api = await server(
          (_, response) => {
            open++;
            response.on("close", () => open--);
            response.writeHead(200);
            response.write("first\n");
          },
          { speaks },
        );
        const wire = transport(testEntry(api.url));
        const request = { method: "GET", path: "/", query: { watch: true } } as const;
        const first = await wire.send(request);
        await until(() => open === 1, "open");
        first.cancel();
        await until(() => open === 0, "ended by cancel");
        for await (const chunk of (await wire.send(request)).body) {
          assert.equal(chunk.toString(), "first\n");
          break;
        }
        await until(() => open === 0, "ended by leaving");
        const abort = new AbortController();
        const third = textOf(await wire.send({ ...request, signal: abort.signal }));
        abort.abort();
        await assert.rejects(third, isCancelled);
        await until(() => open === 0, "ended by abort");
        const fourth = textOf(await wire.send(request));
        wire.dispose();
        await assert.rejects(fourth, isCancelled);
        await until(() => open === 0 && api.sockets.size === 0, "ended by dispose");
        await assert.rejects(wire.send(request), isCancelled);
      });

      it("does not read ahead of a slow reader", async () => {
        let written = 0;
        const api = await server(
          (_, response) => {
            const block = Buffer.alloc(65_536);
            const write = (): void => {
              while (written < 256 << 20) {
                written += block.length;
                if (!response.write(block)) {
                  response.once("drain", write);
                  return;
                }
              }
            };
            write();
          },
          { speaks },
        );
        const wire = transport(testEntry(api.url));
        const response = await wire.send({ method: "GET", path: "/", query: { follow: true } });
        for await (const chunk of response.body) {
          assert.ok(chunk.length > 0);
          let before = -1;
          // Until the server no longer gets rid of anything.
          await until(() => {
            const still = before === written;
            before = written;
            return still;
          }, "stalled");
          break;
        }
        assert.ok(written < 64 << 20, `${written} bytes`);
      });

      it("says that an answer did not come in time", async () => {
        const api = await server(() => undefined, { speaks });
        await assert.rejects(
          transport(testEntry(api.url)).send({ method: "GET", path: "/", timeoutMs: 60 }),
          failure("unreachable", /no answer from 127\.0\.0\.1:\d+ within 1 s/),
        );
      });

      it("fails what runs when the server goes, and dials anew afterwards", async () => {
        const api = await server(
          (request, response) => {
            if (request.url === "/") response.end("{}");
            else response.write("first\n");
          },
          { speaks },
        );
        const wire = transport(testEntry(api.url));
        const following = textOf(await wire.send({ method: "GET", path: "/follow", query: { follow: true } }));
        for (const socket of api.sockets) socket.destroy();
        await assert.rejects(following, failure("unreachable", /closed the connection/));
        assert.equal(await textOf(await wire.send({ method: "GET", path: "/" })), "{}");
        assert.equal(api.handshakes(), 2);
      });
    });
  }

  it("shares one dial among many, and opens a second session when the first is full", async () => {
    let open = 0;
    const api = await server(
      (_, response) => {
        open++;
        response.writeHead(200);
        response.write("x");
      },
      { maxConcurrentStreams: 10 },
    );
    const wire = transport(testEntry(api.url));
    const send = () => wire.send({ method: "GET", path: "/", query: { watch: true } });
    await Promise.all(Array.from({ length: 10 }, send));
    assert.equal(api.handshakes(), 1);
    await Promise.all(Array.from({ length: 15 }, send));
    assert.equal(open, 25);
    assert.equal(api.handshakes(), 3);
  });

  it("lets streams end after GOAWAY and sends the next request on a new session", async () => {
    const sessions: ServerHttp2Session[] = [];
    let finish: () => void = () => undefined;
    const api = await server((request, response) => {
      if (request.url === "/") {
        response.end("{}");
        return;
      }
      response.write("a");
      finish = () => void response.end("b");
    });
    api.h2?.on("session", (session) => sessions.push(session));
    const wire = transport(testEntry(api.url));
    const slow = await wire.send({ method: "GET", path: "/slow" });
    sessions[0]?.goaway();
    let handshakes = 1;
    await until(() => {
      void wire.send({ method: "GET", path: "/" }).then(textOf);
      handshakes = api.handshakes();
      return handshakes === 2;
    }, "second session");
    finish();
    assert.equal(await textOf(slow), "ab");
  });

  it("finds a connection that has died without a word, and closes an idle one", async () => {
    const api = await server((_, response) => void response.write("x"));
    const proxy = await testProxy(api.port);
    closing.push(() => proxy.close());
    const timing = { quietMs: 120, answerMs: 60, idleMs: 80, connectMs: 1000 };
    const wire = transport(testEntry(api.url, { proxyUrl: proxy.url }), { timing });
    const response = await wire.send({ method: "GET", path: "/", query: { watch: true } });
    const body = textOf(response);
    let pings = 0;
    await until(() => pings++ > 60, "a while of healthy silence");
    assert.equal(api.sockets.size, 1, "answered pings keep it");
    proxy.freeze();
    const frozen = performance.now();
    await assert.rejects(body, failure("unreachable", /no answer from/));
    assert.ok(performance.now() - frozen < 120 + 60 + 100);

    const idle = transport(testEntry(api.url), { timing });
    (await idle.send({ method: "GET", path: "/", query: { watch: true } })).cancel();
    const before = api.sockets.size;
    await until(() => api.sockets.size < before, "idle session closed");
  });

  it("goes through the cluster's proxy, with its name and password, and says what the proxy says", async () => {
    const api = await server(ok);
    const proxy = await testProxy(api.port);
    closing.push(() => proxy.close());
    const url = new URL(proxy.url);
    const proxyUrl = `http://bob:p%40ss@${url.host}`;
    await textOf(
      await transport(testEntry("https://cluster.test:6443", { proxyUrl })).send({ method: "GET", path: "/" }),
    );
    assert.deepEqual(proxy.asked, [
      { target: "cluster.test:6443", authorization: `Basic ${Buffer.from("bob:p@ss").toString("base64")}` },
    ]);
    const env = { HTTPS_PROXY: proxy.url, no_proxy: ".other" };
    await textOf(await transport(testEntry("https://cluster.test"), { env }).send({ method: "GET", path: "/" }));
    assert.equal(proxy.asked[1]?.target, "cluster.test:443");
    const refusing = await testProxy(api.port, "407 Proxy Authentication Required");
    closing.push(() => refusing.close());
    const send = transport(testEntry("https://cluster.test", { proxyUrl: refusing.url })).send({
      method: "GET",
      path: "/",
    });
    await assert.rejects(send, failure("unreachable", /proxy 127\.0\.0\.1:\d+: it wants a name and a password/));
  });

  it("says in plain words why there is no connection", async () => {
    const get = (entry: ReturnType<typeof testEntry>) =>
      transport(entry, { timing: { connectMs: 150 } }).send({ method: "GET", path: "/" });
    await assert.rejects(
      get(testEntry("https://127.0.0.1:1")),
      failure("unreachable", /nothing listens at 127\.0\.0\.1:1\./),
    );
    await assert.rejects(
      get(testEntry("https://no-such-name.invalid")),
      failure("unreachable", /the name no-such-name\.invalid (was not found|could not be looked up)|no answer/),
    );
    const silent = await server(ok, { speaks: "plain" });
    await assert.rejects(get(testEntry(`https://127.0.0.1:${silent.port}`)), failure("unreachable", /.+/));
    const api = await server(ok);
    await assert.rejects(
      get(testEntry(api.url, { caData: certificate("client.pem").toString("base64") })),
      failure("untrusted-server", /authority that is not trusted/),
    );
    await assert.rejects(
      get(testEntry(api.url, { tlsServerName: "wrong.test" })),
      failure("untrusted-server", /another name/),
    );
    await assert.rejects(
      get(testEntry(api.url, { caData: "bm9uc2Vuc2U=" })),
      failure("kubeconfig", /not a PEM certificate/),
    );
    await assert.rejects(
      get(testEntry(api.url, { proxyUrl: "socks5://127.0.0.1:1080" })),
      failure("kubeconfig", /socks5 proxy, which is not supported/),
    );
    const old = await server(ok, { cert: "server-expired" });
    await assert.rejects(get(testEntry(old.url)), failure("untrusted-server", /has expired/));
    assert.equal((await get(testEntry(old.url, { insecureSkipTlsVerify: true }))).status, 200);
    assert.equal((await get(testEntry(api.url, { tlsServerName: "cluster.test" }))).status, 200);
  });

  it("trusts the system's certificates only where the kubeconfig names no authority", async () => {
    const api = await server(ok);
    const entry = { ...testEntry(api.url), cluster: { name: "test", server: api.url, insecureSkipTlsVerify: false } };
    const systemCertificates = [certificate("ca.pem").toString()];
    assert.equal((await transport(entry, { systemCertificates }).send({ method: "GET", path: "/" })).status, 200);
    await assert.rejects(
      transport(entry).send({ method: "GET", path: "/" }),
      failure("untrusted-server", /authority that is not trusted/),
    );
  });

  for (const speaks of ["h2", "http/1.1"] as const) {
    it(`shows a client certificate by ${speaks}, and says when the server wants one or refuses it`, async () => {
      const api = await server(ok, { speaks, clientCertificates: "required" });
      const pair = (name: string) => ({
        clientCertData: certificate(`${name}.pem`).toString("base64"),
        clientKeyData: certificate(`${name}.key`).toString("base64"),
      });
      assert.equal(
        (await transport(testEntry(api.url, {}, pair("client"))).send({ method: "GET", path: "/" })).status,
        200,
      );
      await assert.rejects(
        transport(testEntry(api.url)).send({ method: "GET", path: "/" }),
        failure("certificate-expired", /wants a certificate/),
      );
      const before = api.handshakes();
      await assert.rejects(
        transport(testEntry(api.url, {}, pair("client-expired"))).send({ method: "GET", path: "/" }),
        failure("certificate-expired", /The certificate for user alice expired \d+ years ago \(2021-01-01\)\./),
      );
      assert.equal(api.handshakes(), before, "said before connecting");
    });
  }

  it("knows a server's refusal of a certificate by its TLS alert", () => {
    const place = placeOf(testEntry("https://cluster.test:6443"));
    for (const alert of [
      "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
      "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
      "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
    ]) {
      const error = connectFailure(Object.assign(new Error("x"), { code: alert }), place);
      assert.ok(failure("certificate-expired", /certificate for user alice/)(error));
    }
  });

  it("survives a server that speaks nonsense", async () => {
    const api = await server(() => undefined);
    api.h2?.on("stream", (stream, headers) => {
      if (headers[":path"] === "/rst") stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else stream.on("error", () => undefined).write("half", () => stream.destroy(new Error("broken")));
    });
    const wire = transport(testEntry(api.url));
    await assert.rejects(wire.send({ method: "GET", path: "/rst" }), failure("unreachable", /closed the connection/));
    const half = await wire.send({ method: "GET", path: "/half" });
    await assert.rejects(textOf(half), failure("unreachable", /closed the connection/));
  });

  it("leaves neither timers nor sockets behind", async () => {
    const api = await server((_, response) => void response.write("x"));
    const wire = transport(testEntry(api.url));
    await wire.send({ method: "GET", path: "/", query: { watch: true } });
    wire.dispose();
    await until(() => api.sockets.size === 0, "sockets closed");
    const dead = transport(testEntry(`https://127.0.0.1:${api.port}`));
    const sending = dead.send({ method: "GET", path: "/" });
    dead.dispose();
    await assert.rejects(sending, isCancelled);
    await until(() => api.sockets.size === 0, "no socket from the ended dial");
  });
});
