"""The `view_image` tool: a local picture, given to the model as it is."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.domain.items import ImageView
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext

MAX_IMAGE_BYTES = 50 * 1024 * 1024
"""Above this the provider refuses the request anyway, and the rollout would grow by as much."""

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


class ViewImageArguments(msgspec.Struct):
    """Arguments of `view_image`."""

    path: str


class ViewImage:
    """Reads, checks and encodes the picture off the loop."""

    spec = SPEC
    parallel = True
    needs_environment = True

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, ViewImageArguments)
        if "image" not in context.model.input_modalities:
            raise ToolFailure("view_image is not allowed because you do not support image inputs")
        path = context.resolve(arguments.path)
        url = await trio.to_thread.run_sync(_data_url, path)
        item = ImageView(id=call.call_id, path=str(path))
        context.log.started(item)
        await context.log.completed(item)
        return ToolOutput(content=[{"type": "input_image", "image_url": url, "detail": "original"}])


def _data_url(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size > MAX_IMAGE_BYTES:
            raise ToolFailure(f"image at `{path}` is larger than {MAX_IMAGE_BYTES} bytes")
        raw = path.read_bytes()
        with Image.open(path) as image:
            mime = image.get_format_mimetype()
            image.verify()
    except UnidentifiedImageError:
        raise ToolFailure(f"unable to process image at `{path}`: not an image that can be read") from None
    except OSError as error:
        if error.strerror is None:
            raise ToolFailure(f"unable to process image at `{path}`: {error}") from None
        reason = f"{error.strerror} (os error {error.errno})"
        raise ToolFailure(f"unable to locate image at `{path}`: {reason}") from None
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ToolFailure(f"unable to process image at `{path}`: {error}") from None
    return f"data:{mime or 'application/octet-stream'};base64,{base64.b64encode(raw).decode('ascii')}"
