"""The test provider as a process of its own, the way the end-to-end tests use it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).parents[2] / "support" / "provider_server.py"


def call(url: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer my-key", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        return json.load(response)


def test_the_process_prints_its_address_serves_fails_on_demand_and_tells_what_it_saw() -> None:
    command = [sys.executable, str(SERVER), "--port", "0", "--print-url", "--key", "my-key"]
    question = {"model": "test-model", "messages": [{"role": "user", "content": "2 + 3"}]}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            reply = call(f"{url}/chat/completions", question)
            call(f"{url.removesuffix('/v1')}/_fail", {"name": "503", "times": 1})
            with pytest.raises(urllib.error.HTTPError, match="503") as caught:
                call(f"{url}/chat/completions", question)
            caught.value.close()
            seen = call(f"{url.removesuffix('/v1')}/_requests")
        finally:
            process.terminate()

    assert reply["choices"][0]["message"]["content"] == "The result is 5."
    assert reply["usage"]["prompt_tokens"] == 3
    assert [request["body"]["model"] for request in seen] == ["test-model", "test-model"]
