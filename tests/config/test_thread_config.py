"""Settings that a service, or the program around the server, decides for each thread."""

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import grpc
import pytest
import trio
from config_setting import MOCK_PROVIDER, Setting

from codex_trio.config.errors import ConfigLoadError, StartupRefused
from codex_trio.config.read import ConfigReader
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import TypedOverrides
from codex_trio.config.thread_config import (
    NoThreadConfig,
    SessionThreadConfig,
    StaticThreadConfig,
    ThreadConfigError,
    ThreadConfigLoader,
    ThreadConfigSource,
    UserThreadConfig,
)
from codex_trio.config.thread_config_call import ask
from codex_trio.config.thread_config_remote import METHOD, RemoteThreadConfig, message_types

KEY = "experimental_thread_config_endpoint"
SESSION = SessionThreadConfig(model_provider="mock", features={"memories": True})


class Service:
    """A scripted service: answers each call with what is next, or refuses it."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.answer: bytes | grpc.StatusCode = b""
        self.hangs = False

    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._load) if details.method == METHOD else None

    def _load(self, request: bytes, context: Any) -> bytes:
        asked = message_types()["LoadThreadConfigRequest"].FromString(request)
        self.asked.append(asked.cwd if asked.HasField("cwd") else None)
        if self.hangs:
            gone = threading.Event()
            context.add_callback(gone.set)
            gone.wait(10)
        if isinstance(self.answer, grpc.StatusCode):
            context.abort(self.answer, "because")
        assert isinstance(self.answer, bytes)
        return self.answer


@contextmanager
def serving(service: Service) -> Generator[str]:
    with ThreadPoolExecutor(2) as workers:
        server: Any = grpc.server(workers, handlers=cast("Any", [service]))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(None).wait(10)


def response(*sessions: dict[str, Any]) -> bytes:
    """An answer with these sources; an empty one is the user's."""
    sources = [
        {"session": {**session, "features": pairs(session)}} if session else {"user": {}} for session in sessions
    ]
    return message_types()["LoadThreadConfigResponse"](sources=sources).SerializeToString()


def pairs(session: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in session.get("features", {}).items()]


def texts(name: str, value: str) -> dict[str, Any]:
    """A map of texts, with one."""
    return {"values": [{"key": name, "value": value}]}


def service_with(setting: Setting, loader: ThreadConfigLoader | None = None, *, strict: bool = False) -> ConfigService:
    return ConfigService(
        setting.home,
        environ={"HOME": str(setting.base)},
        system_dir=setting.etc,
        cwd=setting.project,
        thread_config=loader,
        strict=strict,
    )


async def test_what_a_loader_says_beats_the_request_and_not_what_it_gives_in_fields_of_its_own(
    setting: Setting,
) -> None:
    setting.user(f'model = "user"\n{MOCK_PROVIDER}')
    service = service_with(setting, StaticThreadConfig(UserThreadConfig(), SESSION))
    await service.ask_loader(setting.project)
    request = {"model_provider": "ollama", "features.memories": False}

    config = service.load_for_new_thread(None, request)
    typed = service.load_for_new_thread(None, request, typed=TypedOverrides(model_provider="openai"))

    assert (config.model, config.model_provider_id, config.feature("memories")) == ("user", "mock", True)
    assert typed.model_provider_id == "openai"
    view = ConfigReader(service).read(setting.project)
    assert view.layers[0].source.to_plain() == {"type": "sessionFlags"}
    assert view.config["model_provider"] == "mock"


@pytest.mark.parametrize("loader", [NoThreadConfig(), StaticThreadConfig(), StaticThreadConfig(UserThreadConfig())])
async def test_a_loader_that_says_nothing_changes_nothing(setting: Setting, loader: ThreadConfigLoader) -> None:
    service = service_with(setting, loader)
    before = service.load().stack.layers
    await service.ask_loader(setting.project)
    assert service.load().stack.layers == before


async def test_a_service_is_asked_about_the_folder_and_its_providers_can_be_used(setting: Setting) -> None:
    scripted = Service()
    provider = {
        "id": "theirs",
        "name": "Theirs",
        "base_url": "http://127.0.0.1:9/v1",
        "wire_api": 1,
        "http_headers": texts("x-a", "b"),
        "env_http_headers": texts("x-c", "D"),
        "query_params": texts("q", "1"),
        "request_max_retries": 2,
        "stream_idle_timeout_ms": 5,
        "auth": {"command": "key", "args": ["a"], "timeout_ms": 7, "cwd": "/"},
    }
    scripted.answer = response({}, {"model_provider": "theirs", "model_providers": [provider]})
    with serving(scripted) as endpoint:
        setting.user(f'{KEY} = "{endpoint}"\n')
        service = service_with(setting)
        await service.start()
        await service.ask_loader(None)
        config = service.load()
    assert scripted.asked == [str(setting.project), None]
    found = config.model_provider
    assert (found.id, found.base_url, dict(found.http_headers), dict(found.env_http_headers)) == (
        "theirs",
        "http://127.0.0.1:9/v1",
        {"x-a": "b"},
        {"x-c": "D"},
    )
    assert (found.request_max_retries, found.stream_idle_timeout_ms) == (2, 5)
    assert found.auth is not None
    assert (found.auth.command, found.auth.args, found.auth.timeout_ms, found.auth.cwd) == ("key", ("a",), 7, "/")


