"""With `offline` set no part of the program speaks to another machine, whatever it was asked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from command import Edgeward

from router.machine import names_this_machine

RECORDER = """
import os, sys
def record(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
                 "socket.gethostbyname"):
        place = arguments[1] if event.startswith(("socket.connect", "socket.send")) else arguments
        with open(os.environ["RECORDED"], "a") as file:
            file.write(repr((event, place)) + "\\n")
sys.addaudithook(record)
"""
COMPLEX = "Prove step by step that there are infinitely many primes, and compare two proofs."


@pytest.mark.parametrize(
    "words",
    [
        ("ask", "Convert the date to ISO format: March 7, 2026"),
        ("ask", COMPLEX, "--tools"),
        ("demo",),
        ("report",),
        ("doctor",),
        ("outbox", "run"),
        ("memory", "ls"),
    ],
    ids=lambda words: "-".join(words)[:20],
)
def test_nothing_is_looked_up_and_nobody_is_called(
    edgeward: Edgeward, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "edgeward.yaml").write_text("offline: true\nmemory: {cache: false}\n")
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy" / "sitecustomize.py").write_text(RECORDER)
    recorded = tmp_path / "recorded"
    recorded.touch()
    keys = {"OPENAI_API_KEY": "sk-none", "LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "x"}
    spied = {"PYTHONPATH": str(tmp_path / "spy"), "RECORDED": str(recorded)}
    done = edgeward(*words, env={**keys, **spied})
    assert done.returncode in (0, 3), done.stderr
    places = [eval(line) for line in recorded.read_text().splitlines()]
    hosts = [place[0] if isinstance(place, tuple) else place for _, place in places]
    assert [host for host in map(str, hosts) if not is_here(host)] == []


def is_here(place: str) -> bool:
    """A socket in the file system, or an address or name of this machine."""
    return place in ("", "None") or place.startswith("/") or names_this_machine(place)


def test_the_recorder_would_see_a_call(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy" / "sitecustomize.py").write_text(RECORDER)
    recorded = tmp_path / "recorded"
    spied = {"PYTHONPATH": str(tmp_path / "spy"), "RECORDED": str(recorded)}
    asked = ("ask", COMPLEX, "--cloud-url", "http://192.0.2.1:9/v1", "--timeout", "12")
    edgeward(*asked, env=spied)
    assert "192.0.2.1" in recorded.read_text()


def test_a_library_that_tries_is_stopped() -> None:
    code = """
import json, socket
from router.errors import Offline
from router.privacy.offline import forbid_outbound
forbid_outbound()
said = []
for call in (
    lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
    lambda: socket.getaddrinfo("example.org", 443),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
):
    try:
        call()
    except Offline as error:
        said.append(str(error))
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
print(json.dumps(said))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    said = json.loads(done.stdout)
    assert len(said) == 3
    assert all("`offline` is set" in one for one in said)


@pytest.mark.parametrize(
    ("variable", "host"),
    [
        ("HTTPS_PROXY", "127.0.0.1"),
        ("https_proxy", "localhost"),
        ("ALL_PROXY", "[::1]"),
        ("all_proxy", "2130706433"),
    ],
)
def test_a_proxy_on_this_machine_is_a_way_out_of_it(
    edgeward: Edgeward, tmp_path: Path, variable: str, host: str
) -> None:
    (tmp_path / "edgeward.yaml").write_text("offline: true\n")
    asked: list[bytes] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server(("", 0), family=family) as proxy:
        listening = threading.Thread(target=take_one, args=(proxy, asked), daemon=True)
        listening.start()
        hub = {"HF_ENDPOINT": "https://hub.example"}
        out = f"http://{host}:{proxy.getsockname()[1]}"
        done = edgeward("models", "pull", "owner/tiny", env={variable: out, **hub})
        proxy.shutdown(socket.SHUT_RDWR)
    listening.join(10)
    assert asked == []
    assert done.returncode != 0
    assert "`offline` is set" in done.stderr
    assert "Traceback" not in done.stderr


def take_one(proxy: socket.socket, asked: list[bytes]) -> None:
    """What the first caller of a proxy wants of it."""
    try:
        caller, _ = proxy.accept()
    except OSError:
        return  # nobody came
    with caller:
        asked.append(caller.recv(1000))


def test_a_hub_on_this_machine_may_be_asked_and_its_proxy_may_not(tmp_path: Path) -> None:
    code = """
import os, socket
from router.privacy.offline import forbid_outbound
server, proxy = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
os.environ["HTTP_PROXY"] = "127.0.0.1:%d" % proxy.getsockname()[1]  # without a scheme, too
os.environ["http_proxy"] = "http://127.0.0.1:9"
forbid_outbound()
socket.create_connection(server.getsockname()).close()
try:
    socket.create_connection(proxy.getsockname())
except OSError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "the proxy on port" in done.stdout
    assert "HTTP_PROXY" in done.stdout


def test_offline_is_a_state_and_says_so(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "edgeward.yaml").write_text("offline: true\n")
    asked = edgeward("ask", COMPLEX, "--json", env={"OPENAI_API_KEY": "sk-none"})
    assert json.loads(asked.stdout)["cloud"] == "offline"
    assert asked.returncode == 3
    waiting = json.loads(edgeward("outbox", "ls", "--json").stdout)
    assert COMPLEX in [one["task"]["prompt"] for one in waiting]
    assert "dropped" in edgeward("outbox", "drop", "--all").stdout
    assert "nothing waits" in edgeward("outbox", "ls").stdout
    unknown = edgeward("outbox", "drop", "nope")
    assert unknown.returncode == 2
    assert "no task 'nope' waits" in unknown.stderr
