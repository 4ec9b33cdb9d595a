"""What the stand-ins for two servers have in common: on port 9090 the grpc-web of ML Metadata's gateway, on port 3000 the
server of Kubeflow's pages, as far as artifacts go. Read before the program of either.
"""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit


def serve(ask, stored):
    """`ask`: the answer to a request for a path, what went wrong and the code of that, 0 where nothing did; None where
    there is no such method. `stored`: the file of a source, a bucket and a key; raises OSError where there is none.
    """

    class Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, kind, body):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            request = self.rfile.read(int(self.headers["Content-Length"]))[5:]
            body, message, code = ask(self.path, request) or (b"", "unknown method", 12)
            trailers = f"grpc-status:{code}\r\ngrpc-message:{quote(message)}\r\n".encode()
            frames = b"" if code != 0 else b"\0" + len(body).to_bytes(4, "big") + body
            end = b"\x80" + len(trailers).to_bytes(4, "big") + trailers
            self.answer(200, "application/grpc-web+proto", frames + end)

        def do_GET(self):
            url = urlsplit(self.path)
            given = parse_qs(url.query)
            if url.path == "/":
                return self.answer(200, "text/html", b"")
            if url.path == "/artifacts/get":
                place = [given[name][0] for name in ("source", "bucket", "key")]
            else:
                place = unquote(url.path).removeprefix("/artifacts/").split("/", 2)
            try:
                with stored(*place) as file:
                    body = file.read(int(given.get("peek", ["-1"])[0]))
            except OSError:
                words = b"Failed to get object in bucket: S3Error: The specified key does not exist."
                return self.answer(500, "text/html", words)
            self.answer(200, "application/octet-stream", body)

    threading.Thread(target=ThreadingHTTPServer(("", 9090), Server).serve_forever).start()
    ThreadingHTTPServer(("", 3000), Server).serve_forever()


