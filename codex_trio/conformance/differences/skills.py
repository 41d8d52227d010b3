"""Where the reference differs in skills."""

from codex_trio.conformance.differences.difference import Difference

SKILLS: tuple[Difference, ...] = (
    Difference(
        "skills::an_untrusted_project_tells_the_model_nothing_unasked",
        "reference",
        "tells the model of the skills of every project, so that any clone can have it follow instructions",
    ),
)
