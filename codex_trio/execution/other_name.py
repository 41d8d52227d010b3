"""Starting a program under another name than that of its file: what it finds as the first of its arguments."""

from __future__ import annotations

import os
import sys

import msgspec

from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import SpawnRequest

# The environment as it was given: Python may have put a locale into it.
_START = (
    "import os,sys;"
    "given=open('/proc/self/environ','rb').read().split(b'\\0');"
    "os.execve(sys.argv[1],sys.argv[2:],dict(line.split(b'=',1) for line in given if b'=' in line))"
)


def under_name(request: SpawnRequest, name: str) -> SpawnRequest:
    """Return the same program with `name` instead of its own. Raises SpawnError when there is none.

    It is started by way of Python, since a launcher that confines it may know of no other names.
    """
    from codex_trio.execution.posix_spawn import find_program

    program = request.argv[0]
    try:
        path = find_program(program, request.env)
        if not os.path.exists(os.path.join(request.cwd, path)):
            raise FileNotFoundError(2, os.strerror(2), path)
    except OSError as error:
        raise SpawnError(error.errno or 0, path=program) from error
    return msgspec.structs.replace(request, argv=(sys.executable, "-ISc", _START, path, name, *request.argv[1:]))
