"""Where the entries of a ZIP archive lie, read without unpacking anything."""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deeptracker.errors import LogError
from deeptracker.pipeline.locations.folder import FileBytes

__all__ = ["FIRST_NAME", "ZipEntry", "checksums", "data_offsets", "read_directory"]

# The end of an archive may be followed by a comment of up to 64 KiB.
END = struct.Struct("<4s4H2LH")
END64_LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s4B4H3L5H2L")
# Where the first entry's name begins in the directory.
FIRST_NAME = CENTRAL.size
# Time, date and checksum in an entry of the directory.
CHECKSUM, CHECKSUM_BYTES = 12, 8
LOCAL = struct.Struct("<4s5H3L2H")
LARGEST_COMMENT = 2**16
# Of a million entries; an archive of more is an attack.
LARGEST_DIRECTORY = 64 * 2**20
STORED, ENCRYPTED = 0, 1
UNKNOWN32, UNKNOWN16 = 0xFFFFFFFF, 0xFFFF


class ZipEntry(NamedTuple):
    """An entry, as the archive's directory describes it.

    Attributes
    ----------
    header : int
        The first byte of its own header.
    size : int
        Its bytes.
    is_stored : bool
        Whether it is neither compressed nor encrypted.
    """

    name: str
    header: int
    size: int
    is_stored: bool


def read_directory(location: str, opened: FileBytes) -> tuple[dict[str, ZipEntry], int, bytes]:
    """Read the directory of an archive.

    Parameters
    ----------
    location : str
        The file's name in errors.

    Returns
    -------
    entries : dict of str to ZipEntry
    begin : int
        The directory's first byte: entries lie before it.
    content : bytes
        The directory as it is stored; it has a checksum of every entry.

    Raises
    ------
    LogError
        When the file is no whole archive, or its directory contradicts itself.
    """
    try:
        begin, size, total = _directory_place(opened)
        if size > LARGEST_DIRECTORY or begin + size > opened.size:
            raise _broken(location, f"its directory of {size:,} bytes lies outside the file")
        content = opened.read(begin, begin + size)
        entries = list(_entries(content))
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise _broken(location, "its directory is cut off") from error
    if len(entries) != total:
        raise _broken(location, f"its directory lists {len(entries):,} of {total:,} entries")
    found = {entry.name: entry for entry in entries}
    if len(found) != len(entries):
        raise _broken(location, "its directory lists an entry twice")
    return found, begin, content


def data_offsets(
    location: str,
    opened: FileBytes,
    entries: Sequence[ZipEntry],
    begin: int,
    prefix: str = "",
) -> list[int]:
    """Give the first byte of each entry's content, from the entries' own headers.

    Parameters
    ----------
    begin : int
        The directory's first byte.
    prefix : str
        What the archive has before the names.

    Raises
    ------
    LogError
        When an entry's header is missing or differs from the directory, or entries overlap.
    """
    names = [f"{prefix}{entry.name}".encode() for entry in entries]
    ranges = [
        (entry.header, entry.header + LOCAL.size + len(name))
        for entry, name in zip(entries, names, strict=True)
    ]
    found = []
    for entry, name, head in zip(entries, names, opened.read_many(ranges), strict=True):
        if len(head) < LOCAL.size or head[:4] != b"PK\x03\x04" or head[LOCAL.size :] != name:
            raise _broken(location, f"the header of {entry.name!r} is not where it should be")
        *_, name_length, extra_length = LOCAL.unpack_from(head)
        if name_length != len(name):
            raise _broken(location, f"the header of {entry.name!r} has another name")
        found.append(entry.header + LOCAL.size + name_length + extra_length)
    ordered = sorted(zip(entries, found, strict=True), key=lambda pair: pair[0].header)
    limits = [entry.header for entry, _ in ordered[1:]] + [begin]
    for (entry, first), limit in zip(ordered, limits, strict=True):
        if first + entry.size > limit:
            raise _broken(location, f"{entry.name!r} overlaps what follows it")
    return found


def checksums(content: bytes) -> Iterator[tuple[int, int]]:
    """Give the places of a directory's checksums and dates, and their lengths.

    Parameters
    ----------
    content : bytes
        A directory that was read.
    """
    place = 0
    while place < len(content):
        yield place + CHECKSUM, CHECKSUM_BYTES
        place += CENTRAL.size + sum(CENTRAL.unpack_from(content, place)[12:15])


def _directory_place(opened: FileBytes) -> tuple[int, int, int]:
    """Find the directory: its first byte, its length and its number of entries."""
    tail_start = max(0, opened.size - END.size - LARGEST_COMMENT)
    tail = opened.read(tail_start, opened.size)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        raise struct.error
    *_, total, size, begin, _ = END.unpack_from(tail, place)
    if UNKNOWN32 in (size, begin) or total == UNKNOWN16:
        magic, _, end64, _ = END64_LOCATOR.unpack_from(tail, place - END64_LOCATOR.size)
        record = END64.unpack(opened.read(end64, end64 + END64.size))
        if magic != b"PK\x06\x07" or record[0] != b"PK\x06\x06":
            raise struct.error
        *_, total, size, begin = record
    return begin, size, total


def _entries(content: bytes) -> list[ZipEntry]:
    found = []
    place = 0
    while place < len(content):
        fields = CENTRAL.unpack_from(content, place)
        magic, flags, method = fields[0], fields[5], fields[6]
        packed, size = fields[10], fields[11]
        name_length, extra_length, comment_length = fields[12:15]
        header = fields[18]
        if magic != b"PK\x01\x02":
            raise struct.error
        place += CENTRAL.size
        name = content[place : place + name_length]
        if len(name) < name_length:
            raise struct.error
        place += name_length
        extra = content[place : place + extra_length]
        place += extra_length + comment_length
        size, packed, header = _wide(extra, size, packed, header)
        stored = method == STORED and not flags & ENCRYPTED and packed == size
        found.append(ZipEntry(name.decode(), header, size, stored))
    return found


def _wide(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Take numbers of more than 32 bits from an entry's extra field."""
    if UNKNOWN32 not in (size, packed, header):
        return size, packed, header
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{length // 8}Q", extra, place + 4))
            return tuple(  # type: ignore[return-value]  # three, as given
                next(wide, value) if value == UNKNOWN32 else value
                for value in (size, packed, header)
            )
        place += 4 + length
    return size, packed, header


def _broken(location: str, reason: str) -> LogError:
    return LogError(
        f"{location}: is no whole ZIP archive as torch.save writes it ({reason}); copy it again, "
        "or save it again with torch.save"
    )
