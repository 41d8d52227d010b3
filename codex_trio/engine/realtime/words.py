"""What voice models and the agent behind them are told of one another. Pure."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from codex_trio.domain.realtime import SpeakerRole

AGENT_TOOL = (
    "Give the user's wish to the agent that works on the user's machine: it reads and changes files, runs commands and "
    "answers questions about them. Use it for everything that is to be done or looked up. Pass the user's own words. "
    "While the agent works, another call tells it more about what it is at."
)
AGENT_PROMPT = "What the user wants, in the user's own words."
SILENCE_TOOL = "Say nothing this time: when there is nothing worth saying aloud."

INSTRUCTIONS = """\
You are the voice of Codex, a coding agent. You talk with the user; an agent behind you does the work on the user's
machine. Be brief and plain, one or two sentences at a time. Give every wish that needs work to the agent with the tool
`background_agent`, and never claim that something was done before the agent has said so. Messages that begin with
[BACKEND] are from the agent: tell the user what matters of them in your own words. Messages that begin with [USER] were
typed by the user.\
"""

AGENT_BEGAN = """\
<realtime_conversation>
The user is talking with a voice model now, which passes on what it wants you to do. What you say goes to that model,
and it tells the user: be short, and say first what came of it. What comes in `<realtime_delegation>` was transcribed
from speech, so words may be wrong and punctuation missing. If nothing is to be done, say so in a few words.
</realtime_conversation>\
"""
AGENT_ENDED = """\
<realtime_conversation>
The voice conversation is over. What the user says from now on is typed, and the user reads what you say.
</realtime_conversation>\
"""

TAIL = """\
The voice conversation is over. What was said since the agent was last asked for something follows. Do something only
where that asks for it.\
"""

FINISHED = "The agent is done. What it said is in the [BACKEND] messages before this."
STEERED = "The agent was at work already; it was told this too."
REFUSED = "The agent could not take this up: {}"
FAILED = "The agent failed: {}"
STOPPED = "The agent was stopped before it was done."
MISTAKE = "the voice session failed for a mistake in this server, whose log says more"


def instructions(prompt: str | None, context: str | None) -> str:
    """Return what a voice model is told that it is, and where it is."""
    return "\n\n".join(filter(None, (prompt, context and f"<startup_context>\n{context}\n</startup_context>")))


def startup_context(cwd: Path) -> str:
    """Return what a voice model is told of where the thread works."""
    return f"The agent works in the folder {cwd}. This is for your orientation; do not read it out."


def delegation(prompt: str, transcript: Sequence[tuple[SpeakerRole, str]], *, source: str | None = None) -> str:
    """Return how the agent is told what a voice model wants, and what was said before."""
    delta = f"  <transcript_delta>{_escaped(said(transcript))}</transcript_delta>\n" if transcript else ""
    origin = f"  <source>{_escaped(source)}</source>\n" if source else ""
    return f"<realtime_delegation>\n{origin}  <input>{_escaped(prompt)}</input>\n{delta}</realtime_delegation>"


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def said(transcript: Sequence[tuple[SpeakerRole, str]]) -> str:
    """Return who said what, a line each."""
    return "\n".join(f"{role}: {text}" for role, text in transcript)


def tail(transcript: Sequence[tuple[SpeakerRole, str]]) -> str:
    """Return how the agent is told what was said after it was last asked for something."""
    return delegation(TAIL, transcript, source="transcript_tail_flush")
