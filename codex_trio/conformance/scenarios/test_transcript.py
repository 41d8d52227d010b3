"""Recorded conversations: the server still says the same, message by message."""

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.transcripts import FOLDER, Replay, load

NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_conversation_goes_the_same_way_again(lab: Lab, name: str) -> None:
    differences = await Replay(load(FOLDER / f"{name}.jsonl", lab), lab).run()
    assert differences == [], "\n".join(differences)
