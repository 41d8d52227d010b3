"""All known differences."""

from codex_trio.conformance.differences.agents import AGENTS
from codex_trio.conformance.differences.commands import COMMANDS
from codex_trio.conformance.differences.difference import Difference
from codex_trio.conformance.differences.external_agent import EXTERNAL_AGENT
from codex_trio.conformance.differences.files import FILES
from codex_trio.conformance.differences.mcp import MCP
from codex_trio.conformance.differences.model import MODEL
from codex_trio.conformance.differences.modes import MODES
from codex_trio.conformance.differences.other_releases import OTHER_RELEASES
from codex_trio.conformance.differences.own import OWN
from codex_trio.conformance.differences.skills import SKILLS
from codex_trio.conformance.differences.threads import THREADS

DIFFERENCES: tuple[Difference, ...] = (
    *AGENTS,
    *COMMANDS,
    *EXTERNAL_AGENT,
    *FILES,
    *MCP,
    *MODEL,
    *MODES,
    *SKILLS,
    *THREADS,
    *OTHER_RELEASES,
    *OWN,
)
