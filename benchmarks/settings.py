"""The figures of a big configuration: many layers, and a user's file with many projects."""

import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.connection import milliseconds
from benchmarks.driver import Lab
from benchmarks.figures import Figure, Sample, Value, single

_FOLDERS = 8
"""Folders with settings, from a project's root to the working one: ten layers with the machine's and the user's."""

_PROJECTS = 200
_TIMES = 20

_PROJECT_FILE = """
model_reasoning_effort = "low"
developer_instructions = "Of folder {number}."

[features]
memories = false

[mcp_servers.number_{number}]
command = "true"
enabled = false
"""


def settings(lab: Lab) -> Sample:
    """Return how long reading, writing and starting a thread take, each the median of several in a row."""
    deepest = _fill(lab)
    with lab.server() as server:
        server.initialize()
        connection = server.connection
        reading = {"cwd": str(deepest), "includeLayers": True}
        connection.time("config/read", reading)
        connection.start_thread(deepest)
        reads = [connection.time("config/read", reading)[0] for _ in range(_TIMES)]
        writes = [
            connection.time(
                "config/value/write",
                {"keyPath": "tool_output_token_limit", "value": 1000 + number, "mergeStrategy": "replace"},
            )[0]
            for number in range(_TIMES)
        ]
        starts = [connection.time("thread/start", {"cwd": str(deepest)})[0] for _ in range(_TIMES)]
    return tuple(milliseconds(statistics.median(taken)) for taken in (reads, writes, starts))


def _fill(lab: Lab) -> Path:
    """Write the files. Returns the working folder."""
    folder = lab.work / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    trusted = [folder, *(lab.base / f"project-{number}" for number in range(_PROJECTS - 1))]
    with (lab.codex_home / "config.toml").open("a") as file:
        for project in trusted:
            file.write(f'\n[projects."{project}"]\ntrust_level = "trusted"\n')
    for number in range(_FOLDERS):
        (folder / ".codex").mkdir(parents=True)
        (folder / ".codex" / "config.toml").write_text(_PROJECT_FILE.format(number=number))
        if number < _FOLDERS - 1:
            folder /= f"folder-{number}"
    return folder


FIGURES: Mapping[str, Figure] = {
    "settings": Figure(
        tuple(
            Value(f"{method}, {_FOLDERS + 2} layers, {_PROJECTS} projects", "ms", 0.33)
            for method in ("config/read", "config/value/write", "thread/start")
        ),
        single(settings),
    ),
}
"""By name."""
