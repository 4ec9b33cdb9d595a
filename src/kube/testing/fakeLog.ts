import { FakeBody, type FakeReply, type FakeRequest, streaming } from "./fakeTransport.ts";

/** A line as a container runtime wrote it. */
export interface FakeLogLine {
  readonly time: string;
  readonly text: string;
}

/**
 * The log of one container as the API server gives it: `sinceTime` truncated to whole seconds, each line stamped. A
 * double of the kubelet, for cuts at places that a real one cannot be made to cut at.
 */
export class FakeLog {
  readonly lines: FakeLogLine[] = [];
  readonly follows = new Set<FakeBody>();
  chunkSize = 65_536;

  write(...lines: readonly FakeLogLine[]): void {
    this.lines.push(...lines);
    for (const body of this.follows) if (!body.isOver) body.pushInChunks(bytesOf(lines), this.chunkSize);
  }

  /** Forgets all but the last lines, as a node does that rotates its log. */
  rotate(keep: number): void {
    this.lines.splice(0, this.lines.length - keep);
  }

  /** The bytes that a request is answered with as of now. */
  served(request: FakeRequest): Buffer {
    const { sinceTime, tailLines } = request.query;
    const since = sinceTime === undefined ? Number.NEGATIVE_INFINITY : Math.floor(Date.parse(sinceTime) / 1000);
    const tail = tailLines === undefined ? this.lines : this.lines.slice(this.lines.length - Number(tailLines));
    return bytesOf(tail.filter((line) => secondOf(line.time) >= since));
  }

  answer(request: FakeRequest): FakeReply {
    const body = new FakeBody().pushInChunks(this.served(request), this.chunkSize);
    if (request.query["follow"] === "true") this.follows.add(body);
    else body.end();
    return streaming(body);
  }
}

function secondOf(time: string): number {
  return Date.parse(`${time.slice(0, 19)}Z`) / 1000;
}

function bytesOf(lines: readonly FakeLogLine[]): Buffer {
  return Buffer.from(lines.map((line) => `${line.time} ${line.text}\n`).join(""));
}
