// What speaks to pods by WebSocket. A bundle of its own, dist/streams.js: client-node's part in it is needed only by
// who opens a shell or a notebook.
export { connectPod } from "./portForward.ts";
export { openShell, type Shell, type ShellTarget, type TerminalSize } from "./shell.ts";
export { HttpForward } from "../httpForward/httpForward.ts";
