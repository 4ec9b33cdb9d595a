import assert from "node:assert/strict";
import { pageHtml } from "./page.ts";

const PARTS = {
  title: 'Clusters & "pools" <b>',
  language: "en",
  cspSource: "https://*.vscode-cdn.net",
  script: "https://x/wizard.js",
  style: "https://x/wizard.css",
};

describe("the document of a page", () => {
  it("lets in nothing but its own script, styles, fonts and pictures", () => {
    const html = pageHtml(PARTS);
    const nonce = /<script nonce="([^"]+)"/.exec(html)?.[1];
    assert.match(html, /default-src 'none'; script-src 'nonce-/);
    assert.ok(nonce !== undefined && nonce.length >= 22 && html.includes(`'nonce-${nonce}'`));
    assert.doesNotMatch(html, /unsafe|connect-src|\bstyle="/);
  });

  it("has another nonce each time", () => {
    assert.notEqual(pageHtml(PARTS), pageHtml(PARTS));
  });

  it("shows text as text", () => {
    assert.ok(pageHtml(PARTS).includes("<title>Clusters &#38; &#34;pools&#34; &#60;b&#62;</title>"));
  });
});
