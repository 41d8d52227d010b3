"""Several clients on one server: who hears what, who is asked, and what stays when a client goes."""

from collections.abc import Sequence
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.listening import Listening, Visitor
from codex_trio.conformance.probe import Message, Probe, statuses
from codex_trio.testing.model_script import Gate, Reply, answer, function_call, message, message_of

ESCALATED = {"cmd": "touch done", "sandbox_permissions": "require_escalated", "justification": "It has to."}
QUESTION = "item/commandExecution/requestApproval"
RESOLVED = "serverRequest/resolved"
CHANGED = "thread/status/changed"
ACTIVE: dict[str, Any] = {"type": "active", "activeFlags": []}
WAITING = {"type": "active", "activeFlags": ["waitingOnApproval"]}
IDLE = {"type": "idle"}

ASK = answer(function_call("exec_command", ESCALATED, call_id="c1"))
DONE = answer(message("Done."))


async def ask(lab: Lab, server: Listening, client: Visitor, *replies: Reply) -> tuple[str, str, Message]:
    """Return a thread, its turn, and the question that it waits with."""
    lab.script(*(replies or (ASK, DONE)))
    thread = await client.start_thread(cwd=str(lab.cwd))
    turn_id = await client.start_turn(thread["id"])
    return thread["id"], turn_id, await client.until(QUESTION)


def asking(lab: Lab) -> None:
    """Have commands that leave the sandbox asked for."""
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")


async def settle(*clients: Probe) -> None:
    """Wait until what was sent to these clients so far has come."""
    for client in clients:
        await client.request("thread/loaded/list")


def about(client: Probe, thread_id: str) -> list[str]:
    """Return the methods of what a client heard of a thread."""
    return [
        found["method"]
        for found in client.log.from_server
        if "method" in found
        and thread_id in (found["params"].get("threadId"), found["params"].get("thread", {}).get("id"))
    ]


def targeted(methods: Sequence[str]) -> list[str]:
    """Return those that are for subscribers only."""
    return [
        method
        for method in methods
        if method.startswith(("turn/", "item/", "thread/tokenUsage/", "account/rateLimits/")) or method == RESOLVED
    ]


