"""Values that the sandbox starts with; all of them are shown on its start page."""

COMPANY_LOGIN_ID = "acme"
COMPANY_NAME = "Acme Managed IT"

PUBLIC_KEY = "sandboxPublicKey"
PRIVATE_KEY = "sandboxPrivateKey"
PDF_PUBLIC_KEY = "sandboxPdfPublicKey"
PDF_PRIVATE_KEY = "sandboxPdfPrivateKey"

# ConnectWise gives each integration a GUID; the sandbox takes any GUID.
CLIENT_ID = "11111111-2222-4333-8444-555555555555"

SEED = 1
COMPANIES = 40
INVOICES = 120
TODAY = "2026-10-31"
CODEBASE = "v2026_1/"
VERSION = "2026.1"

# Always accepted besides the present codebase: the examples of the ConnectWise
# developer guide use it on the cloud.
FIXED_CODEBASE = "v4_6_release/"

# The host in Link headers and hrefs. Real ones name another host than the one asked, so
# a client must not follow them with its credentials.
LINK_HOST = "https://na.connectwise.example"
