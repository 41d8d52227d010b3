"""Works on another machine and prints how that went: `python far_client.py HOST PORT TOKEN WORK_FOLDER`.

The token is never sent in the clear, so the other machine is reached over a tunnel, which here hides nothing.
"""

import json
import sys

import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.commands import CommandRequest
from codex_trio.environments.environment import ThreadUse
from codex_trio.environments.news import ConnectionChange, ConnectionNews
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.remote.environment import RemoteEnvironment
from codex_trio.environments.targets import RemoteTarget, WebsocketTarget
from codex_trio.sandbox.policy import DangerFullAccess
from codex_trio.server.exec_servers import ExecServers
from codex_trio.util.stoppable_clock import StoppableClock

SCRIPT = """
stty -echo
echo ran >> ran
i=0
while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; test $i != 5 || echo > begun; sleep 0.1; done
read x; echo got:$x:
exit 3
"""


async def one_way(source: trio.SocketStream, target: trio.SocketStream) -> None:
    async for data in source:
        await target.send_all(data)
    await target.send_eof()


async def main(host: str, port: str, token: str, work: str) -> None:
    async def tunnel(near: trio.SocketStream) -> None:
        async with await trio.open_tcp_stream(host, int(port)) as far, trio.open_nursery() as nursery:
            nursery.start_soon(one_way, near, far)
            nursery.start_soon(one_way, far, near)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, tunnel, listeners)
        url = f"ws://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        target = RemoteTarget(id="far", where=WebsocketTarget(url=url, token=token, connect_seconds=60.0))
        news, told = ConnectionNews(), list[ConnectionChange]()
        environment = RemoteEnvironment(target, ExecServers({}).open, nursery, news=news)
        use = ThreadUse(thread_id="t", variables=ShellEnvironmentPolicy(), clock=StoppableClock())
        heard: list[str] = []

        async def hear(text: str) -> None:
            heard.append(text)
            await trio.lowlevel.checkpoint()

        with news.heard(told.append):
            async with trio.open_nursery() as commands:
                opened = environment.open(use, commands)
                asked = CommandRequest(
                    call_id="c",
                    argv=("/bin/sh", "-c", SCRIPT),
                    reads_login=False,
                    cwd=work,
                    tty=True,
                    sandboxed=False,
                )
                place = WorkPlace(cwd=work, policy=DangerFullAccess())
                session = await opened.commands.start(asked, place, group="g", on_output=hear)
                # Typed ahead: it arrives before the cut, or after it.
                await opened.commands.write(session.id, "once\n")
                exit_code = await session.wait()
                ran = await environment.files.read(f"{work}/ran", limit=1000)
                await opened.aclose()
        connections = [change.is_connected for change in told]
        print(
            json.dumps({"exit": exit_code, "said": "".join(heard), "ran": ran.decode(), "connections": connections}),
            flush=True,
        )
        nursery.cancel_scope.cancel()


_, *arguments = sys.argv
HOST, PORT, TOKEN, WORK = arguments
trio.run(main, HOST, PORT, TOKEN, WORK)
