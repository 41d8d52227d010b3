"""The contract as a distribution of its own."""

from importlib.metadata import requires, version


def test_the_contract_is_released_with_the_server_and_needs_msgspec_alone() -> None:
    assert version("codex-trio-protocol") == version("codex-trio")
    assert [name.partition(">")[0] for name in requires("codex-trio-protocol") or []] == ["msgspec"]
    assert any(name.startswith("codex-trio-protocol") for name in requires("codex-trio") or [])
