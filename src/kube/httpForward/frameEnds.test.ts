import assert from "node:assert/strict";
import { FrameEnds } from "./frameEnds.ts";
import { clientFrame } from "./testing/frames.ts";

describe("where the messages of a WebSocket end", () => {
  const sizes = [0, 1, 125, 126, 65_535, 65_536];
  const frames = sizes.map((size) => clientFrame(Buffer.alloc(size, 0xff)));

  it("is known of frames of every length, wherever their bytes are cut", () => {
    const all = Buffer.concat(frames);
    const ends = frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length);
    assert.equal(new FrameEnds().read(all), all.length);
    for (const step of [1, 2, 7, 4096, 65_536]) {
      const reader = new FrameEnds();
      const found = new Set<number>();
      for (let at = 0; at < all.length; at += step) {
        const chunk = all.subarray(at, at + step);
        const end = reader.read(chunk);
        if (end > 0) found.add(at + end);
        assert.equal(reader.isAtEnd, ends.includes(at + chunk.length), `${step} at ${at}`);
      }
      assert.ok([...found].every((end) => ends.includes(end)));
      assert.ok(found.has(all.length));
    }
  });

  it("is behind the last frame of a message, also where a ping comes between", () => {
    const reader = new FrameEnds();
    const text = Buffer.from("ab");
    assert.equal(reader.read(clientFrame(text, { opcode: 1, isFinal: false })), 0);
    assert.equal(reader.read(clientFrame(text, { opcode: 9 })), 0);
    const last = clientFrame(text, { opcode: 0 });
    assert.equal(reader.read(last), last.length);
  });
});
