"""Stands in for a notebook's server: Python's standard library alone, below NB_PREFIX as Jupyter is.

  GET  <prefix>/         a page
  GET  <prefix>/api      {"version": "stand-in"}
  any  <prefix>/request  what arrived, as JSON: method, path, headers, body
  GET  <prefix>/echo     a WebSocket that sends back each message
Everything else is 404, what lies outside of the prefix too.
"""
import base64
import hashlib
import json
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = os.environ["NB_PREFIX"]
PAGE = "<!doctype html><title>Stand-in notebook</title><h1>Stand-in notebook</h1>"
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
CLOSE, PING, PONG = 8, 9, 10


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        path = self.path.split("?")[0]
        place = path[len(PREFIX):] if path.startswith(PREFIX + "/") else ""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if place == "/":
            self.say(200, "text/html", PAGE)
        elif place == "/api":
            self.say(200, "application/json", json.dumps({"version": "stand-in"}))
        elif place == "/request":
            told = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
            self.say(200, "application/json", json.dumps(told))
        elif place == "/echo" and self.headers.get("Upgrade", "").lower() == "websocket":
            self.echo()
        else:
            self.say(404, "text/plain", "There is nothing here.\n")

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def say(self, code, kind, text):
        content = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + ACCEPT
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            first, second = self.rfile.read(2)
            size = second & 127
            if size > 125:
                size = int.from_bytes(self.rfile.read(2 if size == 126 else 8), "big")
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.rfile.read(size)))
            kind = first & 15
            if kind == PONG:
                continue
            self.wfile.write(self.frame(first & 240 | (PONG if kind == PING else kind), data))
            if kind == CLOSE:
                return

    @staticmethod
    def frame(first, data):
        size = len(data)
        if size < 126:
            return bytes([first, size]) + data
        if size < 65536:
            return bytes([first, 126]) + size.to_bytes(2, "big") + data
        return bytes([first, 127]) + size.to_bytes(8, "big") + data


# The first process of a container is not ended by a signal that it does not handle.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print(f"serving {PREFIX}/", flush=True)
ThreadingHTTPServer(("", 8888), Server).serve_forever()
