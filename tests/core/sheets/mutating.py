"""Files as they come when something went wrong on the way: seeded changes to valid ones."""

import functools
import io
import zipfile
from random import Random  # noqa: TID251 - it is seeded

from tests.core.sheets.files import HEADINGS, LEARNER, ods, workbook, xls, xlsb

_LINE = (10000001.0, "Zoë", "O'Neil", "ZZ99 9ZZ")
_WORDS = (
    b"=",
    b"<",
    b">",
    b"&",
    b'"',
    b"\0",
    b"\xff\xff\xff\xff",
    b"1048576",
    b"XFD1048576",
    b"</row>",
    b't="s"',
    b"-1",
)


@functools.cache
def originals() -> tuple[bytes, ...]:
    lines = [HEADINGS, *[LEARNER] * 20]
    text = "\r\n".join(";".join(map(str, line)) for line in lines)
    return (
        workbook(*lines),
        xls(*lines),
        xlsb(HEADINGS, *[_LINE] * 20),
        ods(*lines),
        text.encode("utf-16"),
        ("<table>" + "<tr><td>" + text.replace(";", "<td>").replace("\r\n", "<tr><td>") + "</table>").encode(),
    )


def mutated(original: bytes, random: Random) -> bytes:
    """Half of the containers are changed inside, so that what is unpacked is what is broken."""
    if original.startswith(b"PK") and random.random() < 0.5:
        return _changed_inside(original, random)
    return _changed(original, random)


def _changed_inside(original: bytes, random: Random) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = set(random.sample(names, min(len(names), random.randint(1, 3))))
        for name in names:
            part = old.read(name)
            if name in chosen and random.random() < 0.15:
                continue
            new.writestr(name, _changed(part, random) if name in chosen else part)
    return file.getvalue()


def _changed(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        place = random.randrange(len(changed) + 1)
        match random.randrange(6):
            case 0:
                del changed[place : place + random.randint(1, 200)]
            case 1:
                changed[place:place] = random.choice(_WORDS)
            case 2 if place < len(changed):
                changed[place] ^= 1 << random.randrange(8)
            case 3:
                changed[place : place + 4] = random.randbytes(4)
            case 4:
                other = random.randrange(len(changed) + 1)
                changed[place:place] = changed[other : other + random.randint(1, 400)]
            case 5 if random.random() < 0.3:
                del changed[place:]
    return bytes(changed)
