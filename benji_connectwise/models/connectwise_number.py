from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import LONGEST_TEXT_FOR_NUMBER, MOST_NUMBER_RULES
from ..lib.connectwise_client.const import MAX_INVOICE_NUMBER_LENGTH
from ..tools.invoice_pdf.numbers import (
    describe_steps,
    get_number_fields,
    is_number_field,
)


class ConnectwiseNumber(models.AbstractModel):
    """The steps that make ConnectWise's number of a field of an invoice.

    Rules in force and rules that are only tried share these fields.
    """

    _name = "connectwise.number"
    _description = "Steps to ConnectWise's Invoice Number"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    field_name = fields.Selection(
        "_select_field",
        "Field",
        required=True,
        default="ref",
        help="The field of the invoice that contains the number.",
    )
    cut_prefix = fields.Char(
        size=LONGEST_TEXT_FOR_NUMBER,
        help="Taken from the beginning. Invoices without it are left out.",
    )
    cut_suffix = fields.Char(
        size=LONGEST_TEXT_FOR_NUMBER,
        help="Taken from the end. Invoices without it are left out.",
    )
    replace_text = fields.Char(
        "Replace",
        size=LONGEST_TEXT_FOR_NUMBER,
        help="Replaced wherever it is. Invoices without it are left out.",
    )
    replace_with = fields.Char("With", size=LONGEST_TEXT_FOR_NUMBER)
    digits_only = fields.Boolean(help="Everything but digits is left out.")
    trim_zeros = fields.Boolean(
        "No Leading Zeros", help="Of the last digits: CW-00017 becomes CW-17."
    )
    pad_to = fields.Integer(
        "Pad to (digits)",
        help="Of the last digits: with 5, CW-17 becomes CW-00017.",
    )
    valid_from = fields.Date(help="For invoices of this date and later.")
    valid_until = fields.Date(help="For invoices of this date and earlier.")

    @api.model
    def _select_field(self):
        return get_number_fields(self.env)

    @api.depends(
        "field_name",
        "cut_prefix",
        "cut_suffix",
        "replace_text",
        "replace_with",
        "digits_only",
        "trim_zeros",
        "pad_to",
        "valid_from",
        "valid_until",
    )
    @api.depends_context("lang")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = describe_steps(rule)

    @api.constrains("field_name")
    def _check_field(self):
        for rule in self:
            # Odoo does not check a selection that depends on the database.
            if not is_number_field(self.env, rule.field_name):
                raise ValidationError(
                    self.env._("This field of an invoice cannot contain its number.")
                )

    @api.constrains("valid_from", "valid_until")
    def _check_dates(self):
        for rule in self:
            start, end = rule.valid_from, rule.valid_until
            if start and end and start > end:
                raise ValidationError(
                    self.env._(
                        "The rule “%s” would end before it begins: exchange its dates.",
                        rule.display_name,
                    )
                )

    @api.constrains("pad_to")
    def _check_pad_to(self):
        for rule in self:
            if not 0 <= rule.pad_to <= MAX_INVOICE_NUMBER_LENGTH:
                raise ValidationError(
                    self.env._(
                        "Zeros can be added up to %s digits, the longest number that"
                        " ConnectWise allows.",
                        MAX_INVOICE_NUMBER_LENGTH,
                    )
                )

    def _check_most(self):
        """Check that one connection can have all of these rules.

        :raises ValidationError: if there are too many
        """
        if len(self) > MOST_NUMBER_RULES:
            raise ValidationError(
                self.env._(
                    "A connection can have at most %s number rules, because each of"
                    " them makes lookups slower.",
                    MOST_NUMBER_RULES,
                )
            )

    def _get_steps(self):
        """Return the values for another record with the same steps."""
        names = self.env["connectwise.number"]._fields
        return {
            name: self[name]
            for name in names
            if name not in models.MAGIC_COLUMNS and self._fields[name].store
        }
