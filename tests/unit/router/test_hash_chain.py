"""The chain's arithmetic: whatever is not as it was written is noticed, and named."""

from __future__ import annotations

import hashlib
import random
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account.hash_chain import (
    FIELDS,
    GENESIS,
    MOST_FINDINGS,
    Anchor,
    Entry,
    Finding,
    Mark,
    Walk,
    Witness,
    chain,
    countersign,
    entry_of,
    key_name,
    link,
)
from router.errors import ConfigError

KEY = bytes(range(32))


def entries(
    count: int, *, key: bytes | None = KEY, after: Mark | None = None, salt: str = ""
) -> list[Entry]:
    """A chain of so many records, one a second."""
    head = after or Mark()
    records = [f'{{"n":{number},"salt":"{salt}"}}'.encode() for number in range(count)]
    rows = chain(records, head, key, key_name(key))
    return [Entry(f"{1000 * row[1]}-0", *row) for row in rows]


def walked(
    found: list[Entry],
    *,
    key: bytes | None = KEY,
    anchor: Anchor | None = None,
    head: Mark | None = None,
    known: dict[int, str] | None = None,
    young: Mark | None = None,
    remembered: Mark | None = None,
) -> Walk:
    walk = Walk(anchor, key=key, known=known, young=young)
    for entry in found:
        walk.step(entry)
    walk.finish(head, remembered)
    return walk


def head_of(found: list[Entry]) -> Mark:
    return Mark(found[-1].seq, found[-1].digest, found[-1].id)


def kinds(walk: Walk) -> list[str]:
    return [finding.what for finding in walk.findings]


def test_a_digest_is_what_sha256sum_says_of_the_same_line() -> None:
    line = f'edgeward-ledger-1 7 {GENESIS} 0a1b2c3d\n{{"a":1}}'
    assert link(7, GENESIS, "0a1b2c3d", b'{"a":1}') == hashlib.sha256(line.encode()).hexdigest()


def test_a_chain_as_it_was_written_has_no_finding() -> None:
    found = entries(50)
    walk = walked(found, head=head_of(found), known={20: found[19].digest})
    assert walk.findings == ()
    assert (walk.chained, walk.signed_here, walk.tip) == (50, 50, head_of(found))
    assert Walk(Anchor(head_of(found))).tip == head_of(found)


def test_what_another_key_signed_is_counted_and_not_checked() -> None:
    walk = walked(entries(3), key=bytes(32))
    assert (walk.findings, walk.signed_here, walk.signed_elsewhere) == ((), 0, 3)
    unsigned = walked(entries(3, key=None))
    assert (unsigned.findings, unsigned.signed_here, unsigned.signed_elsewhere) == ((), 0, 0)


def _edit_record(found: list[Entry], at: int) -> None:
    found[at] = found[at]._replace(record=found[at].record.replace(b'"n"', b'"m"'))


def _edit_digest(found: list[Entry], at: int) -> None:
    found[at] = found[at]._replace(digest="f" * 64)


def _edit_prev(found: list[Entry], at: int) -> None:
    found[at] = found[at]._replace(prev="")


def _edit_key(found: list[Entry], at: int) -> None:
    found[at] = found[at]._replace(key="ffffffff")


def _edit_with_digest(found: list[Entry], at: int) -> None:
    """By somebody who knows how digests are computed, and leaves the next record alone."""
    one = found[at]
    digest = link(one.seq, one.prev, one.key, b"{}")
    found[at] = one._replace(record=b"{}", digest=digest)


@pytest.mark.parametrize(
    "tamper", [_edit_record, _edit_digest, _edit_prev, _edit_key, _edit_with_digest]
)
@pytest.mark.parametrize("at", [0, 4, 8])
def test_an_edited_record_is_named(tamper: Callable[[list[Entry], int], None], at: int) -> None:
    found = entries(9)
    head = head_of(found)
    tamper(found, at)
    # The last one's digest is known from the head.
    walk = walked(found, key=None, head=head, known={9: head.digest})
    assert walk.findings_total >= 1
    first = walk.findings[0]
    assert first.what in ("edited", "rewritten")
    assert f"record {at + 1} " in first.text or f"record {at + 2} " in first.text


def test_a_link_with_nothing_before_it_is_no_way_past_the_check() -> None:
    found = entries(9)
    one = found[4]
    empty = one._replace(prev="", digest=link(one.seq, "", one.key, one.record))
    found[4] = empty
    assert kinds(walked(found, key=None))[0] == "edited"


