// A client of the forward benchmark, in a process of its own as a browser is: measures one address.
import { once } from "node:events";
import http from "node:http";
import process from "node:process";
import { PROBE_MARK } from "./listsResult.ts";

export interface ForwardOrder {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly pings: number;
}

export interface ForwardResult {
  readonly mbPerSecond: number;
  /** The median of all pings. */
  readonly rttMs: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as ForwardOrder;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

async function get(path: string): Promise<number> {
  const { port, headers } = order;
  const request = http.get({ host: "127.0.0.1", port, path, headers, agent });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode ?? 0}`);
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) size += chunk.length;
  return size;
}

await get("/ping");
const times: number[] = [];
for (let ping = 0; ping < order.pings; ping++) {
  const begun = performance.now();
  await get("/ping");
  times.push(performance.now() - begun);
}
const begun = performance.now();
const size = await get(`/bytes/${order.bytes}`);
const seconds = (performance.now() - begun) / 1000;
if (size !== order.bytes) throw new Error(`${size} of ${order.bytes} bytes came`);
const rttMs = times.sort((a, b) => a - b)[times.length >> 1] ?? NaN;
const result: ForwardResult = { mbPerSecond: size / 1e6 / seconds, rttMs };
console.log(`${PROBE_MARK}${JSON.stringify(result)}`);
agent.destroy();
