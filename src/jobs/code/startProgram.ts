/** What the start program reads beside itself, as JSON. Folders are the container's. */
export interface StartPlan {
  /** Folder to run in. */
  readonly folder: string;
  /** Folders that modules are found in besides. */
  readonly path: readonly string[];
  /** A `.tar.gz`, in one file or in parts that sort, to be unpacked first. */
  readonly archive?: { readonly from: string; readonly into: string; readonly sha256: string };
  /** Made where it is missing. */
  readonly output?: string;
  /** A requirements.txt or a pyproject.toml, and the folder that packages are installed in. */
  readonly requirements?: { readonly file: string; readonly into: string };
}

/**
 * Runs in every replica before the script, with the Python of its image, and becomes what its arguments name: no shell,
 * no process beside it. Standard library alone, Python 3.8 or newer. `start.py PROGRAM [ARGUMENT...]`.
 * What it has done once in a pod is not done again after a restart. Packages are installed in a folder of their own: a
 * home may be read-only, and so may the image. What the image has already is not installed anew: that folder is the user's
 * (PYTHONUSERBASE), or, where Python looks for none of those, a virtual environment that stands on the image's.
 */
export const START_PROGRAM = String.raw`import fcntl
import gzip
import hashlib
import io
import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tarfile


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "start.json"), encoding="utf-8") as file:
        plan = json.load(file)
    if "archive" in plan:
        once(plan["archive"]["into"], plan["archive"]["sha256"], lambda: unpack(**plan["archive"]))
    if "requirements" in plan:
        install(**plan["requirements"])
    if "output" in plan:
        make(plan["output"])
    os.chdir(plan["folder"])
    before("PYTHONPATH", plan["path"])
    become(sys.argv[1:])


def once(folder, key, work):
    """Processes of one pod wait for the first; what it has finished is marked."""
    done = os.path.join(folder, ".trainyard-" + key[:16])
    with open(os.path.join(folder, ".trainyard-lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(done):
            work()
            open(done, "w").close()


class Parts(io.RawIOBase):
    """Files, read as if they were one."""

    def __init__(self, places):
        self.files = [open(place, "rb") for place in places]

    def readable(self):
        return True

    def readinto(self, buffer):
        while self.files:
            count = self.files[0].readinto(buffer)
            if count:
                return count
            self.files.pop(0).close()
        return 0


def unpack(into, sha256, **source):
    place = source["from"]
    places = [place]
    if os.path.isdir(place):
        places = sorted(os.path.join(place, name) for name in os.listdir(place) if not name.startswith("."))
    digest = hashlib.sha256()
    with io.BufferedReader(Parts(places), 1 << 20) as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        fail("the code in the cluster is not the code that was sent; run it again")
    with gzip.open(io.BufferedReader(Parts(places), 1 << 20)) as file, tarfile.open(fileobj=file, mode="r|") as tar:
        for member in tar:
            target = os.path.join(into, member.name)
            if not member.isfile() or os.path.isabs(member.name) or ".." in member.name.split("/"):
                fail("the code in the cluster holds what was not sent: " + member.name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as out:
                shutil.copyfileobj(tar.extractfile(member), out)
            os.chmod(target, member.mode)


def install(file, into):
    with open(file, "rb") as read:
        content = read.read()
    # A virtual environment has no place for a user's own packages, or it comes after its own.
    is_apart = sys.prefix != sys.base_prefix or not site.ENABLE_USER_SITE
    layer = os.path.join(into, "layer")
    library = os.path.join(layer, "lib", os.path.basename(sysconfig.get_path("stdlib")), "site-packages")
    if is_apart:
        before("PYTHONPATH", [library])
        # Behind the image's: the script is run by the image's Python.
        os.environ["PATH"] = os.environ.get("PATH", os.defpath) + os.pathsep + os.path.join(layer, "bin")
    else:
        os.environ["PYTHONUSERBASE"] = into
        before("PATH", [os.path.join(into, "bin")])

    def run():
        needed = ["-r", file]
        if file.endswith(".toml"):
            needed = dependencies(content)
            if not needed:
                return
        python = make_layer(layer, library) if is_apart else sys.executable
        os.makedirs(os.path.join(into, "tmp"), exist_ok=True)
        settings = {
            "PIP_BREAK_SYSTEM_PACKAGES": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_INPUT": "1",
            "PIP_PROGRESS_BAR": "off",
            "PIP_USER": "0" if is_apart else "1",
            "TMPDIR": os.path.join(into, "tmp"),
        }
        command = [python, "-m", "pip", "install", *needed]
        print("trainyard: installing what " + os.path.basename(file) + " names", file=sys.stderr, flush=True)
        code = subprocess.call(command, env={**os.environ, **settings}, cwd=os.path.dirname(file))
        if code != 0:
            fail("what " + os.path.basename(file) + " names could not be installed: pip ended with " + str(code))

    once(into, hashlib.sha256(content).hexdigest(), run)


def make_layer(layer, library):
    """A virtual environment whose pip sees what the image has, and removes nothing of it."""
    import importlib.util
    import venv

    # Some images are filled by other tools, and have none.
    venv.create(layer, symlinks=True, with_pip=importlib.util.find_spec("pip") is None)
    with open(os.path.join(library, "image.pth"), "w") as file:
        file.writelines(folder + "\n" for folder in sys.path[1:] if os.path.isdir(folder))
    return os.path.join(layer, "bin", "python3")


def dependencies(content):
    try:
        import tomllib
    except ImportError:
        from pip._vendor import tomli as tomllib
    return tomllib.loads(content.decode("utf-8")).get("project", {}).get("dependencies", [])


def make(folder):
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        fail("the folder for results cannot be made on its volume: " + error.strerror)


def before(name, folders):
    known = os.environ.get(name)
    os.environ[name] = os.pathsep.join([*folders, *([known] if known else [])])
    if not os.environ[name]:
        del os.environ[name]


def become(arguments):
    try:
        os.execvp(arguments[0], arguments)
    except OSError as error:
        fail(arguments[0] + " cannot be started in this image: " + error.strerror)


def fail(text):
    sys.exit("trainyard: " + text)


main()
`;
