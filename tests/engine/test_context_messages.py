"""The model hears of its surroundings once, and again only when they have changed."""

import datetime
from pathlib import Path

import msgspec
import pytest

from codex_trio.engine import modes
from codex_trio.engine.context_messages import Surroundings, context_items, context_texts
from codex_trio.engine.history import message_item
from codex_trio.engine.response_items import texts_of
from codex_trio.engine.settings import ThreadSettings
from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly

TODAY = datetime.date(2026, 11, 22)
SETTINGS = ThreadSettings(
    model="m",
    provider_id="p",
    cwd=Path("/work"),
    approval_policy="on-request",
    approvals_reviewer="user",
    sandbox_policy=ReadOnly(),
    developer_instructions="Be brief.",
)
SURROUNDINGS = Surroundings(
    shell="/bin/bash", timezone="Etc/UTC", writable_folders=("/work",), project_docs="Use tabs."
)


def items_for(settings=SETTINGS, history=(), surroundings=SURROUNDINGS):
    return context_items(context_texts(settings, surroundings, TODAY), history)


def test_a_new_thread_gets_rules_first_and_then_its_place():
    developer, user = items_for()
    assert developer["role"] == "developer"
    assert texts_of(developer)[0] == "Be brief."
    assert texts_of(developer)[1].startswith("<permissions instructions>")
    assert user["role"] == "user"
    assert "Use tabs." in texts_of(user)[0]
    assert "<cwd>/work</cwd>" in texts_of(user)[1]
    assert "<current_date>2026-11-22</current_date>" in texts_of(user)[1]


def test_nothing_is_said_twice():
    assert items_for(history=items_for()) == []


def test_a_changed_policy_is_told_without_repeating_the_rest():
    changed = msgspec.structs.replace(SETTINGS, sandbox_policy=DangerFullAccess())
    items = items_for(changed, history=items_for())
    texts = [text for item in items for text in texts_of(item)]
    assert any(text.startswith("<permissions instructions>") for text in texts)
    assert not any("Be brief." in text or "Use tabs." in text for text in texts)
    environment = texts[-1]
    assert environment.startswith("<environment_context>\n  <current_date>")
    assert "unrestricted" in environment
    assert "<cwd>" not in environment
    assert "<shell>" not in environment


def test_of_the_environment_the_latest_word_counts_wherever_it_stands():
    open_ = msgspec.structs.replace(SETTINGS, sandbox_policy=DangerFullAccess())
    history = items_for()
    history += items_for(open_, history=history)
    assert items_for(open_, history=history) == []
    back = items_for(history=history)
    assert "<cwd>" not in texts_of(back[-1])[-1]
    assert items_for(history=[*history, *back]) == []


def test_a_day_later_the_date_is_told_without_the_folder():
    texts = context_texts(SETTINGS, SURROUNDINGS, datetime.date(2026, 11, 23))
    [user] = context_items(texts, items_for())
    [environment] = texts_of(user)
    assert "<current_date>2026-11-23</current_date>" in environment
    assert "<cwd>" not in environment


def test_a_changed_folder_brings_its_own_instructions():
    changed = msgspec.structs.replace(SETTINGS, cwd=Path("/other"))
    surroundings = msgspec.structs.replace(SURROUNDINGS, project_docs="Use spaces.")
    [user] = items_for(changed, history=items_for(), surroundings=surroundings)
    assert "Use spaces." in texts_of(user)[0]
    assert "<cwd>/other</cwd>" in texts_of(user)[1]


def test_a_thread_that_another_server_recorded_is_brought_up_to_date():
    recorded = [
        message_item("developer", ["<permissions instructions>\nolder words\n</permissions instructions>"], item_id="1")
    ]
    developer, _ = items_for(history=recorded)
    assert len(texts_of(developer)) == 2


@pytest.mark.parametrize(
    ("asks_in", "in_plan", "in_default"),
    [((), None, None), (("plan",), "Use", "not there"), (("default", "plan"), "Use", "use")],
)
def test_a_model_is_told_of_asking_by_a_tool_where_it_has_one(
    asks_in: tuple[str, ...], in_plan: str | None, in_default: str | None
) -> None:
    for text, word in ((modes.text_of({"mode": "plan"}, asks_in), in_plan), (modes.end_text(asks_in), in_default)):
        assert text is not None
        assert "{" not in text
        line = next((line for line in text.splitlines() if "`request_user_input`" in line), None)
        assert (line is None) if word is None else (line is not None and word in line)
