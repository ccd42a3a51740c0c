"""A hub on this machine that speaks as much of the protocol as pushing and fetching a model takes."""

import base64
import hashlib
import json
import re
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


class Hub(ThreadingHTTPServer):
    """Repositories by name, each with its files by name; every commit's files are kept under its number."""

    def __init__(self, keys=None):
        super().__init__(("127.0.0.1", 0), Speaker)
        if keys is not None:
            from tls_helpers import speaks_tls

            self.certificate = speaks_tls(self, keys)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.sizes: dict[str, int] = {}  # what is said of a file's size, where that is not so
        self.leads: dict[str, str] = {}  # what a file's place leads on to
        self.says: dict[str, bytes] = {}  # what is answered at a path, in place of what is there
        self.drips: dict[str, bytes] = {}  # what an answer at a path begins with, which then goes on drop by drop
        self.large: set[str] = set()  # files that are wanted by themselves, before the commit
        self.parts = 0  # that a large file is wanted in, of this many bytes
        self.kept: dict[str, bytes] = {}  # what came of them, by its address
        self.holds: dict[str, str] = {}  # how an address that is sent something is slow: a method's name
        self.leads_on: dict[str, str] = {}  # from an address that is sent something to another
        self.awake = threading.Event()  # set: whoever was silent answers after all
        self.commit = "c" * 40
        self.asked: list[str] = []
        self.sent: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *what):
        """Who has gone does not hear the rest."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*what)

    def narrow(self):
        """Take little at once, so that whoever sends is not through before it was taken."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    @property
    def url(self):
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://127.0.0.1:{self.server_port}"


class Speaker(BaseHTTPRequestHandler):
    """Answers; what it does not know is a 404."""

    def log_message(self, *what):
        """Nothing is said."""

    def answer(self, value, code=200, **headers):
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        for name, text in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def drip(self, first, seconds=20):
        self.close_connection = True
        with suppress(OSError):
            self.wfile.write(first)
            for _ in range(seconds * 100):
                self.wfile.write(b".")
                time.sleep(0.01)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def missing(self, what):
        self.answer({"error": what}, 404, X_Error_Code=what)

    def do_GET(self):
        path = unquote(self.path.partition("?")[0])
        self.server.asked.append(path)
        if path in self.server.drips:
            return self.drip(self.server.drips[path])
        if path in self.server.leads:
            return self.answer(b"", 302, Location=self.server.leads[path])
        if path in self.server.says:
            return self.answer(self.server.says[path])
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            return self.info(found[1], found[2])
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            content = self.server.repositories.get(found[1], {}).get(found[3])
            if content is None:
                return self.missing("EntryNotFound")
            if found[3] in self.server.leads:
                return self.answer(b"", 302, Location=self.server.leads[found[3]])
            return self.answer(content, ETag=hashlib.sha1(content).hexdigest(), X_Repo_Commit=self.server.commit)
        return self.missing("RepoNotFound")

    do_HEAD = do_GET

    def info(self, name, revision):
        files = self.server.repositories.get(name)
        if files is None:
            return self.missing("RepoNotFound")
        if revision not in (None, "main", self.server.commit):
            return self.missing("RevisionNotFound")
        listed = [
            {"rfilename": file, "size": self.server.sizes.get(file, len(content)), "blobId": "0" * 40}
            for file, content in files.items()
        ]
        return self.answer({"id": name, "sha": self.server.commit, "siblings": listed, "tags": [], "private": False})

    def received(self):
        """An address and what is sent there, as slowly as it is to be; nothing where that is all that becomes of it."""
        path = unquote(self.path.partition("?")[0])
        self.server.sent.append(f"{self.command} {path}")
        how = next((how for held, how in self.server.holds.items() if re.fullmatch(held, path)), "body")
        return path, getattr(self, how)()

    def steadily(self):
        pieces, left = [], int(self.headers["Content-Length"])
        while left:
            pieces.append(self.rfile.read(min(left, 2**14)))
            left -= len(pieces[-1])
            time.sleep(0.05)
        return b"".join(pieces)

    def silent(self):
        content = self.body()
        self.server.awake.wait(30)
        return content

    def deaf(self):
        self.server.awake.wait(30)

    def refusing(self):
        self.body()
        self.answer({"error": "no such thing"}, 400)

    def talking(self):
        self.body()
        self.answer(b"<html>Log in to this hotel's network</html>")

    def do_PUT(self):
        path, content = self.received()
        if content is not None:
            self.server.kept[path] = content
            self.answer(b"", ETag=hashlib.sha1(content).hexdigest())

    def do_POST(self):
        path, content = self.received()
        if content is None:
            return None
        if path in self.server.leads_on:
            return self.answer(b"", 307, Location=self.server.leads_on[path])
        if path.endswith(".git/info/lfs/objects/batch"):
            return self.answer({"transfer": "basic", "objects": list(map(self.wanted, json.loads(content)["objects"]))})
        if path.startswith("/lfs/"):
            return self.answer({})
        if path == "/api/repos/create":
            asked = json.loads(content)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.server.repositories.setdefault(name, {})
            self.server.private[name] = bool(asked.get("private")) or asked.get("visibility") == "private"
            return self.answer({"url": f"{self.server.url}/{name}", "id": name})
        if path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/.+", path):
            files = json.loads(content)["files"]
            modes = ["lfs" if one["path"] in self.server.large else "regular" for one in files]
            told = [{**one, "uploadMode": mode, "shouldIgnore": False} for one, mode in zip(files, modes, strict=True)]
            return self.answer({"files": told})
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/.+", path):
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.server.repositories[found[1]][value["path"]] = base64.b64decode(value["content"])
                if line["key"] == "lfsFile":
                    value = line["value"]
                    self.server.repositories[found[1]][value["path"]] = self.whole(value["oid"])
            url = f"{self.server.url}/{found[1]}/commit/{self.server.commit}"
            return self.answer({"success": True, "commitOid": self.server.commit, "commitUrl": url})
        return self.missing("RepoNotFound")

    def wanted(self, one):
        """Where a large file is to be sent, whole or in parts."""
        place = f"{self.server.url}/lfs/{one['oid']}"
        header = {}
        if bytes_each := self.server.parts:
            count = -(-one["size"] // bytes_each)
            header = {"chunk_size": str(bytes_each)} | {f"{n:05}": f"{place}/{n:05}" for n in range(1, count + 1)}
        upload = {"href": place + ("/done" if header else ""), "header": header}
        return {**one, "actions": {"upload": upload, "verify": {"href": f"{place}/verify"}}}

    def whole(self, oid):
        return b"".join(self.server.kept[path] for path in sorted(self.server.kept) if path.startswith(f"/lfs/{oid}"))
