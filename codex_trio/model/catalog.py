"""What is known of models: their limits, what they can be asked for, and how they are listed.

Owns: the model facts, the built-in table, and finding the facts for a name. Does not own: the choice of a model
(`config`), instructions (the engine), or the wire form of a list (`processors`).

The facts are those of release 0.171.0's built-in catalog; descriptions are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

_RELEASE_DATE = re.compile(r"-\d{4}-?\d{2}-?\d{2}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]+/")

EFFORT_DESCRIPTIONS = {
    "low": "Answers fast and thinks little",
    "medium": "A balance of speed and thought, for everyday tasks",
    "high": "Thinks more, for hard problems",
    "xhigh": "Thinks a lot more, for very hard problems",
    "max": "Thinks as much as the model can, for the hardest problems",
    "ultra": "Thinks as much as the model can and hands out tasks by itself",
}


CompactionScope: TypeAlias = Literal["total", "body_after_prefix"]
"""What the limit of automatic compaction counts: all tokens, or those since the window began."""


class EffortOption(msgspec.Struct, frozen=True):
    """A reasoning effort that a model offers."""

    effort: str
    description: str


class ServiceTier(msgspec.Struct, frozen=True):
    """A way to be served that a model offers; `id` is what a request names."""

    id: str
    name: str
    description: str


class Truncation(msgspec.Struct, frozen=True):
    """How much of a tool's output the model gets to see."""

    mode: Literal["tokens", "bytes"]
    limit: int


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The facts on one model.

    `known` is False for a model that the catalog does not have: the facts are guesses then, and the user should hear
    so. Windows and limits are in tokens. `default_verbosity` None means that verbosity cannot be asked for,
    `apply_patch` None that the model should not be offered the tool. Models of different `comp_hash` cannot read what
    each other keeps sealed in a history.
    """

    slug: str
    display_name: str
    description: str
    known: bool = True
    priority: int = 99
    visible: bool = True
    default_effort: str | None = None
    efforts: tuple[EffortOption, ...] = ()
    default_summary: str | None = None
    default_verbosity: str | None = None
    apply_patch: Literal["freeform", "function"] | None = None
    parallel_tool_calls: bool = True
    context_window: int = 272_000
    max_context_window: int = 272_000
    effective_window_percent: int = 95
    auto_compact_token_limit: int | None = None
    auto_compact_scope: CompactionScope = "total"
    post_turn_compact_percent: int | None = None
    """How much of the window a thread may have used at the end of a turn without being summed up then."""
    comp_hash: str | None = None
    truncation: Truncation = Truncation("bytes", 10_000)
    input_modalities: tuple[str, ...] = ("text", "image")
    image_detail_original: bool = False
    responses_lite: bool = False
    """Whether requests have the tools inside of the input, and no encrypted state but the model's own."""
    finds_pictures: bool = False
    """Whether its searches of the web may give pictures."""
    search_tool: bool = False
    """Whether the model can search for tools that it was not shown."""
    runs_commands: bool = True
    """Whether the model is offered tools for commands."""
    code_mode_only: bool = False
    multi_agent_version: Literal["v1", "v2"] | None = None
    extra_tools: tuple[str, ...] = ()
    """Tools that not every model knows how to use."""
    speed_tiers: tuple[str, ...] = ()
    service_tiers: tuple[ServiceTier, ...] = ()
    default_service_tier: str | None = None
    specialty: str | None = None
    upgrade: str | None = None
    upgrade_text: str | None = None
    upgrade_link: str | None = None
    upgrade_markdown: str | None = None
    retirement_at: int | None = None
    availability_text: str | None = None
    base_instructions: str | None = None
    """What the model is told that it is, where its catalog says that; else it is told what every model is."""

    @property
    def effective_context_window(self) -> int:
        """The tokens that a thread may use; clients are shown this as the model's context window."""
        return self.context_window * self.effective_window_percent // 100

    @property
    def compaction_limit(self) -> int:
        """The tokens from which on a history is summed up by itself: nine tenths of the window at most."""
        most = self.context_window * 9 // 10
        return most if self.auto_compact_token_limit is None else min(self.auto_compact_token_limit, most)

    @property
    def tool_output_token_limit(self) -> int:
        """The tokens of a tool's output that the model gets to see at most."""
        return self.truncation.limit if self.truncation.mode == "tokens" else self.truncation.limit // 4

    def configured(
        self,
        *,
        context_window: int | None = None,
        tool_output_token_limit: int | None = None,
        auto_compact_token_limit: int | None = None,
        auto_compact_scope: CompactionScope | None = None,
        post_turn_compact_percent: int | None = None,
    ) -> ModelInfo:
        """Return these facts with the user's settings (None: not set) in place of the catalog's."""
        changes: dict[str, Any] = {}
        if context_window is not None:
            # Of a model that is not known the window is a guess, and the user knows better (else as 0.171.0).
            changes["context_window"] = min(context_window, self.max_context_window) if self.known else context_window
        if tool_output_token_limit is not None:
            changes["truncation"] = Truncation("tokens", tool_output_token_limit)
        if auto_compact_token_limit is not None:
            changes["auto_compact_token_limit"] = auto_compact_token_limit
        if auto_compact_scope is not None:
            changes["auto_compact_scope"] = auto_compact_scope
        if post_turn_compact_percent is not None:
            changes["post_turn_compact_percent"] = post_turn_compact_percent
        return msgspec.structs.replace(self, **changes) if changes else self


