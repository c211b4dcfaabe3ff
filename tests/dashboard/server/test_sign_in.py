"""Without a name from the users file nothing is shown: no page, no websocket."""

import asyncio
import email.utils
import http.cookiejar
import http.cookies
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from deeptracker.dashboard.server.users_file import Users
from deeptracker.errors import ConfigError

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    path = tmp_path_factory.mktemp("team") / "users.json"
    Users.add(path, "ada", PASSWORD)
    return path


@pytest.fixture(scope="module")
def address(digits_store, users):
    command = [sys.executable, "-m", "deeptracker.cli", "serve", str(digits_store)]
    command += ["--port", "0", "--no-browser", "--users", str(users)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    line = process.stdout.readline()
    address = next(word for word in line.split() if word.startswith("http"))
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=60).read()
            break
        except OSError:
            time.sleep(0.5)
    yield address
    process.terminate()
    process.wait(timeout=30)


def visitor():
    """A browser's cookies and nothing else."""
    jar = http.cookiejar.CookieJar()
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)), jar


def without_redirects():
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    return urllib.request.build_opener(Stay)


def sign_in(opener, address, name, password, target="/"):
    form = {"name": name, "password": password, "next": target}
    login = urllib.parse.urljoin(address, "/login")
    return opener.open(login, urllib.parse.urlencode(form).encode(), timeout=60)


def test_a_stranger_is_led_to_the_sign_in_page(address):
    opener, _ = visitor()
    page = opener.open(address, timeout=60)
    assert urllib.parse.urlsplit(page.url).path == "/login"
    assert "docs_json" not in page.read().decode()


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(address):
    said = []
    for name, password in (("ada", "wrong horse"), ("eve", PASSWORD)):
        opener, jar = visitor()
        with pytest.raises(urllib.error.HTTPError) as refused:
            sign_in(opener, address, name, password)
        assert refused.value.code == 401
        assert not list(jar)
        said.append(re.sub(r"\s+", " ", refused.value.read().decode()))
    assert said[0] == said[1]


def test_who_signs_in_sees_the_page_that_was_asked_for(address):
    opener, _ = visitor()
    asked = opener.open(address + "?i=[1400]", timeout=60)
    target = re.search(r'name="next" value="([^"]*)"', asked.read().decode())[1]
    page = sign_in(opener, address, "ada", PASSWORD, target.replace("&amp;", "&"))
    assert page.url.startswith(address)
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query) == {"i": ["[1400]"]}
    assert "docs_json" in page.read().decode()


def test_a_link_leads_nobody_to_another_site(address):
    for target in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        opener, _ = visitor()
        page = sign_in(opener, address, "ada", PASSWORD, target)
        assert urllib.parse.urlsplit(page.url).netloc == urllib.parse.urlsplit(address).netloc


def test_a_websocket_without_the_cookie_is_refused(address):
    opener, jar = visitor()
    sign_in(opener, address, "ada", PASSWORD)
    page = opener.open(address, timeout=60).read().decode()
    token = re.search(r'"token":"([^"]+)"', page)[1]
    cookie = "; ".join(f"{entry.name}={entry.value}" for entry in jar)
    parts = urllib.parse.urlsplit(address)
    url = f"ws://{parts.netloc}{parts.path}/ws"

    async def acknowledged(headers):
        request = HTTPRequest(url, headers=headers, request_timeout=60)
        socket = await websocket_connect(request, subprotocols=["bokeh", token])
        message = await socket.read_message()
        return message is not None and json.loads(message)["msgtype"] == "ACK"

    assert asyncio.run(acknowledged({"Cookie": cookie}))
    for headers in ({}, {"Cookie": "user=ada"}):
        with pytest.raises(HTTPClientError, match=r"40[13]"):
            asyncio.run(acknowledged(headers))


def test_the_cookie_lasts_a_week_and_no_script_or_other_site_can_use_it(address):
    form = urllib.parse.urlencode({"name": "ada", "password": PASSWORD}).encode()
    login = urllib.parse.urljoin(address, "/login")
    with pytest.raises(urllib.error.HTTPError) as redirected:
        without_redirects().open(login, form, timeout=60)
    cookies = [http.cookies.SimpleCookie(line) for line in redirected.value.headers.get_all(
        "Set-Cookie")]  # fmt: skip
    [given] = [cookie["user"] for cookie in cookies if cookie.get("user") and cookie["user"].value]
    assert given["httponly"]
    assert given["samesite"] == "Lax"
    expires = email.utils.parsedate_to_datetime(given["expires"]).timestamp()
    assert expires - time.time() == pytest.approx(7 * 86_400, abs=600)


def test_who_signs_out_is_asked_again(address):
    opener, _ = visitor()
    sign_in(opener, address, "ada", PASSWORD)
    assert opener.open(address, timeout=60).url.startswith(address)
    opener.open(urllib.parse.urljoin(address, "/logout"), timeout=60)
    assert urllib.parse.urlsplit(opener.open(address, timeout=60).url).path == "/login"


def test_a_users_file_keeps_no_password_and_is_for_its_owner_only(users):
    assert PASSWORD not in users.read_text()
    assert users.stat().st_mode & 0o077 == 0
    known = Users(users)
    assert known.accepts("ada", PASSWORD)
    assert not known.accepts("ada", PASSWORD + " ")


def test_a_new_password_replaces_the_old_one_and_nobody_else_changes(tmp_path):
    path = tmp_path / "users.json"
    Users.add(path, "ada", PASSWORD)
    Users.add(path, "bob", "another one")
    Users.add(path, "ada", "a new password")
    known = Users(path)
    assert known.names == ["ada", "bob"]
    assert not known.accepts("ada", PASSWORD)
    assert known.accepts("bob", "another one")


@pytest.mark.parametrize("content", ["not json", "[]", '{"ada": "plain"}', '{"ada": "scrypt$x$y"}'])
def test_an_unfit_users_file_is_named_with_the_remedy(tmp_path, content):
    path = tmp_path / "users.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"users\.json"):
        Users(path)
    with pytest.raises(ConfigError, match="characters"):
        Users.add(tmp_path / "other.json", "ada", "short")
