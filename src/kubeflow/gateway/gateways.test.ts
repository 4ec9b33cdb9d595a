import assert from "node:assert/strict";
import { cookieOf, originOf } from "./gateways.ts";

describe("what a person types to sign in", () => {
  it("an address is https where it does not say otherwise, and holds no path and no password", () => {
    const origin = (text: string): string | undefined => originOf(text)?.href;
    assert.equal(origin(" kubeflow.example.org "), "https://kubeflow.example.org/");
    assert.equal(origin("kubeflow.example.org:8443/pipeline"), "https://kubeflow.example.org:8443/");
    assert.equal(origin("HTTP://10.1.2.3:30080/?x=1"), "http://10.1.2.3:30080/");
    assert.equal(origin("https://[::1]:1"), "https://[::1]:1/");
    for (const none of ["", " ", "https://", "a b", "https://ada:secret@kubeflow.example.org"])
      assert.equal(origin(none), undefined, none);
  });

  it("a cookie may bring its header's name, and nothing that would make another header", () => {
    assert.equal(cookieOf("Cookie: a=b; oauth2_proxy=c|d="), "a=b; oauth2_proxy=c|d=");
    assert.equal(cookieOf(" authservice_session=x "), "authservice_session=x");
    assert.equal(cookieOf("a=b c;d=e;"), "a=b c; d=e");
    assert.equal(cookieOf(`${"a=b;".repeat(60)}\u0000`), undefined, "at once");
    for (const none of ["", "a", "a=b\r\nHost: x", "=b", "a=ü"]) assert.equal(cookieOf(none), undefined, none);
  });
});
