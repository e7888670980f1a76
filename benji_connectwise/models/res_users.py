from odoo import api, models


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model
    def _signup_create_user(self, values):
        is_invited = "partner_id" in values
        user = super()._signup_create_user(values)
        if not is_invited:
            # `create` does not always notice: auth_oauth signs users up as superuser,
            # with nobody logged in.
            user.partner_id._set_self_written(True)
        return user
