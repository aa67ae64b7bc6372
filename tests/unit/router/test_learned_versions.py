"""The versions of what was learned: kept whole, rolled back, and followed by who runs."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from router.classify import signals
from router.classify.gain import ExpectedScores, shipped_gains
from router.errors import ConfigError
from router.learned import gains as gains_module
from router.learned.evidence import RIGHT, WRONG, Evidence, Source
from router.learned.gains import LearnedGains, shipped_fingerprint
from router.learned.learn import roll_back
from router.learned.posterior import Posterior
from router.learned.version import Version, cell_rows, watch_rows
from router.learned.versions import KEPT_VERSIONS, Versions
from router.types.decision import Guess, Kind

BAD = Evidence(
    side="local",
    kind=Kind.EXTRACTION,
    model="nano",
    chars=50,
    prior=0.8,
    source=Source.FEEDBACK,
    good=False,
    ratio=WRONG,
    time=1.0,
)
GOOD = replace(BAD, good=True, ratio=RIGHT)


def after(*evidence: Evidence) -> Posterior:
    posterior = Posterior()
    list(posterior.add(evidence))
    return posterior


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    versions = Versions(tmp_path)
    with versions.turn():
        pass
    return versions


def version(number: int, *evidence: Evidence, **changes: object) -> Version:
    posterior = after(*evidence)
    whole = {
        "number": number,
        "made_at": 1.0,
        "basis": number - 1,
        "shipped": shipped_fingerprint(),
        "cells": cell_rows(posterior),
        "watches": watch_rows(posterior),
    }
    return Version.model_validate(whole | changes)


def test_a_version_comes_back_as_it_was_saved_and_goes_on_where_it_ended(
    versions: Versions,
) -> None:
    evidence = [random.Random(seed).choice((GOOD, GOOD, BAD)) for seed in range(120)]
    made = version(1, *evidence[:70])
    versions.save(made)
    found = versions.newest()
    assert found == made
    resumed = found.posterior()
    list(resumed.add(evidence[70:]))
    assert resumed == after(*evidence)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"told": [\n    10.0', '"told": [\n    99.0'),
        lambda text: text.replace('"outcomes": 10', '"outcomes": -1'),
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda _: "[]",
        lambda _: "not JSON",
        lambda _: "[" * 100_000,
        lambda _: "",
    ],
    ids=["cut", "edited", "negative", "later", "list", "text", "deep", "empty"],
)
def test_a_spoilt_version_is_passed_over_and_the_one_before_serves(
    versions: Versions, spoil: object, caplog: pytest.LogCaptureFixture
) -> None:
    versions.save(version(1, *[BAD] * 10))
    path = versions.save(version(2, *[BAD] * 10))
    path.write_text(spoil(path.read_text()))  # type: ignore[operator]
    with pytest.raises(ConfigError, match=r"0002\.json"):
        versions.load(2)
    newest = versions.newest()
    assert newest is not None
    assert newest.number == 1
    assert versions.next_number() == 3
    served = LearnedGains(versions, shipped_gains(), "big")
    assert served.version == 1


def test_a_copy_under_another_number_is_not_taken(versions: Versions) -> None:
    path = versions.save(version(1))
    (path.parent / "0007.json").write_text(path.read_text())
    newest = versions.newest()
    assert newest is not None
    assert newest.number == 1


def test_old_versions_are_removed_in_the_end(versions: Versions) -> None:
    for number in range(1, KEPT_VERSIONS + 1):
        versions.path(number).write_text("{}")
    for number in range(KEPT_VERSIONS + 1, KEPT_VERSIONS + 6):
        versions.save(version(number))
    assert versions.numbers() == list(range(6, KEPT_VERSIONS + 6))


def test_one_process_at_a_time_makes_versions(versions: Versions) -> None:
    with versions.turn(), pytest.raises(ConfigError, match="another process"), versions.turn():
        pass


def test_a_home_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "learned").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"), Versions(tmp_path).turn():
        pass


def expected(gains: LearnedGains) -> ExpectedScores:
    guess = Guess(kind=Kind.EXTRACTION, confidence=1.0, language="en")
    return gains.expected(guess, signals.read("Extract the name from: Ana called."), "nano")


def test_a_running_process_takes_up_a_newer_version(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gains_module, "LOOK_EVERY_S", 0.0)
    gains = LearnedGains(versions, shipped_gains(), "big")
    shipped = expected(gains)
    assert shipped.outcomes == 0
    versions.save(version(1, *[BAD] * 1000))
    learned = expected(gains)
    assert learned.local < shipped.local - 0.5
    assert learned.cloud == shipped.cloud
    assert learned.outcomes == 1000
    roll_back(versions)
    assert expected(gains) == shipped


def test_between_two_looks_nothing_is_read(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains = LearnedGains(versions, shipped_gains(), "big")
    versions.save(version(1, *[BAD] * 1000))
    assert expected(gains).outcomes == 0
    monkeypatch.setattr(gains, "_look_at", 0.0)
    assert expected(gains).outcomes == 1000


def test_what_was_learned_over_other_shipped_figures_keeps_half_a_say_at_most(
    versions: Versions,
) -> None:
    versions.save(version(1, *[BAD] * 1000))
    same = expected(LearnedGains(versions, shipped_gains(), "big"))
    versions.save(version(2, *[BAD] * 1000, shipped="another"))
    other = expected(LearnedGains(versions, shipped_gains(), "big"))
    shipped = expected(LearnedGains(Versions(versions.folder / "none"), shipped_gains(), "big"))
    assert same.local < other.local < shipped.local


def test_a_rollback_brings_the_offsets_back_and_keeps_what_was_read(versions: Versions) -> None:
    versions.save(version(1, *[GOOD] * 10, ledgers={"here": "1-0"}))
    versions.save(version(2, *[BAD] * 50, ledgers={"here": "2-0"}))
    back = roll_back(versions)
    assert (back.number, back.restores, back.ledgers) == (3, 1, {"here": "2-0"})
    assert back.cells == versions.load(1).cells
    shipped = roll_back(versions, 0)
    assert (shipped.number, shipped.restores, shipped.cells) == (4, 0, ())
    assert roll_back(versions, 2).cells == versions.load(2).cells
    with pytest.raises(ConfigError, match="no learned version 9: known are 1, 2, 3, 4, 5"):
        roll_back(versions, 9)
    with pytest.raises(ConfigError, match="is the one that serves"):
        roll_back(versions, 5)


def test_there_is_nothing_to_roll_back_before_anything_was_learned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing was learned yet"):
        roll_back(Versions(tmp_path))
