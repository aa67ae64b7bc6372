"""The tools that come with the package: they are useful, and nothing leads out of their folders."""

from __future__ import annotations

import json
import math
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.tools import files as files_module
from agents.tools.builtin import builtin_tools
from agents.tools.calculate import shown, value_of
from agents.tools.dates import date_tools
from agents.tools.folders import Folder, Folders
from agents.tools.tool import Output, Tool, ToolFailed, ToolFault, ToolRefused
from router.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """docs, and in it private with a label of its own; notes; beside them what nobody may read."""
    docs, private, notes = (tmp_path / name for name in ("docs", "docs/private", "notes"))
    for folder in (docs, private, notes):
        folder.mkdir(parents=True)
    (docs / "a.txt").write_text("first line\nA segunda: Olá\n")
    (docs / "latin.txt").write_bytes("Olá, São Paulo".encode("cp1252"))
    (docs / "binary.bin").write_bytes(b"\x7fELF\x00\x01")
    (docs / ".env").write_text("KEY=secret")
    (private / "p.txt").write_text("private olá")
    (notes / "n.txt").write_text("a note")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


@pytest.fixture
def tools(home: Path) -> dict[str, Tool]:
    folders = [
        Folder(home / "docs", "internal"),
        Folder(home / "docs/private", "local_only"),
        Folder(home / "notes"),
    ]
    return {tool.name: tool for tool in builtin_tools(folders)}


Run = Callable[..., Any]


@pytest.fixture
def run(tools: dict[str, Tool]) -> Run:
    async def call(name: str, **arguments: object) -> Output:
        return await tools[name].run(arguments)

    return call


async def test_a_file_is_read_with_the_label_of_its_folder(run: Run, home: Path) -> None:
    text = "first line\nA segunda: Olá\n"
    assert await run("read_file", path="docs/a.txt") == Output(text, "internal")
    assert await run("read_file", path=str(home / "docs" / "a.txt")) == Output(text, "internal")
    assert (await run("read_file", path="./docs//a.txt")).text == text
    assert (await run("read_file", path="notes/n.txt")).label == "public"


async def test_a_folder_within_another_keeps_its_own_label(run: Run, home: Path) -> None:
    inside = home / "docs/private/p.txt"
    for path in ("docs/private/p.txt", "private/p.txt", str(inside)):
        assert (await run("read_file", path=path)).label == "local_only"
    found = await run("search_text", text="olá", folder="docs")
    assert (found.text.count("docs/"), "p.txt" in found.text) == (2, False)
    assert "private is a folder of its own" in found.text


async def test_a_long_file_is_read_in_parts_without_a_broken_character(
    run: Run, home: Path
) -> None:
    (home / "docs/long.txt").write_text("é" * 100)
    part = (await run("read_file", path="docs/long.txt", offset=1, max_bytes=6)).text
    assert part == "éé\n[bytes 1 to 7 of 200; offset 7 reads on]"


async def test_a_file_of_another_alphabet_is_read_and_a_binary_one_is_not(run: Run) -> None:
    assert (await run("read_file", path="docs/latin.txt")).text == "Olá, São Paulo"
    with pytest.raises(ToolRefused, match="binary"):
        await run("read_file", path="docs/binary.bin")


@pytest.mark.parametrize(
    "path",
    [
        *("../secret.txt", "docs/../secret.txt", "docs/../../etc/passwd", "/etc/passwd", "/"),
        *("docs/..", "..", "~/x", "~root/x", "docs\\..\\secret.txt", "C:\\x", "c:x", "\\\\h\\s"),
        *("//etc/passwd", "file:///etc/passwd", "docs/%2e%2e/secret.txt", "docs/a.txt\x00.png"),
        *("docs/．．/secret.txt", "docs∕..∕secret.txt", "docs/..／secret.txt", "docs/‥/secret.txt"),
        *("docs/.env", "docs/.git/config", "docs/\u202etxt.a", "docs/a.txt\n", "", "a" * 2000),
        *("/proc/self/environ", "/dev/zero", "secret.txt", "a/" * 60, "docs/．env", "docs/a\u200b"),
    ],
)
async def test_a_path_that_leads_elsewhere_is_refused(run: Run, path: str) -> None:
    with pytest.raises(ToolRefused) as refused:
        await run("read_file", path=path)
    assert path not in refused.value.reason or path in ("", "..", "/")


async def test_what_is_not_there_or_no_file_has_failed(run: Run) -> None:
    for path, said in (
        ("docs/no.txt", "no such"),
        ("docs", "a folder"),
        ("docs/a.txt/b", "a file"),
    ):
        with pytest.raises(ToolFailed, match=said):
            await run("read_file", path=path)