async def test_a_service_is_asked_again_for_every_thread(setting: Setting) -> None:
    scripted = Service()
    with serving(scripted) as endpoint:
        setting.user(f'{KEY} = "{endpoint}"\n')
        service = service_with(setting)
        await service.start()
        assert service.load().feature("memories") is False
        scripted.answer = response({"features": {"memories": True}})
        await service.ask_loader(setting.project)
        assert service.load().feature("memories") is True


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "remote thread config request failed: not authorized: because"),
        (grpc.StatusCode.INTERNAL, "remote thread config request failed: because"),
        (b"\xff\xff\xff", "remote thread config response cannot be read"),
        (response({"model_providers": [{"id": "x", "name": "X"}]}), "model provider `x` has an unknown wire_api 0"),
        (response({"model_providers": [{"name": "X", "wire_api": 1}]}), "a model provider has no id"),
        (
            response({"model_providers": [{"id": "x", "wire_api": 1, "auth": {"command": "c"}}]}),
            "model provider `x` has no auth.timeout_ms",
        ),
        (
            response({"model_providers": [{"id": "x", "wire_api": 1, "auth": {"timeout_ms": 1, "cwd": "rel"}}]}),
            "model_providers.x.auth.cwd must be an absolute path: rel",
        ),
    ],
)
async def test_a_service_that_fails_is_told_and_what_it_said_before_still_counts(
    setting: Setting, answer: bytes | grpc.StatusCode, told: str
) -> None:
    scripted = Service()
    scripted.answer = response({"features": {"memories": True}})
    with serving(scripted) as endpoint:
        setting.user(f'{KEY} = "{endpoint}"\n')
        service = service_with(setting)
        await service.start()
        scripted.answer = answer
        with pytest.raises(ConfigLoadError, match=told):
            await service.ask_loader(setting.project)
        assert service.load().feature("memories") is True


async def test_a_service_that_does_not_answer_is_given_up(setting: Setting) -> None:
    scripted = Service()
    scripted.hangs = True
    with serving(scripted) as endpoint, pytest.raises(ConfigLoadError, match=r"timed out after 0\.2 s"):
        await ask(RemoteThreadConfig(endpoint, deadline=0.2), setting.project)


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("http://127.0.0.1:1", "failed to connect to remote thread config loader: transport error"),
        ("127.0.0.1:1", "experimental_thread_config_endpoint must be an address like"),
        ("ftp://127.0.0.1", "experimental_thread_config_endpoint must be an address like"),
    ],
)
async def test_a_service_that_is_not_there_is_told_at_the_start_and_to_each_thread(
    setting: Setting, endpoint: str, told: str
) -> None:
    setting.user(f'model = "user"\n{KEY} = "{endpoint}"\n')
    service = service_with(setting)
    await service.start()

    (warning,) = service.startup_warnings()

    assert warning.summary == "Invalid configuration; using defaults."
    assert told in (warning.details or "")
    assert (warning.path, warning.range) == (None, None)
    with pytest.raises(ConfigLoadError, match=told):
        await service.ask_loader(setting.project)
    with pytest.raises(StartupRefused, match=told):
        await service_with(setting, strict=True).start()


async def test_a_loader_of_the_program_around_is_given_up_too(setting: Setting) -> None:
    answers = trio.Event()

    class Hanging:
        def load(self, cwd: str | None) -> Sequence[ThreadConfigSource]:
            trio.from_thread.run(answers.wait)
            raise ThreadConfigError("too late")

    with pytest.raises(ConfigLoadError, match=r"did not answer within 0\.01 s"):
        await ask(Hanging(), setting.project, patience=0.01)
    answers.set()


async def test_a_project_names_no_service(setting: Setting) -> None:
    setting.user(setting.trust())
    setting.project_file(f'{KEY} = "http://127.0.0.1:1"\n')
    service = service_with(setting)
    await service.start()
    (warning,) = service.startup_warnings()
    assert KEY in warning.summary
