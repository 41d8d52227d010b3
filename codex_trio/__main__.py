"""`python -m codex_trio`: the same as the console script `codex-trio`.

`-m` has imports look in the working directory first. That is the user's project, or a model's: nothing of the server is
there, unless it is the server's own source tree.
"""

import os
import sys


def _current_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        # It was deleted: the command line says so where that matters.
        return None


_FOLDER = _current_folder()
_IS_OWN_TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__) if _FOLDER else __file__)) == _FOLDER

if not (sys.flags.safe_path or _IS_OWN_TREE) and sys.path[:1] == [_FOLDER]:
    del sys.path[0]

from codex_trio.cli.main import main  # noqa: E402  # after the above, which is about imports

sys.exit(main())
