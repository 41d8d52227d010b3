"""Models of Ollama and LM Studio: whether they are there, having them fetched, and what a person reads meanwhile."""

import json

import pytest
import trio
from raw_provider import Reply, http, open_provider

from codex_trio.cli.local_model import NoLocalModel, prepare_local_model
from codex_trio.model.http import HttpTransport
from codex_trio.model.local_models import LmStudio, LocalModels, Ollama, Pulled, PullFailed

HAS = {"models": [{"name": "gpt-oss:20b", "size": 1}, {"name": "llama:latest"}]}


def lines(*said: dict[str, object]) -> bytes:
    """Return an answer of JSON lines, cut at places that mean nothing."""
    body = b"".join(json.dumps(one).encode() + b"\n" for one in said)
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


async def pulled(models: LocalModels, model: str = "gpt-oss:20b") -> list[Pulled]:
    told: list[Pulled] = []
    with trio.fail_after(20):
        await models.pull(model, told.append)
    return told


async def test_ollama_says_what_it_has(transport: HttpTransport) -> None:
    async with open_provider(http(200, HAS)) as program:
        models = Ollama(transport, program.url)
        names = ("gpt-oss:20b", "gpt-oss:120b", "llama", "gpt-oss")
        assert [await models.has(name) for name in names] == [True, False, True, False]
        assert {request.target for request in program.requests} == {"/api/tags"}


@pytest.mark.parametrize("answer", [http(404, b"no"), http(200, b"<html>"), http(200, {"models": 3})])
async def test_a_program_that_speaks_otherwise_does_not_tell(transport: HttpTransport, answer: Reply) -> None:
    async with open_provider(answer) as program:
        assert await Ollama(transport, program.url).has("x") is None
        assert await LmStudio(transport, program.url).has("x") is None


async def test_ollama_fetches_a_model_and_says_how_far_it_is(transport: HttpTransport) -> None:
    answer = lines(
        {"status": "pulling manifest"},
        {"status": "pulling 1", "digest": "1", "total": 200, "completed": 100},
        {"status": "success"},
    )
    async with open_provider(answer) as program:
        told = await pulled(Ollama(transport, program.url))
        [request] = program.requests
    assert told == [Pulled("pulling manifest"), Pulled("pulling 1", 100, 200), Pulled("success")]
    assert (request.target, request.body) == ("/api/pull", {"model": "gpt-oss:20b", "stream": True})


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lines({"status": "pulling manifest"}, {"error": "no such file"}), "no such file"),
        (lines({"status": "pulling manifest"}), "before the whole model had come"),
        (http(500, {"error": "disk full"}), "HTTP status 500: disk full"),
        (http(200, b"nonsense\n"), "not understood"),
        (http(200, b'{"status": "", "x": ' + b"[" * 100_000 + b"\n"), "not understood"),
        (http(200, b'{"status": "\xff"}\n'), "not understood"),
        (http(500, b"[" * 100_000), r"HTTP status 500: \[{9,9000}…"),
        (lines({"status": "", "error": "x" * 1_000_000}), "^x{9,9000}…$"),
    ],
)
async def test_a_pull_that_fails_says_why(transport: HttpTransport, answer: Reply, problem: str) -> None:
    async with open_provider(answer) as program:
        with pytest.raises(PullFailed, match=problem):
            await pulled(Ollama(transport, program.url))


async def test_lm_studio_fetches_a_model_and_says_how_far_it_is(transport: HttpTransport) -> None:
    begun = {"job_id": "j", "status": "downloading", "total_size_bytes": 200}
    half = {"status": "downloading", "downloaded_bytes": 100, "total_size_bytes": 200}
    async with open_provider(
        http(200, {"data": [{"id": "other"}]}), http(200, begun), http(200, half), http(200, {"status": "completed"})
    ) as program:
        models = LmStudio(transport, program.url, poll_seconds=0)
        assert await models.has("openai/gpt-oss-20b") is False
        told = await pulled(models, "openai/gpt-oss-20b")
        targets = [request.target for request in program.requests]
    assert told == [Pulled("downloading", None, 200), Pulled("downloading", 100, 200), Pulled("completed")]
    start = "/api/v1/models/download"
    assert targets == ["/v1/models", start, f"{start}/status/j", f"{start}/status/j"]


async def test_lm_studio_says_why_a_model_did_not_come(transport: HttpTransport) -> None:
    async with open_provider(http(200, {"status": "failed", "error": "unknown model"})) as program:
        with pytest.raises(PullFailed, match="unknown model"):
            await pulled(LmStudio(transport, program.url, poll_seconds=0))


async def test_a_person_is_told_of_a_model_that_comes_and_of_each_step_once() -> None:
    total = 13_000_000_000
    steps = [{"status": "pulling 1", "total": total, "completed": total * n // 1000} for n in range(0, 1001, 25)]
    replies = (http(200, {"models": []}), lines({"status": "pulling manifest"}, *steps, {"status": "success"}))
    read: list[str] = []
    async with open_provider(*replies) as program:
        config = {"model_providers": {"ollama": {"base_url": program.url}}}
        with trio.fail_after(20):
            await prepare_local_model("ollama", "gpt-oss:20b", config, {}, tell=read.append)
    assert read[:3] == [
        "Ollama does not have `gpt-oss:20b` yet: pulling it.",
        "Pulling gpt-oss:20b: pulling manifest",
        "Pulling gpt-oss:20b: pulling 1, 0 % of 13.0 GB",
    ]
    assert read[-1] == "Ollama has `gpt-oss:20b` now."
    assert len(read) == len(set(read)) == 25


async def test_what_a_program_makes_up_of_a_pull_is_bounded() -> None:
    said = [
        {"status": "s" * 100_000},
        {"status": "a", "total": -5, "completed": 3},
        {"status": "b", "total": 5, "completed": -3},
        {"status": "c", "total": 10**400, "completed": 10**399},
        {"status": "d", "total": 1, "completed": 10**30},
        {"status": "success"},
    ]
    read: list[str] = []
    async with open_provider(http(200, {"models": []}), lines(*said)) as program:
        config = {"model_providers": {"ollama": {"base_url": program.url}}}
        with trio.fail_after(20):
            await prepare_local_model("ollama", "m", config, {}, tell=read.append)
    assert read[2:4] == ["Pulling m: a", "Pulling m: b"]
    assert read[4].startswith("Pulling m: c, 10 % of ")
    assert read[5:] == ["Pulling m: d, 100 % of 0.0 GB", "Pulling m: success", "Ollama has `m` now."]
    assert max(map(len, read)) < 300


async def test_a_model_that_does_not_come_is_one_sentence_with_a_way_out() -> None:
    async with open_provider(http(200, {"models": []}), http(404, {"error": "no such model"})) as program:
        config = {"model_providers": {"ollama": {"base_url": program.url}}}
        with pytest.raises(NoLocalModel) as failed, trio.fail_after(20):
            await prepare_local_model("ollama", "x:1", config, {}, tell=lambda line: None)
    assert str(failed.value) == (
        "Ollama could not get `x:1`: HTTP status 404: no such model. Try `ollama pull x:1`, or name another one by -m."
    )
