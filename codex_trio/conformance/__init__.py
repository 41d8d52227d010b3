"""A pytest plugin and scenarios that judge any app-server, with a scripted model behind it.

What a server has to do to be judged:

- Its command serves the protocol on standard input and output, one JSON message a line. It is started in a folder of
  the scenario with `HOME`, `CODEX_HOME`, `TMPDIR` and `PATH=/usr/bin:/bin` as its whole environment. In the command,
  files of the caller's folder may be named relative to it.
- It reads `$CODEX_HOME/config.toml`: `model`, `model_provider`, `approval_policy`, `sandbox_mode`, a table
  `[model_providers.scripted]` with `name`, `base_url`, `wire_api = "responses"`, `request_max_retries` and
  `stream_max_retries`, and `[sandbox_workspace_write]`. The model is there, on loopback: `POST BASE_URL/responses`.
- Scenarios with several clients, and those about threads that outlive a client, add `--listen ws://127.0.0.1:0` or
  `--listen unix://PATH` to the command. The server then takes websockets there, and prints
  `listening on: ws://HOST:PORT` on its standard error for the former. SIGTERM makes it drain and end.
- It ends at the end of its input; commands and rollout files are looked for where Codex has them
  (`$CODEX_HOME/sessions/YYYY/MM/DD/rollout-*.jsonl`).
- Every answer comes within 30 s.
"""
