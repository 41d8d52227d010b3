"""Command line of the exporters: `python -m codex_trio_protocol.export`.

`--out DIR` writes `DIR/json` and `DIR/typescript`, and the reference pages into `docs` beside `DIR`; nothing is ever
removed. `--check DIR` compares what stands there with what `--out DIR --experimental` would write, prints the paths
that differ, and ends with status 1 if any do.
"""

import argparse
import sys
from pathlib import Path
from typing import Protocol

from codex_trio_protocol.export import json_schema, reference, typescript


def generate(root: Path, *, experimental: bool) -> dict[Path, str]:
    """Return all generated files by path, for a schema folder `root`."""
    found = {root / "json" / path: text for path, text in json_schema.files(experimental=experimental).items()}
    found |= {root / "typescript" / path: text for path, text in typescript.files(experimental=experimental).items()}
    found |= {root.parent / "docs" / path: text for path, text in reference.files().items()}
    return found


class Generate(Protocol):
    """Generates files, as `generate` does."""

    def __call__(self, root: Path, *, experimental: bool) -> dict[Path, str]: ...


def write(files: dict[Path, str]) -> None:
    """Write generated files."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def drift(root: Path, *, generate: Generate = generate) -> list[Path]:
    """Return paths whose file is missing, needless or different."""
    wanted = generate(root, experimental=True)
    present = _present(root)
    different = {path for path in present & set(wanted) if path.read_text(encoding="utf-8") != wanted[path]}
    return sorted((present ^ set(wanted)) | different)


def _present(root: Path) -> set[Path]:
    folders = (root / "json", root / "typescript", root.parent / "docs")
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def main(arguments: list[str] | None = None, *, generate: Generate = generate) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="codex_trio_protocol.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, metavar="DIR", help="write everything")
    target.add_argument("--check", type=Path, metavar="DIR", help="compare with what stands there")
    parser.add_argument("--experimental", action="store_true", help="with --out: write what is experimental too")
    options = parser.parse_args(arguments)
    if options.out is not None:
        write(generate(options.out, experimental=options.experimental))
        return 0
    paths = drift(options.check, generate=generate)
    for path in paths:
        print(path)
    return 1 if paths else 0


if __name__ == "__main__":
    sys.exit(main())
