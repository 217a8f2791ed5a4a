"""Zip archives whose bytes depend on nothing but their content.

Belongs here: packing. Does not belong here: what is packed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime


def packed(members: Iterable[tuple[str, bytes]], made: datetime) -> bytes:
    """An archive of named members, all with the same time stamp.

    Level 1: the demo has to be quick, and a file of synthetic figures is not kept for long.
    """
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in members:
            info = zipfile.ZipInfo(name, made.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, body, compresslevel=1)
    return sink.getvalue()
