"""Which models and modes there are.

Protocol source: `model/list`, `collaborationMode/list`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import model as wire

from codex_trio.model.catalog import ModelCatalog, ModelInfo
from codex_trio.processors.offset_pages import page_of
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ModelProcessor(services.catalog)
    return {"model/list": processor.list, "collaborationMode/list": processor.modes}


class ModelProcessor:
    def __init__(self, catalog: ModelCatalog) -> None:
        self._catalog = catalog

    def list(self, params: wire.ModelListParams, _context: RequestContext) -> wire.ModelListResponse:
        """Return a page of the known models, best first. Where these are old, newer ones are asked for meanwhile."""
        if self._catalog.source is not None:
            self._catalog.source.looked_at()
        models = self._catalog.listed(include_hidden=bool(params.include_hidden))
        page, next_cursor = page_of(models, cursor=params.cursor, limit=params.limit, named="models")
        default = self._catalog.default.slug
        return wire.ModelListResponse(
            data=[_project(model, is_default=model.slug == default) for model in page], next_cursor=next_cursor
        )

    def modes(
        self, _params: wire.CollaborationModeListParams, _context: RequestContext
    ) -> wire.CollaborationModeListResponse:
        """Return the modes that a turn can be started in."""
        return wire.CollaborationModeListResponse(
            data=[
                wire.CollaborationModeMask(name="Plan", mode="plan", reasoning_effort="medium"),
                wire.CollaborationModeMask(name="Default", mode="default"),
            ]
        )


def _project(model: ModelInfo, *, is_default: bool) -> wire.Model:
    upgrade = None
    if model.upgrade is not None:
        upgrade = wire.ModelUpgradeInfo(
            model=model.upgrade,
            upgrade_copy=model.upgrade_text,
            model_link=model.upgrade_link,
            migration_markdown=model.upgrade_markdown,
            retirement_at=model.retirement_at,
        )
    return wire.Model(
        id=model.slug,
        model=model.slug,
        upgrade=model.upgrade,
        upgrade_info=upgrade,
        availability_nux=None
        if model.availability_text is None
        else wire.ModelAvailabilityNux(message=model.availability_text),
        display_name=model.display_name,
        description=model.description,
        model_specialty=model.specialty,
        hidden=not model.visible,
        supported_reasoning_efforts=[
            wire.ReasoningEffortOption(reasoning_effort=option.effort, description=option.description)
            for option in model.efforts
        ],
        default_reasoning_effort=model.default_effort or "medium",
        input_modalities=list(model.input_modalities),
        multi_agent_version=model.multi_agent_version,
        additional_speed_tiers=list(model.speed_tiers),
        service_tiers=[
            wire.ModelServiceTier(id=tier.id, name=tier.name, description=tier.description)
            for tier in model.service_tiers
        ],
        default_service_tier=model.default_service_tier,
        is_default=is_default,
    )
