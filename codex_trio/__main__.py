"""`python -m codex_trio`: the same as the console script `codex-trio`."""

import sys

from codex_trio.cli.main import main

sys.exit(main())
