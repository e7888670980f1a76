import re

from odoo.tools import SQL

from .tools.connection.callbacks import remove_all
from .tools.invoice_pdf.keeping import delete_files
from .tools.mapping.disconnecting import remove_contacts


def uninstall_hook(env):
    """Remove everything but what people made and what customers received."""
    env = env(context={**env.context, "active_test": False})
    remove_all(env)
    _end_holds(env)
    # With those of archived connections.
    remove_contacts(env["connectwise.mapping"].search([]))
    _give_files_back(env)
    models = [
        name
        for name, model in env.items()
        if model._original_module == "benji_connectwise"
    ]
    _forget_names(env, models)
    env["ir.filters"].search([("model_id", "in", models)]).unlink()
    env["ir.exports"].search([("resource", "in", models)]).unlink()
    _delete_uses_of_fields(env, models)
    env["ir.attachment"].search([("res_model", "in", models)]).unlink()
    env["ir.config_parameter"].search(
        [("key", "=like", "benji_connectwise.%")]
    ).unlink()


def _end_holds(env):
    # Without the addon, nothing would send them: this tells the responsible person.
    for held in env["connectwise.held.invoice"].search([("settings", "!=", False)]):
        held._give_up()


def _give_files_back(env):
    """Keep ConnectWise's PDFs that somebody received; delete the others."""
    files = env["ir.attachment"].search(
        [
            ("res_model", "=", "account.move"),
            "|",
            ("res_field", "=", "connectwise_pdf_file"),
            # Replaced or detached before anybody received it.
            ("connectwise_customer_id", "!=", False),
        ]
    )
    # By SQL, because the ORM hides attachments that are the value of a field.
    in_messages = SQL(
        "SELECT attachment_id FROM message_attachment_rel"
        " WHERE attachment_id = ANY(%s)",
        files.ids,
    )
    posted = {file_id for [file_id] in env.execute_query(in_messages)}
    moves = env["account.move"].browse(files.mapped("res_id")).exists()
    sent = {move.id: move.connectwise_sent_checksum for move in moves}
    received = files.filtered(
        lambda file: file.id in posted or sent.get(file.res_id) == file.checksum
    )
    # One that a restrictive audit trail keeps stays hidden: it may be another
    # customer's.
    delete_files(files - received)
    # As ordinary files of their invoices, people in Invoicing can open them.
    received.write({"res_field": False})


def _forget_names(env, models):
    """Delete the external ids that other modules gave to parts of these models.

    Odoo deletes those parts with the models, but not their external ids.
    """
    parts = {
        "ir.model.inherit": [("model_id.model", "in", models)],
        "ir.model.fields.selection": [("field_id.model", "in", models)],
    }
    for model, domain in parts.items():
        names = [
            ("model", "=", model),
            ("res_id", "in", env[model].search(domain).ids),
            ("module", "!=", "benji_connectwise"),
        ]
        env["ir.model.data"].search(names).unlink()


def _delete_uses_of_fields(env, models):
    """Delete saved searches, columns of exports and automation rules with our fields.

    With a default search that uses a missing field, Odoo could not open the list. With
    such a rule, nobody could change an invoice.
    """
    named = env["ir.model.data"].search([("model", "=", "ir.model.fields")])
    ours = named.filtered(lambda name: name.module == "benji_connectwise")
    # Odoo counts `id` among the fields of each addon that extends a model.
    shared = (named - ours).mapped("res_id")
    names = {
        field.name
        for field in env["ir.model.fields"].browse({*ours.mapped("res_id")} - {*shared})
        if field.model not in models
        and not (env[field.model]._abstract or env[field.model]._transient)
    }
    used = re.compile(rf"\b({'|'.join(sorted(names))})\b")
    for model, paths in {
        "ir.filters": ["domain", "context", "sort"],
        "ir.exports.line": ["name"],
        "base.automation": [
            "filter_domain",
            "filter_pre_domain",
            "trigger_field_ids.name",
        ],
    }.items():
        if model not in env:
            continue
        for record in env[model].search([]):
            texts = [text for path in paths for text in record.mapped(path)]
            if any(used.search(text or "") for text in texts):
                record.unlink()
