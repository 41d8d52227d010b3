"""The outcome of a review as the text that clients show, and that goes on in the conversation (layout of 0.169.0)."""

from __future__ import annotations

from typing import Any

INTERRUPTED = "The review was interrupted. Run it again to get its findings."
NO_RESULT = "The reviewer gave no findings and no explanation."


def review_text(output: dict[str, Any] | None) -> str:
    """Return the explanation, and a list of the findings with their places; None stands for a review
    without an outcome.
    """
    if output is None:
        return INTERRUPTED
    explanation = str(output.get("overall_explanation") or "").strip()
    findings: list[dict[str, Any]] = output.get("findings") or []
    if not findings:
        return explanation or NO_RESULT
    heading = "Review comment:" if len(findings) == 1 else "Full review comments:"
    return "\n\n".join([part for part in (explanation, heading, *map(_finding, findings)) if part])


def _finding(finding: dict[str, Any]) -> str:
    location: dict[str, Any] = finding.get("code_location") or {}
    lines: dict[str, Any] = location.get("line_range") or {}
    place = f"{location.get('absolute_file_path', '')}:{lines.get('start', 0)}-{lines.get('end', 0)}"
    body = "\n".join(f"  {line}" for line in str(finding.get("body") or "").splitlines())
    return f"- {finding.get('title', '')} — {place}\n{body}".rstrip()
