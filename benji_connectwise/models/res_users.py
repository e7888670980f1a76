from odoo import api, models


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model
    def _signup_create_user(self, values):
        is_invited = "partner_id" in values
        user = super()._signup_create_user(values)
        if not is_invited:
            # Also where it is signed up with other rights and nobody logged in, as
            # auth_oauth does.
            user.partner_id._set_self_written(True)
        return user
