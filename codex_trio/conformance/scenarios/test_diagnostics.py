"""`server/diagnostics`: how the server is doing."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT
from codex_trio.testing.model_script import Gate, answer, message_of


async def gauges(probe: Probe) -> dict[str, int]:
    """Return the gauges by name."""
    found = (await probe.request("server/diagnostics"))["gauges"]
    return {gauge["name"]: gauge["value"] for gauge in found}


async def test_the_process_and_what_it_is_at_are_told(lab: Lab, probe: Probe) -> None:
    result: dict[str, Any] = await probe.request("server/diagnostics")
    assert result["process"] == {"id": ANY_INT, "residentMemoryBytes": ANY_INT, "physicalFootprintBytes": None}
    assert result["process"]["residentMemoryBytes"] > 1_000_000
    # What there was none of yet may be left out.
    nothing = dict.fromkeys(("app.requests.queued", "core.threads.live", "core.turns.active"), 0)
    assert {**nothing, **await gauges(probe)} == {**nothing, "app.requests.in_flight": 1}
    await probe.start_thread(cwd=str(lab.cwd))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert (await gauges(probe))["core.threads.live"] == 2
    gate = Gate()
    lab.script(answer(message_of(["Wor", gate, "king."], item_id="m1")))
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    assert (await gauges(probe))["core.turns.active"] == 1
    gate.open()
    await probe.finish_turn(turn_id)
    assert (await gauges(probe))["core.turns.active"] == 0


async def test_what_confines_commands_is_told(probe: Probe) -> None:
    found = await probe.request("server/diagnostics")
    assert "sandbox" in found
    sandbox = found["sandbox"]
    assert sandbox["launcher"] in ("bubblewrap", "namespaces", "landlock", None)
    assert (sandbox["program"] is not None) == (sandbox["launcher"] == "bubblewrap")
    for other in sandbox["passedOver"]:
        assert other["launcher"]
        assert other["reason"]


async def test_it_is_experimental(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        error = await probe.refusal("server/diagnostics")
        assert (error.code, error.message) == (-32600, "server/diagnostics requires experimentalApi capability")
