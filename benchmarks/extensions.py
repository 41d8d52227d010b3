"""The figures of extensions: lists of 200 skills, of 20 hooks and of 20 plugins."""

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.connection import milliseconds
from benchmarks.driver import Lab, Server
from benchmarks.figures import Figure, Sample, Value, single
from benchmarks.wire import MeasurementFailed

_SKILLS = 200
_HOOKS = 20
_PLUGINS = 20
_TIMES = 20
_THIRD = 0.33

_BODY = "Read what is there, then write what is missing.\n" * 20


def skills(lab: Lab) -> Sample:
    """Return when a new process has listed skills, and how long lists of them take."""
    for number in range(_SKILLS):
        name = f"skill-{number:03}"
        header = f"---\nname: {name}\ndescription: Number {number}, for measuring.\n---\n"
        _put(lab.codex_home / "skills" / name / "SKILL.md", header + _BODY)
    return _lists(lab, "skills/list", count=_SKILLS, needle=b'"name":"skill-')


def hooks(lab: Lab) -> Sample:
    """Return when a new process has listed hooks, and how long lists of them take."""
    groups = [
        {"matcher": f"tool_{number}", "hooks": [{"type": "command", "command": f"true {number}"}]}
        for number in range(_HOOKS)
    ]
    _put(lab.codex_home / "hooks.json", json.dumps({"hooks": {"PreToolUse": groups}}))
    return _lists(lab, "hooks/list", count=_HOOKS, needle=b'"currentHash"')


def plugins(lab: Lab) -> Sample:
    """Return when a new process has listed plugins, and how long lists of them take."""
    root = lab.base / "home" / ".agents" / "plugins"
    names = [f"plugin-{number:02}" for number in range(_PLUGINS)]
    for name in names:
        manifest = {"name": name, "version": "1.0.0", "description": f"{name}, for measuring."}
        _put(lab.base / "home" / "plugins" / name / ".codex-plugin" / "plugin.json", json.dumps(manifest))
    listed = [{"name": name, "source": f"./plugins/{name}"} for name in names]
    _put(root / "marketplace.json", json.dumps({"name": "market", "plugins": listed}))
    return _lists(lab, "plugin/list", count=_PLUGINS, needle=b'@market"')


def _lists(lab: Lab, method: str, *, count: int, needle: bytes) -> Sample:
    """Return when a new process has listed, the first time of a server at work, and the median of later ones.

    Every list has to hold so many of a text.
    """

    def listed(server: Server) -> float:
        elapsed, reply = server.connection.time(method, {})
        if reply.count(needle) < count:
            raise MeasurementFailed(f"{method} named {reply.count(needle)} of {count}: {bytes(reply[:300])!r}")
        return elapsed

    with lab.server() as server:
        server.initialize()
        listed(server)
        started = server.age()
    with lab.server() as server:
        server.initialize()
        server.connection.request("config/read", {})
        server.settle()
        first = listed(server)
        later = statistics.median(listed(server) for _ in range(_TIMES))
    return tuple(map(milliseconds, (started, first, later)))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _figure(method: str, what: str, sample: Callable[[Lab], Sample]) -> Figure:
    moments = (f"start to {method}, {what}", f"{method}, {what}, first", f"{method}, {what}, later")
    return Figure(tuple(Value(moment, "ms", _THIRD) for moment in moments), single(sample))


FIGURES: Mapping[str, Figure] = {
    "skills": _figure("skills/list", f"{_SKILLS} skills", skills),
    "hooks": _figure("hooks/list", f"{_HOOKS} hooks", hooks),
    "plugins": _figure("plugin/list", f"{_PLUGINS} plugins", plugins),
}
"""By name."""
