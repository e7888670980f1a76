"""The file store, which may be full, lose files, or hold half of one."""

import errno
import logging
import os
import tempfile
from contextlib import suppress

from ...lib.connectwise_client import DataError

_logger = logging.getLogger(__name__)


class StorageError(DataError):
    """A PDF could not be kept. `reason`: `full` (the disk), else empty."""


def storage_error(error):
    """Return the StorageError for what storing a PDF raised."""
    is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    return StorageError("It could not be stored", reason="full" if is_full else "")


def write_whole(path, content):
    """Make a file hold this content, or leave it as it is and raise OSError.

    Odoo itself leaves half of a file where the disk is full, under a name by which it
    takes it for the whole one.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # As open() makes files; the other servers of a cluster read them too.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
