"""Deleting connections: what is deleted, restored and kept.

Uninstalling the addon does the same to all connections (`hooks.py`).
"""

from ..invoice_pdf.keeping import delete_unsent, find_kept


def find_consequences(backends):
    """Return what deleting these connections concerns.

    :return: {"deleted_contacts", "restored_contacts": contacts; "deleted_pdfs",
        "kept_pdfs": invoices; "companies": a number}, all sudo
    """
    env = backends.env(su=True)
    of_backends = [("mapping_id.backend_id", "in", backends.ids)]
    bill_tos = env["connectwise.bill.to"].search(
        [*of_backends, ("contact_id", "!=", False)]
    )
    taken_over = bill_tos.filtered(lambda bill_to: bill_to.origin == "converted")
    unsent, sent = find_kept(backends)
    return {
        "deleted_contacts": (bill_tos - taken_over).contact_id,
        "restored_contacts": taken_over.contact_id,
        "deleted_pdfs": unsent,
        "kept_pdfs": sent,
        "companies": env["connectwise.company"].search_count(
            [("backend_id", "in", backends.ids)]
        ),
    }


def disconnect(backend):
    """Delete a connection, and the PDFs that nobody received.

    :raises AccessError: unless the user may
    """
    backend.check_access("unlink")
    moves = find_consequences(backend)["deleted_pdfs"]
    backend.unlink()
    delete_unsent(moves)
