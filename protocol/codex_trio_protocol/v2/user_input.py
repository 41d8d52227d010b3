"""What a user or a tool hands to the model: text, images, sound, mentions, tool output."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AnyPath, Called, FirstOf, JsonObject, Params, Shape, Tagged, UInt, Wire

AdditionalContextKind: TypeAlias = Literal["untrusted", "application"]
"""How far a piece of context is trusted: as the application's word, or as anyone's."""


class AdditionalContextEntry(Params):
    """A piece of context that the client adds to a turn.

    `name` labels untrusted text as if a tool of that name had said it.
    """

    value: str
    kind: AdditionalContextKind
    name: str | None = None


class ByteRange(Wire):
    """A stretch of UTF-8 bytes, the end excluded."""

    start: UInt
    end: UInt


FunctionCallOutputContentItem: TypeAlias = Annotated[JsonObject, Shape("user_input:FunctionCallOutputContentItemShape")]
"""One part of a tool's output, in the model API's form."""


FunctionCallOutputBody: TypeAlias = Annotated[
    str | list[FunctionCallOutputContentItem], Called("FunctionCallOutputBody")
]
"""A tool's output: plain text, or parts."""


ImageDetail: TypeAlias = Literal["auto", "low", "high", "original"]
"""Resolution at which the model looks at an image."""


class TextElement(Wire):
    """A stretch of the text that the client shows in its own way, such as a mention; null placeholder means show the
    text.
    """

    byte_range: ByteRange
    placeholder: str | None = None


class TurnToolOutput(Params):
    """Output of a tool that the client ran by itself, given along with a turn."""

    name: str
    namespace: str | None = None
    output: FunctionCallOutputBody
    retain: bool = False
    """Keep it in the model's history after this turn."""


class TextUserInput(Tagged, tag="text", rename=None):
    """Words. The elements mark stretches that have a meaning for the client."""

    text: str
    text_elements: list[TextElement] = field(default_factory=list)


class ImageUserInput(FirstOf, tag_field="type", tag="image"):
    """A picture, by data URL or by the id of an uploaded file."""

    one_of: ClassVar[tuple[str, ...]] = ("url", "file_id")
    choice: ClassVar[str | None] = "ImageReference"

    detail: ImageDetail | None = None
    url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class LocalImageUserInput(Tagged, tag="localImage"):
    """A picture in the server's file system. An unreadable one becomes a note to the model."""

    detail: ImageDetail | None = None
    path: AnyPath


class AudioUserInput(FirstOf, tag_field="type", tag="audio"):
    """Sound, by data URL or by the id of an uploaded file."""

    one_of: ClassVar[tuple[str, ...]] = ("url", "file_id")
    choice: ClassVar[str | None] = "AudioReference"

    url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class LocalAudioUserInput(Tagged, tag="localAudio"):
    """Sound in the server's file system."""

    path: AnyPath


class SkillUserInput(Tagged, tag="skill"):
    """A skill to use, by name and the path of its file."""

    name: str
    path: AnyPath


class MentionUserInput(Tagged, tag="mention"):
    """Something mentioned by name, such as an app or a plugin, with its path or URI."""

    name: str
    path: str


UserInput: TypeAlias = (
    TextUserInput
    | ImageUserInput
    | LocalImageUserInput
    | AudioUserInput
    | LocalAudioUserInput
    | SkillUserInput
    | MentionUserInput
)
"""One part of what the user says in a turn."""


class InputTextDynamicToolCallOutputContentItem(Tagged, tag="inputText"):
    """Text from the client's tool."""

    text: str


class InputImageDynamicToolCallOutputContentItem(Tagged, tag="inputImage"):
    """A picture from the client's tool, as a data URL."""

    image_url: str


class InputAudioDynamicToolCallOutputContentItem(Tagged, tag="inputAudio"):
    """Sound from the client's tool, as a data URL."""

    audio_url: str


DynamicToolCallOutputContentItem: TypeAlias = (
    InputTextDynamicToolCallOutputContentItem
    | InputImageDynamicToolCallOutputContentItem
    | InputAudioDynamicToolCallOutputContentItem
)
"""One part of what a client's tool gives back."""


class InputTextFunctionCallOutputContentItem(Tagged, tag="input_text"):
    """Text from a tool."""

    text: str


class InputImageFunctionCallOutputContentItem(FirstOf, tag_field="type", tag="input_image", rename=None):
    """A picture from a tool, by URL or uploaded file."""

    one_of: ClassVar[tuple[str, ...]] = ("image_url", "file_id")

    detail: ImageDetail | None = None
    image_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class InputAudioFunctionCallOutputContentItem(FirstOf, tag_field="type", tag="input_audio", rename=None):
    """Sound from a tool, by URL or uploaded file."""

    one_of: ClassVar[tuple[str, ...]] = ("audio_url", "file_id")

    audio_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class EncryptedContentFunctionCallOutputContentItem(Tagged, tag="encrypted_content", rename=None):
    """Output that only the provider can read."""

    encrypted_content: str


FunctionCallOutputContentItemShape: TypeAlias = (
    InputTextFunctionCallOutputContentItem
    | InputImageFunctionCallOutputContentItem
    | InputAudioFunctionCallOutputContentItem
    | EncryptedContentFunctionCallOutputContentItem
)
"""One part of a tool's output, in the model API's form."""
