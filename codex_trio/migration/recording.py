"""Conversations of the other program as threads, recorded by the thread store as all others are.

A conversation that went on since goes on in its thread: what that has of it is counted, so that neither a second import
nor a death in the middle of one records anything twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, AgentText, TurnItem, UserMessage
from codex_trio.engine.instructions import base_instructions
from codex_trio.migration.finding import WholeConversation, read_session
from codex_trio.migration.ledger import SessionLedger, Taken
from codex_trio.migration.transcripts import PastTurn, Said
from codex_trio.migration.values import ImportFailure, ImportSuccess, KindOutcome, MigrationProblem, SessionChoice
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.events import (
    ItemCompletedLine,
    TaskComplete,
    TaskStarted,
    TokenCount,
    TokenUsage,
    TokenUsageInfo,
    TurnAborted,
)
from codex_trio.state.rollout.lines import Compacted, Payload, ResponseItem, SessionMeta, format_timestamp
from codex_trio.state.store.interface import ThreadStore, ThreadStoreError
from codex_trio.threads.memories.settings import new_memory_mode
from codex_trio.util.abandonable import abandonable
from codex_trio.util.clock import now_ms
from codex_trio.version import PROTOCOL_RELEASE

TURN = "external-import-turn-"
READ_SECONDS = 60.0
_LINES_AT_ONCE = 200
_CHARACTERS_A_TOKEN = 4
_NOT_FOUND = "external agent session was not detected for import: "


class ImportOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """What imported threads say of where they come from."""

    originator: str
    source: str


class SessionImporter:
    """Args:
    is_loaded: whether a thread is written to by somebody else in this process.
    config: the configuration that threads go on with.
    """

    def __init__(
        self,
        store: ThreadStore,
        ledger: SessionLedger,
        *,
        is_loaded: Callable[[str], bool],
        config: Callable[[], EffectiveConfig],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._is_loaded = is_loaded
        self._config = config
        self._clock = clock

    async def take(self, choice: SessionChoice, origin: ImportOrigin, *, projects: Path) -> KindOutcome:
        """Have a conversation as a thread, whose file is where the other program keeps its transcripts."""
        try:
            return await self._take(choice, origin, projects)
        except MigrationProblem as problem:
            return _failed(choice, str(problem))
        except (ThreadStoreError, RolloutReadError, RolloutWriteError) as error:
            return _failed(choice, f"the thread cannot be stored: {error}")
        except OSError as error:
            return _failed(choice, f"{choice.path} cannot be imported: {error.strerror}")

    async def _take(self, choice: SessionChoice, origin: ImportOrigin, projects: Path) -> KindOutcome:
        path = await abandonable(READ_SECONDS, _file_of, projects, choice.path)
        if path is None:
            failure = ImportFailure(
                kind="SESSIONS",
                message=f"{_NOT_FOUND}{choice.path}",
                stage="session_missing",
                error_type=None,
                sub_error_type="session_not_detected",
                source=choice.path,
            )
            return KindOutcome(kind="SESSIONS", failures=(failure,))
        whole = await abandonable(READ_SECONDS, read_session, path)
        taken = (await trio.to_thread.run_sync(self._ledger.read)).get(str(path))
        if taken is not None and taken.content_sha256 == whole.sha256:
            if taken.source_modified_at != whole.modified_ns:
                await self._note(path, whole, taken.imported_thread_id)
            return KindOutcome(kind="SESSIONS")
        await abandonable(READ_SECONDS, _check, path, whole)
        thread_id = None if taken is None else await self._gone_on(whole, taken)
        if thread_id is None:
            thread_id = await self._begun(path, whole, origin)
        await self._note(path, whole, thread_id)
        transcript = whole.transcript
        success = ImportSuccess(
            kind="SESSIONS",
            cwd=transcript.cwd,
            source=str(path),
            target=thread_id,
            title=transcript.shown_title,
        )
        unread = f"{transcript.unread} lines of {path} could not be read and were left out"
        failures = (_failure(choice, unread, stage="session_lines"),) if transcript.unread else ()
        return KindOutcome(kind="SESSIONS", successes=(success,), failures=failures)

    async def _begun(self, path: Path, whole: WholeConversation, origin: ImportOrigin) -> str:
        """Return a new thread that has all of it."""
        thread_id = uuid7()
        # First which thread it is to be: one that is cut short by the end of this process is gone on with.
        await self._note(path, whole, thread_id, digest="")
        config = self._config()
        meta = SessionMeta(
            session_id=thread_id,
            id=thread_id,
            timestamp=format_timestamp(self._clock()),
            cwd=whole.transcript.cwd or "",
            originator=origin.originator,
            cli_version=PROTOCOL_RELEASE,
            source=origin.source,
            model_provider=config.model_provider_id,
            base_instructions={"text": base_instructions()},
            history_mode="paginated",
            multi_agent_version="v1",
            memory_mode=new_memory_mode(config),
        )
        async with self._store.writing(thread_id):
            if whole.transcript.title is not None:
                await self._store.set_name(thread_id, whole.transcript.title)
            await _record(self._store.create(meta), whole.transcript.turns, first=1, moment=self._clock() // 1000)
        return thread_id

    async def _gone_on(self, whole: WholeConversation, taken: Taken) -> str | None:
        """Return the thread that has an earlier part of it, and now all; None where there is none to go on with."""
        found = await self._store.locate(taken.imported_thread_id)
        if found is None:
            return None
        if self._is_loaded(found.thread_id):
            raise MigrationProblem(f"its thread {found.thread_id} is loaded; close it, then import again")
        async with self._store.writing(found.thread_id):
            recorder = await self._store.open(found)
            if not recorder.meta.is_paginated:
                await recorder.aclose()
                return None
            known, last = await _counted(recorder)
            await _record(
                recorder, _without(whole.transcript.turns, known), first=last + 1, moment=self._clock() // 1000
            )
        return found.thread_id

    async def _note(self, path: Path, whole: WholeConversation, thread_id: str, *, digest: str | None = None) -> None:
        note = Taken(
            source_path=str(path),
            content_sha256=whole.sha256 if digest is None else digest,
            imported_thread_id=thread_id,
            imported_at=self._clock() // 1000,
            source_modified_at=whole.modified_ns,
            title=whole.transcript.shown_title,
        )
        await trio.to_thread.run_sync(self._ledger.note, note)


def _failed(choice: SessionChoice, message: str) -> KindOutcome:
    return KindOutcome(kind="SESSIONS", failures=(_failure(choice, message),))


def _failure(choice: SessionChoice, message: str, *, stage: str = "session_import") -> ImportFailure:
    return ImportFailure(kind="SESSIONS", message=message, stage=stage, cwd=choice.cwd, source=choice.path)


def _file_of(projects: Path, given: str) -> Path | None:
    """Return the transcript that a path names; None where it is none of the other program's."""
    if not given.startswith("/") or "\0" in given or not given.endswith(".jsonl"):
        return None
    real = Path(os.path.realpath(given))
    inside = real.is_relative_to(os.path.realpath(projects)) and real.suffix == ".jsonl"
    return real if inside and os.path.lexists(real) else None


