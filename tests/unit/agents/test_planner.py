"""Plans for a card: never over the budget, and refused with the nearest one that fits."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from shapes import SHAPES

from agents.engines.vram import PROCESS_BYTES, budget_bytes, estimate, head_bytes
from agents.models.catalogue import ROLES, Catalogue
from agents.models.planner import (
    BIT_RATES,
    GGUF_BITS,
    Candidate,
    Plan,
    PlanRefused,
    Wish,
    from_catalogue,
    make_plan,
)
from router.errors import ConfigError

GIB = 2**30
CATALOGUE = Catalogue.load()
OFFERED = from_catalogue(CATALOGUE.models, BIT_RATES)


def card(gib: float, **changes: object) -> Wish:
    return Wish(budget_bytes(int(gib * GIB)), 336.0, **changes)  # type: ignore[arg-type]


def added_up(plan: Plan) -> int:
    """Written out: what stays, each model once, and the largest of those that take turns."""
    staying, turns = {}, [0]
    for seat in plan.seats:
        parts = seat.parts
        total = parts.weights + parts.head + parts.kv + parts.scratch + parts.activations
        if seat.swapped:
            turns.append(total)
        else:
            staying[seat.name, seat.bpw] = max(total, staying.get((seat.name, seat.bpw), 0))
    return plan.process_bytes + sum(staying.values()) + max(turns)


def test_a_6_gb_card_holds_a_router_a_coder_and_a_general_model_at_once() -> None:
    plan = make_plan(card(6), OFFERED)
    assert [seat.role for seat in plan.seats] == list(ROLES)
    assert len({seat.name for seat in plan.seats}) == 3
    assert not any(seat.swapped for seat in plan.seats)
    assert "Coder" in plan.seats[1].name
    assert {seat.licence for seat in plan.seats} <= {"apache-2.0", "mit"}
    assert plan.total_bytes <= 5.2 * GIB


def test_from_6_gb_on_the_general_model_is_one_of_the_largest() -> None:
    for gib in (6, 8, 12, 24):
        general = make_plan(card(gib), OFFERED).seats[2]
        assert "4B" in general.name or "mini" in general.name
        assert general.bpw >= 4


def test_a_machine_without_a_card_gets_models_that_are_quick_enough() -> None:
    wish = Wish(6 * GIB, 30.0, process_bytes=0)
    plan = make_plan(wish, from_catalogue(CATALOGUE.models, (GGUF_BITS,)))
    assert all(seat.speed.expected > 5 for seat in plan.seats)


def test_two_large_models_take_turns_where_they_do_not_fit_together() -> None:
    large = [
        Candidate("router", SHAPES["Qwen2.5-0.5B"], (6.0,), ("router",)),
        Candidate("coder", SHAPES["Qwen2.5-3B"], (6.0,), ("coder",)),
        Candidate("general", SHAPES["Qwen3-4B"], (6.0,), ("general",)),
    ]
    plan = make_plan(card(6), large)
    assert [seat.swapped for seat in plan.seats] == [False, True, True]
    assert plan.total_bytes == added_up(plan) <= 5.2 * GIB


def test_one_model_for_all_roles_is_counted_once() -> None:
    one = [Candidate("only", SHAPES["Qwen3-4B"], (4.5,), ROLES)]
    plan = make_plan(card(6), one)
    alone = estimate(SHAPES["Qwen3-4B"], bpw=4.5, context_tokens=4096).total
    assert plan.total_bytes <= PROCESS_BYTES + alone


def test_roles_of_one_model_have_one_window_and_it_stays_if_the_router_is_among_them() -> None:
    small, coder = SHAPES["Qwen2.5-0.5B"], SHAPES["Qwen2.5-3B"]
    offered = [
        Candidate("small", small, (6.0,), ("router", "general")),
        Candidate("large", coder, (4.5,), ("coder",)),
    ]
    plan = make_plan(card(6), offered)
    router, _, general = plan.seats
    assert router.context_tokens == general.context_tokens == 4096
    for gib in (1.6, 2.0, 2.4, 2.8, 3.2):
        try:
            plan = make_plan(card(gib), offered)
        except PlanRefused as refused:
            if refused.nearest is None or len(refused.nearest.seats) < 3:
                continue
            plan = refused.nearest
        assert not any(seat.swapped for seat in plan.seats)


def test_a_model_whose_window_is_too_short_is_taken_only_where_nothing_else_will_do() -> None:
    for gib in (6, 8, 24):
        plan = make_plan(card(gib, context_tokens=32_768), OFFERED)
        assert all(seat.context_tokens == 32_768 for seat in plan.seats if seat.role != "router")
    short = replace(SHAPES["Phi-3-mini"], max_position_tokens=4096)
    plan = make_plan(card(6, context_tokens=32_768), [Candidate("it", short, (4.5,), ROLES)])
    assert plan.seats[1].context_tokens == 4096


def test_of_a_model_at_hand_the_stored_bytes_count() -> None:
    shape = SHAPES["Phi-4-mini"]
    weights, head = 1_700_000_000, head_bytes(shape, 8)
    (seat,) = make_plan(
        card(6, roles=("general",)),
        [Candidate("it", shape, (4.5,), ROLES, stored=(weights, head))],
    ).seats
    assert (seat.parts.weights, seat.parts.head) == (weights, head)


def test_in_ten_thousand_random_cases_no_plan_is_over_its_budget() -> None:
    rng = random.Random(7)
    names = sorted(SHAPES)
    planned = 0
    for _ in range(10_000):
        candidates = [
            Candidate(
                f"{name}-{number}",
                SHAPES[name],
                tuple(rng.sample(BIT_RATES, rng.randint(1, 2))),
                tuple(rng.sample(ROLES, rng.randint(1, 3))),
            )
            for number, name in enumerate(rng.choices(names, k=rng.randint(1, 4)))
        ]
        wish = Wish(
            int(rng.uniform(0.5, 12) * GIB),
            rng.uniform(20, 1000),
            roles=tuple(rng.sample(ROLES, rng.randint(1, 3))),
            context_tokens=rng.choice((1024, 2048, 4096, 16_384)),
            kv=rng.choice(("fp16", "q8", "q6", "q4")),
        )
        try:
            plan: Plan | None = make_plan(wish, candidates)
        except PlanRefused as refused:
            plan = refused.nearest
        if plan is not None:
            planned += 1
            assert added_up(plan) == plan.total_bytes <= wish.budget_bytes
            places = {(seat.name, seat.bpw, seat.swapped, seat.parts) for seat in plan.seats}
            assert len(places) == len({place[:2] for place in places})
    assert planned > 5000


def test_a_plan_that_cannot_be_names_the_nearest_that_can() -> None:
    wish = Wish(int(2.4 * GIB), 336.0, context_tokens=4096)
    candidates = [
        Candidate("router", SHAPES["Qwen2.5-0.5B"], (6.0,), ("router",)),
        Candidate("coder", SHAPES["Qwen3-1.7B"], (4.0,), ("coder",)),
        Candidate("general", SHAPES["Qwen3-1.7B"], (4.5,), ("general",)),
    ]
    with pytest.raises(
        PlanRefused, match=r"3 roles do not fit into 1\.90 GiB.*the nearest"
    ) as caught:
        make_plan(Wish(int(1.9 * GIB), 336.0), candidates)
    nearest = caught.value.nearest
    assert nearest is not None
    assert nearest.total_bytes <= 1.9 * GIB
    assert nearest.given_up in str(caught.value)
    assert make_plan(wish, candidates).given_up == ""


def test_where_nothing_at_all_fits_the_smallest_need_is_named() -> None:
    with pytest.raises(PlanRefused, match=r"nothing fits.*takes 0\.\d+ GiB") as caught:
        make_plan(Wish(int(0.5 * GIB), 336.0), OFFERED)
    assert caught.value.nearest is None
    with pytest.raises(PlanRefused, match="no model to plan with"):
        make_plan(card(6), [])


def test_the_catalogue_is_complete_and_its_dimensions_are_those_of_the_models() -> None:
    names = {one.name for one in CATALOGUE.models}
    assert len(names) == len(CATALOGUE.models) >= 13
    by_name = {one.name: one.model_shape() for one in CATALOGUE.models}
    for listed, known in (
        ("Qwen2.5-Coder-1.5B-Instruct", "Qwen2.5-1.5B"),
        ("Llama-3.2-3B-Instruct", "Llama-3.2-3B"),
        ("Phi-3-mini-4k-instruct", "Phi-3-mini"),
        ("Qwen3-4B", "Qwen3-4B"),
    ):
        assert by_name[listed].decoder_params == SHAPES[known].decoder_params
        assert by_name[listed].head_params == SHAPES[known].head_params


def test_a_card_is_known_by_its_names_and_by_what_the_driver_says() -> None:
    assert CATALOGUE.device("Turing").name == CATALOGUE.device("rtx 2060").name == "RTX 2060"
    reported = CATALOGUE.reported("NVIDIA GeForce RTX 2080 Ti")
    assert reported is not None
    assert reported.bandwidth_gb_s == 616
    assert CATALOGUE.reported("NVIDIA A100") is None
    assert CATALOGUE.reported("NVIDIA GeForce RTX 3060 Ti") is None
    newer = CATALOGUE.reported("NVIDIA GeForce RTX 2060 SUPER")
    assert newer is not None
    assert newer.bandwidth_gb_s == 448
    with pytest.raises(ConfigError, match="'pascal' is not in the table; known are RTX 2060"):
        CATALOGUE.device("pascal")
