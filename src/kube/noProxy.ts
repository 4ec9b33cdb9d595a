import { BlockList, isIP } from "node:net";

/**
 * True where NO_PROXY exempts the host, by the rules of Go's httpproxy (golang.org/x/net/http/httpproxy): entries
 * separated by commas; `*` for all; an address or a CIDR range; `name` for itself and what is below it, `.name` and
 * `*.name` only for what is below; `:port` limits an entry to that port. Loopback is always exempt.
 */
export function isExempt(host: string, port: number, noProxy: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || isLoopback(name)) return true;
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, name, port));
}

function matches(entry: string, name: string, port: number): boolean {
  if (entry === "*") return true;
  const range = /^(.+)\/(\d+)$/.exec(entry);
  if (range !== null) return inRange(name, range[1] ?? "", Number(range[2]));
  const [pattern, wantedPort] = splitPort(entry);
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (isIP(pattern) !== 0) return inRange(name, pattern, isIP(pattern) === 4 ? 32 : 128);
  const domain = pattern.startsWith("*.") ? pattern.slice(1) : pattern;
  if (domain.startsWith(".")) return name.endsWith(domain);
  return name === domain || name.endsWith(`.${domain}`);
}

/** `host:443`, `[::1]:443`, `::1`. */
function splitPort(entry: string): [string, number | undefined] {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  const plain = isIP(entry) === 6 ? null : /^([^:]+):(\d+)$/.exec(entry);
  const found = bracketed ?? plain;
  if (found === null) return [entry, undefined];
  return [found[1] ?? entry, found[2] === undefined ? undefined : Number(found[2])];
}

function inRange(name: string, network: string, bits: number): boolean {
  const family = isIP(network);
  if (family === 0 || isIP(name) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? "ipv4" : "ipv6");
  return list.check(name, family === 4 ? "ipv4" : "ipv6");
}

function isLoopback(name: string): boolean {
  return inRange(name, "127.0.0.0", 8) || inRange(name, "::1", 128);
}
