"""The commands as the README promises them, each in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import shutil
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from command import COMMAND, Edgeward
from tiny_safetensors import write_model

from agents.nano import MODEL_PATH

ROUTINE = "Convert the date to ISO format: March 7, 2026"
COMPLEX = "Prove step by step that the square root of 2 is irrational, discuss two others."
KEY = {"OPENAI_API_KEY": "test-key"}


def cloud(url: str) -> list[str]:
    return ["--cloud-url", url, "--cloud-model", "openai/test-model"]


def requests_at(url: str) -> list[dict[str, object]]:
    root = url.removesuffix("/v1").rstrip("/")
    with urllib.request.urlopen(f"{root}/_requests", timeout=10) as answer:
        found: list[dict[str, object]] = json.load(answer)
        return found


def test_a_routine_request_is_answered_by_the_shipped_model(edgeward: Edgeward) -> None:
    done = edgeward("ask", ROUTINE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2026-03-07\n", "")


def test_a_pipe_and_a_file_are_joined_to_the_request(edgeward: Edgeward, tmp_path: Path) -> None:
    (tmp_path / "date.txt").write_text("March 7, 2026")
    for words, piped in (
        (["Convert the date to ISO format:", "--file", "date.txt"], ""),
        (["Convert the date to ISO format:"], "March 7, 2026"),
    ):
        done = edgeward("ask", "--json", *words, stdin=piped)
        assert json.loads(done.stdout)["text"] == "2026-03-07", done.stdout
        assert done.returncode == 0


def test_a_complex_request_without_a_cloud_is_parked(edgeward: Edgeward) -> None:
    done = edgeward("ask", COMPLEX)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no cloud key is set" in done.stderr
    assert "OPENAI_API_KEY" in done.stderr


def test_a_private_complex_request_fails_and_says_why(edgeward: Edgeward, provider: str) -> None:
    before = len(requests_at(provider))
    done = edgeward("ask", "--local-only", COMPLEX, *cloud(provider), env=KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "must stay on this machine" in done.stderr
    assert len(requests_at(provider)) == before


def test_a_complex_request_is_answered_by_the_cloud(edgeward: Edgeward, provider: str) -> None:
    done = edgeward("ask", "--json", COMPLEX, *cloud(provider), env=KEY)
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert (result["status"], result["route"]) == ("done", "cloud")
    assert result["attempts"][-1]["usage"]["completion_tokens"] > 0


def test_anthropics_protocol_is_spoken_too(edgeward: Edgeward, provider: str) -> None:
    root = provider.removesuffix("/v1").rstrip("/")
    words = ["--cloud-url", root, "--cloud-model", "anthropic/test-model"]
    done = edgeward("ask", "--json", COMPLEX + " ", *words, env={"ANTHROPIC_API_KEY": "test-key"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["route"] == "cloud"


def test_the_path_is_explained_on_standard_error(edgeward: Edgeward) -> None:
    done = edgeward("ask", "--explain", "What time is this in 24-hour format: 7:45 pm")
    assert done.stdout == "19:45\n"
    for part in ("kind", "decision", "attempt 1", "computed", "result"):
        assert part in done.stderr


def test_a_session_is_remembered_by_the_next_process(edgeward: Edgeward, provider: str) -> None:
    first = edgeward("ask", "--session", "trip", COMPLEX, *cloud(provider), env=KEY)
    assert first.returncode == 0, first.stderr
    follow = "Now explain why the second proof needs the well-ordering principle, step by step."
    assert edgeward("ask", "--session", "trip", follow, *cloud(provider), env=KEY).returncode == 0
    body = json.dumps(requests_at(provider)[-1])
    assert COMPLEX in body
    assert follow in body


def test_a_schema_is_satisfied(edgeward: Edgeward, tmp_path: Path, provider: str) -> None:
    schema = {
        "type": "object",
        "properties": {"order_number": {"type": "string"}, "total": {"type": "string"}},
        "required": ["order_number", "total"],
        "additionalProperties": False,
    }
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    prompt = "Extract the order number and total from: Order ORD-48213, total $129.90, thanks!"
    done = edgeward("ask", prompt, "--schema", "schema.json", *cloud(provider), env=KEY)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"order_number", "total"}


def test_the_demonstration_runs_accounts_and_ends_in_time(edgeward: Edgeward) -> None:
    began = time.monotonic()
    done = edgeward("demo")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 30
    for part in ("Account", "why not local", "by kind", "by model", "export OPENAI_API_KEY"):
        assert part in done.stdout
    assert "2026-03-07" in done.stdout


def test_own_requests_are_answered_and_reported(
    edgeward: Edgeward, tmp_path: Path, provider: str
) -> None:
    prompts = [ROUTINE, COMPLEX, "Normalize this amount: R$ 1.234,50"]
    lines = "".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts)
    (tmp_path / "r.jsonl").write_text(lines)
    env = KEY | {"EDGEWARD_HOME": str(tmp_path / "home")}
    done = edgeward("demo", "--json", "--file", "r.jsonl", *cloud(provider), env=env)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(result["route"] for result in results) == ["cloud", "local", "local"]
    found = json.loads(edgeward("report", "--json", "--since", "1h", env=env).stdout)
    assert found["tasks"] == 3
    assert found["by_route"] == {"cloud": 1, "local": 2}
    table = list(csv.DictReader(io.StringIO(edgeward("report", "--csv", env=env).stdout)))
    assert sum(int(row["tasks"]) for row in table) == 3
    shown = edgeward("report", env=env).stdout
    assert "by kind" in shown


def test_an_empty_account_says_what_to_do(edgeward: Edgeward, tmp_path: Path) -> None:
    done = edgeward("report", env={"EDGEWARD_HOME": str(tmp_path / "new")})
    assert done.returncode == 0
    assert "edgeward demo" in done.stdout


def test_the_doctor_finds_a_usable_machine(edgeward: Edgeward) -> None:
    done = edgeward("doctor", "--json", env={"GROQ_API_KEY": "gsk-secret"})
    findings = {item["subject"]: item for item in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert findings["redis"]["state"] == "ok"
    assert findings["keys"]["what"] == "GROQ_API_KEY"
    assert "gsk-secret" not in done.stdout
    assert edgeward("doctor").returncode == 0


def test_the_doctor_says_in_a_line_why_exllamav2_is_not_available(
    edgeward: Edgeward, tmp_path: Path
) -> None:
    done = edgeward("doctor", "--json")
    (finding,) = [item for item in json.loads(done.stdout) if item["subject"] == "exllamav2"]
    assert finding["state"] == "note", "nobody asked for it"
    assert finding["what"].startswith("not available: ")
    assert "\n" not in finding["what"]
    write_model(tmp_path / "wanted", exl2_bits=4.5)
    (tmp_path / "edgeward.yaml").write_text("models: {general: {path: wanted}}\n")
    done = edgeward("doctor")
    assert done.returncode == 1
    assert "exllamav2" in done.stdout


def test_the_configuration_is_written_checked_and_shown(edgeward: Edgeward) -> None:
    assert edgeward("config", "init").returncode == 0
    assert "valid" in edgeward("config", "validate").stdout
    assert "builtin: nano" in edgeward("config", "show").stdout


def test_the_output_may_be_cut_short_by_its_reader(edgeward: Edgeward, home: Path) -> None:
    command = f"EDGEWARD_HOME={home} {COMMAND} config show | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_the_public_module_costs_nothing_to_import() -> None:
    code = (
        "import sys, edgeward; from edgeward import Task; "
        "heavy = {'torch', 'litellm', 'langgraph', 'numpy', 'xllamacpp', 'redis', 'openai'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["router", "agents", "graphs", "workers"])
def test_a_package_overwritten_by_another_distribution_is_refused(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('must not run')\n")
    code = "import edgeward; edgeward.Router"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert f"the package `{name}`" in done.stderr
    assert "Traceback" not in done.stderr


def test_prompts_are_not_traced_to_langsmith_whatever_the_environment_asks(
    edgeward: Edgeward,
) -> None:
    connections = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connections.append(self.client_address)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {
            "LANGSMITH_TRACING": "true",
            "LANGCHAIN_TRACING_V2": "true",
            "LANGSMITH_API_KEY": "lsv2_test",
            "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}",
        }
        assert edgeward("ask", ROUTINE, env=env).returncode == 0
        server.shutdown()
    assert connections == []


def test_the_first_model_of_a_cloud_url_is_taken_with_the_key_of_the_environment(
    edgeward: Edgeward, provider: str
) -> None:
    prompt = "Prove that there are infinitely many primes, in two ways, and compare the proofs."
    done = edgeward("ask", "--json", prompt, "--cloud-url", provider, env=KEY)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["route"], result["model"]) == ("cloud", "openai/test-model")
    assert result["cost_usd"] is None


def test_what_is_avoided_has_a_price_also_where_the_cloud_has_none(
    edgeward: Edgeward, provider: str
) -> None:
    done = edgeward("ask", "--json", ROUTINE.replace("7", "9"), "--cloud-url", provider, env=KEY)
    result = json.loads(done.stdout)
    assert result["route"] == "local"
    assert 0 < result["avoided_usd"] < 0.001


def test_a_model_file_is_probed_and_its_confidence_explained(
    edgeward: Edgeward, tmp_path: Path
) -> None:
    model = shutil.copy(MODEL_PATH, tmp_path / "own.gguf")
    (tmp_path / "edgeward.yaml").write_text(
        f"models:\n  general: {{path: {model}, context_tokens: 1024}}\n"
    )
    asked = [{"prompt": f"What is {n} + 2?", "answer": str(n + 2), "kind": "math"} for n in (3, 4)]
    asked += [{"prompt": "Greet Ana.", "answer": "Hello Ana", "kind": "extraction"}]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, asked)))
    done = edgeward("models", "probe", "--questions", "mine.jsonl")
    assert done.returncode == 0, done.stderr
    assert "extraction" in done.stdout
    assert "own.gguf.card.json" in done.stderr
    told = edgeward("ask", "Write a short greeting for a friend.", "--explain", "--local-only")
    assert "confidence: right with probability" in told.stderr
    Path(model).write_bytes(Path(model).read_bytes() + b"changed")
    stale = edgeward("ask", "Write a short greeting for a friend.")
    assert stale.returncode == 2
    assert "belongs to another model than own:" in " ".join(stale.stderr.split())


def test_the_doctor_looks_whether_the_way_to_the_cloud_is_free(
    edgeward: Edgeward, tmp_path: Path, provider: str
) -> None:
    def network(url: str) -> dict[str, str]:
        (tmp_path / "edgeward.yaml").write_text(f"cloud: {{url: '{url}', model: m, api_key: k}}\n")
        found = json.loads(edgeward("doctor", "--json").stdout)
        return next(item for item in found if item["subject"] == "network")

    assert network(f"{provider}/v1")["state"] == "ok"
    closed = network("http://127.0.0.1:9/v1")
    assert (closed["state"], closed["what"].split(":")[0]) == ("note", "provider_down")


def test_the_account_is_proved_exported_and_verified(edgeward: Edgeward, tmp_path: Path) -> None:
    edgeward("ask", "Convert the date to ISO format: March 7, 2026", "--local-only")
    proved = edgeward("prove", "--export", "account.jsonl")
    assert proved.returncode == 0, proved.stdout
    assert "nothing of local_only left" in " ".join(proved.stdout.split())
    assert edgeward("prove", "--verify", "account.jsonl").returncode == 0
    text = (tmp_path / "account.jsonl").read_text()
    assert "March" not in text
    (tmp_path / "account.jsonl").write_text(text.replace('"local_only', '"public', 1))
    assert edgeward("prove", "--verify", "account.jsonl").returncode == 1
