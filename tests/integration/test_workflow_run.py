"""Workflows that run: order, skipping, loops, names, and what the run gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_runs import Calls, routed, watch, workflow

from graphs.workflow.execution.outcome import Began, Ended, ItemEnded, RunEnded
from router.store.store import Store


async def test_what_a_step_gives_flows_into_those_after_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watch(monkeypatch)
    made = workflow(
        tmp_path,
        """
        inputs: {who: {}}
        steps:
          - {id: greeting, agent: general, prompt: "Greet ${{ inputs.who }}."}
          - id: again
            agent: general
            prompt: "Say it louder: ${{ steps.greeting.output }}"
        outputs:
          both: ["${{ steps.greeting.output }}", "${{ steps.again.output }}"]
          statuses: "${{ steps.greeting.status }} and ${{ steps.again.status }}"
          spent: ${{ steps.again.cost_usd }}
          wrong: ${{ steps.again.error }}
        """,
    )
    rules = [{"match": "louder: (.*)", "reply": r"LOUD \1"}, {"match": "Greet", "reply": "hello"}]
    async with routed(store, tmp_path, local=rules) as router:
        result = await made.run({"who": "Ana"}, router=router)
    assert (result.status, result.error) == ("done", None)
    assert result.outputs == {
        "both": ["hello", "LOUD hello"],
        "statuses": "done and done",
        "spent": 0.0,
        "wrong": None,
    }
    assert asked.here == ["Greet Ana.", "Say it louder: hello"]
    assert [*result.steps] == ["greeting", "again"]
    assert all(one.local == 1 for one in result.steps.values())


async def test_steps_wait_for_the_one_above_for_their_needs_and_for_what_they_read(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls(slow_s=0.05)
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, tool: echo, arguments: {text: a}}
          - {id: b, tool: echo, arguments: {text: b}}
          - {id: c, needs: [a], tool: echo, arguments: {text: c}}
          - {id: d, needs: [], tool: echo, arguments: {text: d}}
          - {id: e, needs: [], tool: echo, arguments: {text: "e ${{ steps.c.output }}"}}
          - {id: f, needs: [], if: "steps.e.status == 'done'", tool: echo, arguments: {text: f}}
        outputs: {f: "${{ steps.f.output }}"}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run(router=router)
    at = {text[0]: place for place, text in enumerate(calls.said)}
    assert at.keys() == set("abcdef")
    assert {calls.said[0], calls.said[1]} == {"a", "d"}, "what needs nothing runs side by side"
    assert at["a"] < at["b"]
    assert at["a"] < at["c"] < at["e"] < at["f"]
    assert "e c" in calls.said
    assert calls.most_at_once == 2
    assert result.outputs == {"f": "f"}


async def test_a_false_if_skips_and_what_reads_the_skipped_reads_null(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        inputs: {go: {type: boolean}}
        steps:
          - {id: a, if: inputs.go, tool: echo, arguments: {text: a}}
          - {id: b, tool: echo, arguments: {text: "b[${{ steps.a.output }}]"}}
          - {id: c, if: "steps.a.status == 'done'", tool: echo, arguments: {text: c}}
          - {id: list, if: inputs.go, for_each: [1, 2], tool: echo, arguments: {text: x}}
          - {id: ask, if: inputs.go, approve: {message: ok}}
          - {id: pause, if: inputs.go, wait: {seconds: 3600}}
        outputs:
          a: ${{ steps.a.output }}
          list: ${{ steps.list.output }}
          ask: ${{ steps.ask.output }}
          states: ["${{ steps.a.status }}", "${{ steps.c.status }}"]
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run({"go": False}, router=router)
    assert calls.said == ["b[]"]
    assert result.outputs == {"a": None, "list": None, "ask": None, "states": ["skipped"] * 2}
    assert {name for name, one in result.steps.items() if one.status == "skipped"} == {
        *("a", "c", "list", "ask", "pause")
    }


async def test_the_outputs_of_a_loop_stand_in_the_order_of_its_list(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watch(monkeypatch)
    made = workflow(
        tmp_path,
        """
        inputs: {names: {type: array}}
        steps:
          - id: greet
            for_each: ${{ inputs.names }}
            max_parallel: 3
            agent: general
            prompt: "Greet number ${{ index }}, ${{ item.name }}."
          - {id: none, for_each: "${{ slice(inputs.names, 0, 0) }}", agent: general, prompt: "Greet ${{ item }}."}
          - {id: written, for_each: [x, "${{ inputs.names[0].name }}"], tool: echo, arguments: {text: "${{ item }}"}}
        outputs:
          greetings: ${{ steps.greet.output }}
          none: ${{ steps.none.output }}
          written: ${{ steps.written.output }}
        """,  # noqa: E501
    )
    names = ["Ana", "Rui", "Eva", "Ivo", "Lia", "Gil", "Noa"]
    rules = [
        {"match": "number 0, (.*)\\.", "reply": r"slow \1", "delay_s": 0.3},
        {"match": "number (\\d), (.*)\\.", "reply": r"\1 \2", "delay_s": 0.02},
    ]
    async with routed(store, tmp_path, local=rules) as router:
        result = await made.run({"names": [{"name": one} for one in names]}, router=router)
    assert result.outputs == {
        "greetings": ["slow Ana", *(f"{n} {one}" for n, one in enumerate(names) if n)],
        "none": [],
        "written": ["x", "Ana"],
    }
    assert asked.most_at_once == 3, "never more than max_parallel, and no fewer"
    assert len(asked.here) == len(names)
    assert (result.steps["greet"].items, result.steps["greet"].local) == (7, 7)
    assert (result.steps["none"].status, result.steps["none"].items) == ("done", 0)


async def test_a_long_list_is_handed_out_in_parts_and_done_once(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, for_each: "${{ range(300) }}", max_parallel: 2, tool: echo, arguments: {text: "${{ string(item) }}"}}
          - {id: b, tool: echo, arguments: {text: end}}
        outputs: {sum: "${{ len(steps.a.output) }}", last: "${{ steps.a.output[-1] }}"}
        """,  # noqa: E501
    )
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run(router=router)
    assert result.outputs == {"sum": 300, "last": "299"}
    assert sorted(calls.said[:-1], key=int) == [str(one) for one in range(300)]
    assert calls.said[-1] == "end"
    assert calls.most_at_once == 2