def test_numbers_that_jump_are_noticed_where_the_digests_agree() -> None:
    found = entries(4)
    jump = entries(2, after=Mark(7, found[-1].digest))
    assert jump[0].prev == found[-1].digest
    assert kinds(walked(found + jump)) == ["removed"]


def test_removed_records_are_counted_and_their_place_is_named() -> None:
    found = entries(9)
    head = head_of(found)
    del found[3:5]
    (finding,) = walked(found, head=head).findings
    assert finding == Finding(
        "removed",
        "2 records are missing: 4 to 5, between 3000-0 and 6000-0 (1970-01-01 00:00:06 UTC)",
        "6000-0",
    )


def test_a_missing_beginning_is_noticed_and_a_dropped_one_is_not() -> None:
    found = entries(9)
    anchor = Anchor(Mark(3, found[2].digest, found[2].id))
    kept = found[3:]
    assert kinds(walked(kept)) == ["removed"]
    assert walked(kept, anchor=anchor).findings == ()
    (finding,) = walked(kept[2:], anchor=anchor).findings
    assert "2 records are missing at the beginning, which age does not explain" in finding.text
    wrong = Anchor(Mark(3, "0" * 64, found[2].id))
    assert kinds(walked(kept, anchor=wrong)) == ["edited"]


def test_the_mark_of_what_was_dropped_bears_a_signature_too() -> None:
    found = entries(9)
    mark = Mark(3, found[2].digest, found[2].id)
    mac = countersign(KEY, "anchor", mark.seq, mark.digest)
    assert walked(found[3:], anchor=Anchor(mark, key_name(KEY), mac)).findings == ()
    forged = Anchor(mark, key_name(KEY), found[2].mac)
    assert kinds(walked(found[3:], anchor=forged)) == ["truncated"]


def test_a_beginning_that_is_too_young_to_be_dropped_is_noticed() -> None:
    found = entries(9)
    anchor = Anchor(Mark(5, found[4].digest, found[4].id))
    assert walked(found[5:], anchor=anchor, young=Mark(6, found[5].digest)).findings == ()
    assert kinds(walked(found[5:], anchor=anchor, young=Mark(2, found[1].digest))) == ["truncated"]


def test_a_missing_end_is_known_from_the_head_or_from_this_machine() -> None:
    found = entries(9)
    head = head_of(found)
    (finding,) = walked(found[:6], head=head).findings
    assert finding.what == "truncated"
    assert "3 records are missing at the end: Redis knows record 9" in finding.text
    shorter = head_of(found[:6])
    (finding,) = walked(found[:6], head=shorter, remembered=head).findings
    assert "3 records are missing at the end: this machine remembers record 9" in finding.text
    assert kinds(walked([], head=head)) == ["truncated"]
    assert walked(found[:6], head=shorter).findings == ()


def test_a_chain_that_was_computed_anew_lacks_the_signatures_and_the_remembered_digests() -> None:
    genuine, forged = entries(9), entries(9, key=None, salt="x")
    head = head_of(forged)
    assert walked(forged, head=head).findings == (), "nothing in Redis tells"
    assert kinds(walked(forged, head=head, known={6: genuine[5].digest})) == ["rewritten"]
    bad_macs = [entry._replace(mac="0" * 32) for entry in entries(9, salt="x")]
    assert set(kinds(walked(bad_macs, head=head_of(bad_macs)))) == {"unsigned"}


def test_half_a_signature_is_noticed_without_the_key() -> None:
    found = entries(9)
    found[4] = found[4]._replace(mac="")
    assert kinds(walked(found, key=None)) == ["unsigned"]


def test_moved_records_are_not_called_missing() -> None:
    found = entries(9)
    found[3], found[5] = found[5]._replace(id="4000-0"), found[3]._replace(id="6000-0")
    walk = walked(found)
    assert set(kinds(walk)) == {"moved"}
    assert "record 4 (6000-0" in " ".join(finding.text for finding in walk.findings)


@pytest.mark.parametrize("at", [0, 4, 9])
def test_an_inserted_record_is_named(at: int) -> None:
    found = entries(9)
    head = head_of(found)
    foreign = found[:]
    foreign.insert(at, Entry("4500-0", b'{"a":1}'))
    if at:
        assert kinds(walked(foreign, head=head)) == ["inserted"]
    twice = found[:]
    twice.insert(at, found[2]._replace(id="4500-0"))
    assert "inserted" in kinds(walked(twice, head=head)) or at == 0
    assert walked(twice, head=head).findings_total >= 1


