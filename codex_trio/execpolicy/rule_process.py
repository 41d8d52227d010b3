"""A process that evaluates rule files and ends: files from its standard input, what came of them on its output.

Owns: the limits that it puts on itself. See `rule_loading`, which starts it.
"""

import resource
import sys

import msgspec

from codex_trio.execpolicy.rule_files import evaluate
from codex_trio.execpolicy.rules import Evaluation, RuleFile, RulesError
from codex_trio.util import decoding

CPU_SECONDS = 1
MEMORY_BYTES = 512 << 20
MAX_OUTPUT_BYTES = 8 << 20


def main() -> int:
    """Evaluate; killed by the kernel, or failing, when that takes too much."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    files = decoding.json_decoder(list[RuleFile]).decode(sys.stdin.buffer.read())
    try:
        evaluation = Evaluation(content=evaluate(files).content)
    except RulesError as error:
        evaluation = Evaluation(problem=error.problem)
    output = msgspec.json.encode(evaluation)
    if len(output) > MAX_OUTPUT_BYTES:
        return 1
    sys.stdout.buffer.write(output)
    return 0
