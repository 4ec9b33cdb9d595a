import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { toBrowser, toTarget } from "./headers.ts";
import { HttpForward } from "./httpForward.ts";

const OWN = "trainyard-forward-aa";

describe("cookies through the loopback forward", () => {
  it("that no script reads have a name of its own in the browser, so that no other target is sent them", () => {
    const set = [
      "Set-Cookie",
      "s=1; Path=/; httponly",
      "Set-Cookie",
      "x=2; Path=/",
      "Set-Cookie",
      `${OWN}.s=3; HttpOnly`,
    ];
    assert.deepEqual(toBrowser(set, OWN), ["Set-Cookie", `${OWN}.s=1; Path=/; httponly`, "Set-Cookie", "x=2; Path=/"]);
    const sent = ["Cookie", `${OWN}=secret; ${OWN}.s=1; trainyard-forward-bb.s=9; x=2`];
    assert.deepEqual(toTarget(sent, OWN), ["Cookie", "s=1; x=2"]);
    const climbing = ["Cookie", `${OWN}.trainyard-forward-bb=1`];
    assert.deepEqual(toTarget(climbing, OWN), []);
  });

  it("of a session that was begun before are given to who comes in, as strict as the forward's own", async () => {
    const forward = await HttpForward.start({ connect: () => Promise.reject(new Error("nothing is asked")) });
    try {
      const request = http.get(forward.address("/", [`${OWN}.s=1`, `${OWN}.t=2`]));
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      response.resume();
      const [own = "", ...given] = response.headers["set-cookie"] ?? [];
      assert.match(own, /^trainyard-forward-\w+=/);
      assert.deepEqual(
        given,
        ["s=1", "t=2"].map((pair) => `${OWN}.${pair}; Path=/; HttpOnly; SameSite=Strict`),
      );
    } finally {
      forward.dispose();
    }
  });
});
