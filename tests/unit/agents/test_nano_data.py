"""The generators: the same seed gives the same data, and the splits share nothing."""

from __future__ import annotations

import itertools
import json

import pytest

from agents.nano import ESCALATE_TOKEN, with_keys
from agents.nano.data.calendar import DATE, TIME
from agents.nano.data.coding import CODE, OPERATIONS, SHELL, SQL
from agents.nano.data.desk import REPLY, TICKET
from agents.nano.data.edit import EDIT
from agents.nano.data.fields import ASK, CONTACT, KEYS
from agents.nano.data.figures import COPY, MONEY, PHONE
from agents.nano.data.grammar import Draw, Frames, Split, bucket
from agents.nano.data.mix import FAMILIES, MAKERS, SHARES, draw_sample, held_out, training_stream
from agents.nano.data.ood import FAR_CALIBRATION, FAR_TEST, NEAR_CALIBRATION, NEAR_TEST
from agents.nano.data.values import email, full_name

SPLITS: tuple[Split, ...] = ("train", "calibration", "test")


def test_the_same_seed_gives_the_same_samples() -> None:
    first = list(itertools.islice(training_stream(3), 300))
    assert first == list(itertools.islice(training_stream(3), 300))
    assert first != list(itertools.islice(training_stream(4), 300))


def test_every_family_has_a_share_and_appears() -> None:
    assert set(SHARES) == {*MAKERS, "near", "far"}
    seen = {sample.family for sample in itertools.islice(training_stream(1), 2000)}
    assert seen == set(FAMILIES)


@pytest.mark.parametrize("family", [*MAKERS, "near", "far"])
@pytest.mark.parametrize("split", SPLITS)
def test_every_split_of_a_family_can_be_drawn(family: str, split: Split) -> None:
    samples = held_out(family, 40, values=split, phrasing=split, seed=2)
    assert len({s.prompt for s in samples}) == 40
    for sample in samples:
        assert sample.prompt.strip()
        assert sample.answer.strip()
        assert "{" not in sample.prompt or '{"' in sample.prompt or "({" not in sample.prompt


@pytest.mark.parametrize("maker", [full_name, email])
def test_values_of_different_splits_never_meet(maker: object) -> None:
    assert callable(maker)
    drawn = {s: {maker(Draw(9, s)) for _ in range(1)} for s in SPLITS}
    for split in SPLITS:
        draw = Draw(7, split)
        drawn[split] |= {maker(draw) for _ in range(200)}
        assert {bucket(value) for value in drawn[split]} == {split}
    assert not drawn["train"] & drawn["test"]
    assert not drawn["calibration"] & drawn["test"]


def _all_frames() -> list[Frames]:
    tables = [
        ASK,
        CONTACT,
        KEYS,
        DATE,
        TIME,
        MONEY,
        PHONE,
        COPY,
        TICKET,
        CODE,
        *EDIT.values(),
        *REPLY.values(),
    ]
    frames = [f for table in tables for f in table.values()]
    forms = [*SQL.values(), *SHELL.values()]
    return frames + [f for _, table in forms for f in table.values()]


def test_no_held_out_wording_is_also_trained() -> None:
    for frames in _all_frames():
        train, calibration, test = (set(frames.of(split)) for split in SPLITS)
        assert train
        assert calibration
        assert test
        assert not train & (calibration | test)
        assert not calibration & test
    for operation in OPERATIONS:
        for readings in (operation.en, operation.pt):
            assert not set(readings[:-2]) & set(readings[-2:])


def test_the_hand_written_requests_are_in_no_other_list() -> None:
    lists = [NEAR_CALIBRATION, FAR_CALIBRATION, NEAR_TEST, FAR_TEST]
    together = list(itertools.chain(*lists))
    assert len(set(together)) == len(together)
    trained = {s.prompt for s in itertools.islice(training_stream(5), 5000)}
    assert not trained & set(together)


def test_extract_answers_hold_the_asked_keys_in_order_and_values_of_the_prompt() -> None:
    draw = Draw(6)
    for _ in range(200):
        sample = draw_sample(draw, "extract")
        pairs = json.loads(sample.answer)
        assert 1 <= len(pairs) <= 4
        assert sample.answer == json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
        assert all(value in sample.prompt for value in pairs.values())


def test_negatives_are_answered_with_the_token_alone() -> None:
    draw = Draw(8)
    for kind in ("near", "far", "escalate"):
        assert {draw_sample(draw, kind).answer for _ in range(50)} == {ESCALATE_TOKEN}
    given = draw_sample(Draw(1), "far", negatives=["why is the sea salty"])
    assert given.answer == ESCALATE_TOKEN


def test_keys_are_appended_as_the_model_knows_them() -> None:
    assert (
        with_keys("Get it: a", ["total", "city"]) == "Get it: a\nReturn JSON with keys total, city."
    )
