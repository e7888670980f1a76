"""The limits of this addon, and the reason for each.

Those of the HTTP client are in `lib/connectwise_client/const.py`.
"""

from datetime import timedelta

# Time spent waiting for ConnectWise ------------------------------------------------

SECONDS_FOR_PERSON = 7.5
"""One action of a person, all its requests together. Below the promised 8 seconds,
because closing a broken connection takes a moment too."""

SECONDS_FOR_RUN = 100
"""One step of a scheduled action: a stalled ConnectWise has to end it before Odoo does
(odoo/tools/config.py, limit_time_real: two minutes)."""

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
"""Between two synchronizations that calls from ConnectWise ask for: each costs three
requests and a row in the list of them."""

MOST_CONFLICTS = 20
"""How often a synchronization gives way to a person's change before it gives up: a
conflict that comes back every time is an error."""

# Invoices --------------------------------------------------------------------------

NUMBERS_AT_ONCE = 200
"""Numbers that are looked up before the answers are stored: one request on each of the
four connections."""

INVOICES_AT_ONCE = 1000
"""Invoices whose PDFs the scheduled action fetches in one batch: the connections are
idle between two batches."""

PDFS_PER_STEP = 8
"""PDFs that are stored in one step: more would be lost when Odoo is killed."""

REFRESH_AT_ONCE = 200
"""Invoices whose PDFs a person waits for when he refreshes them: their numbers are
asked for within seconds, and PDFs that take longer come in the background."""

REFRESH_IN_BACKGROUND = 5000
"""The most that a person has refreshed at once: it takes ten minutes or two."""

REFRESH_PER_STEP = 50
"""Of these, so many between two looks at how far it is: one request for the numbers."""

REFRESH_KEPT_FOR = 1
"""Days after which it is forgotten what was refreshed."""

COMPANIES_LISTED = 80
"""ConnectWise customers that the dialog "+" lists; the others are found by typing."""

PREFER_AT_ONCE = 5000
"""Invoices that a person can have prefer a source together: a thousand take less than
half a second."""

MOST_LISTED = 5
"""Invoices that a message to a person names; the others are counted."""

FRESH_FOR_SEND = timedelta(minutes=1)
"""The dialog has just asked: *Send* does not ask again about an answer this young."""

FRESH_FOR_BATCH = timedelta(minutes=5)
"""The scheduled sending returns to the same invoices, and does not ask again about
those that were looked up this recently."""

CHECK_EVERY = timedelta(hours=12)
"""How often the scheduled action asks whether ConnectWise changed a sent invoice."""

LOOK_BACK = timedelta(days=90)
"""Older invoices are looked up when a person needs them."""

SECONDS_TO_MEND = 4
SECONDS_TO_MEND_ONE = 0.05
"""For all chosen PDFs that are printed together, and for each of them. A usual one
takes a fiftieth; merging them takes Odoo's server as long again."""

LONGEST_TEXT_FOR_NUMBER = 200
"""Characters of a field from which a rule makes a number: a longer text contains none,
and looking for it would take long."""

MOST_NUMBER_RULES = 10
"""Of one connection: every rule is a further number to ask for."""

INVOICES_ON_BENCH = 200
"""The newest posted invoices on which number rules are tried."""

MISSES_ON_BENCH = 50
"""Of those that were not found, so many are tried to find a rule to propose: each rule
that might help is a request."""

# Companies and contacts ------------------------------------------------------------

OVERLAP = timedelta(days=1)
"""Incremental reading starts this much before the newest change that was read: the
developer guide promises nothing about the precision of `lastUpdated` in conditions."""

MOST_GONE = 0.2
"""If more than this share of the connected companies is missing from an answer, nothing
is changed, and a person has to decide."""

ROWS_AT_ONCE = 1000
"""Rows of the report that are connected, or get their contact, in one step."""

CONTACTS_AT_ONCE = 3000
"""Bill-To contacts that are read before they are stored."""

CONTACTS_EACH_HOUR = 150
"""Unchanged Bill-To contacts, one request, that each scheduled run reads again: no
document says that a contact counts as changed when only its e-mail address changes."""

INVOICES_COMPARED = 100
"""Newest invoices of a customer that are compared for a suggestion."""

MOST_NAMED = 3
"""Companies or customers that a conflict names."""

LONGEST_KEY = 200
"""Characters of a name or Account ID that are compared as they are; the rest is
replaced by a digest, because PostgreSQL refuses long texts in an index."""
