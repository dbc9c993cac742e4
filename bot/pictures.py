"""Pictures that we send: made from text, with no network and no clock."""

import io

# Large enough to be printed on a poster, small enough for a chat: about 2 kB.
_SCALE = 12
_QUIET_ZONE = 4


def qr_code(text: str) -> bytes:
    """A PNG. Medium error correction, and the quiet zone that scanners want around it."""
    # Rarely wanted, and half a megabyte: it is loaded with the first picture.
    import segno

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=_SCALE, border=_QUIET_ZONE)
    return picture.getvalue()
