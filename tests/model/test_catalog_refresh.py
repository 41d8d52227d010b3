"""Bringing the models of a provider up to date: in the background, asked for with an ETag, kept on disk."""

import base64
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from raw_provider import COMPLETED, CREATED, DONE, Reply, http, open_provider, streamed
from trio.testing import MockClock

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model.catalog import ModelCatalog, bundled_catalog
from codex_trio.model.catalog_refresh import CACHE_NAME, FRESH_SECONDS, CatalogRefresh
from codex_trio.model.client import ResponsesClient
from codex_trio.model.http import HttpTransport
from codex_trio.model.request import ModelRequest

MODELS = {"models": [{"slug": "theirs", "display_name": "Theirs"}]}
NEWER = {"models": [{"slug": "newer", "display_name": "Newer"}]}
FIRST = http(200, MODELS, headers='etag: "1"\r\n')


class Client:
    """A server with one provider, whose catalog is at a scripted endpoint."""

    def __init__(self, url: str, home: Path, transport: HttpTransport, told: list[str] | None = None) -> None:
        told = [] if told is None else told
        self.catalog = bundled_catalog()
        self.provider = ModelProviderConfig(
            id="mine", name="Mine", base_url=url, model_catalog_url=f"{url}/catalog?a=b"
        )
        self._transport = transport
        self.refresh = CatalogRefresh(self.catalog, self.provider, codex_home=home, tell=told.append)

    async def run(self, *, patience: float = 20.0) -> list[str]:
        await self.refresh.refresh(
            self._transport, api_key="key", environ={}, headers={"user-agent": "us"}, patience=patience
        )
        return slugs(self.catalog)


def slugs(catalog: ModelCatalog) -> list[str]:
    return [model.slug for model in catalog.models]


async def test_what_the_endpoint_says_counts_and_is_known_at_the_next_start(
    tmp_path: Path, transport: HttpTransport
) -> None:
    async with open_provider(FIRST, http(304), http(200, NEWER)) as endpoint:
        client = Client(endpoint.url, tmp_path, transport)
        assert await client.run() == ["theirs"]
        again = Client(endpoint.url, tmp_path, transport)
        again.refresh.recall()
        assert slugs(again.catalog) == ["theirs"]
        assert await again.run() == ["theirs"]
        assert await again.run() == ["newer"]
        first, second, _ = endpoint.requests
    assert first.target == "/v1/catalog?a=b&client_version=0.171.0"
    assert (first.headers["authorization"], first.headers["user-agent"]) == ("Bearer key", "us")
    assert ("if-none-match" in first.headers, second.headers["if-none-match"]) == (False, '"1"')


@pytest.mark.parametrize("etag", ["x" * 2000, "\xff"], ids=["long", "binary"])
async def test_a_version_that_cannot_be_sent_back_is_not_kept(
    tmp_path: Path, transport: HttpTransport, etag: str
) -> None:
    answer = http(200, MODELS, headers="etag: E\r\n").replace(b"etag: E", b"etag: " + etag.encode("latin-1"))
    async with open_provider(answer) as endpoint:
        client = Client(endpoint.url, tmp_path, transport)
        assert [await client.run() for _ in range(2)] == [["theirs"]] * 2
        assert not any("if-none-match" in request.headers for request in endpoint.requests)


async def test_a_version_that_cannot_be_sent_back_is_not_taken_from_what_was_kept(
    tmp_path: Path, transport: HttpTransport
) -> None:
    async with open_provider(FIRST) as endpoint:
        await Client(endpoint.url, tmp_path, transport).run()
        kept = (tmp_path / CACHE_NAME).read_text()
        (tmp_path / CACHE_NAME).write_text(kept.replace(json.dumps('"1"'), json.dumps("a\r\nb: c")))
        client = Client(endpoint.url, tmp_path, transport)
        client.refresh.recall()
        endpoint.answer(http(200, NEWER))
        assert await client.run() == ["newer"]


async def test_models_that_cannot_be_kept_hold_all_the_same_and_are_asked_for_by_their_version(
    tmp_path: Path, transport: HttpTransport, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / CACHE_NAME).mkdir()
    async with open_provider(FIRST, http(304)) as endpoint:
        client = Client(endpoint.url, tmp_path, transport)
        with caplog.at_level(logging.WARNING):
            assert [await client.run() for _ in range(2)] == [["theirs"]] * 2
        assert endpoint.requests[1].headers["if-none-match"] == '"1"'
    [record] = caplog.records
    assert "are up to date, but will not be known later" in record.getMessage()


