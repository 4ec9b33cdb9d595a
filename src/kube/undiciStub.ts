// Takes the place of client-node's undici in our bundles (scripts/build.ts says why). client-node only parses
// kubeconfigs here; whatever would make a request with it fails loudly.

function refuse(): never {
  throw new Error("client-node makes no HTTP requests here: use the project's own transport");
}

export const Agent = refuse;
export const ProxyAgent = refuse;
export const Socks5ProxyAgent = refuse;
export const fetch = refuse;
export const request = refuse;
