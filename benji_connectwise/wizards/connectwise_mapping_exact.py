from odoo import Command, fields, models

from ..tools.mapping import words as mapping_words
from ..tools.mapping.suggestions import connect_exact_matches, find_exact_matches


class ConnectwiseMappingExact(models.TransientModel):
    """*Connect exact matches*: shows the matches before a person connects them."""

    _name = "connectwise.mapping.exact"
    _description = "Connect Exact Matches"

    line_ids = fields.One2many("connectwise.mapping.exact.line", "wizard_id")

    def action_open(self):
        """Show the exact matches of the current company's connection."""
        Mapping = self.env["connectwise.mapping"]
        Mapping._check_may_change()
        backend = Mapping._get_current_backend()
        rows = Mapping.search([("backend_id", "=", backend.id)])
        matches = find_exact_matches(rows.sudo())
        if not matches:
            return mapping_words.describe_exact_matches(self.env, Mapping)
        # People cannot create lines, because a line shows the name of any customer.
        dialog = self.sudo().create(
            {
                "line_ids": [
                    Command.create(
                        {
                            "mapping_id": row.id,
                            "connectwise_company_id": company.id,
                            "reason": reason,
                        }
                    )
                    for row, (company, reason) in matches.items()
                ]
            }
        )
        return dialog._get_records_action(
            name=self.env._("Connect exact matches"),
            target="new",
            context={"dialog_size": "extra-large"},
        )

    def action_connect(self):
        """Connect the rows that are shown and are still exact matches."""
        self.ensure_one()
        rows = self.line_ids.mapping_id
        rows._check_may_change()
        shown = {line.mapping_id: line.connectwise_company_id for line in self.line_ids}
        matches = {
            row: match
            for row, match in find_exact_matches(rows.sudo()).items()
            if match[0] == shown[row]
        }
        return mapping_words.describe_exact_matches(
            self.env, connect_exact_matches(matches)
        )
