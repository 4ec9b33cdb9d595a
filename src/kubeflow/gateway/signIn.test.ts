import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Entrance, signIn, type SignIn } from "./signIn.ts";

const ACCOUNT = { email: "ada@example.org", password: "p&w=1" };
const NEVER = new AbortController().signal;

/** A double of the gateway: what oauth2-proxy 7.15 and Dex 2.45 answer on the way of one sign-in. */
class Gateway {
  readonly asked: string[] = [];
  /** Answers in the place of what the double would say, by path. */
  readonly instead = new Map<string, (response: http.ServerResponse) => void>();
  readonly server = http.createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "", "http://gateway");
    const { method = "", headers } = request;
    this.asked.push(`${method} ${path}`);
    const body = new URLSearchParams(method === "POST" ? await text(request) : "");
    const go = (to: string, status = 302, ...cookies: string[]): void =>
      void response.writeHead(status, { location: to, "set-cookie": cookies }).end();
    const say = (status: number, ...cookies: string[]): void =>
      void response.writeHead(status, { "set-cookie": cookies }).end("<html></html>");
    const instead = this.instead.get(path);
    if (headers["x-secret"] !== "s") say(421);
    else if (instead !== undefined) instead(response);
    else if (path === "/") say(403, "session=; Path=/; Max-Age=0; HttpOnly");
    else if (path === "/oauth2/start") {
      assert.equal(query.get("rd"), "/");
      go("/dex/auth?client_id=c&redirect_uri=%2Foauth2%2Fcallback", 302, "session_csrf=n; Path=/; HttpOnly");
    } else if (path === "/dex/auth") go(`/dex/auth/local?${query.toString()}`);
    else if (path === "/dex/auth/local") go("/dex/auth/local/login?back=&state=st");
    else if (path === "/dex/auth/local/login" && method === "GET") say(200);
    else if (path === "/dex/auth/local/login") {
      const isRight = body.get("login") === ACCOUNT.email && body.get("password") === ACCOUNT.password;
      if (isRight && query.get("state") === "st") go("/dex/approval?req=st", 303);
      else say(200);
    } else if (path === "/dex/approval") go("/oauth2/callback?code=co&state=n", 303);
    else if (path === "/oauth2/callback" && headers.cookie?.includes("session_csrf=n") === true)
      go("/", 302, "session_csrf=; Max-Age=0; HttpOnly", "session_0=a=b; Path=/; HttpOnly", "session_1=c; HttpOnly");
    else say(404);
  }
}

describe("signing in at the gateway", () => {
  let gateway: Gateway;
  let port: number;

  beforeEach(async () => {
    gateway = new Gateway();
    port = await gateway.start();
  });
  afterEach(() => {
    gateway.server.close();
    gateway.server.closeAllConnections();
  });

  const enter = (account = ACCOUNT, signal = NEVER): Promise<SignIn> =>
    signIn({ ...entrance(), headers: { "x-secret": "s" } }, account, signal);
  const entrance = (): Entrance => ({
    origin: new URL(`http://127.0.0.1:${port}`),
    open: () => Promise.resolve(net.connect(port, "127.0.0.1")),
  });
  const redirected = (to: string) => (response: http.ServerResponse) =>
    void response.writeHead(302, { location: to }).end();

  it("goes the way of a browser, and has the cookies of the session alone", async () => {
    assert.deepEqual(await enter(), { kind: "signed-in", cookies: ["session_0=a=b", "session_1=c"] });
    assert.deepEqual(gateway.asked, [
      ...["GET /", "GET /oauth2/start", "GET /dex/auth", "GET /dex/auth/local", "GET /dex/auth/local/login"],
      ...["POST /dex/auth/local/login", "GET /dex/approval", "GET /oauth2/callback"],
    ]);
  });

  it("chooses Dex's own accounts where there are other connectors", async () => {
    gateway.instead.set("/dex/auth", (response) => void response.end("choose"));
    assert.equal((await enter()).kind, "signed-in");
  });

  it("says that the password was not taken, and tries it once", async () => {
    assert.deepEqual(await enter({ ...ACCOUNT, password: "other" }), { kind: "refused" });
    assert.equal(gateway.asked.filter((line) => line.startsWith("POST")).length, 1);
  });

  it("is not needed where nobody is asked", async () => {
    gateway.instead.set("/", redirected("/pipeline/"));
    gateway.instead.set("/pipeline/", (response) => void response.end("page"));
    assert.deepEqual(await enter(), { kind: "open" });
  });

  it("sends no password to another host, nor to a page that it does not know", async () => {
    gateway.instead.set("/dex/auth/local", redirected("http://elsewhere.example/dex/auth/local/login?state=st"));
    assert.deepEqual(await enter(), { kind: "unknown", why: "/dex/auth/local leads to elsewhere.example" });
    gateway.instead.set("/dex/auth/local", redirected("/other/login"));
    assert.deepEqual(await enter(), { kind: "unknown", why: "/other/login answered 404" });
    assert.ok(!gateway.asked.some((line) => line.startsWith("POST")));
  });

  it("gives up on what does not end, on a gateway that has gone, and at once when it is cancelled", async () => {
    gateway.instead.set("/dex/auth", redirected("/oauth2/start?rd=%2F"));
    assert.deepEqual(await enter(), { kind: "unknown", why: "it did not end after 15 steps" });
    gateway.instead.set("/dex/auth", (response) => void response.destroy());
    const gone = await enter();
    assert.ok(gone.kind === "unknown" && gone.why === "socket hang up");
    const over = new AbortController();
    gateway.instead.set("/dex/auth", () => over.abort());
    await assert.rejects(enter(ACCOUNT, over.signal), { name: "AbortError" });
  });
});
