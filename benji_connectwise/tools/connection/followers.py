"""Telling the people who follow a record for one of ConnectWise's news."""


def tell_followers(records, subtype, describe):
    """Post a message on those of `records` that somebody follows for it.

    The others get none: most news interest nobody, and they come in thousands.

    :param subtype: the name of a message subtype of this addon
    :param describe: function of a record that returns the text of its message
    """
    if not records:
        return
    kind = records.env.ref(f"benji_connectwise.{subtype}")
    followers = (
        records.env["mail.followers"]
        .sudo()
        .search_fetch(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("subtype_ids", "in", kind.ids),
            ],
            ["res_id"],
        )
    )
    followed = set(followers.mapped("res_id"))
    odoobot = records.env.ref("base.partner_root")
    for record in records.sudo().filtered(lambda record: record.id in followed):
        record.message_post(
            body=describe(record),
            subtype_id=kind.id,
            author_id=odoobot.id,
            # No mail server is waited for.
            force_send=False,
        )
