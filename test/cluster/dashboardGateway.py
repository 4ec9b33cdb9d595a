"""Stands in for a Kubeflow's gateway: what Istio with oauth2-proxy 7.15 and Dex 2.45 answer on the way of a sign-in.

  GET  /                       the dashboard for who is signed in, else oauth2-proxy's page with its button (403)
  GET  /oauth2/start           to Dex, with a cookie that the callback wants to see again
  GET  /dex/auth[/local]       on to Dex's form
  any  /dex/auth/local/login   the form; with the right password on to the callback
  GET  /oauth2/callback        the session's cookie
  GET  /elsewhere              a redirection that names the gateway as the cluster does
  any  /pipeline/…             what the server at PIPELINES says, to whom it is told who has signed in
ACCOUNT is `email password`, SESSION what the cookie of a session says: the same for each pod.
"""
import http.client
import os
import signal
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

EMAIL, PASSWORD = os.environ["ACCOUNT"].split(" ")
SESSION = os.environ["SESSION"]
NAME = "oauth2_proxy_kubeflow"
INSIDE = "http://istio-ingressgateway.istio-system.svc.cluster.local"


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form")
        form = parse_qs(body.decode()) if is_form else {}
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        has = lambda name, value: name in cookies and cookies[name].value == value
        if url.path == "/oauth2/start":
            rd = query.get("rd", ["/"])[0]
            self.go(f"/dex/auth?client_id=kubeflow&state=n:{rd}", f"{NAME}_csrf=n; Path=/; HttpOnly")
        elif url.path == "/dex/auth":
            self.go(f"/dex/auth/local?{url.query}")
        elif url.path == "/dex/auth/local":
            self.go(f"/dex/auth/local/login?back=&state={query['state'][0]}")
        elif url.path == "/dex/auth/local/login":
            if form.get("login") == [EMAIL] and form.get("password") == [PASSWORD]:
                self.go(f"/oauth2/callback?code=c&state={query['state'][0]}")
            else:
                self.say(200, "Log in to Your Account")
        elif url.path == "/oauth2/callback" and has(f"{NAME}_csrf", "n"):
            clear = f"{NAME}_csrf=; Path=/; Max-Age=0; HttpOnly"
            self.go(query["state"][0].split(":")[1], clear, f"{NAME}={SESSION}; Path=/; HttpOnly")
        elif not has(NAME, SESSION):
            self.say(403, "Sign in with Dex")
        elif url.path == "/elsewhere":
            self.go(f"{INSIDE}/there?from=here")
        elif url.path.startswith("/pipeline/"):
            self.pass_on(body)
        else:
            self.say(200, f"Stand-in dashboard of {os.environ['HOSTNAME']}")

    do_GET = do_POST = do_DELETE = answer

    def pass_on(self, body):
        server = http.client.HTTPConnection(os.environ["PIPELINES"])
        said = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
        server.request(self.command, self.path.removeprefix("/pipeline"), body, {**said, "kubeflow-userid": EMAIL})
        answer = server.getresponse()
        self.say(answer.status, answer.read().decode(), content_type=answer.headers["Content-Type"])

    def go(self, location, *cookies):
        self.say(303 if self.command == "POST" else 302, "", ("Location", location), *(("Set-Cookie", one) for one in cookies))

    def say(self, code, text, *headers, content_type="text/html"):
        content = text.encode()
        self.send_response(code)
        for name, value in (("Content-Type", content_type), ("Content-Length", str(len(content))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


# The first process of a container is not ended by a signal that it does not handle.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ThreadingHTTPServer(("", 8080), Gateway).serve_forever()