def _check(path: Path, whole: WholeConversation) -> None:
    """Raise MigrationProblem for a conversation that makes no thread."""
    transcript = whole.transcript
    if transcript.first_words is None:
        raise MigrationProblem(f"nobody says anything in {path}", source=path)
    if transcript.cwd is None:
        raise MigrationProblem(f"{path} does not say in which folder it was held", source=path)
    if not os.path.isdir(transcript.cwd):
        raise MigrationProblem(f"the folder {transcript.cwd}, in which {path} was held, is gone", source=path)


async def _counted(recorder: ThreadRecorder) -> tuple[int, int]:
    """Return how many messages a thread has of a conversation, and the number of the last turn with some."""
    history = recorder.history
    assert history is not None
    async with history.lock:
        turns = [turn for turn in history.index.turns if turn.id.startswith(TURN)]
        known = sum(len(history.index.snapshot(turn).items()) for turn in turns)
    numbers = [int(number) for turn in turns if (number := turn.id.removeprefix(TURN)).isdecimal()]
    return known, max(numbers, default=0)


def _without(turns: Sequence[PastTurn], known: int) -> list[PastTurn]:
    """Return turns without so many of the first messages."""
    left: list[PastTurn] = []
    for turn in turns:
        messages = turn.messages[known:]
        known = max(0, known - len(turn.messages))
        if messages:
            left.append(msgspec.structs.replace(turn, messages=messages))
    return left


async def _record(recorder: ThreadRecorder, turns: Sequence[PastTurn], *, first: int, moment: int) -> None:
    """Record turns and close. Raises RolloutWriteError."""
    tokens = 0
    try:
        for number, turn in enumerate(turns, start=first):
            if turn.summary is not None:
                tokens = 0
            tokens += sum(len(said.text) for said in turn.messages) // _CHARACTERS_A_TOKEN + 1
            lines = list(_lines(recorder.meta.id, f"{TURN}{number}", turn, moment, tokens=tokens))
            for start in range(0, len(lines), _LINES_AT_ONCE):
                await recorder.append(lines[start : start + _LINES_AT_ONCE])
    finally:
        await recorder.aclose()


def _lines(thread_id: str, turn_id: str, turn: PastTurn, moment: int, *, tokens: int) -> Iterator[Payload]:
    started, ended = turn.started_at or moment, turn.ended_at or turn.started_at or moment
    if turn.summary is not None:
        yield Compacted(message=turn.summary, replacement_history=[_model_item(Said("user", turn.summary))])
    yield TaskStarted.root(turn_id, started_at=started, model_context_window=None)
    for said in turn.messages:
        yield ResponseItem.of(_model_item(said))
        yield ItemCompletedLine(
            thread_id=thread_id,
            turn_id=turn_id,
            item=_item(said),
            started_at_ms=started * 1000,
            completed_at_ms=ended * 1000,
        )
    usage = TokenUsage(total_tokens=tokens)
    # An estimate, so that what is too long for a model is summed up before it is sent.
    yield TokenCount(info=TokenUsageInfo(total_token_usage=usage, last_token_usage=usage))
    if turn.is_interrupted:
        yield TurnAborted(turn_id=turn_id, root_turn_id=turn_id, started_at=started, completed_at=ended)
    else:
        answers = [said.text for said in turn.messages if said.role == "assistant"]
        yield TaskComplete(
            turn_id=turn_id,
            root_turn_id=turn_id,
            last_agent_message=answers[-1] if answers else None,
            started_at=started,
            completed_at=ended,
        )


def _model_item(said: Said) -> dict[str, Any]:
    kind = "input_text" if said.role == "user" else "output_text"
    return {"type": "message", "role": said.role, "content": [{"type": kind, "text": said.text}]}


def _item(said: Said) -> TurnItem:
    if said.role == "user":
        return UserMessage(id=uuid7(), content=[{"type": "text", "text": said.text, "text_elements": []}])
    return AgentMessage(id=uuid7(), content=[AgentText(text=said.text)])
