"""The package django-connectwise reads the sandbox's companies, for comparison.

usage: python benchmarks/django_connectwise.py SANDBOX_URL DATABASE

Makes its tables in DATABASE, then reads all companies twice. Prints how long each took,
as JSON. Runs in a virtual environment of its own, without Odoo.

Two things favour it: it reads pages of 1000 instead of its default of 50, and the
records that companies refer to are in its tables beforehand, because the sandbox has no
lists of them.
"""

import json
import os
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command


def configure(url: str, database: str) -> None:
    settings.configure(
        INSTALLED_APPS=["django.contrib.postgres", "djconnectwise"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database,
                "HOST": os.environ["PGHOST"],
                "PORT": os.environ.get("PGPORT", ""),
                "USER": os.environ.get("PGUSER", ""),
                "PASSWORD": os.environ.get("PGPASSWORD", ""),
            }
        },
        CONNECTWISE_SERVER_URL=url,
        CONNECTWISE_CREDENTIALS={
            "company_id": "acme",
            "api_public_key": "sandboxPublicKey",
            "api_private_key": "sandboxPrivateKey",
        },
        CONNECTWISE_CLIENTID="11111111-2222-4333-8444-555555555555",
        DJCONNECTWISE_CONF_CALLABLE=lambda: {"batch_size": 1000},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def sync() -> float:
    """Read all companies; return the seconds it took."""
    from djconnectwise.sync import CompanySynchronizer

    start = time.perf_counter()
    CompanySynchronizer(full=True).sync()
    return time.perf_counter() - start


def main() -> None:
    configure(*sys.argv[1:])
    from djconnectwise.models import Company, CompanyStatus, CompanyType, Territory

    for number, name in enumerate(("Active", "Inactive", "Credit Hold"), start=1):
        CompanyStatus.objects.create(
            id=number,
            name=name,
            default_flag=False,
            inactive_flag=False,
            notify_flag=False,
            dissalow_saving_flag=False,
            custom_note_flag=False,
            cancel_open_tracks_flag=False,
        )
    CompanyType.objects.create(id=1, name="Client", vendor_flag=False)
    Territory.objects.create(id=10, name="Corporate")
    first, again = sync(), sync()
    rows = Company.objects.count()
    print(json.dumps({"first": first, "again": again, "rows": rows}))


if __name__ == "__main__":
    main()
