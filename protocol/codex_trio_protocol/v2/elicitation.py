"""TODO module elicitation"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import JsonObject, JsonValue, Known, Open, Params, Shape, UInt32, UInt64, Wire

McpElicitationArrayType: TypeAlias = Annotated[str, Known("array")]
"""TODO McpElicitationArrayType"""


McpElicitationBooleanType: TypeAlias = Annotated[str, Known("boolean")]
"""TODO McpElicitationBooleanType"""


class McpElicitationBooleanSchema(Wire):
    """TODO McpElicitationBooleanSchema"""

    type: McpElicitationBooleanType
    title: str | None = None
    description: str | None = None
    default: bool | None = None


class McpElicitationConstOption(Wire):
    """TODO McpElicitationConstOption"""

    const: str
    title: str


McpElicitationStringType: TypeAlias = Annotated[str, Known("string")]
"""TODO McpElicitationStringType"""


class McpElicitationLegacyTitledEnumSchema(Wire):
    """TODO McpElicitationLegacyTitledEnumSchema"""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    enum: list[str]
    enum_names: list[str] | None = None
    default: str | None = None


class McpElicitationTitledEnumItems(Wire):
    """TODO McpElicitationTitledEnumItems"""

    any_of: list[McpElicitationConstOption]


class McpElicitationTitledMultiSelectEnumSchema(Wire):
    """TODO McpElicitationTitledMultiSelectEnumSchema"""

    type: McpElicitationArrayType
    title: str | None = None
    description: str | None = None
    min_items: UInt64 | None = None
    max_items: UInt64 | None = None
    items: McpElicitationTitledEnumItems
    default: list[str] | None = None


class McpElicitationUntitledEnumItems(Wire):
    """TODO McpElicitationUntitledEnumItems"""

    type: McpElicitationStringType
    enum: list[str]


class McpElicitationUntitledMultiSelectEnumSchema(Wire):
    """TODO McpElicitationUntitledMultiSelectEnumSchema"""

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
"""TODO McpElicitationMultiSelectEnumSchema"""


class McpElicitationTitledSingleSelectEnumSchema(Wire):
    """TODO McpElicitationTitledSingleSelectEnumSchema"""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    one_of: list[McpElicitationConstOption]
    default: str | None = None


class McpElicitationUntitledSingleSelectEnumSchema(Wire):
    """TODO McpElicitationUntitledSingleSelectEnumSchema"""

    type: McpElicitationStringType
    title: str | None = None
    description: str | None = None
    enum: list[str]
    default: str | None = None


McpElicitationSingleSelectEnumSchema: TypeAlias = (
    McpElicitationUntitledSingleSelectEnumSchema | McpElicitationTitledSingleSelectEnumSchema
)
"""TODO McpElicitationSingleSelectEnumSchema"""


McpElicitationEnumSchema: TypeAlias = (
    McpElicitationSingleSelectEnumSchema | McpElicitationMultiSelectEnumSchema | McpElicitationLegacyTitledEnumSchema
)
"""TODO McpElicitationEnumSchema"""


McpElicitationNumberType: TypeAlias = Annotated[str, Known("number", "integer")]
"""TODO McpElicitationNumberType"""


class McpElicitationNumberSchema(Wire):
    """TODO McpElicitationNumberSchema"""

    type: McpElicitationNumberType
    title: str | None = None
    description: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: float | None = None


McpElicitationObjectType: TypeAlias = Annotated[str, Known("object")]
"""TODO McpElicitationObjectType"""


McpElicitationStringFormat: TypeAlias = Annotated[str, Known("email", "uri", "date", "date-time")]
"""TODO McpElicitationStringFormat"""


class McpElicitationStringSchema(Wire):
    """TODO McpElicitationStringSchema"""

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
"""TODO McpElicitationPrimitiveSchema"""


McpElicitationSchema: TypeAlias = Annotated[JsonObject, Shape("elicitation:McpElicitationSchemaShape")]
"""TODO McpElicitationSchema"""


class McpServerElicitationRequestParamsBase(Wire, tag_field="mode"):
    """TODO McpServerElicitationRequestParamsBase"""

    thread_id: str
    turn_id: str | None = None
    server_name: str


class UserVerificationElicitation(McpServerElicitationRequestParamsBase, tag="openai/userVerification", rename=None):
    """TODO UserVerificationElicitation"""

    meta: JsonValue = field(name="_meta", default=None)
    title: str
    description: str
    challenge: str


class FormElicitation(McpServerElicitationRequestParamsBase, tag="form"):
    """TODO FormElicitation"""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    requested_schema: McpElicitationSchema


class OpenaiFormElicitation(McpServerElicitationRequestParamsBase, tag="openai/form"):
    """TODO OpenaiFormElicitation"""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    requested_schema: JsonValue


class LegacyOpenaiFormElicitation(McpServerElicitationRequestParamsBase, tag="openaiForm"):
    """TODO LegacyOpenaiFormElicitation"""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    requested_schema: JsonValue


class UrlElicitation(McpServerElicitationRequestParamsBase, tag="url"):
    """TODO UrlElicitation"""

    meta: JsonValue = field(name="_meta", default=None)
    message: str
    url: str
    elicitation_id: str


McpServerElicitationRequestParams: TypeAlias = Open[
    UserVerificationElicitation | FormElicitation | OpenaiFormElicitation | LegacyOpenaiFormElicitation | UrlElicitation
]
"""TODO McpServerElicitationRequestParams"""


McpServerElicitationAction: TypeAlias = Literal["accept", "decline", "cancel"]
"""TODO McpServerElicitationAction"""


class McpServerElicitationRequestResponse(Params, rename=None):
    """TODO McpServerElicitationRequestResponse"""

    action: McpServerElicitationAction
    content: JsonValue | UnsetType = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpElicitationSchemaShape(Wire):
    """TODO McpElicitationSchema"""

    schema: str | None = field(name="$schema", default=None)
    type: McpElicitationObjectType
    properties: dict[str, McpElicitationPrimitiveSchema]
    required: list[str] | None = None
