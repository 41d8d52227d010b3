"""What models take as a picture: which kinds, how large, and how an image file or data URL is put into that form.

Providers refuse a request with a picture that they cannot read, and with it every later one of the thread. So a picture
is decoded before it is sent: only whole PNG, JPEG, GIF and WebP images pass, scaled to what the API looks at. Owns this
decision. Synchronous and slow: run in a worker thread (tools/pictures.py). Pillow is imported on first use.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import msgspec

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 50 * 1024 * 1024
"""Of a file that is looked at."""

MAX_SENT_BYTES = 20 * 1024 * 1024
"""Of a picture that is sent; a larger file is encoded anew."""

MAX_PIXELS = 80_000_000
"""What decoding takes for a moment is four bytes a pixel, whatever the size of the file."""

_PATCH = 32
_KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


class PictureProblem(Exception):
    """The picture cannot be given to a model; the text says why."""


class Limits(msgspec.Struct, frozen=True):
    """How large a picture may be: pixels on its longer side, patches of 32 x 32 pixels, and bytes of its file."""

    side: int
    patches: int
    file_bytes: int = MAX_BYTES


# As the API looks at pictures; both are what release 0.171.0 scales to.
HIGH = Limits(2048, 2500)
ORIGINAL = Limits(6000, 10_000)


def fitted(width: int, height: int, limits: Limits) -> tuple[int, int]:
    """Return the size at which a picture is sent."""
    longer = max(width, height)
    if longer > limits.side:
        scale = limits.side / longer
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    if math.ceil(width / _PATCH) * math.ceil(height / _PATCH) > limits.patches:
        scale = math.sqrt(_PATCH * _PATCH * limits.patches / (width * height))
        across, down = width * scale / _PATCH, height * scale / _PATCH
        scale *= min(math.floor(across) / across, math.floor(down) / down)
        width, height = max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    return width, height


def url_of_bytes(raw: bytes, limits: Limits) -> str:
    """Return the data URL under which an image file is sent. Raises PictureProblem."""
    kind, data = _formed(raw, limits)
    return _url(kind, data)


def url_of_url(url: str, limits: Limits) -> str:
    """Return the same for a data URL; one that is in form already comes back as it is. Raises PictureProblem."""
    head, comma, text = url.partition(",")
    if not comma or not head[:5].lower() == "data:":
        raise PictureProblem("it is no inline image (a data URL)")
    if len(text) > limits.file_bytes * 2:
        raise PictureProblem(f"it is larger than {limits.file_bytes} bytes")
    raw = _decoded(text) if head.lower().endswith(";base64") else unquote_to_bytes(text)
    kind, data = _formed(raw, limits)
    if data is raw and head == f"data:{kind};base64" and _BASE64.fullmatch(text) and len(text) % 4 == 0:
        return url
    return _url(kind, data)


def _url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _decoded(text: str) -> bytes:
    """Return the bytes of base64 text, in any of its spellings."""
    plain = unquote_to_bytes(text) if "%" in text else text.encode()
    plain = b"".join(plain.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise PictureProblem("its data is not base64") from error


def _formed(raw: bytes, limits: Limits) -> tuple[str, bytes]:
    """Return the kind and the bytes to be sent; `raw` itself where it is in form already."""
    if not raw:
        raise PictureProblem("it is empty")
    if len(raw) > limits.file_bytes:
        raise PictureProblem(f"it is larger than {limits.file_bytes} bytes")
    try:
        return _decode_leniently(raw, limits)
    except PictureProblem:
        raise
    except MemoryError as error:
        raise PictureProblem("there is not enough memory to decode it") from error
    except Exception as error:
        # Broken bytes make decoders raise whatever they come upon.
        raise PictureProblem("it is not a whole PNG, JPEG, GIF or WebP image") from error


def _decode_leniently(raw: bytes, limits: Limits) -> tuple[str, bytes]:
    try:
        return _decode(raw, limits)
    except (PictureProblem, MemoryError):
        raise
    except Exception:
        # Others overlook damage to what they need not look at: such pictures are about, and Pillow refuses them.
        bare = _bare(raw)
        if bare == raw:
            raise
        return _decode(bare, limits)


def _bare(raw: bytes) -> bytes:
    """Return a PNG without what it can be shown without; what is no PNG as it is."""
    if not raw.startswith(_PNG_BEGINNING):
        return raw
    kept, at = [_PNG_BEGINNING], len(_PNG_BEGINNING)
    while at < len(raw):
        kind, end = raw[at + 4 : at + 8], at + 12 + int.from_bytes(raw[at : at + 4])
        # In upper case begin those that decoders must know (PNG specification, 5.4).
        if kind[:1].isupper() or kind == b"tRNS":
            kept.append(raw[at:end])
        at = end
    return b"".join(kept)


def _decode(raw: bytes, limits: Limits) -> tuple[str, bytes]:
    # Imported one by one, as Pillow would import all that it has to find the fourth.
    from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    del GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
    with Image.open(io.BytesIO(raw), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise PictureProblem(f"it has {width} x {height} pixels, more than {MAX_PIXELS}")
        size = fitted(width, height, limits)
        form = image.format or ""
        # Models look at one picture: of several frames, at the first.
        is_moving = form != "MPO" and bool(getattr(image, "is_animated", False))
        image.seek(0)
        if size != (width, height):
            image.draft(None, size)
        image.load()
        has_more = form == "PNG" and not raw.endswith(_PNG_END)
        if size == (width, height) and not is_moving and not has_more and len(raw) <= MAX_SENT_BYTES:
            return _KINDS[form], raw
        kind, data = _encode(image, form, size)
    if len(data) > MAX_SENT_BYTES:
        raise PictureProblem(f"it is larger than {MAX_SENT_BYTES} bytes")
    return kind, data


def _encode(image: Image, form: str, size: tuple[int, int]) -> tuple[str, bytes]:
    """Return the picture, upright, in that size: photographs as JPEG or WebP, all else as PNG."""
    from PIL import Image as images
    from PIL import ImageOps

    turned = ImageOps.exif_transpose(image)
    if (turned.width > turned.height) != (image.width > image.height):
        size = size[1], size[0]
    options: dict[str, Any] = {}
    if form in ("JPEG", "MPO"):
        kept, form, options = ("L", "RGB"), "JPEG", {"quality": 90}
    elif form == "WEBP":
        kept, options = ("RGB", "RGBA"), {"quality": 90}
    else:
        kept, form = ("L", "LA", "RGB", "RGBA"), "PNG"
    profile = turned.info.get("icc_profile") if turned.mode in kept else None
    if turned.mode.startswith("I;16"):
        # Pillow would cut off what is above 255.
        turned = turned.point(lambda value: value * (1 / 256)).convert("L")  # pyright: ignore[reportUnknownMemberType]  # NumPy's
    if turned.mode not in kept:
        turned = turned.convert("RGB" if form == "JPEG" or not turned.has_transparency_data else "RGBA")
    if turned.size != size:
        turned = turned.resize(size, images.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]  # NumPy's
    made = io.BytesIO()
    turned.save(made, form, icc_profile=profile, **options)
    return _KINDS[form], made.getvalue()
