"""Count the requests of a run and of an append to a store in a bucket.

    python benchmarks/bucket_requests.py                  # ResNet-50, 32 snapshots and 1 more
    python benchmarks/bucket_requests.py --network lenet5 --snapshots 4 --delay 0

The log is on a disk, the store in a bucket of moto's S3 server, which tests use as well. A proxy
between them counts requests and answers each after a delay, as a server far away does. One worker
process of one thread; the lease that keeps a second writer off is counted too.
"""

import http.client
import http.server
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import one_core, options, report, scratch, warm_up
from synthesize import synthesize

from deeptracker.pipeline import process

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "only for benchmarks",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}
NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class CountingProxy:
    """Passes HTTP requests on to a server after a delay, and counts them by method.

    Parameters
    ----------
    target : str
        Host and port of the server.
    delay : float
        Seconds before each request is passed on.
    """

    def __init__(self, target: str, delay: float) -> None:
        self.counts: Counter[str] = Counter()
        lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                with lock:
                    proxy.counts[self.command] += 1
                time.sleep(delay)
                status, headers, content, length = self.answer_to(body)
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in NOT_PASSED_ON:
                        self.send_header(name, value)
                is_head = self.command == "HEAD"
                self.send_header("content-length", length if is_head else str(len(content)))
                self.end_headers()
                if not is_head:
                    self.wfile.write(content)

            def answer_to(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes, str]:
                connection = http.client.HTTPConnection(target, timeout=120)
                # The signature is of the headers as they are, the host's among them.
                connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                length = answer.getheader("content-length") or "0"
                connection.close()
                return answer.status, answer.getheaders(), content, length

            do_GET = do_PUT = pass_on  # noqa: N815  # the library's names
            do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def taken(self) -> dict[str, int]:
        """Give the counts since the last call."""
        counts, self.counts = self.counts, Counter()
        return {method: counts[method] for method in sorted(counts)}

    def close(self) -> None:
        """Stop the proxy."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def reached_at(url: str) -> Iterator[None]:
    """Name a server and its credentials in the environment, where workers find them too."""
    before = dict(os.environ)
    os.environ |= {**ENVIRONMENT, "AWS_ENDPOINT_URL": url}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Start moto's S3 server as a process, and give its host and port."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as free:
        port = free.server_port
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "server.log").read_text())
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _make_bucket(server: str) -> None:
    put = urllib.request.Request(f"http://{server}/runs", method="PUT")
    # Of the server's date and owner: a request of any signature makes one.
    put.add_header("Authorization", "AWS benchmark:any")
    urllib.request.urlopen(put, timeout=30).close()


def _timed(log: Path, store: str, scheduler: str, proxy: CountingProxy) -> dict[str, object]:
    proxy.taken()
    started = time.perf_counter()
    process(log, store, scheduler=scheduler)
    seconds = time.perf_counter() - started
    counts = proxy.taken()
    return {"requests": sum(counts.values()), **counts, "seconds": seconds}


def measure(network: str, snapshots: int, delay: float) -> dict[str, object]:
    """Process a log, then one more snapshot, and count the requests of both."""
    with scratch() as folder, s3_server(folder) as server:
        proxy = CountingProxy(server, delay)
        _make_bucket(server)
        with reached_at(proxy.url), one_core() as scheduler:
            log = folder / "log"
            synthesize(log, network=network, snapshots=snapshots + 1, images=2000, classes=100)
            warm_up(folder, scheduler)
            newest = max((log / "snapshots").iterdir())
            newest = newest.rename(folder / newest.name)
            outcomes = log / "outcomes" / newest.name
            outcomes = outcomes.rename(folder / f"outcomes-{newest.name}")
            found: dict[str, object] = {"snapshots": snapshots, "delay_seconds": delay}
            found["run"] = _timed(log, "s3://runs/store", scheduler, proxy)
            newest.rename(log / "snapshots" / newest.name)
            outcomes.rename(log / "outcomes" / newest.name)
            found["append"] = _timed(log, "s3://runs/store", scheduler, proxy)
        proxy.close()
    return found


def main() -> None:
    """Run it."""
    parser = options(__doc__, network="resnet50", snapshots=32, delay=0.02)
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    report("requests to a bucket", measure(**chosen), as_json)


if __name__ == "__main__":
    main()