async def test_an_if_and_a_list_are_judged_once(store: Store, tmp_path: Path) -> None:
    """A waiting item must not lead to another look: `cost_usd` or the clock might have changed."""
    inner = "name: i\nsteps: [{id: ok, approve: {message: m}}]\noutputs: {o: x}\n"
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, tool: echo, arguments: {text: a}}
          - {id: each, if: "steps.a.output == 'a'", for_each: [1, 2], workflow: inner.yaml}
        outputs: {o: "${{ steps.each.output }}"}
        """,
        inner__yaml=inner,
    )
    async with routed(store, tmp_path) as router:
        waits = await made.run(router=router, run_id="r")
        assert [ask.path for ask in waits.waits_for] == ["each[0]/ok", "each[1]/ok"]
        waits = await made.resume("r", router=router, answers={"each[1]/ok": True})
        assert [ask.path for ask in waits.waits_for] == ["each[0]/ok"]
        done = await made.resume("r", router=router, answers={"each[0]/ok": True})
    assert done.outputs == {"o": [{"o": "x"}, {"o": "x"}]}


NAMES = (
    *("plan", "end", "next", "ask", "inputs", "error", "outputs", "answers", "attempt", "lost_usd"),
    *(
        "__start__",
        "__end__",
        "__interrupt__",
        "__pregel_tasks",
        "facts",
        "items",
        "step",
        "branch",
    ),
    *("context", "config", "__root__", "__error__", "messages", "start", "START", "_"),
)


async def test_no_name_of_a_step_means_anything_else(store: Store, tmp_path: Path) -> None:
    steps = "\n".join(
        f"  - {{id: {name}, needs: [], for_each: [1], tool: echo, arguments: {{text: {name}}}}}"
        if number % 2
        else f"  - {{id: {name}, tool: echo, arguments: {{text: {name}}}}}"
        for number, name in enumerate(NAMES)
    )
    outputs = "\n".join(f"  o{n}: ${{{{ steps.{name}.output }}}}" for n, name in enumerate(NAMES))
    made = workflow(tmp_path, f"steps:\n{steps}\noutputs:\n{outputs}\n")
    calls = Calls()
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run(router=router)
    assert sorted(calls.said) == sorted(NAMES)
    assert result.outputs == {f"o{n}": [name] if n % 2 else name for n, name in enumerate(NAMES)}


async def test_five_hundred_steps_run_one_after_another(store: Store, tmp_path: Path) -> None:
    calls = Calls()
    steps = "\n".join(
        f"  - {{id: s{n}, tool: echo, arguments: {{text: '${{{{ steps.s{n - 1}.output }}}}'}}}}"
        if n
        else "  - {id: s0, tool: echo, arguments: {text: on}}"
        for n in range(500)
    )
    made = workflow(tmp_path, f"steps:\n{steps}\noutputs: {{o: '${{{{ steps.s499.output }}}}'}}\n")
    async with routed(store, tmp_path, calls=calls) as router:
        result = await made.run(router=router)
    assert result.outputs == {"o": "on"}
    assert len(calls.said) == 500


async def test_the_events_of_a_run_tell_of_each_step_and_item(store: Store, tmp_path: Path) -> None:
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, tool: echo, arguments: {text: a}}
          - {id: b, for_each: [1, 2], tool: echo, arguments: {text: b}}
          - {id: c, if: "steps.a.output == 'b'", tool: echo, arguments: {text: c}}
          - {id: sub, workflow: inner.yaml}
        """,
        inner__yaml="name: i\nsteps: [{id: x, tool: echo, arguments: {text: x}}]\n",
    )
    async with routed(store, tmp_path) as router:
        events = [event async for event in made.stream(router=router)]
    told = [
        (type(one), one.path, *([one.index] if isinstance(one, ItemEnded) else []))
        for one in events
        if not isinstance(one, RunEnded)
    ]
    assert told[:3] == [(Began, "a"), (Ended, "a"), (Began, "b")]
    assert {(ItemEnded, "b", 0), (ItemEnded, "b", 1)} == {*told[3:5]}
    assert told[5:] == [
        (Ended, "b"),
        (Ended, "c"),
        *((Began, "sub"), (Began, "sub/x"), (Ended, "sub/x"), (Ended, "sub")),
    ]
    assert isinstance(events[-1], RunEnded)
    assert events[-1].result.status == "done"


