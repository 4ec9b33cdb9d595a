import type { Cloud } from "../catalogue/shapes.ts";
import { LIMITS } from "../limits.ts";
import { overlap, parseNetwork } from "../networks.ts";
import { CLOUD_NAMES } from "../pools.ts";
import { type RuleFinding, warning, wrong } from "./finding.ts";

/** Rules of the networks that may reach the cluster's public endpoint. */
export function networkFindings(cloud: Cloud, networks: readonly string[]): readonly RuleFinding[] {
  const field = `${cloud}.authorizedNetworks`;
  const { most } = LIMITS.networks;
  if (networks.length > most) {
    return [wrong("networks", field, `At most ${most} networks may be listed; these are ${networks.length}.`)];
  }
  const found = networks.flatMap((text, at) => networkFinding(cloud, field, text, (to) => networks.with(at, to)) ?? []);
  if (networks.length === 0 || networks.includes("0.0.0.0/0")) {
    const message = "Every address of the internet may try to sign in to the cluster. List the networks that need to.";
    found.push(warning("networks-open", field, message));
  }
  return found;
}

/** `mended`: the whole list with another network in this one's place. */
function networkFinding(
  cloud: Cloud,
  field: string,
  text: string,
  mended: (to: string) => readonly string[],
): RuleFinding | undefined {
  const network = parseNetwork(text);
  const instead = (to: string) => [{ label: to, value: mended(to) }];
  if (network === undefined) {
    const message = `${text === "" ? "An empty line" : text} is not an IPv4 network such as 203.0.113.7/32.`;
    const isAddress = /^[\d.]+$/.test(text) && parseNetwork(`${text}/32`) !== undefined;
    return wrong("networks", field, message, isAddress ? instead(`${text}/32`) : []);
  }
  if (network.canonical !== text) {
    const message = `${text} names an address inside its network. The network is ${network.canonical}.`;
    return wrong("networks", field, message, instead(network.canonical));
  }
  // Every network: allowed, and warned of.
  if (network.bits === 0) return undefined;
  const clash = (ranges: readonly string[]): string | undefined =>
    ranges.find((range) => {
      const other = parseNetwork(range);
      return other !== undefined && overlap(network, other);
    });
  const inside = clash(LIMITS[cloud].networks);
  if (inside !== undefined) {
    return wrong("networks", field, `${text} overlaps ${inside}, which is the cluster's own network.`);
  }
  const reserved = cloud === "eks" ? clash(LIMITS.eks.reservedNetworks) : undefined;
  return reserved === undefined
    ? undefined
    : wrong("networks", field, `${text} overlaps ${reserved}: ${CLOUD_NAMES[cloud]} takes public addresses only.`);
}