class CatalogSource(Protocol):
    """Where a newer set of models comes from."""

    @property
    def url(self) -> str | None:
        """The address of the endpoint."""
        ...

    def looked_at(self) -> None:
        """Note that somebody looks at the models: those that are known may be old."""
        ...

    def named(self, version: str) -> None:
        """Note which version of its models (an ETag) the provider says that it has now."""
        ...


class ModelCatalog:
    """A set of known models, in the order in which they are listed. A newer set may take its place.

    `source` is what brings one, where there is such a thing.
    """

    def __init__(self, models: Iterable[ModelInfo]) -> None:
        self.source: CatalogSource | None = None
        self.replace(models)

    def replace(self, models: Iterable[ModelInfo]) -> None:
        """Know these models, and no others, from now on."""
        self.models = tuple(sorted(models, key=lambda model: model.priority))
        self._by_slug = {model.slug: model for model in self.models}

    def info(self, slug: str) -> ModelInfo:
        """Return the facts on a model, under the name asked for.

        A version of a known model (`<slug>-2026-01-01`) and one behind a namespace (`vendor/<slug>`) are known
        as well. Anything else gets cautious guesses with `known` False; see `unknown_model_warning`.
        """
        plain = _NAMESPACE.sub("", slug, count=1) if slug.count("/") == 1 else slug
        found = self._by_slug.get(plain) or self._longest_prefix(plain)
        if found is None:
            return _fallback(slug)
        return found if found.slug == slug else msgspec.structs.replace(found, slug=slug)

    def listed(self, *, include_hidden: bool) -> tuple[ModelInfo, ...]:
        """Return the models as a client lists them, those that are known just now."""
        return tuple(model for model in self.models if model.visible or include_hidden)

    @property
    def default(self) -> ModelInfo:
        """The model for users who chose none: the first that is listed. Raises IndexError for a catalog of nothing."""
        return (self.listed(include_hidden=False) or self.models)[0]

    def _longest_prefix(self, name: str) -> ModelInfo | None:
        matches = (model for model in self.models if name.startswith(model.slug))
        return max(matches, key=lambda model: len(model.slug), default=None)


def is_same_model(asked: str, answers: str) -> bool:
    """Return whether the model that answers is the one asked for, or a dated release of it (`NAME-2026-01-31`)."""
    name, other = asked.lower(), answers.lower()
    return other == name or (other.startswith(name) and _RELEASE_DATE.fullmatch(other[len(name) :]) is not None)


def unknown_model_warning(slug: str) -> str:
    """Return what the user is told who asks for a model that is not known. Clients look for this text (0.169.0)."""
    return (
        f"Model metadata for `{slug}` not found. Defaulting to fallback metadata; "
        "this can degrade performance and cause issues."
    )


def bundled_catalog() -> ModelCatalog:
    """Return the built-in catalog."""
    return ModelCatalog(_bundled())


def _fallback(slug: str) -> ModelInfo:
    return ModelInfo(slug=slug, display_name=slug, description="", known=False, visible=False, default_summary="auto")


def _efforts(*names: str) -> tuple[EffortOption, ...]:
    return tuple(EffortOption(name, EFFORT_DESCRIPTIONS[name]) for name in names)


def _fast(description: str) -> tuple[ServiceTier, ...]:
    return (ServiceTier("priority", "Fast", description),)