async def test_closing_a_stream_interrupts_the_run_which_goes_on_later(
    store: Store, tmp_path: Path
) -> None:
    calls = Calls()
    made = workflow(
        tmp_path,
        """
        steps:
          - {id: a, tool: echo, arguments: {text: a}}
          - {id: b, tool: echo, arguments: {text: b}}
        outputs: {b: "${{ steps.b.output }}"}
        """,
    )
    async with routed(store, tmp_path, calls=calls) as router:
        events = made.stream(router=router, run_id="closed")
        async for event in events:
            if isinstance(event, Ended):
                break
        await events.aclose()
        result = await made.run(router=router, run_id="closed")
    assert result.outputs == {"b": "b"}
    assert calls.said.count("b") == 1


async def test_ten_workflows_deep_and_what_each_gives_comes_up(
    store: Store, tmp_path: Path
) -> None:
    for depth in range(1, 10):
        step = (
            "{id: s, tool: echo, arguments: {text: '${{ inputs.t }}'}}"
            if depth == 9
            else "{id: s, workflow: dNEXT.yaml, inputs: {t: '${{ inputs.t }}THIS'}}".replace(
                "NEXT", str(depth + 1)
            ).replace("THIS", str(depth))
        )
        out = "${{ steps.s.output }}" if depth == 9 else "${{ steps.s.output.o }}"
        (tmp_path / f"d{depth}.yaml").write_text(
            f"name: d{depth}\ninputs: {{t: {{}}}}\nsteps: [{step}]\noutputs: {{o: '{out}'}}\n"
        )
    made = workflow(
        tmp_path,
        """
        steps: [{id: s, workflow: d1.yaml, inputs: {t: "0"}}]
        outputs: {o: "${{ steps.s.output.o }}"}
        """,
    )
    async with routed(store, tmp_path) as router:
        result = await made.run(router=router)
    assert result.error is None
    assert result.outputs == {"o": "012345678"}
