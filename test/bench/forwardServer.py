"""In the pod of the forward benchmark, at port 8888: /ping answers a word, /bytes/N answers N bytes."""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = bytes(range(256)) * 1024


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def do_GET(self):
        size = int(self.path.split("/")[-1]) if "/bytes/" in self.path else 4
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if size == 4:
            self.wfile.write(b"pong")
        self.wfile.flush()
        for left in range(0 if size == 4 else size, 0, -len(CHUNK)):
            self.connection.sendall(CHUNK[:left])

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("", 8888), Server).serve_forever()
