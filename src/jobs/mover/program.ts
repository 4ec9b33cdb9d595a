/** Port of the program, on the pod's own loopback: only a forward to the pod reaches it. */
export const MOVER_PORT = 8099;
/** Where the volume stands in its pod. */
export const MOVER_ROOT = "/volume";

/** What is asked of the program: one line of JSON for each connection. */
export type MoverRequest =
  /** `bytes` follow; they become the file `name` once their hash is right. Answers a line. */
  | { readonly op: "put"; readonly name: string; readonly bytes: number; readonly sha256: string }
  /** Answers a line, then a tar of the folder until the connection ends. */
  | { readonly op: "get"; readonly folder: string };

/** The program's first line. `bytes` of a folder are those of its files. */
export interface MoverAnswer {
  readonly ok: boolean;
  readonly why?: string;
  readonly files?: number;
  readonly bytes?: number;
}

/** Types of records in the tar of a folder, which name a file and have no content (POSIX leaves letters to their users). */
export const MOVER_NOTES = {
  /** The file of that name was written while it was read: it is as far as it was at the beginning. */
  changed: "W",
  /** It is not whole, or there is none: it was removed, or cut and written anew, or cannot be read. */
  missing: "R",
} as const;

/** Bytes by which a folder of so many may have grown: files are taken as they are when they are opened. */
export function moverRoom(bytes: number): number {
  return bytes + 2 ** 30;
}

/**
 * Reads or fills a volume, with the Python of the job's own image; standard library alone, Python 3.8 or newer. A folder
 * that does not end in a farewell record was cut off.
 */
export const MOVER_PROGRAM = String.raw`import hashlib
import json
import os
import signal
import socket
import stat
import sys
import tarfile

ROOT, PORT = sys.argv[1], int(sys.argv[2])


def put(stream, request):
    place = inside(request["name"])
    aside = place + ".part"
    digest, left = hashlib.sha256(), request["bytes"]
    with open(aside, "wb") as out:
        while left > 0:
            chunk = stream.read(min(left, 1 << 20))
            if not chunk:
                return {"ok": False, "why": "the connection ended early"}
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != request["sha256"]:
        return {"ok": False, "why": "other bytes arrived than were sent"}
    os.rename(aside, place)
    return {"ok": True}


def get(stream, request):
    place = inside(request["folder"])
    files = []
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            try:
                found = os.lstat(path)
            except OSError:
                continue  # It has gone in between, and is none of the folder's files.
            if stat.S_ISREG(found.st_mode):
                files.append((path, found.st_size))
    total = sum(size for _, size in files)
    answer(stream, {"ok": True, "files": len(files), "bytes": total})
    room = total + (1 << 30)
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path, size in sorted(files):
            name = os.path.relpath(path, place)
            grown, note = add(tar, path, name, size, room)
            room -= grown
            if note:
                record = tarfile.TarInfo(name)
                record.type = note
                tar.addfile(record)


def add(tar, path, name, size, room):
    """Adds a file that others may be writing. Returns by how much it had grown before, and what is to be said of it."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError:
        return 0, b"R"
    with file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            return 0, b"R"
        grown = max(0, before.st_size - size)
        fits = grown <= room
        info = tarfile.TarInfo(name)
        info.size = before.st_size if fits else size
        info.mtime = int(before.st_mtime)
        steady = Steady(file)
        tar.addfile(info, steady)
        after = os.fstat(file.fileno())
    is_same = fits and (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return grown if fits else 0, b"R" if steady.is_cut else b"" if is_same else b"W"


class Steady:
    """What is read of a file has the length that was asked for: zeros where it ends early."""

    def __init__(self, file):
        self.file, self.is_cut = file, False

    def read(self, count):
        try:
            data = self.file.read(count)
        except OSError:
            data = b""
        self.is_cut = self.is_cut or len(data) < count
        return data + bytes(count - len(data))


def inside(name):
    place = os.path.realpath(os.path.join(ROOT, name))
    if place != ROOT and not place.startswith(ROOT + os.sep):
        raise ValueError("it lies outside of the volume")
    return place


def answer(stream, value):
    stream.write(json.dumps(value).encode() + b"\n")
    stream.flush()


def serve(connection):
    try:
        with connection, connection.makefile("rwb") as stream:
            try:
                request = json.loads(stream.readline(10000))
                if request["op"] == "get":
                    get(stream, request)
                else:
                    answer(stream, put(stream, request))
            except (OSError, ValueError, KeyError) as error:
                answer(stream, {"ok": False, "why": str(error)})
    except OSError:
        pass  # Nobody listens any more; also what is left to be written says so when it is closed.


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server = socket.create_server(("127.0.0.1", PORT))
while True:
    serve(server.accept()[0])
`;
