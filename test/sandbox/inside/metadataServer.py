"""A server around ML Metadata's library, whose own server is only to be had as an image: gRPC on port 8080, and what
pagesServer.py makes of it. What it knows goes with it. Argument: address of the object store.
"""
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import grpc
from ml_metadata.metadata_store.pywrap.metadata_store_extension import metadata_store as library
from ml_metadata.proto import metadata_store_pb2 as proto

CODES = {code.value[0]: code for code in grpc.StatusCode}
config = proto.ConnectionConfig()
config.fake_database.SetInParent()  # SQLite in memory
store = library.CreateMetadataStore(config.SerializeToString(), b"")
turn = threading.Lock()


def ask(path, request):
    method = getattr(library, path.rsplit("/", 1)[-1], None)
    if method is None:
        return None
    with turn:
        answer, message, code = method(store, request)
    return answer, message.decode() if isinstance(message, bytes) else message, code


class Methods(grpc.GenericRpcHandler):
    def service(self, details):
        def answer(request, context):
            body, message, code = ask(details.method, request)
            if code != 0:
                context.abort(CODES[code], message)
            return body

        known = hasattr(library, details.method.rsplit("/", 1)[-1])
        return grpc.unary_unary_rpc_method_handler(answer) if known else None


def stored(_, bucket, key):
    return urllib.request.urlopen(f"{sys.argv[1]}/{quote(bucket)}/{quote(key)}")


server = grpc.server(ThreadPoolExecutor(8), handlers=[Methods()])
server.add_insecure_port("0.0.0.0:8080")
server.start()
serve(ask, stored)