async def test_every_client_hears_of_a_thread_but_only_its_starter_of_its_turns(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        turn = await one.run_turn(thread["id"])
        await two.until("thread/started")
        await two.until(CHANGED, where=lambda params: params["status"] == IDLE)
        await settle(two)
        assert about(two, thread["id"]) == ["thread/started", CHANGED, "thread/readState/changed", CHANGED]
        assert targeted(two.log.methods()) == []
        assert {"turn/started", "item/started", "thread/tokenUsage/updated", "thread/readState/changed"} <= set(
            turn.methods
        )


async def test_what_is_unread_is_told_to_every_client(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        await one.run_turn(thread["id"])
        state = (await two.until("thread/readState/changed"))["params"]["readState"]
        params = {"threadId": thread["id"], "operation": {"type": "read"}, "expectedRevision": state["revision"]}
        read = (await two.request("thread/readState/update", params))["readState"]
        for client in (one, two):
            told = await client.until("thread/readState/changed", where=lambda sent: sent["readState"] == read)
            assert told["params"] == {"threadId": thread["id"], "readState": read}


async def test_names_and_the_archive_are_told_to_every_client(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        await one.run_turn(thread["id"])
        await one.request("thread/name/set", {"threadId": thread["id"], "name": "A name"})
        await one.request("thread/archive", {"threadId": thread["id"]})
        await one.request("thread/unarchive", {"threadId": thread["id"]})
        for client in (one, two):
            named = await client.until("thread/name/updated")
            assert named["params"] == {"threadId": thread["id"], "threadName": "A name"}
            for method in ("thread/archived", "thread/unarchived"):
                assert (await client.until(method))["params"] == {"threadId": thread["id"]}


async def test_a_client_that_has_not_introduced_itself_hears_nothing(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect(initialize=False) as stranger:
        thread = await one.start_thread(cwd=str(lab.cwd))
        await one.run_turn(thread["id"])
        error = await stranger.refusal("thread/loaded/list")
        assert error.message == "Not initialized"
        assert stranger.log.methods() == ["reply"]


async def test_reading_and_listing_a_thread_does_not_subscribe_to_it(lab: Lab) -> None:
    lab.script(answer(message("One.")), answer(message("Two.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        await one.run_turn(thread["id"])
        await two.request("thread/read", {"threadId": thread["id"]})
        await two.request("thread/list", {})
        await one.run_turn(thread["id"])
        await settle(two)
        assert targeted(two.log.methods()) == []


async def test_resuming_a_loaded_thread_subscribes_and_unsubscribing_ends_it(lab: Lab) -> None:
    lab.script(*(answer(message(text)) for text in ("One.", "Two.", "Three.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        await one.run_turn(thread["id"])
        await two.request("thread/resume", {"threadId": thread["id"], "excludeTurns": True})
        await settle(two)
        two.log.skip()
        await one.run_turn(thread["id"])
        await two.until("turn/started")
        await two.until("turn/completed")
        assert await two.request("thread/unsubscribe", {"threadId": thread["id"]}) == {"status": "unsubscribed"}
        assert await two.request("thread/unsubscribe", {"threadId": thread["id"]}) == {"status": "notSubscribed"}
        before = len(two.log.from_server)
        await one.run_turn(thread["id"])
        await settle(two)
        heard = [found["method"] for found in two.log.from_server[before:] if "method" in found]
        assert set(heard) == {CHANGED, "thread/readState/changed"}


async def test_a_fork_is_told_to_all_and_followed_by_its_maker_who_also_learns_its_token_use(lab: Lab) -> None:
    lab.script(answer(message("One.")), answer(message("Two.")))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        turn = await one.run_turn(thread["id"])
        fork = (await two.request("thread/fork", {"threadId": thread["id"]}))["thread"]
        usage = await two.until("thread/tokenUsage/updated")
        assert usage["params"]["threadId"] == fork["id"]
        assert usage["params"]["turnId"] == turn.id
        await two.until("thread/started")
        await one.until("thread/started", where=lambda params: params["thread"]["id"] == fork["id"])
        await two.run_turn(fork["id"])
        await settle(one)
        assert targeted(about(one, fork["id"])) == []
        assert targeted(about(two, thread["id"])) == []


async def test_every_subscriber_is_asked_with_the_same_id_and_the_first_answer_counts(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        lab.script(answer(message("Hi.")), ASK, DONE)
        thread = await one.start_thread(cwd=str(lab.cwd))
        await one.run_turn(thread["id"])
        await two.request("thread/resume", {"threadId": thread["id"], "excludeTurns": True})
        turn_id = await one.start_turn(thread["id"])
        question = await one.until(QUESTION)
        assert question["id"] == 0
        assert await two.until(QUESTION) == question
        await two.respond(question, {"decision": "decline"})
        for client in (one, two):
            resolved = await client.until(RESOLVED)
            assert resolved["params"] == {"threadId": thread["id"], "requestId": 0}
            changed = await client.until(CHANGED)
            assert changed["params"]["status"] == ACTIVE
        await one.respond(question, {"decision": "accept"})
        turn = await one.finish_turn(turn_id)
        assert turn.status == "completed"
        assert (await one.request("thread/loaded/list"))["data"] == [thread["id"]]
    assert not (lab.cwd / "done").exists()


async def test_ids_of_questions_are_counted_over_all_threads_and_clients(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        _, _, first = await ask(lab, server, one, ASK)
        _, _, second = await ask(lab, server, two, ASK)
        assert (first["id"], second["id"]) == (0, 1)


async def test_who_does_not_follow_a_thread_is_not_asked(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        _, _, question = await ask(lab, server, one)
        await one.respond(question, {"decision": "decline"})
        await one.until("turn/completed")
        await settle(two)
        assert targeted(two.log.methods()) == []


async def test_a_question_outlives_the_client_that_was_asked_and_others_notice_nothing(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("two") as two:
        async with server.connect("one") as one:
            thread_id, turn_id, question = await ask(lab, server, one)
            await two.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
            assert await two.until(QUESTION) == question
        await two.nothing_more()
        thread = (await two.request("thread/read", {"threadId": thread_id}))["thread"]
        assert thread["status"] == WAITING
        await two.respond(question, {"decision": "accept"})
        await two.until("turn/completed", where=lambda params: params["turn"]["id"] == turn_id)
    assert (lab.cwd / "done").exists()


async def test_a_question_outlives_all_clients_and_is_put_to_who_resumes_the_thread(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server:
        async with server.connect("one") as one:
            thread_id, turn_id, question = await ask(lab, server, one)
        async with server.connect("two") as two:
            resumed = await two.request("thread/resume", {"threadId": thread_id})
            assert resumed["thread"]["status"] == WAITING
            assert [(turn["id"], turn["status"]) for turn in resumed["thread"]["turns"]] == [(turn_id, "inProgress")]
            assert await two.until(QUESTION) == question
            await two.respond(question, {"decision": "accept"})
            await two.until("turn/completed")
    assert (lab.cwd / "done").exists()


async def test_who_resumes_gets_the_answer_then_the_token_use_then_the_open_questions_each_time(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one:
        lab.script(answer(message("Hi.")))
        thread = await one.start_thread(cwd=str(lab.cwd))
        first = await one.run_turn(thread["id"])
        lab.script(ASK, DONE)
        turn_id = await one.start_turn(thread["id"])
        question = await one.until(QUESTION)
        await settle(one)
        for _ in range(2):
            before = len(one.log.from_server)
            one.log.skip()
            await one.request("thread/resume", {"threadId": thread["id"]})
            assert await one.until(QUESTION) == question
            await settle(one)
            heard = [
                found
                for found in one.log.from_server[before:]
                if found.get("method") in (None, "thread/tokenUsage/updated", QUESTION)
            ][:-1]
            assert [found.get("method", "reply") for found in heard] == ["reply", "thread/tokenUsage/updated", QUESTION]
            assert heard[1]["params"]["turnId"] in (first.id, turn_id)


async def test_several_open_questions_are_put_again_in_their_order(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        calls = [
            function_call("exec_command", {**ESCALATED, "cmd": f"touch done{number}"}, call_id=f"c{number}")
            for number in range(3)
        ]
        thread_id, _, _ = await ask(lab, server, one, answer(*calls), DONE)
        for _ in calls[1:]:
            await one.until(QUESTION)
        questions = [found for found in one.log.from_server if found.get("method") == QUESTION]
        await two.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        assert [await two.until(QUESTION) for _ in questions] == questions


async def test_a_client_that_was_not_asked_cannot_answer(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        _, turn_id, question = await ask(lab, server, one)
        await two.respond(question, {"decision": "accept"})
        await settle(two, one)
        assert RESOLVED not in one.log.methods()
        await one.respond(question, {"decision": "decline"})
        await one.finish_turn(turn_id)
    assert not (lab.cwd / "done").exists()


async def test_a_client_that_no_longer_follows_may_still_answer(lab: Lab) -> None:
    asking(lab)
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread_id, _, question = await ask(lab, server, one)
        await one.request("thread/unsubscribe", {"threadId": thread_id})
        assert (await two.request("thread/read", {"threadId": thread_id}))["thread"]["status"] == WAITING
        await one.respond(question, {"decision": "accept"})
        await two.until(CHANGED, where=lambda params: params["status"] == IDLE)
        assert RESOLVED not in one.log.methods()
    assert (lab.cwd / "done").exists()
    assert lab.model.requests[1].output_of("c1")


async def test_a_running_turn_without_followers_goes_on_and_its_thread_stays_loaded(lab: Lab) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate, " two"])), answer(message("Three.")))
    async with lab.listen() as server, server.connect("two") as two:
        async with server.connect("one") as one:
            thread = await one.start_thread(cwd=str(lab.cwd))
            turn_id = await one.start_turn(thread["id"])
            await one.until("item/agentMessage/delta")
        gate.open()
        await two.until(CHANGED, where=lambda params: params["status"] == IDLE)
        await settle(two)
        assert targeted(two.log.methods()) == []
        assert statuses(two.log.from_server) == [ACTIVE, IDLE]
        assert (await two.request("thread/loaded/list"))["data"] == [thread["id"]]
        read = await two.request("thread/read", {"threadId": thread["id"], "includeTurns": True})
        assert [(turn["id"], turn["status"]) for turn in read["thread"]["turns"]] == [(turn_id, "completed")]


async def test_joining_in_the_middle_of_a_message_shows_the_turn_and_brings_the_rest(lab: Lab) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate, " two"])))
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        thread = await one.start_thread(cwd=str(lab.cwd))
        turn_id = await one.start_turn(thread["id"])
        await one.until("item/agentMessage/delta")
        resumed = await two.request("thread/resume", {"threadId": thread["id"]})
        assert resumed["thread"]["status"] == ACTIVE
        assert [(turn["id"], turn["status"]) for turn in resumed["thread"]["turns"]] == [(turn_id, "inProgress")]
        gate.open()
        completed = await two.until("item/completed")
        assert completed["params"]["item"]["text"] == "One two"
        await two.until("turn/completed")


async def test_the_first_client_names_the_originator_and_the_latest_stands_at_the_end_of_the_user_agent(
    lab: Lab,
) -> None:
    lab.script(answer(message("Hi.")))
    async with (
        lab.listen() as server,
        server.connect("first") as first,
        server.connect("second") as second,
    ):
        thread = await first.start_thread(cwd=str(lab.cwd))
        await first.run_turn(thread["id"])
        [request] = lab.model.requests
        assert request.headers["originator"] == "first"
        assert request.headers["user-agent"].startswith("first/")
        assert "(second; 1.0)" in request.headers["user-agent"]
        info = {"clientInfo": {"name": "third", "version": "2"}}
        async with server.connect(initialize=False) as third:
            agent = (await third.request("initialize", info))["userAgent"]
        assert agent.startswith("first/")
        assert "(third; 2)" in agent
        assert (await second.refusal("initialize", info)).message == "Already initialized"


async def test_what_a_client_opted_out_of_is_still_told_to_the_others(lab: Lab) -> None:
    async with (
        lab.listen() as server,
        server.connect("one") as one,
        server.connect("two", opt_out=["thread/started"]) as two,
    ):
        await one.start_thread(cwd=str(lab.cwd))
        await one.until("thread/started")
        await settle(two)
        assert "thread/started" not in two.log.methods()


async def test_the_experimental_capability_is_each_clients_own(lab: Lab) -> None:
    async with lab.listen() as server, server.connect("one") as one, server.connect("two", experimental=False) as two:
        params = {"value": "x"}
        await one.request("mock/experimentalMethod", params)
        error = await two.refusal("mock/experimentalMethod", params)
        assert error.message == "mock/experimentalMethod requires experimentalApi capability"
        assert error.code == -32600


async def test_request_ids_are_each_clients_own(lab: Lab) -> None:
    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        for client, number in ((one, 1), (two, 2)):
            reply = await client.exchange({"id": "same", "method": "thread/loaded/list", "params": {"limit": number}})
            assert reply == {"id": "same", "result": {"data": [], "nextCursor": None}}
