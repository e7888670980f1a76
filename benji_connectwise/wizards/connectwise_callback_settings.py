from odoo import api, fields, models

from ..tools.connection.callbacks import find_obstacle, switch_off, switch_on
from ..tools.connection.explain import explain_stored


class ConnectwiseCallbackSettings(models.TransientModel):
    """*Instant updates*: switches ConnectWise's calls on and off."""

    _name = "connectwise.callback.settings"
    _description = "Instant Updates"

    backend_id = fields.Many2one("connectwise.backend", required=True, readonly=True)
    obstacle = fields.Char(compute="_compute_state")
    is_on = fields.Boolean(compute="_compute_state")
    last_call = fields.Datetime(compute="_compute_state")
    last_refusal = fields.Datetime(compute="_compute_state")
    last_error = fields.Char(compute="_compute_state")

    @api.constrains("backend_id")
    def _check_may_read(self):
        # Odoo shows the names of linked records without checking access.
        self.sudo(False).backend_id.check_access("read")

    def _compute_display_name(self):
        self.display_name = self.env._("Instant Updates")

    def _compute_state(self):
        callbacks = self.env["connectwise.callback"]
        for wizard in self:
            callback = callbacks.search([("backend_id", "=", wizard.backend_id.id)])
            wizard.obstacle = explain_stored(self.env, find_obstacle(self.env))
            wizard.is_on = bool(callback)
            wizard.last_call = callback.last_call
            wizard.last_refusal = callback.last_refusal
            wizard.last_error = callback.last_error

    def action_switch_on(self):
        """Register callbacks in ConnectWise, with a new address.

        :raises UserError: if they cannot be registered
        """
        self.check_access("read")
        switch_on(self.backend_id)
        return self._notify(self.env._("ConnectWise calls when something changes."))

    def action_switch_off(self):
        """Remove the callbacks in ConnectWise, and refuse calls from now on."""
        self.check_access("read")
        error = switch_off(self.backend_id)
        if not error:
            return self._notify(self.env._("ConnectWise calls no more."))
        return self._notify(
            self.env._(
                "ConnectWise could not be told to stop, so its calls are refused from"
                " now on: %s",
                error,
            ),
            "warning",
        )

    def _notify(self, message, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "title": self.env._("Instant Updates"),
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
