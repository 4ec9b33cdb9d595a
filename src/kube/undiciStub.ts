// Takes the place of client-node's undici in our bundles (scripts/build.ts says why). client-node only parses
// kubeconfigs here; whatever would make a request with it fails loudly.

function refuse(): never {
  throw new Error("client-node makes no HTTP requests here: use the project's own transport");
}

export class Agent {
  constructor() {
    refuse();
  }
}

export class ProxyAgent extends Agent {}

export class Socks5ProxyAgent extends Agent {}

export function fetch(): never {
  return refuse();
}

export function request(): never {
  return refuse();
}