def test_records_of_an_earlier_version_come_before_the_chain_and_never_after() -> None:
    old = [Entry("1-0", b"{}"), Entry("2-0", b"{}")]
    walk = walked(old + entries(3))
    assert (walk.findings, walk.unchained, walk.chained) == ((), 2, 3)
    assert kinds(walked(entries(3) + old)) == ["inserted", "inserted"]
    later = entries(6)
    anchor = Anchor(Mark(3, later[2].digest, later[2].id))
    assert kinds(walked(old[:1] + later[3:], anchor=anchor)) == ["inserted"]


@given(
    count=st.integers(2, 12),
    dice=st.randoms(use_true_random=False),
    how=st.sampled_from(["edit", "remove", "insert", "swap", "seq"]),
)
def test_no_single_tampering_goes_unnoticed(count: int, dice: random.Random, how: str) -> None:
    found = entries(count)
    head = head_of(found)
    at = dice.randrange(count)
    if how == "edit":
        name = dice.choice(FIELDS)
        value = getattr(found[at], name)
        if name == "seq":
            changed: Any = value + dice.choice([-1, 1, 100])
        elif name == "record":
            changed = value[:-1] + b" }"
        else:
            place = dice.randrange(len(value))
            changed = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
        found[at] = found[at]._replace(**{name: changed})
    elif how == "remove":
        del found[at]
    elif how == "insert":
        found.insert(at, dice.choice(found)._replace(id="1-1"))
    elif how == "swap":
        other = (at + dice.randrange(1, count)) % count
        found[at], found[other] = found[other], found[at]
    else:
        found[at] = found[at]._replace(seq=-1)
    assert walked(found, head=head, known={head.seq: head.digest}).findings_total


def test_thousands_of_findings_are_counted_and_a_hundred_described() -> None:
    walk = walked(entries(3000)[::2])
    assert len(walk.findings) == MOST_FINDINGS
    assert walk.findings_total == 1499


@pytest.mark.parametrize("seq", ["05", " 5", "5 ", "+5", "0", "-1", "five", "٥", "", "9" * 30])
def test_a_number_has_one_way_to_be_written(seq: str) -> None:
    values = ("{}", seq, GENESIS, "0" * 64, "", "")
    flat = [part for pair in zip(FIELDS, values, strict=True) for part in pair]
    assert entry_of("1-0", flat).seq == -1


def test_an_entry_with_a_field_too_many_is_no_link_and_one_with_none_is_foreign() -> None:
    values = ("{}", "5", GENESIS, "0" * 64, "", "")
    flat = [part for pair in zip(FIELDS, values, strict=True) for part in pair]
    assert entry_of("1-0", flat).seq == 5
    assert entry_of("1-0", [*flat, "note", "x"]).seq == -1
    assert entry_of("1-0", flat[:-2]).seq == -1
    assert entry_of("1-0", ["record", "{\xff}"]) == Entry("1-0", b"{\xff}")
    assert entry_of("1-0", ["something", "else"]) == Entry("1-0", b"")


def test_the_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: made.append(Witness(home, "here").key)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = home / "ledger.key"
    assert set(made) == {path.read_bytes()}
    assert len(made[0]) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in home.iterdir()] == ["ledger.key"]
    path.chmod(0o644)
    Witness(home, "here")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="has 5 bytes, and 32 are needed"):
        Witness(tmp_path, "here")


def test_heads_are_remembered_by_ledger_and_a_broken_line_is_passed_over(tmp_path: Path) -> None:
    here, there = Witness(tmp_path, "here"), Witness(tmp_path, "there")
    assert here.heads() == ()
    here.remember(Mark(1, "a" * 64, "1000-0"))
    there.remember(Mark(9, "b" * 64, "1000-1"))
    with here.heads_path.open("ab") as file:
        file.write(b"\xff\xfe broken\n")
    here.remember(Mark(2, "c" * 64, "2000-0"))
    assert here.heads() == (Mark(1, "a" * 64, "1000-0"), Mark(2, "c" * 64, "2000-0"))
    assert there.heads() == (Mark(9, "b" * 64, "1000-1"),)
    assert stat.S_IMODE(here.heads_path.stat().st_mode) == 0o600


def test_the_file_of_heads_does_not_grow_for_ever(tmp_path: Path) -> None:
    here, there = Witness(tmp_path, "here"), Witness(tmp_path, "there")
    there.remember(Mark(9, "b" * 64, "1000-1"))
    digest = "a" * 64
    for seq in range(1, 12_001):
        here.remember(Mark(seq, digest, f"{seq}-0"))
    assert here.heads_path.stat().st_size < 1_100_000
    assert here.heads()[-1].seq == 12_000
    assert len(here.heads()) >= 1000
    assert [mark.seq for mark in there.heads()] == [9]
