"""Which settings a thread has: the configured ones, those that were recorded, and what a request asks for."""

from pathlib import Path
from typing import Any

import pytest

from codex_trio.config.service import ConfigService
from codex_trio.config.settings import SandboxWorkspaceWrite, TypedOverrides
from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly, SandboxPolicy, WorkspaceWrite, to_plain
from codex_trio.state.history.values import HistoryFacts
from codex_trio.state.rollout.lines import SessionMeta, TurnContext
from codex_trio.threads.options import (
    ThreadOptions,
    sandbox_from_mode,
    settings_from_config,
    settings_from_history,
    settings_of_fork,
)

MODEL = "gpt-5.5"


def configured(tmp_path: Path, options: ThreadOptions, text: str = ""):
    (tmp_path / "config.toml").write_text(text)
    service = ConfigService(tmp_path, environ={}, system_dir=tmp_path / "none", cwd=tmp_path)
    config = service.load(options.cwd, options.overrides, typed=options.typed)
    return settings_from_config(config, options, default_model=MODEL)


def recorded(**settings: Any) -> HistoryFacts:
    meta = SessionMeta(
        session_id="t",
        id="t",
        timestamp="2026-11-22T12:00:00.000Z",
        cwd="/recorded",
        originator="test",
        cli_version="0.171.0",
        source="vscode",
        model_provider="openai",
    )
    return HistoryFacts(meta=meta, settings=settings)


def test_the_configuration_says_what_a_request_does_not(tmp_path: Path) -> None:
    text = 'model_reasoning_effort = "high"\nsandbox_mode = "read-only"\npersonality = "none"\n'
    settings = configured(tmp_path, ThreadOptions(), text)
    assert (settings.model, settings.effort, settings.sandbox_policy) == (MODEL, "high", ReadOnly())
    assert settings.personality == "none"
    asked = ThreadOptions(
        typed=TypedOverrides(model="other", sandbox_mode="danger-full-access"), personality="pragmatic"
    )
    settings = configured(tmp_path, asked, text)
    assert (settings.model, settings.sandbox_policy) == ("other", DangerFullAccess())
    assert settings.personality == "pragmatic"


@pytest.mark.parametrize("asks", [False, True])
def test_what_was_recorded_holds_unless_a_request_asks_for_something_else(tmp_path: Path, *, asks: bool) -> None:
    history = recorded(
        model="recorded", reasoning_effort="low", approval_policy="never", sandbox_policy={"type": "read-only"}
    )
    typed = TypedOverrides(model="asked", approval_policy="on-request", sandbox_mode="danger-full-access")
    options = ThreadOptions(typed=typed, cwd=tmp_path) if asks else ThreadOptions()
    settings = settings_from_history(history, configured(tmp_path, options), options)
    if asks:
        assert (settings.model, settings.cwd, settings.approval_policy) == ("asked", tmp_path, "on-request")
        assert settings.sandbox_policy == DangerFullAccess()
    else:
        assert (settings.model, settings.effort, settings.approval_policy) == ("recorded", "low", "never")
        assert (settings.cwd, settings.sandbox_policy) == (Path("/recorded"), ReadOnly())


def test_a_fork_has_the_configured_model_and_all_else_as_recorded(tmp_path: Path) -> None:
    history = recorded(model="recorded", reasoning_effort="low", approval_policy="never")
    options = ThreadOptions()
    settings = settings_of_fork(history, configured(tmp_path, options), options)
    assert (settings.model, settings.effort, settings.approval_policy) == (MODEL, None, "never")


def test_recorded_folders_that_may_be_written_are_the_roots_of_the_thread(tmp_path: Path) -> None:
    policy = WorkspaceWrite(workspace_roots=("/one", "/two"), network_access=True)
    history = recorded(sandbox_policy=to_plain(policy))
    for options, roots in (
        (ThreadOptions(), ("/one", "/two")),
        (ThreadOptions(workspace_roots=("/asked",)), ("/asked",)),
    ):
        settings = settings_from_history(history, configured(tmp_path, options), options)
        assert settings.workspace_roots == roots
        assert settings.sandbox_policy == WorkspaceWrite(network_access=True)


def test_of_older_threads_the_last_turn_says_what_they_ran_with(tmp_path: Path) -> None:
    meta = recorded().meta
    context = TurnContext(cwd="/moved", approval_policy="never", sandbox_policy={"type": "read-only"}, model="older")
    history = HistoryFacts(meta=meta, turn_context=context)
    settings = settings_from_history(history, configured(tmp_path, ThreadOptions()), ThreadOptions())
    assert (settings.cwd, settings.model, settings.approval_policy) == (Path("/moved"), "older", "never")


@pytest.mark.parametrize("odd", [5, "", {"type": "other"}, ["x"], {"type": 1}])
def test_recorded_settings_that_make_no_sense_are_as_if_they_were_not_there(tmp_path: Path, odd: object) -> None:
    words = ("model", "approval_policy", "sandbox_policy", "cwd", "collaboration_mode", "environments", "personality")
    options = ThreadOptions()
    expected = configured(tmp_path, options)
    for word in words:
        if word == "model" and isinstance(odd, str):
            continue
        settings = settings_from_history(recorded(**{word: odd}), expected, options)
        assert (settings.model, settings.approval_policy) == (expected.model, expected.approval_policy), word
        assert settings.sandbox_policy == expected.sandbox_policy, word


@pytest.mark.parametrize(
    ("mode", "policy"),
    [
        ("danger-full-access", DangerFullAccess()),
        ("read-only", ReadOnly()),
        ("workspace-write", WorkspaceWrite(writable_roots=("/x",), network_access=True)),
    ],
)
def test_a_mode_stands_for_a_policy(mode: Any, policy: SandboxPolicy) -> None:
    assert sandbox_from_mode(mode, SandboxWorkspaceWrite(writable_roots=("/x",), network_access=True)) == policy
