"""What `--trust` does: the user's answer about the project of a run, written before its thread is started.

Owns: which project is meant, and the refusal. Does not own: what trust means (`config.trust`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codex_trio.client.connection import AppServerClient
from codex_trio.config.sources import find_project
from codex_trio.config.trust import is_project


class ExplicitlyUntrusted(Exception):
    """The user has said before that the project is not to be trusted; the text says where."""


async def trust_project(client: AppServerClient, workdir: Path, config: dict[str, Any]) -> str | None:
    """Have the project around a folder trusted from now on. Return what to tell the user when there is none.

    `config` is a read configuration. Raises ExplicitlyUntrusted and AppServerError.
    """
    project = find_project(config, workdir)
    match project.trust.level:
        case "trusted":
            return None
        case "untrusted":
            raise ExplicitlyUntrusted(f"{project.trust.key} is marked as untrusted. Update its trust setting first.")
        case None:
            pass
    if not (is_project(project.root, project.markers, project.git_root) or (workdir / ".codex").is_dir()):
        return f"--trust changes nothing: {workdir} is no repository and has no .codex folder."
    edit = {
        "keyPath": f"projects.{json.dumps(project.trust.key, ensure_ascii=False)}.trust_level",
        "value": "trusted",
        "mergeStrategy": "upsert",
    }
    await client.request("config/value/write", edit)
    return None
