import logging
import os

from odoo import api, fields, models

from ..tools.invoice_pdf.file_store import write_whole
from ..tools.invoice_pdf.keeping import NOT_INDEXED

_logger = logging.getLogger(__name__)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    connectwise_customer_id = fields.Many2one(
        "res.partner",
        "ConnectWise Customer",
        copy=False,
        # Odoo's Privacy Lookup reads each field that leads to a person.
        groups="base.group_system",
        help="Whose invoice this PDF of ConnectWise is, until somebody received it.",
    )

    @api.model
    def _index(self, bin_data, file_type, checksum=None):
        # The module `attachment_indexation` would open an untested PDF in the server.
        if self.env.context.get("connectwise_pdf") is NOT_INDEXED:
            return None
        return super()._index(bin_data, file_type, checksum=checksum)

    def _get_content(self):
        """Return the bytes, even if the context asks for sizes (`bin_size`)."""
        self.ensure_one()
        return self.with_context(bin_size=False, bin_size_raw=False).raw or b""

    def _is_whole(self):
        """Whether the content has the stored checksum.

        The file may have been lost, emptied or changed on the disk.
        """
        self.ensure_one()
        content = self._get_content()
        return bool(content) and self._compute_checksum(content) == self.checksum

    @api.model
    def _write_whole(self, content):
        """Write this content to the file store, unless it is there undamaged.

        :param content: bytes
        :raises OSError: if it cannot be written, for example because the disk is full
        """
        if self._storage() != "file":
            return
        checksum = self._compute_checksum(content)
        name = f"{checksum[:2]}/{checksum}"
        path = self._full_path(name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if file.read() == content:
                    return
            _logger.warning("The stored file %s was damaged and is written anew", name)
        write_whole(path, content)
        # Garbage collection deletes it if the transaction is rolled back.
        self._mark_for_gc(name)
