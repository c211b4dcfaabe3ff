"""A real S3 server for tests, a proxy that makes it fail, and copies of folders in its buckets."""

import http.client
import http.server
import itertools
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import boto3
import obstore
from obstore.store import S3Store
from ports import free_port

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "only for tests"}
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@contextmanager
def s3_server(folder):
    """Run a server as a process of its own, and give its URL."""
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
            env={**os.environ, **CREDENTIALS},
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while not answers(url):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait()


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Bucket:
    """A bucket of its own, and what a test does to it behind the pipeline's back."""

    count = itertools.count()

    def __init__(self, endpoint):
        self.name = f"bucket-{next(self.count)}"
        self.endpoint = endpoint
        boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        ).create_bucket(Bucket=self.name)
        self.store = S3Store(
            self.name,
            endpoint=endpoint,
            region="us-east-1",
            client_options={"allow_http": True},
            access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def url(self, key):
        return f"s3://{self.name}/{key}"

    def upload(self, folder, key):
        """Copy a folder, and give its URL."""
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                obstore.put(self.store, f"{key}/{path.relative_to(folder)}", path)
        return self.url(key)

    def listed(self):
        return [meta["path"] for meta in obstore.list(self.store).collect()]


class Proxy:
    """A reverse proxy, real HTTP, that answers in the server's stead where it is told to.

    `refuse` is asked with the method, path and headers of every request: it gives the status to
    answer with, or None to let the request through. `ahead` is how far the server's clock is.
    """

    def __init__(self, endpoint):
        self.refuse = lambda method, path, headers: None
        self.refused = 0
        self.passed = []
        self.ahead = timedelta(0)
        target = endpoint.removeprefix("http://")
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                status = proxy.refuse(self.command, self.path, self.headers)
                if status is not None:
                    proxy.refused += 1
                    self.answer(status, {}, b"<Error><Code>SlowDown</Code></Error>")
                    return
                proxy.passed.append((self.command, self.path, self.headers.get("range")))
                connection = http.client.HTTPConnection(target, timeout=60)
                # The signature is of the headers as they are, the host's among them.
                connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                response = connection.getresponse()
                content = response.read()
                headers = dict(response.getheaders())
                for name in headers.keys() & {"Date", "Last-Modified"}:
                    moment = parsedate_to_datetime(headers[name]) + proxy.ahead
                    headers[name] = format_datetime(moment, usegmt=True)
                self.answer(response.status, headers, content, response.getheader("content-length"))
                connection.close()

            do_GET = do_PUT = handle_any  # noqa: N815  # the library's names
            do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

            def answer(self, status, headers, content, length=None):
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                head = self.command == "HEAD"
                self.send_header("content-length", (length or "0") if head else str(len(content)))
                self.end_headers()
                if not head:
                    self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
