"""A process that has set something up becomes the command that is to run so.

Owns the last step of programs that stand in front of a command.
"""

import os
import runpy
import sys
from collections.abc import Sequence
from typing import NoReturn


def become(command: Sequence[str]) -> NoReturn:
    """Run a command in this process. The file of a Python program runs in this interpreter, with what it has imported.

    Raises OSError when there is no such program.
    """
    if command[0].endswith(".py"):
        sys.argv = [*command]
        runpy.run_path(command[0], run_name="__main__")
        sys.exit()
    os.execvp(command[0], [*command])
