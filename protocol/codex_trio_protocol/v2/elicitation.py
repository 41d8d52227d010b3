"""Server requests that ask the user something for an MCP server."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import JsonObject, JsonValue, Known, Open, Params, Shape, Since, UInt32, UInt64, Wire

McpElicitationArrayType: TypeAlias = Annotated[str, Known("array")]
"""Always `array`."""


McpElicitationBooleanType: TypeAlias = Annotated[str, Known("boolean")]
"""Always `boolean`."""


class McpElicitationBooleanSchema(Wire):
    """A yes or no."""

    type: McpElicitationBooleanType
    title: str | None = None
    description: str | None = None
    default: bool | None = None


class McpElicitationConstOption(Wire):
    """A choice and the words for it."""

    const: str
    title: str


McpElicitationStringType: TypeAlias = Annotated[str, Known("string")]
"""Always `string`."""


class McpElicitationLegacyTitledEnumSchema(Wire):
    """One of several choices, in the older form."""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    enum: list[str]
    enum_names: list[str] | None = None
    default: str | None = None


class McpElicitationTitledEnumItems(Wire):
    """Choices with words."""

    any_of: list[McpElicitationConstOption]


class McpElicitationTitledMultiSelectEnumSchema(Wire):
    """Some of several choices with words."""

    type: McpElicitationArrayType
    title: str | None = None
    description: str | None = None
    min_items: UInt64 | None = None
    max_items: UInt64 | None = None
    items: McpElicitationTitledEnumItems
    default: list[str] | None = None


class McpElicitationUntitledEnumItems(Wire):
    """Choices."""

    type: McpElicitationStringType
    enum: list[str]


class McpElicitationUntitledMultiSelectEnumSchema(Wire):
    """Some of several choices."""

    type: McpElicitationArrayType
    title: str | None = None
    description: str | None = None
    min_items: UInt64 | None = None
    max_items: UInt64 | None = None
    items: McpElicitationUntitledEnumItems
    default: list[str] | None = None


McpElicitationMultiSelectEnumSchema: TypeAlias = (
    McpElicitationUntitledMultiSelectEnumSchema | McpElicitationTitledMultiSelectEnumSchema
)
"""Some of several choices."""


class McpElicitationTitledSingleSelectEnumSchema(Wire):
    """One of several choices with words."""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    one_of: list[McpElicitationConstOption]
    default: str | None = None


class McpElicitationUntitledSingleSelectEnumSchema(Wire):
    """One of several choices."""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    enum: list[str]
    default: str | None = None


McpElicitationSingleSelectEnumSchema: TypeAlias = (
    McpElicitationUntitledSingleSelectEnumSchema | McpElicitationTitledSingleSelectEnumSchema
)
"""One of several choices."""


McpElicitationEnumSchema: TypeAlias = (
    McpElicitationSingleSelectEnumSchema | McpElicitationMultiSelectEnumSchema | McpElicitationLegacyTitledEnumSchema
)
"""Choices."""


McpElicitationNumberType: TypeAlias = Annotated[str, Known("number", "integer")]
"""Any number, or whole ones."""


class McpElicitationNumberSchema(Wire):
    """A number."""

    type: McpElicitationNumberType
    title: str | None = None
    description: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: float | None = None


McpElicitationObjectType: TypeAlias = Annotated[str, Known("object")]
"""Always `object`."""


McpElicitationStringFormat: TypeAlias = Annotated[str, Known("email", "uri", "date", "date-time")]
"""What kind of text."""


class McpElicitationStringSchema(Wire):
    """A text."""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    min_length: UInt32 | None = None
    max_length: UInt32 | None = None
    format: McpElicitationStringFormat | None = None
    default: str | None = None


McpElicitationPrimitiveSchema: TypeAlias = (
    McpElicitationEnumSchema | McpElicitationStringSchema | McpElicitationNumberSchema | McpElicitationBooleanSchema
)
"""One field of a form."""


McpElicitationSchema: TypeAlias = Annotated[JsonObject, Shape("elicitation:McpElicitationSchemaShape")]
"""A form, in the JSON Schema subset of MCP; passed through."""


class McpServerElicitationRequestParamsBase(Wire, tag_field="mode"):
    """What all questions share. The turn is null when none is running."""

    thread_id: str
    turn_id: str | None = None
    server_name: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """The environment that brings the server along; null for one of the whole thread."""


class UserVerificationElicitation(McpServerElicitationRequestParamsBase, tag="openai/userVerification"):
    """The user is to confirm something with the device's key; the proof goes into the answer's `content`."""

    meta: JsonValue = field(name="_meta", default=None)
    title: str
    description: str
    challenge: str


class FormElicitation(McpServerElicitationRequestParamsBase, tag="form"):
    """The user is to fill in a form."""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    requested_schema: McpElicitationSchema


class OpenaiFormElicitation(McpServerElicitationRequestParamsBase, tag="openai/form"):
    """The user is to fill in a form beyond the MCP subset."""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    requested_schema: JsonValue


class LegacyOpenaiFormElicitation(McpServerElicitationRequestParamsBase, tag="openaiForm"):
    """The same under its older name."""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    requested_schema: JsonValue


class UrlElicitation(McpServerElicitationRequestParamsBase, tag="url"):
    """The user is to visit a page."""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    url: str
    elicitation_id: str


McpServerElicitationRequestParams: TypeAlias = Open[
    UserVerificationElicitation | FormElicitation | OpenaiFormElicitation | LegacyOpenaiFormElicitation | UrlElicitation
]
"""Ask the user something for an MCP server. Also how calls of MCP tools are approved."""


McpServerElicitationAction: TypeAlias = Literal["accept", "decline", "cancel"]
"""Whether the user answered, refused, or went away."""


class McpServerElicitationRequestResponse(Params):
    """The user's answer."""

    action: McpServerElicitationAction
    content: JsonValue | UnsetType = UNSET
    """What was filled in; null unless accepted."""
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpElicitationSchemaShape(Wire):
    """A form, in the JSON Schema subset of MCP; passed through."""

    schema: str | None = field(name="$schema", default=None)
    type: McpElicitationObjectType
    properties: dict[str, McpElicitationPrimitiveSchema]
    required: list[str] | None = None