async def test_no_link_is_followed_wherever_it_stands(run: Run, home: Path) -> None:
    docs = home / "docs"
    (docs / "out.txt").symlink_to(home / "secret.txt")
    (docs / "in.txt").symlink_to("a.txt")
    (docs / "up").symlink_to("..")
    for path in ("docs/out.txt", "docs/in.txt", "docs/up/secret.txt", "docs/up/docs/a.txt"):
        with pytest.raises(ToolRefused, match="symbolic link"):
            await run("read_file", path=path)
    for name in ("list_files", "search_text"):
        arguments = {"text": "e"} if name == "search_text" else {}
        with pytest.raises(ToolRefused, match="symbolic link"):
            await run(name, folder="docs/up", **arguments)
    assert "secret" not in (await run("search_text", text="secret", folder="docs")).text


async def test_pipes_sockets_and_devices_are_refused_at_once(run: Run, home: Path) -> None:
    os.mkfifo(home / "docs/pipe")
    with closing(socket.socket(socket.AF_UNIX)) as server:
        here = os.getcwd()
        os.chdir(home / "docs")  # the path of a socket may have about 100 bytes
        server.bind("socket")
        os.chdir(here)
        for name in ("pipe", "socket"):
            with pytest.raises(ToolRefused, match="a pipe or a socket"):
                await run("read_file", path=f"docs/{name}")
        listed = (await run("list_files", folder="docs")).text
    assert "docs/pipe (no file; not read)" in listed


async def test_a_link_put_in_place_while_reading_gives_nothing_away(run: Run, home: Path) -> None:
    """A file is exchanged for a link to the secret, again and again, while it is read."""
    ended = threading.Event()
    file, link = home / "docs/swap.txt", home / "docs/swap.link"

    def swap() -> None:
        while not ended.is_set():
            link.symlink_to(home / "secret.txt")
            os.replace(link, file)
            link.write_text("harmless")
            os.replace(link, file)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(300):
            try:
                seen.add((await run("read_file", path="docs/swap.txt")).text)
            except ToolFault as fault:
                seen.add(type(fault).__name__)
    finally:
        ended.set()
        swapper.join()
    assert seen <= {"harmless", "ToolRefused", "ToolFailed"}


async def test_folders_are_listed_without_what_is_hidden(run: Run) -> None:
    assert (await run("list_files")).text == "docs/\nprivate/\nnotes/"
    listed = await run("list_files", folder="docs")
    assert (listed.label, ".env" in listed.text) == ("internal", False)
    assert "docs/private/\n" in listed.text + "\n"
    short = (await run("list_files", folder="docs", max_entries=1)).text
    assert short == "docs/a.txt (27 bytes)\n[more than 1 entries; only these are shown]"


async def test_a_search_finds_text_and_ends(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await run("search_text", text="OLÁ", folder="docs")).text.startswith("docs/a.txt:2: A")
    exact = await run("search_text", text="OLÁ", folder="notes", same_case=True)
    assert exact.text == "nothing found"
    # What looks like a pattern is text.
    (home / "notes/evil.txt").write_text("a" * 50_000 + "\n(a+)+$\n")
    found = (await run("search_text", text="(a+)+$", folder="notes")).text
    assert found == "notes/evil.txt:2: (a+)+$"
    (home / "notes/many.txt").write_text("x\n" * 500)
    assert "50 hits" in (await run("search_text", text="x", folder="notes")).text
    monkeypatch.setattr(files_module, "_SEARCH_S", -1.0)
    assert "it took" in (await run("search_text", text="x", folder="notes")).text


def test_folders_of_the_system_and_folders_that_are_not_there_are_refused(tmp_path: Path) -> None:
    for path in ("/", "/proc", "/proc/self", "/dev", "/sys"):
        with pytest.raises(ConfigError, match="belongs to the system"):
            Folders([Folder(Path(path))])
    with pytest.raises(ConfigError, match="is not a folder"):
        Folders([Folder(tmp_path / "no")])
    (tmp_path / "a/x").mkdir(parents=True)
    (tmp_path / "b/x").mkdir(parents=True)
    with pytest.raises(ConfigError, match="two are called 'x'"):
        Folders([Folder(tmp_path / "a/x"), Folder(tmp_path / "b/x")])


@given(st.text(alphabet="./\\~a:%2ef\x00 \u202e．／docs", max_size=30))
@example("docs/..")
def test_whatever_the_path_says_it_stays_in_its_folder(path: str) -> None:
    root = Path(__file__).resolve().parent
    folders = Folders([Folder(root, name="docs")])
    try:
        with folders.opened(path, directory=True) as place:
            inside = Path(os.path.realpath(folders.real_path(place)))
            assert inside.is_relative_to(root)
    except ToolFault:
        pass


