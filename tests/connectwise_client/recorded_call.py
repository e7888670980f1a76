"""A call from ConnectWise as it was recorded, the address of its key, and a key."""

KEY = "key"
PAGE = "/v2025_1//system/callbackkey/index.rails"
QUERY = "companyName=Cobalt&id=e17e6674-42f6-4105-9cff-4cd6cb4e62e8"
KEY_URL = f"https://sandbox-na.myconnectwise.net{PAGE}?{QUERY}"

RECORDED = {
    "Action": "deleted",
    "CallbackObjectRecId": 26604,
    "CompanyId": "Cobalt",
    "Entity": None,
    "FromUrl": "sandbox-na.myconnectwise.net",
    "ID": 57962,
    "MemberId": "Aurasell",
    "MessageId": "824d99d2-33c0-4c56-9ded-d99d895a90e3",
    "Metadata": {"key_url": KEY_URL},
    "PartnerId": "61ddc2817bcddc0001c74208",
    "ProductInstanceId": "639c96cab2eb560001dd1324",
    "Type": "contact",
}
"""From a public client's test suite."""
