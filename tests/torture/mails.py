"""The e-mails that customers got, compared with those they should have got."""

from collections import Counter
from collections.abc import Collection, Mapping
from email.message import EmailMessage

from odoo_server import OdooServer

from testbed.mailbox import attached_files


def invoices_to_send(odoo: OdooServer) -> list[tuple[str, str]]:
    """Return number and e-mail address of each invoice that is being sent."""
    return odoo.query(
        """SELECT move.name, partner.email
             FROM account_move move JOIN res_partner partner
               ON partner.id = move.partner_id
            WHERE move.sending_data IS NOT NULL"""
    )


def wrong_mails(
    odoo: OdooServer, invoices: list[tuple[str, str]], *, with_files: bool = True
) -> tuple[list[str], int]:
    """Return the mistakes in the e-mails, and how many came once more.

    The last mail before a kill may come again, as it may from Odoo alone: it was
    accepted, and the process that should have noted it is dead.

    :param with_files: whether each has to carry ConnectWise's PDF
    """
    sandbox, messages = odoo.sandbox, odoo.mailbox.messages
    refs = {row["number"]: row["id"] for row in sandbox.export_invoices()}
    excused = {messages[count - 1]["subject"] for count in odoo.kills if count}
    wrong, again = [], 0
    for number, email in invoices:
        mails = odoo.mailbox.about(number)
        if not mails:
            wrong.append(f"no e-mail about {number}")
        elif len(mails) > 1 and mails[0]["subject"] not in excused:
            wrong.append(f"{len(mails)} e-mails about {number}")
        again += max(0, len(mails) - 1)
        for mail in mails:
            if email not in mail["to"]:
                wrong.append(f"{number} went to {mail['to']}, not to {email}")
            if with_files and attached_files(mail) != [
                sandbox.invoice_pdf(refs[number])
            ]:
                wrong.append(f"{number} came with another file")
    return wrong, again


def check_mails(
    mails: Collection[EmailMessage],
    files: Mapping[str, Collection[bytes]],
    recipients: Mapping[str, Collection[str]],
) -> list[str]:
    """No invoice is mailed twice, to a stranger, or with a file that is not its own.

    :param files: by invoice number, the files it may be sent with
    :param recipients: by invoice number, the addresses it may be sent to
    """
    violations = []
    seen: Counter[tuple[str, str]] = Counter()
    for mail in mails:
        subject = f"{mail['subject']}"
        number = next((number for number in files if f"{number})" in subject), None)
        if number is None:
            continue
        for address in mail["X-Envelope-To"].split(", "):
            seen[number, address] += 1
            if address not in recipients[number]:
                violations.append(f"{number} went to {address}")
        attached = [part.get_payload(decode=True) for part in mail.iter_attachments()]
        if len(attached) != 1:
            violations.append(f"{number} went out with {len(attached)} files")
        violations += [
            f"{number} went out with a wrong file of {len(content or b'')} bytes"
            for content in attached
            if content not in files[number]
        ]
    violations += [
        f"{number} went to {address} {count} times"
        for (number, address), count in seen.items()
        if count > 1
    ]
    return violations
