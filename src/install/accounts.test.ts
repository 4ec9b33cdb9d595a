import assert from "node:assert/strict";
import bcrypt from "bcryptjs";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, type FakeReply, json, refusal } from "../kube/testing/fakeTransport.ts";
import { accountsKey, hashVariable, knownAccounts, notYetShown, secretsFor, shown } from "./accounts.ts";
import { MemorySecrets } from "./testing/memorySecrets.ts";

const ADA = "ada@example.org";
const CLUSTER = "uid";
const NEVER = new AbortController().signal;

/** A cluster with these Secrets of ours, by namespace. */
function client(secrets: Readonly<Record<string, readonly object[]>> = {}, reply?: () => FakeReply): KubeClient {
  const transport = new FakeTransport(({ path, query }) => {
    if (reply !== undefined) return reply();
    assert.equal(query["labelSelector"], "trainyard/component");
    return json({ items: secrets[/namespaces\/([^/]+)\/secrets$/.exec(path)?.[1] ?? ""] ?? [] });
  });
  return new KubeClient(transport);
}

const secret = (name: string, data: Readonly<Record<string, string>>): object => ({
  metadata: { name },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
});

const find = (of: KubeClient, store: MemorySecrets, people: readonly string[] = [ADA]) =>
  secretsFor(of, store, CLUSTER, people, NEVER);

describe("accounts of an install", () => {
  it("are made with passwords of their own, which are kept before anything is applied, and shown once", async () => {
    const store = new MemorySecrets();
    const made = await find(client(), store, [ADA, "alan@example.org"]);
    const known = await knownAccounts(store, CLUSTER);
    assert.deepEqual(
      known.map(({ email }) => email),
      made.accounts.map(({ email }) => email),
    );
    for (const [at, { password }] of known.entries()) {
      assert.ok(password.length >= 20);
      assert.ok(await bcrypt.compare(password, made.accounts[at]?.hash ?? ""));
    }
    assert.notEqual(known[0]?.password, known[1]?.password);
    assert.equal(made.cookieSecret.length, 32);
    assert.equal((await notYetShown(store, CLUSTER)).length, 2);
    await shown(store, CLUSTER);
    assert.deepEqual(await notYetShown(store, CLUSTER), []);
    assert.equal((await knownAccounts(store, CLUSTER)).length, 2);
  });

  it("stay as the cluster has them: nobody's password changes because an install goes on", async () => {
    const store = new MemorySecrets();
    const first = await find(client(), store);
    const hash = first.accounts[0]?.hash ?? "";
    const there = client({
      auth: [
        secret("dex-passwords", { [hashVariable(ADA)]: hash }),
        secret("dex-oidc-client", { OIDC_CLIENT_SECRET: "c" }),
      ],
      "oauth2-proxy": [secret("oauth2-proxy-h675gf55ht", { "client-secret": "c", "cookie-secret": "k" })],
    });
    assert.deepEqual(await find(there, store), {
      accounts: [{ email: ADA, hash }],
      clientSecret: "c",
      cookieSecret: "k",
      elsewhere: [],
    });
    assert.equal((await knownAccounts(store, CLUSTER)).length, 1);
    // From another computer the password is not known, and not made anew either.
    const elsewhere = new MemorySecrets();
    const { accounts, elsewhere: unknown } = await find(there, elsewhere);
    assert.deepEqual([accounts[0]?.hash, unknown], [hash, [ADA]]);
    assert.deepEqual(await knownAccounts(elsewhere, CLUSTER), []);
  });

  it("forgets a password that opens nothing any more, and keeps the same one until it has been applied", async () => {
    const store = new MemorySecrets();
    await find(client(), store);
    const [before] = await knownAccounts(store, CLUSTER);
    await find(client(), store);
    assert.deepEqual(await knownAccounts(store, CLUSTER), [before]);
    const other = await bcrypt.hash("of another computer", 4);
    await find(client({ auth: [secret("dex-passwords", { [hashVariable(ADA)]: other })] }), store);
    assert.deepEqual(await knownAccounts(store, CLUSTER), []);
  });

  it("are made where Secrets may not be read, and what others wrote into the store counts as nothing", async () => {
    const store = new MemorySecrets();
    assert.equal(
      (
        await find(
          client({}, () => refusal(403, "Forbidden", "no")),
          store,
        )
      ).accounts.length,
      1,
    );
    await store.set(accountsKey(CLUSTER), "not what we wrote");
    assert.deepEqual(await knownAccounts(store, CLUSTER), []);
  });

  it("are those of the people who are named, in their order: a mistyped address leaves nothing behind", async () => {
    const store = new MemorySecrets();
    await find(client(), store, ["adda@example.org"]);
    const made = await find(client(), store, [ADA]);
    assert.deepEqual(
      (await knownAccounts(store, CLUSTER)).map(({ email }) => email),
      [ADA],
    );
    // Who can sign in there already stays.
    const there = client({ auth: [secret("dex-passwords", { [hashVariable(ADA)]: made.accounts[0]?.hash ?? "" })] });
    await find(there, store, ["alan@example.org"]);
    assert.deepEqual(
      (await knownAccounts(store, CLUSTER)).map(({ email }) => email),
      ["alan@example.org", ADA],
    );
  });

  it("say what it is about where the keyring is locked", async () => {
    const store = new MemorySecrets();
    store.get = () => Promise.reject(new Error("keyring locked"));
    await assert.rejects(find(client(), store), {
      code: "no-secret-store",
      message: /^No accounts were made\. The editor’s secret storage does not answer: keyring locked\./,
    });
  });
});
