"""The encoding of a text file by its bytes: UTF-8, UTF-16, Windows-1252, Shift-JIS or GB18030."""

import codecs
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

import numpy as np

from history.base.arrays import Bytes

HEAD_BYTES: Final = 4096
PIECE_BYTES: Final = 16 << 20
SAMPLE_BYTES: Final = 1 << 18  # of lines that are not ASCII
UTF_8: Final = "utf-8"
NAMES: Final[Mapping[str, str]] = {
    UTF_8: "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "ISO 8859-1",
    "cp932": "Shift-JIS",
    "gb18030": "GB18030",
}
# Shares of characters that are usual in an encoding: words of other encodings that are taken for it stay below them,
# ten and more words of its own lie above (measured on words of nine encodings).
LEAST_WESTERN: Final = 0.7
LEAST_EASTERN: Final = 0.9
# The first bytes of Korean syllables in EUC-KR end here; those of Chinese characters go on to 0xF7.
LAST_KOREAN: Final = 0xC8
MANY: Final = 10
UNDEFINED: Final = b"\x81\x8d\x8f\x90\x9d"  # in Windows-1252

Opener = Callable[[], BinaryIO]


def encoding_of_head(head: bytes) -> str | None:
    """UTF-16 by the first bytes of a file: its mark, or NULs at every second byte; None for any other encoding."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) // 4 else None


def encoding_of(opened: Opener) -> str | None:
    """The encoding of a file, by a key of NAMES; None if its bytes fit none of them well."""
    with opened() as file:
        encoding = encoding_of_head(file.read(HEAD_BYTES))
    if encoding is not None:
        return encoding
    return UTF_8 if _is_utf_8(opened) else _legacy(_foreign_lines(opened))


def western_encoding(opened: Opener) -> str:
    """Windows-1252; ISO 8859-1 for a file with a byte that Windows-1252 leaves undefined."""
    with opened() as file:
        pieces = iter(lambda: file.read(PIECE_BYTES), b"")
        undefined = any(piece.translate(None, UNDEFINED) != piece for piece in pieces)
    return "latin-1" if undefined else "cp1252"


def _is_utf_8(opened: Opener) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        with opened() as file:
            while piece := file.read(PIECE_BYTES):
                decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _foreign_lines(opened: Opener) -> bytes:
    """The first lines that are not ASCII."""
    lines, size = [], 0
    with opened() as file:
        for line in file:
            if not line.isascii():
                lines.append(line)
                size += len(line)
                if size > SAMPLE_BYTES:
                    break
    return b"".join(lines)


def _legacy(sample: bytes) -> str | None:
    if _western_share(np.frombuffer(sample, dtype=np.uint8)) >= LEAST_WESTERN:
        return "latin-1" if sample.translate(None, UNDEFINED) != sample else "cp1252"
    shares = {encoding: share(sample) for encoding, share in _EASTERN.items()}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= LEAST_EASTERN else None


def _western_share(sample: Bytes) -> float:
    """The share of bytes above ASCII that are letters or signs of Windows-1252, single ones or two beside a letter."""
    high = np.pad(sample >= 0x80, 3)
    if not high.any():
        return 0.0
    letter = np.pad(((sample | 0x20) >= ord("a")) & ((sample | 0x20) <= ord("z")), 3)
    before, here, after = high[2:-4], high[3:-3], high[4:-2]
    is_single = here & ~before & ~after
    is_first = here & ~before & after & ~high[5:-1] & (letter[2:-4] | letter[5:-1])
    is_second = here & ~after & before & ~high[1:-5] & (letter[1:-5] | letter[4:-2])
    is_usual = (sample >= 0xC0) | np.isin(sample, _WESTERN_SIGNS)
    return float(((is_single | is_first | is_second) & is_usual).sum() / here.sum())


# Euro, quotes, dashes, letters with a caron, degree, section, paragraph, sharp s and the like.
_WESTERN_SIGNS: Final = np.frombuffer("€‚„…‘’“”–—™ŠšŽžŒœŸ°§£©®ªº«»¿¡".encode("cp1252"), dtype=np.uint8)


def _japanese_share(sample: bytes) -> float:
    """The share of kana, kanji of JIS and full-width signs; other texts become kana of half width."""
    try:
        foreign = [char for char in sample.decode("cp932") if char > "\x7f"]
    except UnicodeDecodeError:
        return 0.0
    usual = sum(1 for char in foreign if not "\uff61" <= char <= "\uff9f" and _encodes(char, "shift_jis"))
    kana = sum(1 for char in foreign if "\u3040" <= char <= "\u30ff")
    # Japanese has kana in nearly every sentence; Chinese read as Shift-JIS has hardly any.
    return usual / len(foreign) if foreign and kana >= 0.02 * len(foreign) else 0.0


def _chinese_share(sample: bytes) -> float:
    """The share of characters that everyday Chinese has, those of GB 2312 without kana."""
    try:
        foreign = [char for char in sample.decode("gb18030") if char > "\x7f"]
    except UnicodeDecodeError:
        return 0.0
    usual = [char for char in foreign if not "\u3040" <= char <= "\u30ff" and _encodes(char, "gb2312")]
    if len(usual) >= MANY and all(char.encode("gb2312")[0] <= LAST_KOREAN for char in usual):
        return 0.0
    return len(usual) / len(foreign) if foreign else 0.0


def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


_EASTERN: Final[Mapping[str, Callable[[bytes], float]]] = {
    "cp932": _japanese_share,
    "gb18030": _chinese_share,
}
