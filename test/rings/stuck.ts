// What a process does that should have ended: said before it is killed, since nothing tells afterwards.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";

const Targets = v.tuple([v.looseObject({ webSocketDebuggerUrl: v.string() })]);
const Frames = v.array(
  v.looseObject({ functionName: v.string(), url: v.string(), location: v.looseObject({ lineNumber: v.number() }) }),
);
const OPEN = 2;
const Text = v.looseObject({ value: v.string() });
const Paused = v.looseObject({ params: v.looseObject({ callFrames: Frames }) });
const Evaluated = v.looseObject({ id: v.literal(OPEN), result: v.looseObject({ result: Text }) });

const STEPS = 30;
const ANSWER_MS = 3000;

/** A port on loopback that nobody listened on just now, for a process that opens its inspector only when it is asked. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/**
 * @param port of its inspector (`--inspect-port`), which answers also for a process that never comes back
 * @returns where its JavaScript is or what it has open, and what each of its threads waits for
 */
export async function tellStuck(child: ChildProcess, port: number): Promise<string> {
  const threads = threadsOf(child.pid);
  child.kill("SIGUSR1"); // Node opens its inspector.
  const said = await ask(port).catch((error: unknown) => [String(error)]);
  return [...said, ...threads].join("\n  ");
}

async function ask(port: number): Promise<string[]> {
  const socket = new WebSocket(await inspectorOf(port));
  const said: string[] = [];
  let steps = 0;
  const send = (id: number, method: string, params = {}) => socket.send(JSON.stringify({ id, method, params }));
  socket.onopen = () => {
    send(1, "Debugger.enable");
    send(OPEN, "Runtime.evaluate", { expression: "process.getActiveResourcesInfo().join(', ')" });
  };
  const whole = new Promise<void>((resolve) => {
    socket.onmessage = ({ data }) => {
      const message: unknown = JSON.parse(String(data));
      if (v.is(Evaluated, message)) {
        said.push(`open: ${message.result.result.value}`);
        send(OPEN + 1, "Debugger.pause"); // Never answered by one that only waits.
      }
      if (!v.is(Paused, message)) return;
      const frames = message.params.callFrames.map(
        ({ functionName, url, location }) => `at ${functionName} (${url}:${location.lineNumber + 1})`,
      );
      said.push(...frames.filter((frame) => !said.includes(frame)));
      // What turns by its microtasks has one of them on its stack at a time.
      if (++steps > STEPS) resolve();
      else send(OPEN + 1 + steps, "Debugger.stepInto");
    };
  });
  await Promise.race([whole, delay(ANSWER_MS, undefined, { ref: false })]);
  socket.close();
  return said.length === 0 ? ["it does not answer"] : said;
}

/** Address of the inspector, once it listens. */
async function inspectorOf(port: number): Promise<string> {
  const end = Date.now() + ANSWER_MS;
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(ANSWER_MS) });
      return v.parse(Targets, await response.json())[0].webSocketDebuggerUrl;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(100);
    }
  }
}

function threadsOf(pid: number | undefined): string[] {
  const tasks = `/proc/${pid}/task`;
  if (pid === undefined || !fs.existsSync(tasks)) return [];
  const read = (id: string, file: string) => fs.readFileSync(path.join(tasks, id, file), "utf8").trim();
  return fs
    .readdirSync(tasks)
    .map((id) => `${read(id, "comm")}: ${/State:\s*(.*)/.exec(read(id, "status"))?.[1]}, ${read(id, "wchan")}`);
}
