from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS, Command

from ..tools.invoice_pdf import bench_words, number_bench
from ..tools.mapping.report import check_connected


class ConnectwiseNumberBench(models.TransientModel):
    """*Number Rules*: tries rules on the newest invoices before they are saved."""

    _name = "connectwise.number.bench"
    _description = "Number Rules"

    backend_id = fields.Many2one(
        "connectwise.backend",
        required=True,
        readonly=True,
        ondelete="cascade",
        default=lambda self: self.env["connectwise.mapping"]._get_current_backend(),
    )
    line_ids = fields.One2many("connectwise.number.bench.line", "bench_id", "Rule")
    result_ids = fields.One2many("connectwise.number.bench.result", "bench_id")
    summary = fields.Char(readonly=True)
    obstacle = fields.Char(
        readonly=True, help="Why not all numbers could be asked for."
    )
    too_long = fields.Char(readonly=True)
    idle = fields.Char(readonly=True, help="Rules that make no number of any invoice.")
    proposal = fields.Char(readonly=True)
    proposed_steps = fields.Json(groups=NO_ACCESS)
    answers = fields.Json(groups=NO_ACCESS, help="By number; they are not asked again.")
    rules_before = fields.Json(groups=NO_ACCESS, help="In force when it was opened.")

    def _compute_display_name(self):
        # The web client shows it as the page's title.
        self.display_name = self.env._("Number Rules")

    @api.model
    def default_get(self, fields):
        self.check_access("create")
        values = super().default_get(fields)
        backend = self.env["connectwise.backend"].browse(values.get("backend_id"))
        if "backend_id" in fields:
            check_connected(backend)
        if "line_ids" in fields and backend:
            backend.check_access("read")
            values["line_ids"] = [
                *(Command.create(r._get_steps()) for r in backend.number_rule_ids),
                # The page that opened this one may propose a rule.
                *values.get("line_ids", ()),
            ]
        return values

    @api.model_create_multi
    def create(self, vals_list):
        benches = super().create(vals_list)
        for bench in benches.sudo():
            bench.rules_before = bench._describe_rules_in_force()
        return benches

    @api.constrains("backend_id")
    def _check_may_change(self):
        # Odoo shows the names of linked records without checking access.
        self.sudo(False).backend_id.check_access("write")

    @api.constrains("line_ids")
    def _check_count(self):
        # Before they are tried: each asks ConnectWise for a number of every invoice.
        for bench in self:
            bench.line_ids._check_most()

    def _describe_rules_in_force(self):
        rules = self.backend_id.number_rule_ids
        return [[rule.id, str(rule.write_date)] for rule in rules]

    def action_try(self):
        """Try the rules as typed, without changing the connection."""
        self.ensure_one()
        self.backend_id.check_access("write")
        answers = dict(self.sudo().answers or {})
        trials, obstacle = number_bench.try_rules(
            self.backend_id, self.line_ids, answers
        )
        before, together = trials[-1].found, trials[-2].found
        proposal = not obstacle and number_bench.propose(
            self.backend_id, self.line_ids, together["misses"], answers
        )
        self.sudo().write(
            {
                "answers": answers,
                "obstacle": obstacle,
                "summary": bench_words.summarize(self.env, together, before),
                "too_long": bench_words.describe_too_long(self.env, trials[0]),
                "idle": bench_words.describe_idle(self.env, trials[1:-2], together),
                "proposal": proposal
                and bench_words.describe_proposal(self.line_ids, *proposal),
                "proposed_steps": proposal and proposal[0],
                "result_ids": [
                    Command.clear(),
                    *(
                        Command.create({"name": label, "found": found})
                        for label, found in trials
                    ),
                ],
            }
        )

    def action_add_proposal(self):
        """Add the proposed rule to those that are tried, and try them."""
        self.ensure_one()
        self.backend_id.check_access("write")
        if steps := self.sudo().proposed_steps:
            self.line_ids = [Command.create({"sequence": 99, **steps})]
        return self.action_try()

    def action_save(self):
        """Put the rules in force.

        :raises UserError: if somebody else changed them since they were opened
        """
        self.ensure_one()
        backend = self.backend_id
        backend.check_access("write")
        # Odoo stores an empty list as False.
        if (self.sudo().rules_before or []) != self._describe_rules_in_force():
            raise UserError(
                self.env._(
                    "Somebody else changed the number rules in the meantime. Open them"
                    " again to see the rules that are in force now."
                )
            )
        backend.number_rule_ids = [
            Command.clear(),
            *(
                Command.create({**line._get_steps(), "sequence": sequence})
                for sequence, line in enumerate(self.line_ids, start=1)
            ),
        ]
        return backend._get_records_action(name=self.env._("ConnectWise PSA"))
