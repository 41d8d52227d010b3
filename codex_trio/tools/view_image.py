"""The `view_image` tool: a picture of the environment, given to the model."""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.domain.items import ImageView
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext, with_choice
from codex_trio.tools.picture_form import PictureProblem
from codex_trio.tools.pictures import ModelPictures
from codex_trio.util.regular_file import NotARegularFile

SPEC: dict[str, Any] = {
    "type": "function",
    "name": "view_image",
    "description": "Shows you an image file of this machine, when looking at it helps.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Path of the image."}},
        "required": ["path"],
        "additionalProperties": False,
    },
}


_DETAILS = ("high", "original")
"""What models that learnt of an older form of the tool may ask for; each gets what it takes (0.171.0)."""


class ViewImageArguments(msgspec.Struct):
    """Arguments of `view_image`."""

    path: str
    detail: str | None = None
    environment_id: str | None = None


class ViewImage:
    """Shows a picture, in the form that the model takes."""

    parallel = True

    def __init__(self, pictures: ModelPictures, *, has_choice: bool = False) -> None:
        self.spec = with_choice(SPEC) if has_choice else SPEC
        self._pictures = pictures

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, ViewImageArguments)
        environment = context.within(arguments.environment_id).environment
        if "image" not in context.model.input_modalities:
            raise ToolFailure("view_image is not allowed because you do not support image inputs")
        if arguments.detail not in (None, *_DETAILS):
            raise ToolFailure(
                "view_image.detail only supports `high` or `original`; omit `detail` for default high resized "
                f"behavior, got `{arguments.detail[:100]}`"
            )
        # Models copy paths with the end of the line that they stood in.
        path = environment.resolve(arguments.path.rstrip("\r\n"))
        if not environment.may_read(str(path)):
            raise ToolFailure(f"unable to locate image at `{path}`: the permissions of this thread deny reading it")
        try:
            part = await self._pictures.of_file(path, files=environment.files)
        except NotARegularFile as error:
            raise ToolFailure(f"image path `{path}` is not a file: it {error.strerror}") from None
        except OSError as error:
            raise ToolFailure(f"unable to locate image at `{path}`: {_reason(error)}") from None
        except PictureProblem as problem:
            raise ToolFailure(f"unable to process image at `{path}`: {problem}") from None
        item = ImageView(id=call.call_id, path=str(path))
        context.log.started(item)
        await context.log.completed(item)
        return ToolOutput(content=[part], value={"image_url": part["image_url"]})


def _reason(error: OSError) -> str:
    return f"{error.strerror} (os error {error.errno})"
