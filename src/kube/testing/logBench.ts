import assert from "node:assert/strict";
import { silentLogger } from "../../core/log.ts";
import { KubeClient } from "../client.ts";
import { type FollowLogOptions, followLog, type InstanceState, type LogEvent } from "../logStream.ts";
import { FakeLog } from "./fakeLog.ts";
import { type FakeBody, type FakeReply, type FakeRequest, FakeTransport } from "./fakeTransport.ts";
import { ManualClock, turns } from "./manualClock.ts";

/** A follower of a fake log, drained as fast as it gives. */
export class LogBench {
  readonly clock = new ManualClock();
  readonly log = new FakeLog();
  readonly transport: FakeTransport;
  readonly events: LogEvent[] = [];
  readonly abort = new AbortController();
  fault: (request: FakeRequest) => FakeReply | undefined = () => undefined;
  state: InstanceState = "running";
  asked = 0;
  finished = false;
  failure: unknown;

  constructor() {
    this.transport = new FakeTransport((request) => this.fault(request) ?? this.log.answer(request));
  }

  start(options: Partial<FollowLogOptions> = {}): void {
    const events = followLog({
      client: new KubeClient(this.transport),
      namespace: "ml",
      pod: "job-worker-0",
      container: "pytorch",
      clock: this.clock,
      log: silentLogger,
      signal: this.abort.signal,
      isOver: () => {
        this.asked++;
        return Promise.resolve(this.state);
      },
      random: () => 0,
      ...options,
    });
    void this.#drain(events);
  }

  async #drain(events: AsyncGenerator<readonly LogEvent[]>): Promise<void> {
    try {
      for await (const batch of events) this.events.push(...batch);
    } catch (error) {
      this.failure = error;
    }
    this.finished = true;
  }

  get lines(): string[] {
    return this.events.flatMap((event) => (event.type === "line" ? [event.text] : []));
  }

  of(type: LogEvent["type"]): LogEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  cut(how: (body: FakeBody) => void): void {
    for (const body of this.log.follows) if (!body.isOver) how(body);
    this.log.follows.clear();
  }

  /** Lets time pass until the log is over. */
  async end(withinMs = 120_000): Promise<void> {
    for (let passed = 0; passed <= withinMs && !this.finished; passed += 500) {
      await turns(2);
      await this.clock.advance(500);
    }
    assert.ok(this.finished, "not finished");
  }
}

/** The kubelet's stamp. */
export const at = (second: number, nano: number): string =>
  `2026-11-22T10:00:${String(second).padStart(2, "0")}.${String(nano).padStart(9, "0")}Z`;

/** Ten lines a second. */
export const lineOf = (index: number): { time: string; text: string } => ({
  time: at(Math.floor(index / 10), index % 10),
  text: `step ${index}`,
});
