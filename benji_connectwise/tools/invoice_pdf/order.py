"""The order in which an invoice's PDF sources are tried.

It is the *Invoice PDF Priority* of the company. If the invoice, its customer or its
journal prefers a source, that one goes first.
"""


def list_sources(model):
    """Return the selection of the fields that prefer a source."""
    source = model.env["invoice.pdf.source"]._fields["source"]
    return source._description_selection(model.env)


def find_preference(move):
    """Return the record that prefers a source for `move`, sudo, or None.

    The invoice comes first, then the customer, then the journal, as when Odoo chooses
    the report of an invoice.
    """
    move = move.sudo()
    customer = move.commercial_partner_id.with_company(move.company_id)
    for record in (move, customer, move.journal_id):
        preferred = record.invoice_pdf_preference
        # The module that added the source may have been removed since.
        if preferred and preferred in dict(list_sources(move)):
            return record
    return None


def prepare_orders(moves):
    """Read at once what is asked of each customer of `moves`.

    Without it, Odoo would read all fields of them that depend on the company.
    """
    customers = moves.sudo().commercial_partner_id
    # What the format of e-invoices is computed from (account, partner.py:652).
    of_format = ["country_code", "invoice_edi_format_store"]
    of_verdict = ["commercial_partner_id", "connectwise_self_written"]
    customers.fetch(["invoice_pdf_preference", *of_format, *of_verdict])


def get_order(move):
    """Return the sources of `move`, in order; Odoo is always among them."""
    record = find_preference(move)
    return put_first(
        record and record.invoice_pdf_preference,
        move.env["invoice.pdf.source"]._get_sources(move.company_id.id),
    )


def put_first(preferred, sources):
    """Return `sources` with the preferred one first, and Odoo as the last resort.

    :param preferred: a source, or nothing
    """
    first = [preferred] if preferred else []
    return tuple(dict.fromkeys([*first, *sources, "odoo"]))


def is_used(source, move):
    """Whether the PDF of `source` is used for `move` if there is one."""
    return source in before_odoo(get_order(move))


def before_odoo(order):
    """Return the sources before Odoo; later ones are never used."""
    return order[: order.index("odoo")]


def explain_unused(line, above):
    """Say why the source of a line of the priority is never used.

    :param above: the sources above it
    :return: str, or False if it is used
    """
    _ = line.env._
    if "odoo" in above:
        return _("Never used: Odoo, above it, has a PDF of every invoice.")
    if line.source == "connectwise":
        backend = line.company_id._get_connectwise_backend()
        if not backend._is_pdf_source():
            return _(
                "Not used yet: ConnectWise PSA is not connected. Start with Configure"
                " under Integrations."
            )
    return False


def describe_origin(move):
    """Say where the order of `move` comes from."""
    _ = move.env._
    record = find_preference(move)
    if record is None:
        company = move.company_id.sudo()._get_company_of_priority()
        return _("This order is the Invoice PDF Priority of %s.", company.display_name)
    values = {
        "name": record.display_name,
        "first": record.env["invoice.pdf.source"]
        .with_env(move.env)
        ._get_label(record.invoice_pdf_preference),
    }
    if record._name == "res.partner":
        return _(
            "This order comes from the customer %(name)s: %(first)s first.", **values
        )
    if record._name == "account.journal":
        return _(
            "This order comes from the journal %(name)s: %(first)s first.", **values
        )
    if record.invoice_pdf_preference_reason:
        return _(
            "This order was chosen for this invoice: %(first)s first. Reason:"
            " %(reason)s",
            reason=record.invoice_pdf_preference_reason,
            **values,
        )
    return _("This order was chosen for this invoice: %(first)s first.", **values)
