"""The order of a lane, in numbers: who starts, who makes room, and when."""

from __future__ import annotations

import math
from dataclasses import replace

from fifo_order import fifo
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_simulation import Arrival, Model, simulate

from agents.engines.lane_order import STAY, Idle, Load, ModelLoad, Start, swap_aware

NOW = 1000.0


def model_load(name: str, **changes: object) -> ModelLoad:
    base = ModelLoad(
        name=name,
        resident=True,
        pinned=False,
        footprint_bytes=100,
        slots=1,
        active=0,
        waiting=0,
        first_due=math.inf,
        first_number=math.inf,
        load_s=1.0,
        service_s=1.0,
        last_used=NOW - 10,
        loaded_at=NOW - 100,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def hungry(name: str, waiting: int = 1, due_in: float = 12.0, **changes: object) -> ModelLoad:
    return model_load(
        name, resident=False, waiting=waiting, first_due=NOW + due_in, first_number=1, **changes
    )


def busy(name: str, waiting: int = 1, due_in: float = 12.0, **changes: object) -> ModelLoad:
    return model_load(name, waiting=waiting, first_due=NOW + due_in, first_number=1, **changes)


def test_a_resident_model_with_a_free_slot_works() -> None:
    assert swap_aware([busy("a"), model_load("b")], 0, NOW) == Start("a")


def test_the_most_urgent_starts_first() -> None:
    assert swap_aware([busy("a", due_in=9), busy("b", due_in=3)], 0, NOW) == Start("b")


def test_a_model_with_full_slots_waits() -> None:
    assert isinstance(swap_aware([busy("a", active=1)], 0, NOW), Idle)


def test_what_fits_is_loaded_without_pushing_anybody_out() -> None:
    assert swap_aware([busy("a", active=1), hungry("b")], 100, NOW) == Load("b")


def test_an_idle_model_makes_room_the_least_recently_used_first() -> None:
    models = [model_load("a", last_used=NOW - 5), model_load("b", last_used=NOW - 50), hungry("c")]
    assert swap_aware(models, 0, NOW) == Load("c", ("b",))


def test_of_two_unused_models_the_one_that_is_cheap_to_bring_back_goes() -> None:
    models = [
        model_load("large", last_used=NOW - 20, load_s=4.0),
        model_load("small", last_used=NOW - 10, load_s=0.5),
        hungry("c"),
    ]
    assert swap_aware(models, 0, NOW) == Load("c", ("small",))


def test_a_pinned_model_never_makes_room() -> None:
    models = [model_load("a", pinned=True), model_load("b", last_used=NOW - 1), hungry("c")]
    assert swap_aware(models, 0, NOW) == Load("c", ("b",))
    assert isinstance(swap_aware([model_load("a", pinned=True), hungry("c")], 0, NOW), Idle)


def test_an_idle_one_is_taken_before_one_with_work() -> None:
    models = [busy("a", last_used=NOW - 500), model_load("b", last_used=NOW - 1), hungry("c")]
    assert swap_aware(models, 0, NOW) == Load("c", ("b",))


def test_no_more_models_go_than_are_needed() -> None:
    models = [
        model_load("small", footprint_bytes=10, last_used=NOW - 90),
        model_load("large", footprint_bytes=100, last_used=NOW - 50),
        hungry("c"),
    ]
    assert swap_aware(models, 0, NOW) == Load("c", ("large",))


def test_one_waiting_job_does_not_throw_out_a_model_with_as_much_to_do() -> None:
    assert swap_aware([busy("a"), hungry("b")], 0, NOW) == Start("a")


def test_a_long_queue_throws_out_a_slow_backlog() -> None:
    slow = busy("a", waiting=2, service_s=30.0, active=0)
    many = hungry("b", waiting=20, service_s=0.1)
    assert swap_aware([slow, many], 0, NOW) == Load("b", ("a",))
    assert swap_aware([replace(slow, first_due=NOW + 3), many], 0, NOW) == Start("a"), (
        "which would be late by the time it is back"
    )


def test_a_job_that_is_due_later_throws_out_nobody_even_if_it_is_late() -> None:
    models = [busy("a", waiting=9, due_in=-8), hungry("b", due_in=-5)]
    assert swap_aware(models, 0, NOW) == Start("a")


def test_a_job_that_would_miss_its_turn_gets_it() -> None:
    late = hungry("b", due_in=0.5)
    assert swap_aware([busy("a", waiting=9)], 0, NOW) == Start("a")
    assert swap_aware([busy("a", waiting=9), late], 0, NOW) == Load("b", ("a",))


def test_the_one_in_its_way_finishes_its_job_and_starts_no_other() -> None:
    models = [busy("a", waiting=9, active=1, slots=2), hungry("b", due_in=0.5)]
    assert isinstance(swap_aware(models, 0, NOW), Idle)


def test_a_model_just_loaded_stays_for_a_while() -> None:
    fresh = busy("a", waiting=9, loaded_at=NOW - 1.0)
    late = hungry("b", due_in=-5)
    assert swap_aware([fresh, late], 0, NOW) == Start("a")
    full = replace(fresh, active=1)
    assert swap_aware([full, late], 0, NOW) == Idle(NOW - 1.0 + STAY)


def test_it_rests_until_the_next_turn_at_the_latest() -> None:
    models = [busy("a", waiting=3, active=1), hungry("b", due_in=10, load_s=2.0)]
    rest = swap_aware(models, 0, NOW)
    assert rest == Idle(NOW + 10 - 2.0 - 1.0), "less the load, less the job in its way"


def test_while_one_makes_room_another_hungry_model_does_not_count_on_it() -> None:
    models = [
        busy("a", waiting=3, active=1, slots=2),
        hungry("b", due_in=0.1),
        hungry("c", due_in=0.2),
    ]
    assert isinstance(swap_aware(models, 0, NOW), Idle)


_MODELS = st.lists(
    st.builds(
        Model,
        footprint_bytes=st.integers(10, 100),
        slots=st.integers(1, 3),
        load_s=st.floats(0.01, 5),
        service_s=st.floats(0.01, 3),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150)
@given(
    models=_MODELS,
    picks=st.lists(st.tuples(st.integers(0, 4), st.floats(0, 4)), min_size=1, max_size=60),
    capacity=st.integers(100, 250),
)
def test_whatever_arrives_everything_is_served_within_the_memory(
    models: list[Model], picks: list[tuple[int, float]], capacity: int
) -> None:
    named = {str(number): model for number, model in enumerate(models)}
    at, arrivals = 0.0, []
    for which, gap in picks:
        at += gap
        arrivals.append(Arrival(at, str(which % len(models))))

    outcome = simulate(swap_aware, named, arrivals, capacity_bytes=capacity)

    assert len(outcome.waits_s) == len(arrivals)
    assert outcome.most_bytes <= capacity


def test_alternating_jobs_are_gathered_into_few_swaps() -> None:
    models = {name: Model(100, 1, load_s=1.0, service_s=0.2) for name in "abc"}
    arrivals = [Arrival(0.25 * number, "abc"[number % 3]) for number in range(200)]

    outcome = simulate(swap_aware, models, arrivals, capacity_bytes=200)
    first_come = simulate(fifo, models, arrivals, capacity_bytes=200)

    assert first_come.swaps > 150
    assert outcome.swaps <= first_come.swaps / 4
    assert max(outcome.waits_s) < 5 < max(first_come.waits_s)


def test_a_rare_model_is_served_within_the_bound_beside_two_that_never_rest() -> None:
    models = {name: Model(100, 1, load_s=1.0, service_s=0.5) for name in "abc"}
    arrivals = [Arrival(0.6 * number, "ab"[number % 2]) for number in range(300)]
    arrivals += [Arrival(30.0, "c"), Arrival(90.0, "c")]

    outcome = simulate(swap_aware, models, sorted(arrivals), capacity_bytes=200)

    assert max(outcome.waits_s) <= 20
