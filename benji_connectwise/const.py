"""The limits of this addon, and the reason for each.

Those of the HTTP client are in `lib/connectwise_client/const.py`.
"""

from datetime import timedelta

# Time spent waiting for ConnectWise ------------------------------------------------

SECONDS_FOR_PERSON = 7.5
"""For all requests of one action of a person. This is below the promised 8 seconds,
because closing a broken connection takes a moment too."""

SECONDS_FOR_RUN = 100
"""For one step of a scheduled action. Odoo kills it after two minutes
(odoo/tools/config.py, limit_time_real), so a stalled ConnectWise must end it before."""

SECONDS_FOR_SYNC_STEPS = 60
"""After this time the scheduled action leaves the rest of a synchronization to its next
run, which follows at once."""

# Retrying --------------------------------------------------------------------------

CONNECTION_FIRST_RETRY = timedelta(minutes=1)
CONNECTION_LAST_RETRY = timedelta(minutes=30)
"""After a failure of ConnectWise, the back-off doubles from the first to the last."""

LOOKUP_FIRST_RETRY = timedelta(minutes=2)
LOOKUP_LAST_RETRY = timedelta(hours=2)
"""The same for one invoice that ConnectWise does not have, or whose PDF is unusable."""

CALLED_SYNCS_APART = timedelta(seconds=15)
"""Between two synchronizations that calls from ConnectWise start. Each costs three
requests and a row in the list of synchronizations."""

MOST_CONFLICTS = 20
"""How often a synchronization gives way to a person's change before it fails: a
conflict that recurs every time is an error."""

# Invoices --------------------------------------------------------------------------

NUMBERS_AT_ONCE = 200
"""Numbers that are looked up before the answers are stored: one request on each of the
client's four connections."""

INVOICES_AT_ONCE = 1000
"""Invoices whose PDFs the scheduled action fetches in one batch. Large, because the
connections are idle between two batches."""

LOOKUPS_JUDGED_AT_ONCE = 1000
"""Lookups that are judged again before a commit: half a second. A person who changes
the settings waits for the first of these steps."""

PDFS_PER_STEP = 8
"""PDFs that are stored in one step. If Odoo is killed, at most these are lost."""

PDFS_DELETED_AT_ONCE = 50
"""Odoo reads the contents of those that it deletes together into memory."""

REFRESH_AT_ONCE = 200
"""Invoices that a person can refresh while waiting. Their numbers are asked for within
seconds, and PDFs that take longer come in the background."""

REFRESH_IN_BACKGROUND = 5000
"""The most invoices that a person can have refreshed together."""

REFRESH_PER_STEP = 50
"""Invoices that the background refreshes between two updates of the progress: one
request for their numbers."""

REFRESH_KEPT_FOR = 1
"""Days after which the record of a finished refresh is deleted."""

COMPANIES_LISTED = 80
"""ConnectWise customers that the dialog "+" lists; the others are found by typing."""

PREFER_AT_ONCE = 5000
"""Invoices for which a person can prefer a source together. A thousand take less than
half a second."""

MOST_LISTED = 5
"""Invoices that a message to a person names; the others are counted."""

FRESH_FOR_SEND = timedelta(minutes=1)
"""*Send* does not ask again about an answer this young, because the dialog just did."""

FRESH_FOR_BATCH = timedelta(minutes=5)
"""The scheduled sending returns to the same invoices, and does not ask again about
those that were looked up this recently."""

CHECK_EVERY = timedelta(hours=12)
"""How often the scheduled action asks whether ConnectWise changed a sent invoice."""

LOOK_BACK = timedelta(days=90)
"""The scheduled action does not look up older invoices. Printing or sending does."""

MOST_HOURS_HELD = 8_760
"""A year: how long an invoice may wait for ConnectWise's PDF."""

SECONDS_TO_MEND = 4
SECONDS_TO_MEND_ONE = 0.05
"""The time to repair PDFs that are printed together: for all, plus for each. A usual
PDF takes 0.02 s. Merging takes Odoo as long again."""

LONGEST_TEXT_FOR_NUMBER = 200
"""Characters of a field that a rule can make a number of. A longer text is not a
number, and searching it would take long."""

MOST_NUMBER_RULES = 10
"""Rules of one connection: each is one more number to ask for, for every invoice."""

INVOICES_ON_BENCH = 200
"""The newest posted invoices on which number rules are tried."""

MISSES_ON_BENCH = 50
"""The invoices that no rule found and on which further rules are tried, to propose one.
Each such rule is a request."""

# Companies and contacts ------------------------------------------------------------

OVERLAP = timedelta(days=1)
"""Incremental reading starts this much before the newest change that was read. The
developer guide does not say how precise `lastUpdated` is in conditions."""

MOST_GONE = 0.2
"""If more than this share of the connected companies is missing from an answer, nothing
is changed, and a person has to decide."""

ROWS_AT_ONCE = 1000
"""Rows of the report that are connected, or get their contact, in one step."""

CONTACTS_REMOVED_AT_ONCE = 100
"""Contacts that are removed together. Waiting e-mails are searched for each address."""

CONTACTS_AT_ONCE = 3000
"""Bill-To contacts that are read before they are stored."""

CONTACTS_EACH_HOUR = 150
"""Unchanged Bill-To contacts that each scheduled run reads again, with one request. No
document says that a new e-mail address alone makes a contact count as changed."""

INVOICES_COMPARED = 100
"""A customer's newest invoices that are compared to suggest a company."""

MOST_NAMED = 3
"""Companies or customers that a conflict names."""

LONGEST_KEY = 200
"""Characters of a name or Account ID that are compared as they are; the rest is
replaced by a digest, because PostgreSQL refuses long texts in an index."""
