// IPv4 networks in CIDR notation, as numbers.

interface Network {
  /** First address. */
  readonly first: number;
  readonly bits: number;
  /** As it should be written: `203.0.113.0/24` for `203.0.113.7/24`. */
  readonly canonical: string;
}

/** Reads `203.0.113.7/32`; undefined for anything else, IPv6 included. */
export function parseNetwork(text: string): Network | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (found === null) return undefined;
  const [a = 256, b = 256, c = 256, d = 256, bits = 33] = found.slice(1).map(Number);
  // Leading zeros are read as octal by some programs and refused by others.
  const plain = `${a}.${b}.${c}.${d}/${bits}` === text;
  if (!plain || Math.max(a, b, c, d) > 255 || bits > 32) return undefined;
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = address - (address % size(bits));
  const bytes = [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(first / unit) % 256);
  return { first, bits, canonical: `${bytes.join(".")}/${bits}` };
}

function size(bits: number): number {
  return 2 ** (32 - bits);
}

/** Whether two networks share an address; both must be readable. */
export function overlap(one: Network, other: Network): boolean {
  return one.first < other.first + size(other.bits) && other.first < one.first + size(one.bits);
}
