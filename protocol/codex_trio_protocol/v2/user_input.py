"""TODO module user_input"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import FirstOf, JsonObject, Params, Shape, Tagged, UInt64, Wire

AdditionalContextKind: TypeAlias = Literal["untrusted", "application"]
"""TODO AdditionalContextKind"""


class AdditionalContextEntry(Params):
    """TODO AdditionalContextEntry"""

    value: str
    kind: AdditionalContextKind
    name: str | None = None


class ByteRange(Wire):
    """TODO ByteRange"""

    start: UInt64
    end: UInt64


FunctionCallOutputContentItem: TypeAlias = Annotated[JsonObject, Shape("user_input:FunctionCallOutputContentItemShape")]
"""TODO FunctionCallOutputContentItem"""


FunctionCallOutputBody: TypeAlias = str | list[FunctionCallOutputContentItem]
"""TODO FunctionCallOutputBody"""


ImageDetail: TypeAlias = Literal["auto", "low", "high", "original"]
"""TODO ImageDetail"""


class TextElement(Wire):
    """TODO TextElement"""

    byte_range: ByteRange
    placeholder: str | None = None


class TurnToolOutput(Params):
    """TODO TurnToolOutput"""

    name: str
    namespace: str | None = None
    output: FunctionCallOutputBody
    retain: bool = False


class TextUserInput(Tagged, tag="text", rename=None):
    """TODO TextUserInput"""

    text: str
    text_elements: list[TextElement] = field(default_factory=list)


class ImageUserInput(FirstOf, tag_field="type", tag="image"):
    """TODO ImageUserInput"""

    one_of: ClassVar[tuple[str, ...]] = ("url", "file_id")

    detail: ImageDetail | None = None
    url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class LocalImageUserInput(Tagged, tag="localImage"):
    """TODO LocalImageUserInput"""

    detail: ImageDetail | None = None
    path: str


class AudioUserInput(FirstOf, tag_field="type", tag="audio"):
    """TODO AudioUserInput"""

    one_of: ClassVar[tuple[str, ...]] = ("url", "file_id")

    url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class LocalAudioUserInput(Tagged, tag="localAudio"):
    """TODO LocalAudioUserInput"""

    path: str


class SkillUserInput(Tagged, tag="skill"):
    """TODO SkillUserInput"""

    name: str
    path: str


class MentionUserInput(Tagged, tag="mention"):
    """TODO MentionUserInput"""

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
"""TODO UserInput"""


class InputTextDynamicToolCallOutputContentItem(Tagged, tag="inputText"):
    """TODO InputTextDynamicToolCallOutputContentItem"""

    text: str


class InputImageDynamicToolCallOutputContentItem(Tagged, tag="inputImage"):
    """TODO InputImageDynamicToolCallOutputContentItem"""

    image_url: str


class InputAudioDynamicToolCallOutputContentItem(Tagged, tag="inputAudio"):
    """TODO InputAudioDynamicToolCallOutputContentItem"""

    audio_url: str


DynamicToolCallOutputContentItem: TypeAlias = (
    InputTextDynamicToolCallOutputContentItem
    | InputImageDynamicToolCallOutputContentItem
    | InputAudioDynamicToolCallOutputContentItem
)
"""TODO DynamicToolCallOutputContentItem"""


class InputTextFunctionCallOutputContentItem(Tagged, tag="input_text"):
    """TODO InputTextFunctionCallOutputContentItem"""

    text: str


class InputImageFunctionCallOutputContentItem(FirstOf, tag_field="type", tag="input_image", rename=None):
    """TODO InputImageFunctionCallOutputContentItem"""

    one_of: ClassVar[tuple[str, ...]] = ("image_url", "file_id")

    detail: ImageDetail | None = None
    image_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class InputAudioFunctionCallOutputContentItem(FirstOf, tag_field="type", tag="input_audio", rename=None):
    """TODO InputAudioFunctionCallOutputContentItem"""

    one_of: ClassVar[tuple[str, ...]] = ("audio_url", "file_id")

    audio_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class EncryptedContentFunctionCallOutputContentItem(Tagged, tag="encrypted_content", rename=None):
    """TODO EncryptedContentFunctionCallOutputContentItem"""

    encrypted_content: str


FunctionCallOutputContentItemShape: TypeAlias = (
    InputTextFunctionCallOutputContentItem
    | InputImageFunctionCallOutputContentItem
    | InputAudioFunctionCallOutputContentItem
    | EncryptedContentFunctionCallOutputContentItem
)
"""TODO FunctionCallOutputContentItemShape"""
