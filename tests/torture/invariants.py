"""Invariants that hold at any moment, whatever went wrong before.

Each function takes an environment of Odoo with all rights and the data to compare it
with. It changes nothing, and returns the violations in words: an empty list is good.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from messages import check_secrets, check_sentences, get_sentences

from connectwise_sandbox import Sandbox

OVERLAP = timedelta(days=1)
"""How far behind the newest change the next incremental reading starts."""

LONGEST_REST = timedelta(minutes=31)


def check_all(env, sandbox: Sandbox, log: str = "") -> list[str]:
    """Check all that needs no knowledge of earlier steps."""
    return [
        *check_companies(env, sandbox),
        *check_rows(env),
        *check_contacts(env),
        *check_watermark(env, sandbox),
        *check_sentences(get_sentences(env)),
        *check_leftovers(env),
        *check_secrets(env, sandbox, log),
    ]


def _companies_there(sandbox: Sandbox) -> dict[int, dict[str, Any]]:
    return {
        company["id"]: company for company in sandbox.export_companies(limit=100_000)
    }


def check_companies(env, sandbox: Sandbox) -> list[str]:
    """No company is duplicated, and only those deleted in ConnectWise are gone."""
    there = _companies_there(sandbox)
    env.flush_all()
    env.cr.execute(
        "SELECT connectwise_ref, count(*), bool_or(is_deleted), min(name)"
        " FROM connectwise_company GROUP BY backend_id, connectwise_ref"
    )
    violations = []
    for ref, count, is_deleted, name in env.cr.fetchall():
        if count > 1:
            violations.append(f"company {ref} is stored {count} times")
        if is_deleted and ref in there and not there[ref]["deleted"]:
            violations.append(f"company {ref} ({name}) is gone only in Odoo")
    return violations


def check_rows(env) -> list[str]:
    """One row for each customer; automatic links are one to one, not disconnected."""
    env.flush_all()
    env.cr.execute(
        "SELECT id, backend_id, partner_id, connectwise_company_id, connection,"
        "       coalesce(disconnected, false) FROM connectwise_mapping"
    )
    rows = env.cr.fetchall()
    violations = [
        f"customer {partner} has {count} rows"
        for (_backend, partner), count in Counter(
            (backend, partner) for _id, backend, partner, *_rest in rows
        ).items()
        if count > 1
    ]
    automatic = Counter()
    for row, _backend, _partner, company, connection, disconnected in rows:
        if bool(company) != bool(connection):
            violations.append(f"row {row}: connection {connection}, company {company}")
        if company and disconnected:
            violations.append(f"row {row} is connected and disconnected")
        if company and connection != "manual":
            automatic[company] += 1
    violations += [
        f"company record {company} is connected automatically {count} times"
        for company, count in automatic.items()
        if count > 1
    ]
    return violations


def check_contacts(env) -> list[str]:
    """Every synced contact belongs to one connected row and its customer."""
    env.flush_all()
    env.cr.execute(
        """
        SELECT contact.id, contact.name, contact.active, contact.parent_id,
               contact.type,
               min(bill_to.origin), array_agg(row.id), min(row.partner_id),
               min(row.connectwise_company_id)
          FROM res_partner contact
          LEFT JOIN connectwise_mapping row ON row.contact_id = contact.id
          LEFT JOIN connectwise_bill_to bill_to ON bill_to.mapping_id = row.id
         WHERE contact.is_connectwise_contact
         GROUP BY contact.id
        """
    )
    violations = []
    for (
        contact,
        name,
        active,
        parent,
        kind,
        origin,
        rows,
        partner,
        company,
    ) in env.cr.fetchall():
        what = f"contact {contact} ({name})"
        if rows == [None]:
            violations.append(f"{what} belongs to no row")
            continue
        if len(rows) > 1:
            violations.append(f"{what} belongs to {len(rows)} rows")
        if not active:
            violations.append(f"{what} is archived")
        if parent != partner:
            violations.append(f"{what} is at another customer than its row")
        if not company:
            violations.append(f"{what} belongs to a row without connection")
        if origin == "created" and kind != "other":
            violations.append(f"{what} is of type {kind}")
    env.cr.execute(
        "SELECT row.id FROM connectwise_mapping row JOIN res_partner contact"
        " ON contact.id = row.contact_id"
        " WHERE contact.is_connectwise_contact IS NOT TRUE"
    )
    violations += [
        f"row {row} has a contact that is not synced" for (row,) in env.cr.fetchall()
    ]
    return violations


def check_watermark(env, sandbox: Sandbox) -> list[str]:
    """All changes before the point where the next reading starts are stored."""
    env.flush_all()
    env.cr.execute("SELECT id, newest_change FROM connectwise_backend")
    violations = []
    for backend, newest in env.cr.fetchall():
        if not newest:
            continue
        env.cr.execute("SELECT skipped FROM connectwise_sync WHERE skipped IS NOT NULL")
        listed = " ".join(text for (text,) in env.cr.fetchall())
        env.cr.execute(
            "SELECT connectwise_ref, coalesce(name, ''), coalesce(account_number, '')"
            ", last_updated FROM connectwise_company WHERE backend_id = %s",
            [backend],
        )
        stored = {ref: rest for ref, *rest in env.cr.fetchall()}
        for ref, company in _companies_there(sandbox).items():
            changed = sandbox.get_record("companies", ref)["_info"]["lastUpdated"]
            is_behind = _naive(changed) < newest - OVERLAP
            expected = [company["name"] or "", company["account_number"] or ""]
            *found, dated = stored.get(ref, [None, True])
            # A record without a date came from ConnectWise without its fields.
            if is_behind and dated and found != expected and str(ref) not in listed:
                violations.append(
                    f"company {ref} is {found} and not {expected}, and the next reading"
                    " starts after its change"
                )
    return violations


def check_stored(env, sandbox: Sandbox, is_full: bool) -> list[str]:
    """After a finished synchronization, all of ConnectWise is stored.

    :param is_full: whether all entries were read, so that missing ones are known
    """
    env.flush_all()
    env.cr.execute(
        """
        SELECT company.connectwise_ref, coalesce(company.name, ''),
               coalesce(company.account_number, ''),
               coalesce(company.is_deleted, false),
               CASE WHEN row.id IS NULL OR company.is_deleted THEN NULL
                    ELSE coalesce(company.contact_email, '') END
          FROM connectwise_company company
          LEFT JOIN connectwise_mapping row
            ON row.connectwise_company_id = company.id
        """
    )
    stored = {ref: rest for ref, *rest in env.cr.fetchall()}
    there = _companies_there(sandbox)
    violations = []
    for ref, company in there.items():
        expected = [
            company["name"] or "",
            company["account_number"] or "",
            bool(company["deleted"]),
        ]
        *found, email = stored.get(ref, [None])
        if found != expected:
            violations.append(f"company {ref} is stored as {found}, not {expected}")
        elif email is not None and email != _bill_to_email(sandbox, company, there):
            violations.append(f"company {ref} has the Bill-To e-mail {email!r}")
    if is_full:
        violations += [
            f"company {ref} is not in ConnectWise, and not gone"
            for ref, (_name, _account, is_deleted, _email) in stored.items()
            if ref not in there and not is_deleted
        ]
    return violations


def _bill_to_email(sandbox: Sandbox, company: dict, there: Mapping[int, dict]) -> str:
    """The e-mail of the company's Bill-To contact, else of its Bill-To company's."""
    other = there.get(company["bill_to_company_id"])
    for candidate in filter(None, (company, other)):
        record = sandbox.get_record("companies", candidate["id"])
        if record.get("billingContact", {}).get("id"):
            email = candidate["contact_email"] or ""
            # Only a plain address is kept.
            is_usable = not candidate["contact_inactive"] and "@" in email
            return email if is_usable else ""
    return ""


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def check_leftovers(env) -> list[str]:
    """No lock is held, no transaction is open, and nothing runs for ever."""
    env.flush_all()
    env.cr.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database"
        "                  WHERE datname = current_database())"
        " AND pid <> pg_backend_pid()"
    )
    violations = []
    if locks := env.cr.fetchone()[0]:
        violations.append(f"{locks} advisory locks are held")
    env.cr.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
        " AND now() - state_change > interval '10 seconds'"
    )
    if open_ones := env.cr.fetchone()[0]:
        violations.append(f"{open_ones} transactions are left open")
    env.cr.execute(
        "SELECT failures, greatest(retry_at, sync_retry_at) - now() AT TIME ZONE 'UTC'"
        "  FROM connectwise_backend"
        " WHERE retry_at IS NOT NULL OR sync_retry_at IS NOT NULL"
    )
    violations += [
        f"the connection rests for {rest}"
        for _failures, rest in env.cr.fetchall()
        if rest > LONGEST_REST
    ]
    return violations


def check_nothing_runs(env) -> list[str]:
    """No synchronization is open, at a time when none was requested and none failed."""
    env.cr.execute(
        "SELECT id, state FROM connectwise_sync WHERE state IN ('queued', 'running')"
    )
    return [
        f"synchronization {number} is {state}" for number, state in env.cr.fetchall()
    ]


def check_manual(env, links: Mapping[int, int | None]) -> list[str]:
    """Connections and disconnections by people (customer → id there) are kept."""
    env.flush_all()
    env.cr.execute(
        "SELECT row.partner_id, company.connectwise_ref, row.connection,"
        "       coalesce(row.disconnected, false)"
        "  FROM connectwise_mapping row LEFT JOIN connectwise_company company"
        "    ON company.id = row.connectwise_company_id"
    )
    found = {partner: rest for partner, *rest in env.cr.fetchall()}
    violations = []
    for partner, ref in links.items():
        expected = [ref, "manual", False] if ref else [None, None, True]
        if found.get(partner) != expected:
            violations.append(
                f"customer {partner} is {found.get(partner)}, a person left {expected}"
            )
    return violations
