"""Stands in for a process of the command that is forked elsewhere: `warm_caller.py SOCKET PROGRAM ARGUMENT...`.

A program, not a module to import. It hands over what to run, environment, folder and standard streams, passes on the
signals that it gets, and ends as that process ends. It imports next to nothing, for it is to cost next to nothing.
"""

import _socket
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    # `signal` makes enumerations, which costs more than all the rest.
    import _signal as signal

_TERM, _INT, _HUP, _QUIT = 15, 2, 1, 3
_FAILED = 70


def main() -> None:
    """Have the process forked, and end as it does."""
    caller = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    caller.connect(sys.argv[1])
    job = marshal.dumps((sys.argv[2:], dict(os.environb), os.getcwdb()))
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    caller.sendmsg([len(job).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])

    def pass_on(number: int, _frame: object) -> None:
        caller.send(bytes([number]))

    for number in (_TERM, _INT, _HUP, _QUIT):
        signal.signal(number, pass_on)
    caller.sendall(job)
    os.close(0)
    os.close(1)
    told = caller.recv(4)
    if not told:
        os.write(2, b"the process that has imported everything is gone\n")
        os._exit(_FAILED)
    code = os.waitstatus_to_exitcode(int.from_bytes(told, "big"))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
