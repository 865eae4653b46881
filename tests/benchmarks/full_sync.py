"""A million leads: how fast they are read, judged and written, and with how much memory. Prints JSON lines.

    python -m tests.benchmarks.full_sync --leads 20000
    python -m tests.benchmarks.full_sync --leads 1000000 --url http://127.0.0.1:8961 \
        --client-id twin-client --client-secret twin-secret --mapping acme.yaml

The org is a local one in a process of its own, or any that `--url` names; then `--mapping` says to
which of its fields score, stage, grade and reasons go. The model is the one that ships, with rules
added until it has sixty, and five gates. One after the other, each in a process of its own: the first
full sync, one of which nothing is new, one after 500 leads were edited, and all judged again as of
tomorrow. `--in-turn` fetches and judges no page ahead, which tells the steps from one another.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.wiring import default_model_text
from mappings.defaults import default_mapping_text
from scoring.document import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "acme"
RULES = 60
WRITTEN = ("score", "stage", "grade", "reasons")
KINDS: tuple[dict[str, Any], ...] = (
    {"country": {"in": ["US", "GB", "DE"]}},
    {"visits": {"at_least": 3}},
    {"industry": {"contains": ["bank", "insur", "health"]}},
    {"employees": {"between": [20, 900]}},
)


def plain(text: str) -> dict[str, Any]:
    """What a YAML text says; JSON, which is YAML too, can be made of it."""
    found: dict[str, Any] = json.loads(json.dumps(parse_yaml(text, "benchmark").data, default=str))
    return found


def model_text() -> str:
    """The model for companies with so many rules, and one gate more: people without a company."""
    model = plain(default_model_text("b2b"))
    for number in range(RULES - len(model["rules"])):
        rule: dict[str, Any] = {"id": f"more{number}", "group": ("web", "company")[number % 2]}
        rule |= {"when": KINDS[number % 4], "points": number % 5 + 1, "reason": f"sign {number}"}
        model["rules"].append(rule)
    people = {"mql": {"criteria": [{"score": {"at_least": 20}}]}}
    model["cycles"][0] |= {"when": {"company": {"known": True}}, "priority": 1}
    model["cycles"].append({"name": "people", "gates": people})
    return json.dumps(model)


def mapping_text() -> str:
    """The mapping that ships, writing only what is asked for here."""
    mapping = plain(default_mapping_text("salesforce"))
    mapping["write"] = {each: mapping["write"][each] for each in WRITTEN}
    return json.dumps(mapping)


def make_project(folder: Path, given: argparse.Namespace) -> dict[str, str]:
    """Write the project's files; the environment that its commands need."""
    connection = {
        "crm": "salesforce", "login_url": given.url, "auth": "client_credentials", "object": "Lead",
        "client_id": "${BENCHMARK_ID}", "client_secret": "${BENCHMARK_SECRET}",
        "mapping": "mapping.yaml", "model": "model.yaml",
    }  # fmt: skip
    project = {"ledger": given.ledger, "connections": {NAME: connection}}
    mapping = given.mapping.read_text(encoding="utf-8") if given.mapping else mapping_text()
    for name, text in (
        ("leadgate.yaml", json.dumps(project)),
        ("mapping.yaml", mapping),
        ("model.yaml", model_text()),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    return {"BENCHMARK_ID": given.client_id, "BENCHMARK_SECRET": given.client_secret}


@contextmanager
def local_org(leads: int) -> Iterator[dict[str, Any]]:
    """A local Salesforce org with so many leads: its address and its credentials."""
    words = ["sandbox", "salesforce", "--leads", str(leads), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "connector", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def run(folder: Path, environment: dict[str, str], *words: str) -> dict[str, Any]:
    """One step in a process of its own; the JSON that it prints."""
    command = [sys.executable, *words]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)} exited with {done.returncode}:\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


def measure(folder: Path, environment: dict[str, str], given: argparse.Namespace) -> None:
    """Every step in turn, a JSON line each."""
    timed = ("-m", "tests.benchmarks.timed_run", str(folder), NAME)
    turn = ("--in-turn",) if given.in_turn else ()
    for step, words in (
        ("first", ("full",)),
        ("own writes read back", ("sync",)),
        ("unchanged", ("sync",)),
        ("edit", ("touch", "--leads", "500")),
        ("incremental", ("sync",)),
        ("judged again", ("rescore",)),
    ):
        found = run(folder, environment, *timed, *words, *turn)
        size = (folder / "leadgate.db").stat().st_size if (folder / "leadgate.db").exists() else 0
        print(json.dumps({"step": step, **found, "ledger_megabytes": size >> 20}), flush=True)


def main() -> None:
    """Make the project, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--url", help="an org that is there already; else a local one is made")
    parser.add_argument("--client-id", default="")
    parser.add_argument("--client-secret", default="")
    parser.add_argument("--mapping", type=Path, help="a mapping file for that org")
    parser.add_argument("--ledger", default="sqlite:///leadgate.db")
    parser.add_argument("--in-turn", action="store_true", help="fetch and judge no page ahead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.url:
            measure(folder, make_project(folder, given), given)
            return
        with local_org(given.leads) as org:
            given.url = org["url"]
            given.client_id = org["environment"]["SALESFORCE_CLIENT_ID"]
            given.client_secret = org["environment"]["SALESFORCE_CLIENT_SECRET"]
            environment = make_project(folder, given)
            setup = ("-m", "connector", "setup", NAME, "--yes", "--json", "--project", name)
            run(folder, environment, *setup)
            measure(folder, environment, given)


if __name__ == "__main__":
    main()
