"""The deployment files are what they claim to be, as far as can be told without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from router.store.keys import Keys

ROOT = Path(__file__).parents[2]
SERVICE_KEYS = {
    "build", "command", "depends_on", "deploy", "environment", "healthcheck", "image", "ports",
    "profiles", "restart", "stop_grace_period", "volumes",
}  # fmt: skip


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_services_have_only_keys_that_compose_knows(compose: dict[str, Any]) -> None:
    assert set(compose) == {"services", "volumes"}
    for service in compose["services"].values():
        assert set(service) <= SERVICE_KEYS
        assert ("image" in service) != ("build" in service)
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_nothing_is_published_beyond_loopback(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")


def test_redis_keeps_what_it_is_given_and_asks_for_a_password(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"]
    for part in ("--appendonly yes", "--maxmemory-policy noeviction", "--requirepass ${REDIS_PASS"):
        assert part in command


def test_the_volumes_that_services_name_are_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source.startswith("./") or source in compose["volumes"]
    assert "gpu" in compose["services"]["worker-gpu"]["profiles"]
    assert "profiles" not in compose["services"]["worker"]


def test_a_worker_is_given_longer_than_it_takes_to_drain(compose: dict[str, Any]) -> None:
    from router.settings.settings import Settings

    grace = compose["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > Settings().queue.drain_s


def test_the_manifests_name_the_stream_that_the_queue_uses() -> None:
    from router.queue.delivery import Delivery

    documents = list(yaml.safe_load_all((ROOT / "docs/kubernetes/worker.yaml").read_text()))
    assert [one["kind"] for one in documents] == [
        "Deployment",
        "TriggerAuthentication",
        "ScaledObject",
    ]
    deployment, _, scaled = documents
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert deployment["spec"]["template"]["metadata"]["labels"] == labels
    assert scaled["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    (trigger,) = scaled["spec"]["triggers"]
    name = f"{Keys('edgeward').namespace}-queue-general"
    delivery = Delivery(url="redis://127.0.0.1:1", name=name, lease_s=1)
    assert trigger["metadata"]["stream"] == delivery.stream_key