def test_no_descriptor_is_left_open(home: Path) -> None:
    folders = Folders([Folder(home / "docs")])
    before = len(os.listdir("/dev/fd"))
    for path in ("docs/a.txt", "docs/no", "docs/private/no", "docs/a.txt/x", "docs/.env", "docs"):
        try:
            with folders.opened(path):
                pass
        except ToolFault:
            pass
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("2 * 3 ^ 2", "18"),
        ("-2 ** 2", "-4"),
        ("1/3", "about 0.333333333333, exactly 1/3"),
        ("7 // 2 + 7 % 2", "4"),
        ("-1/8", "-0.125"),
        ("1e3 × 2 ÷ 4", "500"),
        ("sqrt(2.25)", "1.5"),
        ("sqrt(2)", "about 1.41421356237"),
        ("round(2.5)", "3"),
        ("round(-1.005, 2)", "-1.01"),
        ("sum(1, 2, 3.5) + max([1, 5]) - min(2, 1) + abs(-1)", "11.5"),
        ("log(8, 2)", "about 3"),
        ("sin(pi / 2) + cos(0)", "about 2"),
        ("99999999999999999999 * 99999999999999999999", str(99999999999999999999**2)),
        ("1_000 * 1.5", "1500"),
    ],
)
def test_sums_are_exact(expression: str, value: str) -> None:
    assert shown(value_of(expression)) == value


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "__import__('os')",
            "(1).__class__",
            "a",
            "[1][0]",
            "lambda: 1",
            "1 if 1 else 2",
            "1 < 2",
        ),
        *("9**9**9", "2**100000", "10**1000 * 10**1000", "1e999999", "'a' * 3", "1j", "True"),
        *("sqrt(2", "1,234 + 1", "round(1, 99)", "sqrt()", "max(*[1])", "log(x=1)", "f'{1}'"),
        *("(" * 300 + "1" + ")" * 300, "-" * 400 + "1", "1 << 100", "~1", "(yield)", "x := 1", ""),
    ],
)
def test_what_is_no_sum_is_refused_quickly(expression: str) -> None:
    began = time.process_time()
    with pytest.raises(ToolRefused):
        value_of(expression)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "expression", ["1/0", "0**-1", "sqrt(-1)", "(-1)**0.5", "log(0)", "5.5 % 0"]
)
def test_a_sum_without_a_value_has_failed(expression: str) -> None:
    with pytest.raises(ToolFailed):
        value_of(expression)


@given(st.text(alphabet="0123456789.+-*/%^() ,esqrtpi", max_size=40))
def test_any_expression_has_a_value_or_a_fault(expression: str) -> None:
    with suppress(ToolFault):
        shown(value_of(expression))


@given(st.fractions(max_denominator=10**9))
def test_a_number_is_shown_as_what_it_is(value: Fraction) -> None:
    text = shown(value)
    if text.startswith("about"):
        assert math.isclose(float(text.removeprefix("about ").split(",")[0]), value, rel_tol=1e-9)
    else:
        assert Fraction(text) == value


def dates() -> dict[str, Tool]:
    return {
        tool.name: tool for tool in date_tools(lambda: datetime(2026, 3, 7, 23, 30, tzinfo=UTC))
    }


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("now", {"zone": "UTC"}, "2026-03-07 23:30:00 +0000, Saturday, week 10"),
        ("days_between", {"first": "2026-03-07", "second": "2026-12-25"}, "293 days (41 weeks"),
        ("days_between", {"first": "2026-03-07", "second": "2026-03-01"}, "-6 days (0 weeks"),
        ("add_to_date", {"start": "2024-01-31", "months": 1}, "2024-02-29, Thursday"),
        ("add_to_date", {"start": "2024-02-29", "years": -1, "days": 1}, "2023-03-01, Wednesday"),
        ("weekday", {"day": "2026-03-07"}, "Saturday, week 10 of 2026"),
    ],
)
async def test_the_calendar_is_right(name: str, arguments: dict[str, Any], answer: str) -> None:
    assert (await dates()[name].run(arguments)).text.startswith(answer)


@pytest.mark.parametrize(
    "zone", ["Nowhere/At_All", "../../etc/passwd", "/etc/localtime", "a b", ""]
)
async def test_a_zone_that_is_none_has_failed(zone: str) -> None:
    with pytest.raises(ToolFailed, match="Europe/Lisbon"):
        await dates()["now"].run({"zone": zone})


@pytest.mark.parametrize("years", [100_000, -100_000, 4_000_000])
async def test_a_date_beyond_the_calendar_has_failed(years: int) -> None:
    with pytest.raises(ToolFailed, match="9999"):
        await dates()["add_to_date"].run({"start": "2026-03-07", "years": years})