async def test_what_another_endpoint_said_is_not_taken_over(tmp_path: Path, transport: HttpTransport) -> None:
    async with open_provider(FIRST) as endpoint:
        await Client(endpoint.url, tmp_path, transport).run()
    other = Client("http://127.0.0.1:9/v1", tmp_path, transport)
    other.refresh.recall()
    assert slugs(other.catalog) == slugs(bundled_catalog())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (http(500, b"no"), "HTTP status 500"),
        (http(200, {"models": []}), "it has no models"),
        (http(200, {"models": [{"slug": 5}]}), r"\$\.models\[0\]\.slug"),
        (http(200, b"<html>"), "malformed"),
        (http(200, b" " * (9 << 20)), "larger than 8 MB"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "."),
    ],
)
async def test_an_endpoint_that_fails_changes_nothing_and_is_told(
    tmp_path: Path, transport: HttpTransport, caplog: pytest.LogCaptureFixture, answer: bytes, told: str
) -> None:
    async def cut(stream: trio.abc.Stream) -> None:
        await stream.send_all(answer)

    async with open_provider(FIRST, cut) as endpoint:
        client = Client(endpoint.url, tmp_path, transport)
        await client.run()
        kept = (tmp_path / CACHE_NAME).read_bytes()
        with caplog.at_level(logging.WARNING):
            assert await client.run() == ["theirs"]
    assert (tmp_path / CACHE_NAME).read_bytes() == kept
    (record,) = caplog.records
    assert record.getMessage().startswith(f"the models of mine could not be brought up to date from {endpoint.url}")
    assert re.search(told, record.getMessage())


async def test_an_endpoint_that_never_answers_is_given_up(
    tmp_path: Path, transport: HttpTransport, caplog: pytest.LogCaptureFixture
) -> None:
    async def hang(_stream: trio.abc.Stream) -> None:
        await trio.sleep_forever()

    reply: Reply = hang
    async with open_provider(reply) as endpoint:
        client = Client(endpoint.url, tmp_path, transport)
        with caplog.at_level(logging.WARNING):
            assert await client.run(patience=0.05) == slugs(bundled_catalog())
    assert "no answer within 0.05 s" in caplog.text


@pytest.mark.parametrize("content", ["", "{}", '{"url": 5}', "\x00" * 10, '{"url": "u", "etag": null, "text": "!"}'])
def test_a_file_that_is_none_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / CACHE_NAME).write_text(content)
    catalog = bundled_catalog()
    provider = ModelProviderConfig(id="mine", name="Mine", model_catalog_url="u")
    CatalogRefresh(catalog, provider, codex_home=tmp_path, tell=pytest.fail).recall()
    assert slugs(catalog) == slugs(bundled_catalog())


async def test_keys_that_nobody_reads_are_told_once_for_each_server(tmp_path: Path, transport: HttpTransport) -> None:
    own = {"models": [{"slug": "theirs", "display_name": "Theirs", "speed": 5}]}
    told: list[str] = []
    async with open_provider(http(200, own), http(200, own), http(200, NEWER)) as endpoint:
        client = Client(endpoint.url, tmp_path, transport, told)
        for _ in range(2):
            await client.run()
        [text] = told
        assert text == (
            f"The catalog at {endpoint.url}/catalog has keys that change nothing:"
            " `speed` of theirs (no such key is known)"
        )
        again = Client(endpoint.url, tmp_path, transport, told)
        again.refresh.recall()
        again.refresh.tell_ignored()
        await again.run()
    assert told == [text, text]


async def test_models_are_asked_for_when_a_newer_version_is_named_and_when_old_ones_are_looked_at(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    catalog = bundled_catalog()
    provider = ModelProviderConfig(id="mine", name="Mine", model_catalog_url="http://127.0.0.1:9/catalog")
    text = base64.b64encode(json.dumps(MODELS).encode()).decode()
    (tmp_path / CACHE_NAME).write_text(json.dumps({"url": provider.model_catalog_url, "etag": '"1"', "text": text}))
    refresh = CatalogRefresh(catalog, provider, codex_home=tmp_path, tell=lambda text: None)
    refresh.recall()
    source, asked = catalog.source, 0
    assert source is not None

    async def ask() -> None:
        nonlocal asked
        asked += 1
        raise OSError("what goes wrong ends nothing")

    async def asked_after(cause: Callable[[], None]) -> int:
        cause()
        await trio.testing.wait_all_tasks_blocked()
        return asked

    async with trio.open_nursery() as nursery:
        nursery.start_soon(refresh.run, ask)
        assert await asked_after(source.looked_at) == 1
        # What was asked for just now is no older than that; the same version is nothing new, however it is written.
        assert await asked_after(source.looked_at) == 1
        assert await asked_after(lambda: source.named('W/"1"')) == 1
        assert await asked_after(lambda: source.named("2")) == 2
        # The endpoint did not know it: once is enough.
        assert await asked_after(lambda: source.named("2")) == 2
        await trio.sleep(FRESH_SECONDS + 1)
        assert await asked_after(source.looked_at) == 3
        nursery.cancel_scope.cancel()


async def test_a_provider_says_with_its_answers_which_models_are_the_latest(transport: HttpTransport) -> None:
    versions: list[str] = []

    class Models:
        url = None

        def looked_at(self) -> None:
            raise AssertionError("nobody did")

        def named(self, version: str) -> None:
            versions.append(version)

    async with open_provider(streamed(CREATED, COMPLETED, headers='x-models-etag: "7"\r\n'), DONE) as endpoint:
        provider = ModelProviderConfig(id="mine", name="Mine", base_url=endpoint.url)
        client = ResponsesClient(provider, transport, api_key=None, environ={}, models=Models())
        for _ in range(2):
            async with client.stream(ModelRequest(model="m", input=[])) as response:
                async for _events in response:
                    pass
    assert versions == ['"7"']
