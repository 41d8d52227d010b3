"""One turn: from the user's words to the model's last, with everything that runs in between.

Owns the loop (sample, run the calls, sample again) and steering. Does not own one sampling (engine/sampling.py),
interruption and the end of a turn (client_turn.py), the thread's state (engine/session), or who listens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
import trio
from msgspec import UNSET

from codex_trio.domain.ids import uuid7
from codex_trio.engine.history import message_item
from codex_trio.engine.hooks import ThreadHooks
from codex_trio.engine.pending_input import PendingInput
from codex_trio.engine.request import RequestOrigin
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.room import Room
from codex_trio.engine.sampling import Sampler
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.client_turn import ClientTurn
from codex_trio.engine.turn_request import Remark, TurnInput, TurnRequest, UserInput
from codex_trio.model.errors import ModelError
from codex_trio.state.rollout.lines import Payload


class Turn(ClientTurn):
    """The task that answers a user; `run` once."""

    def __init__(self, context: TaskContext, request: TurnRequest) -> None:
        super().__init__(
            context,
            turn_id=request.turn_id,
            root_id=request.root_id,
            trigger=request.trigger,
            parent_turn_id=request.parent_turn_id,
        )
        self.request = request
        self.client_metadata: Mapping[str, str] = {}
        # Nothing is told before its request is answered anyway.
        answered = trio.Event()
        answered.set()
        self._inbox = deque([self._pending(request.input, answered)])
        self._sampler: Sampler | None = None
        self._room = Room(context, self._log)
        self._hooks: ThreadHooks | None = None
        self._is_refused = False
        """Whether a hook has ended the turn."""
        self._beginning: PendingInput | None = None
        """What the turn began with, while it is known to begin and room is made for that."""

    def add_input(self, given: TurnInput, answered: trio.Event) -> PendingInput:
        """Say more while the turn runs. The model reads it next: what it is just saying is dropped.

        The turn takes it up once `answered` is set: what it sets off comes after that on the wire.
        """
        pending = self._pending(given, answered)
        self._inbox.append(pending)
        if self._sampler is not None and not isinstance(given, Remark):
            self._sampler.cut()
        return pending

    def _pending(self, given: TurnInput, answered: trio.Event) -> PendingInput:
        context = self._context
        return PendingInput(self.id, given, answered, pictures=context.pictures, named=context.named_items)

    def change(self, overrides: TurnOverrides) -> None:
        """Work with other settings from the next request to the model on; later turns have their own."""
        self._context.change(overrides)
        self.settings = self._context.settings
        if overrides.service_tier is not UNSET:
            self.request = msgspec.structs.replace(self.request, service_tier=None)

    async def _do(self) -> None:
        try:
            await self._open()
            await self._loop()
        except ModelError:
            # What was said meanwhile was accepted.
            await self._take_up_inputs()
            raise

    async def _open(self) -> None:
        context = self._context
        await context.step()
        await context.tools_settled()
        self._hooks = await context.hooks(self.id)
        if await self._room.is_short():
            await self._open_with_room()
        else:
            await self._open_at_once()
        if self._hooks is not None and self._hooks.opens:
            self.stored.set()
            opening = await self._hooks.opening()
            self._is_refused = opening.ends
            for text in opening.context:
                await self._log.context_message(text)
        self._sampler = Sampler(context, self._log, stop=self.stop)

    async def _open_with_room(self) -> None:
        """Make room first. What the user said comes after the summary, and outlives this process meanwhile."""
        accepted = await self._inbox[0].accepted_line()
        await self._context.memory.store([self._started_line(), *([] if accepted is None else [accepted])])
        self.stored.set()
        self._tell_start(())
        self._beginning = self._inbox[0]
        await self._room.make(self._origin(), "pre_turn")

    async def _open_at_once(self) -> None:
        context = self._context
        surroundings = await context.context_items()
        settings = context.settings_lines(self.id, root_turn_id=self.root_id)
        opening = [self._started_line(), *surroundings, *settings]
        # What needs no reading of pictures goes into the same write.
        if self._inbox[0].is_plain and (self._hooks is None or not self._hooks.opens):
            await self._open_with(opening, surroundings, self._inbox.popleft())
        else:
            await context.memory.store(opening)
            self._tell_start(surroundings)

    async def _open_with(
        self, opening: Sequence[Payload | ResponseItem], surroundings: Sequence[ResponseItem], pending: PendingInput
    ) -> None:
        """Begin with the first input: stored with what comes before it, then shown."""
        log = self._log
        self.client_metadata = pending.given.metadata.apply(self.client_metadata)
        pieces = self._context.new_context(pending.given.context)
        forms = await pending.forms()
        if forms.item is None:
            stored = await self._context.memory.store([*opening, *pieces])
            self._tell_start(surroundings)
            log.show_raw(*stored[len(surroundings) :])
            return
        line = log.line_of(forms.item)
        stored = await self._context.memory.store([*opening, *pieces, line, *forms.read])
        self._tell_start(surroundings)
        log.show_raw(*stored[len(surroundings) :])
        log.show_input(line)

    async def _loop(self) -> None:
        assert self._sampler is not None
        try:
            await self._sample_until_done(self._sampler)
        finally:
            await self._sampler.aclose()

    async def _sample_until_done(self, sampler: Sampler) -> None:
        while True:
            await self._take_up_inputs()
            self.stored.set()
            if self._is_refused:
                self.accepts_input = False
                return
            try:
                await self._repository.wait()
                await self._context.step()
                follow_up = await sampler.sample(self._origin())
            except ModelError as error:
                await self._context.memory.leave_out_refused(error)
                raise
            if follow_up:
                await self._context.companions.responded()
            follow_up = await self._take_up_news() or follow_up
            if not follow_up and not self._inbox:
                follow_up = await self._goes_on()
            if not follow_up and not self._inbox:
                self.accepts_input = False
                if self._room.is_to_be_made_after_turn():
                    await self._context.memory.record(self._usage_lines())
                    await self._room.make_after_turn(self._origin())
                # What it used is stored with the end.
                self._is_concluding = True
                return
            await self._context.memory.record(self._usage_lines())
            sampler.conclude(goes_on=follow_up)
            await self._room.make(self._origin(), "mid_turn")

    def _origin(self) -> RequestOrigin:
        return RequestOrigin(
            kind="turn",
            turn_id=self.id,
            root_turn_id=self.root_id,
            parent_turn_id=self.request.parent_turn_id,
            trigger=self.request.trigger,
            client_metadata=self.client_metadata,
            output_schema=self.request.output_schema,
            service_tier=self.request.service_tier,
            started_ms=self.started_ms,
            workspaces=self._repository.workspaces,
        )

    async def _take_up_news(self) -> bool:
        """Let the model read what goes along with the turn has for it; whether there was anything."""
        news = self._context.companions.news()
        for text in news:
            await self._log.history(message_item("user", [text], item_id=uuid7()))
        return bool(news)

    async def _goes_on(self) -> bool:
        """Let hooks say what the model is to go on with, where it would end."""
        if self._hooks is None:
            return False
        last = self._log.last_message
        prompts = await self._hooks.stopping(None if last is None else last[0].text)
        if prompts:
            await self._log.hook_prompt(prompts)
        return bool(prompts)

    async def _may_be_said(self, pending: PendingInput) -> list[str]:
        """Let hooks see what a user says; return what the model is told beside it."""
        given = pending.given
        if self._hooks is None or not isinstance(given, UserInput):
            return []
        text = "\n".join(part.get("text", "") for part in given.content if part.get("type") == "text")
        opening = await self._hooks.prompt(text)
        self._is_refused = self._is_refused or opening.ends
        return [*opening.context]

    async def _take_up_inputs(self) -> None:
        """Take up all that has been said."""
        while self._inbox:
            await self._take_up(self._inbox.popleft())

    async def _take_up(self, pending: PendingInput) -> None:
        """Show what the user said and let the model read it, after the context that came with it."""
        # The answer to the request goes before what it set off.
        await pending.answered.wait()
        if pending.is_withdrawn or self._is_refused:
            return
        beside = await self._may_be_said(pending)
        if self._is_refused:
            return
        self.client_metadata = pending.given.metadata.apply(self.client_metadata)
        await self._log.history(*self._context.new_context(pending.given.context))
        forms = await pending.forms()
        if forms.item is None:
            await self._log.history(*forms.read)
        elif forms.read:
            await self._log.input_completed(forms.item, forms.read)
        for text in beside:
            await self._log.context_message(text)

    async def _wind_up(self) -> None:
        if self._sampler is not None:
            await self._sampler.abort()
        # Who stops a turn also stops what was said and is yet to be taken up (0.169.0); not what has happened, nor what
        # it began with. When the server ends, nobody did.
        if self._scope.cancel_called:
            self._inbox = deque(one for one in self._inbox if one is self._beginning or isinstance(one.given, Remark))
        await self._take_up_inputs()

    def _concluded(self) -> None:
        if self._sampler is not None:
            self._sampler.conclude(goes_on=False)

    def _let_go(self) -> None:
        self._sampler = None

    @property
    def _calls(self) -> int:
        return self._sampler.calls_made if self._sampler else 0

    @property
    def _first_token_ms(self) -> int | None:
        return self._sampler.first_token_ms if self._sampler else None
