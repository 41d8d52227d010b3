"""Pydantic models of the protocol's shapes, for comparison, made from the message types.

pydantic is imported here and nowhere else.
"""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from codex_trio_protocol.lenient import is_struct, members_of, unwrap
from pydantic import BaseModel, ConfigDict, Field, create_model


class _Model(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class Models:
    """Makes one model of each message type, with the same keys, defaults, ranges and tags."""

    def __init__(self) -> None:
        self._made: dict[type[msgspec.Struct], type[BaseModel]] = {}

    def of(self, struct: type[msgspec.Struct]) -> type[BaseModel]:
        """Return the model of a message type."""
        if struct not in self._made:
            self._made[struct] = self._model(struct)
        return self._made[struct]

    def _model(self, struct: type[msgspec.Struct]) -> type[BaseModel]:
        config = struct.__struct_config__
        fields: dict[str, Any] = {}
        if config.tag_field is not None:
            fields[f"{config.tag_field}_tag"] = (Literal[config.tag], Field(config.tag, alias=config.tag_field))
        for field in msgspec.structs.fields(struct):
            options: dict[str, Any] = {"alias": field.encode_name}
            if field.default_factory is not msgspec.NODEFAULT:
                options["default_factory"] = field.default_factory
            elif field.default is not msgspec.NODEFAULT:
                options["default"] = None if field.default is msgspec.UNSET else field.default
            fields[field.name] = (self._hint(field.type), Field(**options))
        return create_model(struct.__name__, __base__=_Model, **fields)

    def _hint(self, kind: Any) -> Any:
        kind, marks = unwrap(kind)
        origin, arguments = get_origin(kind), get_args(kind)
        if is_struct(kind):
            return self.of(kind)
        if origin in (Union, UnionType):
            return self._union(arguments)
        if origin is list:
            return list[self._hint(arguments[0])]
        if origin is dict:
            return dict[str, self._hint(arguments[1])]
        for mark in marks:
            if isinstance(mark, msgspec.Meta):
                return Annotated[kind, Field(ge=mark.ge, le=mark.le, pattern=mark.pattern, min_length=mark.min_length)]
        return kind

    def _union(self, members: tuple[Any, ...]) -> Any:
        present = members_of(Union[members])  # noqa: UP007 - there is no other way to write it
        kinds = [unwrap(member)[0] for member in present]
        tags = {kind.__struct_config__.tag_field if is_struct(kind) else None for kind in kinds}
        hint: Any = Union[tuple(self._hint(member) for member in present)]  # noqa: UP007 - as above
        if len(kinds) > 1 and None not in tags:
            hint = Annotated[hint, Field(discriminator=f"{tags.pop()}_tag")]
        return hint | None if len(present) < len(members) else hint
