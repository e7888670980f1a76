"""Telling the followers of a record about news from ConnectWise."""


def tell_followers(records, subtype, describe):
    """Post a message on those of `records` that somebody follows for it.

    The others get none: nobody follows most news, and there are thousands.

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
            # Do not wait for a mail server.
            force_send=False,
        )