@pytest.fixture
def database(home: Path) -> Iterator[Path]:
    path = home / "docs/shop #1?.db"
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE TABLE orders (id INTEGER, total REAL, note TEXT, scan BLOB)")
        opened.execute("CREATE INDEX by_total ON orders (total)")
        rows = [(number, number / 2, "n" * 600, b"\x00\x01") for number in range(1, 301)]
        opened.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        opened.commit()
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before


async def test_a_database_is_asked_and_answers_in_rows(run: Run, database: Path) -> None:
    path = f"docs/{database.name}"
    asked = await run(
        "query_sqlite", path=path, query="SELECT count(*) AS n, sum(total) FROM orders"
    )
    assert asked == Output('["n", "sum(total)"]\n[300, 22575.0]', "internal")
    month = "SELECT strftime('%Y', '2026-03-07'), round(avg(total), 1) FROM orders"
    assert '["2026", 75.3]' in (await run("query_sqlite", path=path, query=month)).text
    long = await run("query_sqlite", path=path, query="SELECT * FROM orders", max_rows=2)
    first = json.loads(long.text.split("\n")[1])
    assert first[2:] == ["n" * 500 + " [of 600 characters]", "[2 bytes]"]
    assert long.text.endswith("[more rows; the first 2 are shown]")
    tables = await run("query_sqlite", path=path, query="SELECT name FROM sqlite_schema")
    assert '["orders"]' in tables.text


@pytest.mark.parametrize(
    "query",
    [
        *("DELETE FROM orders", "INSERT INTO orders VALUES (1, 1, '', '')", "DROP TABLE orders"),
        *("UPDATE orders SET total = 0", "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "VACUUM"),
        *("ATTACH '/etc/passwd' AS x", "ATTACH ':memory:' AS x", "DETACH main", "BEGIN", "REINDEX"),
        *("PRAGMA query_only = OFF", "PRAGMA journal_mode = WAL", "VACUUM INTO '/tmp/copy.db'"),
        *("SELECT load_extension('x')", "SELECT 1; DELETE FROM orders", "ANALYZE"),
        *("SELECT zeroblob(2000000000)", "SELECT printf('%.*c', 2000000000, 'x')"),
        *("SELECT * FROM pragma_database_list", "WITH x AS (SELECT 1) DELETE FROM orders"),
    ],
)
async def test_a_query_that_does_more_than_read_is_refused(
    run: Run, database: Path, query: str
) -> None:
    with pytest.raises(ToolRefused, match=r"only (one|read)|function in it"):
        await run("query_sqlite", path=f"docs/{database.name}", query=query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nothing FROM orders",
        "SELECT replace(hex(note), '6', hex(hex(hex(hex(hex(hex(note))))))) FROM orders",
        "SELECT writefile('/tmp/x', 'y')",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c",
    ],
)
async def test_a_query_without_an_answer_has_failed_in_time(
    run: Run, database: Path, query: str
) -> None:
    with pytest.raises(ToolFailed) as failed:
        await run("query_sqlite", path=f"docs/{database.name}", query=query)
    assert failed.value.label == "internal"


async def test_only_a_database_in_the_folders_is_opened(run: Run, home: Path) -> None:
    with pytest.raises(ToolRefused, match="no SQLite database"):
        await run("query_sqlite", path="docs/a.txt", query="SELECT 1")
    with closing(sqlite3.connect(home / "outside.db")) as outside:
        outside.execute("CREATE TABLE t (a)")
        outside.commit()
    (home / "docs/link.db").symlink_to(home / "outside.db")
    for path in ("docs/link.db", "docs/../outside.db", f"file:{home}/outside.db?mode=rw"):
        with pytest.raises(ToolRefused):
            await run("query_sqlite", path=path, query="SELECT 1")


async def test_a_database_with_a_log_is_read_and_nothing_is_left_beside_it(
    run: Run, home: Path
) -> None:
    path = home / "docs/wal.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL").close()
        writer.execute("CREATE TABLE t (a)")
        writer.execute("INSERT INTO t VALUES (7)")
        writer.commit()
        live = await run("query_sqlite", path="docs/wal.db", query="SELECT a FROM t")
        assert live.text == '["a"]\n[7]'
    files = sorted(os.listdir(home / "docs"))
    assert (
        await run("query_sqlite", path="docs/wal.db", query="SELECT a FROM t")
    ).text == live.text
    assert sorted(os.listdir(home / "docs")) == files
    (home / "docs/wal.db-wal").symlink_to(home / "secret.txt")
    with pytest.raises(ToolRefused, match="beside the database is a link"):
        await run("query_sqlite", path="docs/wal.db", query="SELECT a FROM t")
