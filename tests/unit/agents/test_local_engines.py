"""Which engine plays which settings, and on which lane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_gguf import write_tiny_gguf
from tiny_safetensors import write_model

from agents.engines.lane_engine import LaneEngine
from agents.local_engines import Lanes
from agents.roster import build_roster, check_model_files
from router.account.pricing import Prices
from router.errors import ConfigError
from router.settings.settings import Settings


def settings(**models: Any) -> Settings:
    return Settings.model_validate({"models": models, "cloud": {"model": "off"}})


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, total_mib: int) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho 'NVIDIA GeForce RTX 2060, {total_mib}, 0'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_three_roles_of_exl2_share_the_cards_lane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(tmp_path, monkeypatch, 6144)
    for name in ("router", "coder", "general"):
        write_model(tmp_path / name, exl2_bits=4.5)
    chosen = settings(
        **{name: {"path": str(tmp_path / name)} for name in ("router", "coder", "general")}
    )

    agents = build_roster(chosen, Prices.load(), {})

    lane, processor = agents.lanes
    assert (lane.name, processor.name) == ("gpu", "cpu"), "the specialist runs beside them"
    engines = [agent.engine for agent in agents.roles.values()]
    assert len(engines) == 3
    assert all(isinstance(engine, LaneEngine) and engine.lane is lane for engine in engines)
    assert {engine.caps.engine for engine in engines} == {"exllamav2"}
    assert {engine.caps.context_tokens for engine in engines} == {2048}, "the models' own window"
    free = lane.state().free_bytes
    assert free is not None
    assert free == pytest.approx((6 - 0.8 - 0.4) * 2**30)
    footprints = [engine.runner.footprint_bytes for engine in engines]  # type: ignore[attr-defined]
    assert all(0 < bytes_ < 100 * 2**20 for bytes_ in footprints)
    check_model_files(chosen)


def test_the_router_stays_and_others_stay_where_they_are_told_to(tmp_path: Path) -> None:
    small = write_tiny_gguf(tmp_path / "small.gguf")
    large = write_tiny_gguf(tmp_path / "large.gguf", width=128)
    agents = build_roster(
        settings(
            router={"path": str(small)},
            general={"path": str(large)},
            coder={"path": str(large), "pinned": True, "context_tokens": 512},
        ),
        Prices.load(),
        {},
    )
    pinned = {
        role: agent.engine._pinned  # type: ignore[attr-defined]
        for role, agent in agents.roles.items()
    }
    assert pinned == {"router": True, "general": False, "coder": True}


def test_roles_with_the_same_settings_share_one_engine(tmp_path: Path) -> None:
    path = {"path": str(write_tiny_gguf(tmp_path / "m.gguf"))}
    agents = build_roster(settings(general=path, coder=path), Prices.load(), {})
    assert agents.local["general"].engine is agents.local["coder"].engine
    assert agents.engines == (
        agents.local["general"].engine,
        *(agent.engine for agent in agents.specialists),
    )


def test_a_gguf_with_gpu_layers_is_on_the_cards_lane(tmp_path: Path) -> None:
    path = str(write_tiny_gguf(tmp_path / "m.gguf"))
    agents = build_roster(settings(general={"path": path, "gpu_layers": 99}), Prices.load(), {})
    assert {lane.name for lane in agents.lanes} == {"cpu", "gpu"}, "the coder is the specialist"


def test_the_settings_bound_a_lane(tmp_path: Path) -> None:
    chosen = Settings.model_validate({"lanes": {"cpu": {"memory_gib": 2}}})
    assert Lanes(chosen).cpu().state().free_bytes == 2 * 2**30
    free = Lanes(Settings()).cpu().state().free_bytes
    assert free is not None
    assert free > 0


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "is awq: it suits vLLM"),
        ({"quantization_config": {"quant_method": "exl3", "bits": 4}}, "is exl3: it suits ExLlam"),
        ({"hidden_size": 0}, "`hidden_size`|nothing can be said"),
    ],
)
def test_a_directory_that_no_engine_runs_is_refused_with_what_it_is(
    tmp_path: Path, config: dict[str, Any], reason: str
) -> None:
    folder = write_model(tmp_path / "m", **config)
    with pytest.raises(ConfigError, match=reason):
        build_roster(settings(general={"path": str(folder)}), Prices.load(), {})


def test_a_directory_with_a_gguf_names_the_file(tmp_path: Path) -> None:
    write_tiny_gguf(tmp_path / "m.gguf")
    with pytest.raises(ConfigError, match=r"is a directory: name the file in it, m\.gguf"):
        build_roster(settings(general={"path": str(tmp_path)}), Prices.load(), {})


def test_a_base_model_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", exl2_bits=4.0)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    with pytest.raises(ConfigError, match="choose an instruct or chat model"):
        build_roster(settings(general={"path": str(folder)}), Prices.load(), {})
