"""Writing to Odoo's file store, which may be full or lose files."""

import errno
import os
import tempfile
from contextlib import suppress

from ...lib.connectwise_client import DataError


class StorageError(DataError):
    """A PDF could not be stored. `reason` is `full` if the disk is, else empty."""


def storage_error(error):
    """Return the StorageError for an error that storing a PDF raised."""
    is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    return StorageError("It could not be stored", reason="full" if is_full else "")


def write_whole(path, content):
    """Write all of `content` to a file, or leave the file as it was.

    When the disk is full, Odoo leaves half a file behind. The name is that of the whole
    content, so Odoo later takes the half for the whole.

    :raises OSError: if the content could not be written
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # The mode that open() would give: other servers of a cluster read the file.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