def _bundled() -> tuple[ModelInfo, ...]:
    to_xhigh = _efforts("low", "medium", "high", "xhigh")
    to_max = (*to_xhigh, *_efforts("max"))
    to_ultra = (*to_max, *_efforts("ultra"))
    fast, faster, fast_at_a_price = _fast("1.5x speed"), _fast("2x speed, more usage"), _fast("1.5x speed, more usage")

    asking = ("request_user_input_async", "clock")
    current = ModelInfo(
        slug="",
        display_name="",
        description="",
        default_effort="medium",
        efforts=to_ultra,
        comp_hash="3000",
        default_verbosity="low",
        apply_patch="freeform",
        # Models that get their tools inside the input are asked for one call at a time.
        parallel_tool_calls=False,
        max_context_window=872_000,
        truncation=Truncation("tokens", 10_000),
        image_detail_original=True,
        responses_lite=True,
        search_tool=True,
        finds_pictures=True,
        code_mode_only=True,
        multi_agent_version="v2",
        speed_tiers=("fast",),
        service_tiers=fast_at_a_price,
    )

    def based(base: ModelInfo, slug: str, name: str, priority: int, description: str, **facts: Any) -> ModelInfo:
        return msgspec.structs.replace(
            base, slug=slug, display_name=name, priority=priority, description=description, **facts
        )

    steered = msgspec.structs.replace(current, default_effort="low", extra_tools=asking)
    messaging = {"extra_tools": (*asking, "send_message_to_user_async")}
    to_sol = {"upgrade": "gpt-6-sol", "upgrade_markdown": "GPT-6-Sol does more with less of your usage."}
    to_luna = {"upgrade": "gpt-6-luna", "upgrade_markdown": "GPT-6-Luna does more with less of your usage."}
    special = {"visible": False, "specialty": "cyber", "speed_tiers": (), "service_tiers": ()}
    return (
        based(
            steered,
            "gpt-6.2-sol",
            "GPT-6.2-Sol",
            1,
            "For coding and everyday work.",
            context_window=500_000,
            service_tiers=faster,
            **messaging,
        ),
        based(
            steered,
            "gpt-6.2-astra",
            "GPT-6.2-Astra",
            2,
            "For the most demanding work.",
            service_tiers=faster,
            **messaging,
        ),
        based(
            steered,
            "gpt-6.1-sol",
            "GPT-6.1-Sol",
            4,
            "For coding and everyday work, one generation back.",
            context_window=500_000,
            service_tiers=faster,
        ),
        based(
            steered,
            "gpt-6-astra",
            "GPT-6-Astra",
            5,
            "For the most demanding work, two generations back.",
            service_tiers=faster,
        ),
        based(
            current,
            "gpt-6-sol",
            "GPT-6-Sol",
            6,
            "For coding and everyday work, two generations back.",
            extra_tools=asking,
            service_tiers=fast,
            default_service_tier="priority",
        ),
        based(
            current,
            "gpt-6-luna",
            "GPT-6-Luna",
            7,
            "Fast and cheap, for easier tasks.",
            extra_tools=asking,
            efforts=to_max,
            service_tiers=fast,
            default_service_tier="priority",
        ),
        based(
            current,
            "gpt-5.6-sol",
            "GPT-5.6-Sol",
            8,
            "For coding and everyday work, an older generation.",
            default_effort="low",
            **to_sol,
        ),
        based(
            steered,
            "gpt-6.1-terra",
            "GPT-6.1 Terra",
            3,
            "For coding with long contexts.",
            context_window=500_000,
            service_tiers=fast,
        ),
        based(current, "gpt-5.6-terra", "GPT-5.6-Terra", 9, "For plain work, an older generation.", **to_sol),
        based(
            current,
            "gpt-5.6-luna",
            "GPT-5.6-Luna",
            10,
            "Fast and cheap, an older generation.",
            efforts=to_max,
            multi_agent_version="v1",
            **to_luna,
        ),
        based(
            current,
            "gpt-daybreak-blue-latest",
            "Daybreak Blue",
            11,
            "For defensive security work.",
            default_effort="low",
            **special,
        ),
        based(
            current,
            "gpt-daybreak-red-latest",
            "Daybreak Red",
            12,
            "For authorized security research.",
            default_verbosity="high",
            context_window=372_000,
            max_context_window=372_000,
            **special,
        ),
        based(
            current,
            "gpt-5.5",
            "GPT-5.5",
            13,
            "For coding, an older generation.",
            efforts=to_xhigh,
            parallel_tool_calls=True,
            comp_hash="2911",
            max_context_window=272_000,
            code_mode_only=False,
            responses_lite=False,
            multi_agent_version=None,
            **to_sol,
        ),
        based(
            current,
            "codex-auto-review",
            "Codex Auto Review",
            43,
            "Reviews requests for approval.",
            visible=False,
            efforts=to_max,
            multi_agent_version="v1",
        ),
    )
