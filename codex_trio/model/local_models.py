"""The models that Ollama and LM Studio have on this machine, and having them fetch one.

Owns: what these programs are asked, and what they say while a model comes. Does not own: which model is wanted, nor
what a person is told (`codex_trio.cli.local_model`).

Ollama: `GET /api/tags`, `POST /api/pull`. LM Studio: `GET /v1/models`, `POST /api/v1/models/download` and its status.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec
import trio

from codex_trio.model.http import HttpResponse, HttpTransport
from codex_trio.model.http_failures import HttpFailure
from codex_trio.model.provider_error import ProviderError, bounded, quoted
from codex_trio.util import decoding

Kind = TypeVar("Kind")

LIST_SECONDS = 10.0
"""How long the program may take to say what it has."""

PULL_IDLE_SECONDS = 300.0
"""How long a pull may say nothing: the program looks through what it has loaded so far, which takes a while."""

POLL_SECONDS = 1.0

_MAX_ANSWER_BYTES = 4 << 20
_OK = (200, 201, 202)


class PullFailed(Exception):
    """The model did not come; the text says why."""


class Pulled(msgspec.Struct, frozen=True):
    """How far a pull is: what the program does just now, and how many bytes of how many are there, if it says so."""

    status: str
    done: int | None = None
    of: int | None = None


class LocalModels(Protocol):
    """A program that runs models on this machine."""

    async def has(self, model: str) -> bool | None:
        """Return whether the model is there; None where the program does not tell."""
        ...

    async def pull(self, model: str, told: Callable[[Pulled], None]) -> None:
        """Have the model fetched; `told` is called with how far that is, until it is there. Raises PullFailed."""
        ...


class _OllamaModel(msgspec.Struct, frozen=True):
    name: str


class _OllamaModels(msgspec.Struct, frozen=True):
    models: tuple[_OllamaModel, ...] | None


class _OllamaLine(msgspec.Struct, frozen=True):
    status: str = ""
    total: int | None = None
    completed: int | None = None
    error: str | None = None


class Ollama:
    """Ollama at the root of a base URL."""

    def __init__(self, transport: HttpTransport, base_url: str) -> None:
        self._transport = transport
        self._root = _root_of(base_url)

    async def has(self, model: str) -> bool | None:
        """See `LocalModels`. A name without a tag means the latest."""
        listed = await _listed(self._transport, f"{self._root}/api/tags", _OllamaModels)
        if listed is None:
            return None
        names = {known.name for known in listed.models or ()}
        return model in names or (":" not in model and f"{model}:latest" in names)

    async def pull(self, model: str, told: Callable[[Pulled], None]) -> None:
        """See `LocalModels`."""
        body = msgspec.json.encode({"model": model, "stream": True})
        has_ended = False
        async with _answer(self._transport, "POST", f"{self._root}/api/pull", body) as response:
            lines = _Lines(response)
            while (line := await lines.next()) is not None:
                said = _decoded(line, _OllamaLine)
                if said.error is not None:
                    raise PullFailed(bounded(said.error))
                has_ended = said.status == "success"
                told(Pulled(said.status, said.completed, said.total))
        if not has_ended:
            raise PullFailed("the connection was closed before the whole model had come")


class _LmStudioModel(msgspec.Struct, frozen=True):
    id: str


class _LmStudioModels(msgspec.Struct, frozen=True):
    data: tuple[_LmStudioModel, ...]


class _LmStudioJob(msgspec.Struct, frozen=True):
    status: str
    job_id: str | None = None
    downloaded_bytes: int | None = None
    total_size_bytes: int | None = None
    error: Any = None


class LmStudio:
    """LM Studio at a base URL."""

    def __init__(self, transport: HttpTransport, base_url: str, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._transport = transport
        self._poll_seconds = poll_seconds
        self._base_url = base_url.rstrip("/")
        self._jobs = f"{_root_of(base_url)}/api/v1/models/download"

    async def has(self, model: str) -> bool | None:
        """See `LocalModels`."""
        listed = await _listed(self._transport, f"{self._base_url}/models", _LmStudioModels)
        return None if listed is None else any(known.id == model for known in listed.data)

    async def pull(self, model: str, told: Callable[[Pulled], None]) -> None:
        """See `LocalModels`."""
        job = await self._job("POST", self._jobs, msgspec.json.encode({"model": model}))
        while True:
            told(Pulled(job.status, job.downloaded_bytes, job.total_size_bytes))
            if job.status in ("completed", "already_downloaded"):
                return
            if job.status == "failed" or job.job_id is None:
                raise PullFailed(bounded(str(job.error or f"LM Studio says `{job.status}`")))
            await trio.sleep(self._poll_seconds)
            known = job.job_id
            job = await self._job("GET", f"{self._jobs}/status/{quote(known, safe='')}", b"")
            job = msgspec.structs.replace(job, job_id=known)

    async def _job(self, method: str, url: str, body: bytes) -> _LmStudioJob:
        async with _answer(self._transport, method, url, body) as response:
            return _decoded(await _whole(response), _LmStudioJob)


def _root_of(base_url: str) -> str:
    return base_url.rstrip("/").removesuffix("/v1")


async def _listed(transport: HttpTransport, url: str, kind: type[Kind]) -> Kind | None:
    try:
        with trio.fail_after(LIST_SECONDS):
            async with _answer(transport, "GET", url, b"") as response:
                return _decoded(await _whole(response), kind)
    except (PullFailed, trio.TooSlowError):
        return None


@asynccontextmanager
async def _answer(transport: HttpTransport, method: str, url: str, body: bytes) -> AsyncGenerator[HttpResponse]:
    """Provide a successful answer. Raises PullFailed for any other, and for what goes wrong with it."""
    headers = [("content-type", "application/json"), ("accept", "application/json")]
    try:
        response = await transport.request(method, url, headers=headers, body=body, idle_timeout=PULL_IDLE_SECONDS)
        try:
            if response.status not in _OK:
                raise PullFailed(f"HTTP status {response.status}: {_words(await _whole(response))}")
            yield response
        finally:
            await response.aclose(drain=False)
    except HttpFailure as error:
        raise PullFailed(str(error)) from error


def _words(body: bytes) -> str:
    """Return what an error says of itself, within bounds."""
    return bounded(ProviderError.of_body(body).message or quoted(body))


async def _whole(response: HttpResponse) -> bytes:
    body = bytearray()
    while (part := await response.receive()) is not None:
        body += part
        if len(body) > _MAX_ANSWER_BYTES:
            raise PullFailed(f"an answer of more than {_MAX_ANSWER_BYTES >> 20} MB")
    return bytes(body)


class _Lines:
    """The lines of an answer that have something in them."""

    def __init__(self, response: HttpResponse) -> None:
        self._response = response
        self._whole: deque[bytes] = deque()
        self._pending = b""

    async def next(self) -> bytes | None:
        """Return the next line; None at the end of the answer."""
        while not self._whole:
            part = await self._response.receive()
            if part is None:
                last, self._pending = self._pending, b""
                return last if last.strip() else None
            *lines, self._pending = (self._pending + part).split(b"\n")
            self._whole.extend(line for line in lines if line.strip())
            if len(self._pending) > _MAX_ANSWER_BYTES:
                raise PullFailed(f"a line of more than {_MAX_ANSWER_BYTES >> 20} MB")
        return self._whole.popleft()


def _decoded(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return decoding.json_decoder(kind).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PullFailed(f"an answer that is not understood: {error}") from error
