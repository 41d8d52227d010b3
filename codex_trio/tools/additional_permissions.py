"""How a model asks for more than its sandbox allows: the arguments, and what is meant by them.

Owns: their schema and form, the paths that they come to, and what is no request. Does not own: when they may be asked
for (`execpolicy`, `tools/request_permissions.py`), nor what follows from them (`sandbox/additional.py`).
"""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.environments.turn import TurnEnvironment
from codex_trio.sandbox.additional import AdditionalPermissions, is_of_every_sandbox, limited
from codex_trio.sandbox.errors import RootChanged
from codex_trio.tools.calls import ToolFailure
from codex_trio.util.abandonable import abandonable
from codex_trio.util.visible import has_unseen, with_unseen

MOST_PATHS = 50
"""More than anybody would read before they agree."""

_CHECK_SECONDS = 30
_LONGEST_PATH = 4096

_PATHS = {"type": "array", "items": {"type": "string"}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What is needed beyond the sandbox, and no more than that.",
    "properties": {
        "network": {
            "type": "object",
            "properties": {"enabled": {"type": "boolean", "description": "true for access to the network."}},
            "additionalProperties": False,
        },
        "file_system": {
            "type": "object",
            "properties": {
                "read": {**_PATHS, "description": "Files and folders to read, by absolute paths."},
                "write": {**_PATHS, "description": "Files and folders to write, which exist, by absolute paths."},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


class NetworkRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The network, or not."""

    enabled: bool | None = None


class FileSystemRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Paths, as the model wrote them."""

    read: list[str] | None = None
    write: list[str] | None = None


class PermissionsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What a model asks for."""

    network: NetworkRequest | None = None
    file_system: FileSystemRequest | None = None


async def meant(request: PermissionsRequest, base: Path, environment: TurnEnvironment) -> AdditionalPermissions:
    """Return what is asked for, with paths free of links; relative ones count from `base`.

    Where commands may write from then on is taken as it is now: no later link leads elsewhere. Raises ToolFailure.
    """
    files = request.file_system or FileSystemRequest()
    count = len(files.read or ()) + len(files.write or ())
    if count > MOST_PATHS:
        raise ToolFailure(f"{count} paths are asked for, and at most {MOST_PATHS} can be: name the folders around them")
    network = request.network is not None and request.network.enabled is True
    try:
        return await abandonable(_CHECK_SECONDS, partial(_found, network, files, base, environment))
    except TimeoutError:
        raise ToolFailure(f"the paths could not be looked at within {_CHECK_SECONDS} seconds") from None


async def still_within(
    granted: AdditionalPermissions, wanted: AdditionalPermissions, environment: TurnEnvironment
) -> AdditionalPermissions:
    """Return what of a grant lies within what was asked for, links in its paths followed. Raises ToolFailure."""
    named = limited(granted, wanted)
    files = FileSystemRequest(read=list(named.read), write=list(named.write))
    real = await meant(
        PermissionsRequest(network=NetworkRequest(named.network), file_system=files), Path("/"), environment
    )
    return limited(msgspec.structs.replace(real, denied=granted.denied), wanted)


def _found(
    network: bool,  # noqa: FBT001  # given through `partial` above
    files: FileSystemRequest,
    base: Path,
    environment: TurnEnvironment,
) -> AdditionalPermissions:
    found = AdditionalPermissions(
        network=network,
        read=_places(files.read or (), "read", base, environment),
        write=_places(files.write or (), "write", base, environment),
    )
    widened = environment.with_additional(found)
    widened.note()
    for place in found.write:
        _check_can_be_written(place, widened)
    return found


def _check_can_be_written(place: str, widened: TurnEnvironment) -> None:
    """Raise ToolFailure for what no command may write, though the sandbox lets it: nobody is to agree to nothing."""
    try:
        widened.files.blocking().status(place)
        is_open = widened.may_write(place)
    except (OSError, ValueError, RootChanged):
        return  # It is not there yet, or every command will be told.
    if not is_open:
        raise ToolFailure(
            f"`permissions.file_system.write` names `{with_unseen(place)}`, which is the server's own: no command may "
            "write it, so that it cannot be granted"
        )


def _places(paths: Any, kind: str, base: Path, environment: TurnEnvironment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_place(path, kind, base, environment) for path in paths))


def _place(path: str, kind: str, base: Path, environment: TurnEnvironment) -> str:
    named = f"`permissions.file_system.{kind}` names `{with_unseen(path)}`"
    if len(path) > _LONGEST_PATH:
        raise ToolFailure(f"`permissions.file_system.{kind}` names a path of {len(path)} characters: none is that long")
    if not path or "\0" in path or path.startswith("~"):
        raise ToolFailure(f"{named}, which is no path: give an absolute one, or one relative to the working directory")
    if "\n" in path or has_unseen(path):
        raise ToolFailure(f"{named}, in which not every character is seen: nobody could tell what they grant")
    written = str(environment.resolve(str(base / path)))
    files = environment.files.blocking()
    try:
        place = files.leads_to(written)
        if files.is_link(place):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise ToolFailure(f"{named}, which cannot be followed: {why}") from None
    if environment.denies(written):
        raise ToolFailure(f"{named}, which the permissions of this thread deny: nobody can grant it")
    if is_of_every_sandbox(place):
        raise ToolFailure(f"{named}, of which every sandboxed command has its own: it cannot be granted")
    return place
