"""Command line of the exporters: `python -m codex_trio_protocol.export`."""
