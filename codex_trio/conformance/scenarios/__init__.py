"""What a client can rely on, one test a promise. Collected with `pytest --pyargs codex_trio.conformance.scenarios`."""
