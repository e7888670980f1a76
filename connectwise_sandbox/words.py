"""Word lists for realistic customers of a managed service provider.

All domains end in ``.example`` and all telephone numbers are in the 555-01xx range,
so that nothing reaches a real person.
"""

PLACE_FIRST = """
Cedar Harbor Maple Granite Silver Willow Juniper Prairie Copper Summit Laurel Stone
Aspen Bay Birch Bridge Canyon Cherry Clear Coastal Coral Crescent Crystal Cypress
Eagle East Elm Ember Evergreen Fair Falcon Forest Fox Garden Golden Green Hawthorn
Hazel Heron High Hill Holly Iron Ivory Ivy Lake Lark Liberty Linden Magnolia Marble
Meadow Mill Mission Monarch North Oak Ocean Olive Orchard Palm Park Pearl Pine Pioneer
Quail Quarry Redwood River Robin Rose Sage Sequoia Spring Spruce Sterling Sunset Timber
Valley Vine Walnut West Whit Winter
""".split()

PLACE_SECOND = """
Ridge View Point Creek Grove Field Hollow Crossing Bluff Landing Bend Gate Heights
Springs Brook Cove Dale Falls Ford Glen Haven Corner Isle Junction Knoll Lane Market
Mesa Pass Plaza Shore Square Station Terrace Trail Vale Village Way Wharf Wood
""".split()

# Trades, each with its usual legal form.
TRADES = (
    ("Family Dental", "PLLC"),
    ("Dental Care", ""),
    ("Orthodontics", "PC"),
    ("Law Group", "LLP"),
    ("Legal Partners", "LLP"),
    ("Immigration Law", "PC"),
    ("Medical Clinic", ""),
    ("Pediatrics", "PLLC"),
    ("Physical Therapy", "LLC"),
    ("Veterinary Hospital", "LLC"),
    ("Animal Clinic", "Inc."),
    ("Eye Center", "PC"),
    ("Dermatology", "PLLC"),
    ("Accounting", "LLP"),
    ("Tax Advisors", "LLC"),
    ("Wealth Management", "LLC"),
    ("Insurance Agency", "Inc."),
    ("Realty", "LLC"),
    ("Property Management", "LLC"),
    ("Architects", "PLLC"),
    ("Engineering", "Inc."),
    ("Construction", "Inc."),
    ("Roofing", "LLC"),
    ("Plumbing", "Inc."),
    ("Electric", "LLC"),
    ("Auto Body", "Inc."),
    ("Freight", "Inc."),
    ("Logistics", "LLC"),
    ("Manufacturing", "Corp."),
    ("Machine Works", "Inc."),
    ("Brewing", "LLC"),
    ("Bakery", "LLC"),
    ("Catering", "LLC"),
    ("Senior Living", "Inc."),
    ("Montessori School", ""),
    ("Community Church", ""),
    ("Credit Union", ""),
    ("Funeral Home", "Inc."),
    ("Landscaping", "LLC"),
    ("Print Shop", "Inc."),
)

FIRST_NAMES = """
Alice Andre Angela Anthony Beatriz Benjamin Brenda Brian Carla Carlos Charlotte Daniel
Dana Derek Diane Elena Emily Eric Fatima Felix Frank Gloria Grace Hannah Hector Helen
Ian Irene Isaac Jack Jasmine Joan Jorge Julia Karen Keith Kenji Laura Leo Linda Luis
Maria Mark Mei Michael Monica Naomi Nathan Nicole Olivia Oscar Patricia Paul Priya
Rachel Raj Rebecca Robert Rosa Samuel Sandra Sofia Steven Susan Teresa Thomas Uma
Victor Wendy Xavier Yolanda Zachary
""".split()

LAST_NAMES = """
Adams Alvarez Bailey Barnes Bennett Brooks Campbell Carter Chen Collins Cooper Cruz
Delgado Diaz Dixon Edwards Ellis Evans Fisher Foster Garcia Gibson Graham Gray Griffin
Hall Harper Hayes Henderson Howard Hughes Ito Jenkins Johnson Kaur Kelly Kim Lawson
Lewis Lopez Marsh Mason Mendoza Miller Morales Morgan Murphy Nguyen Novak Ortiz Owens
Parker Patel Perry Porter Price Quinn Ramirez Reed Rivera Ross Russell Sanders Shah
Silva Simmons Stone Sullivan Tanaka Torres Turner Vargas Walsh Ward Watson Weber White
Whitfield Wong Young Zimmerman
""".split()

TITLES = (
    "Office Manager",
    "Accounts Payable",
    "Controller",
    "Practice Manager",
    "Owner",
    "Bookkeeper",
    "Operations Director",
    "Finance Manager",
)

STREETS = (
    "Main Street",
    "Oak Avenue",
    "Commerce Drive",
    "Market Street",
    "Lakeview Road",
    "Industrial Parkway",
    "Second Avenue",
    "College Boulevard",
    "Mill Lane",
    "Professional Court",
)

CITIES = (
    ("Tampa", "FL", "33602"),
    ("Columbus", "OH", "43215"),
    ("Boise", "ID", "83702"),
    ("Raleigh", "NC", "27601"),
    ("Omaha", "NE", "68102"),
    ("Tucson", "AZ", "85701"),
    ("Madison", "WI", "53703"),
    ("Spokane", "WA", "99201"),
    ("Knoxville", "TN", "37902"),
    ("Albany", "NY", "12207"),
    ("Waco", "TX", "76701"),
    ("Fresno", "CA", "93721"),
)

TECHNICIANS = (
    "Marcus Bell",
    "Tina Alvarado",
    "Owen Whitaker",
    "Shreya Nair",
    "Dmitri Volkov",
    "Kelsey Rhodes",
)

WORK_DONE = (
    "Replaced failing disk in file server and rebuilt the array",
    "Set up new workstation and moved user profile",
    "Investigated slow sign-in; cleaned up stale group policies",
    "Restored deleted folder from last night's backup",
    "Firewall firmware update outside office hours",
    "Phishing report: checked mailbox rules and reset password",
    "New starter: mailbox, licences and phone extension",
    "Printer on second floor not reachable; new driver deployed",
    "Quarterly review of administrator accounts",
    "Wireless coverage survey and access point placement",
    "Line-of-business application upgrade with vendor on the phone",
    "Certificate renewal for remote access gateway",
)

# Description and monthly price per seat, in cents.
AGREEMENTS = (
    ("Managed Workplace - Complete", 12500),
    ("Managed Workplace - Essentials", 8900),
    ("Server Monitoring and Patching", 17500),
    ("Managed Security - EDR and SOC", 4250),
    ("Hosted Voice - seats", 2995),
    ("Cloud Backup - workstations", 1500),
)

# Product number, description and unit price in cents.
PRODUCTS = (
    ("NB-1440", 'Business notebook 14", 16 GB, 512 GB SSD', 114900),
    ("MON-27Q", '27" QHD monitor with USB-C dock', 38950),
    ("FW-60", "Next-generation firewall, 1 year subscription", 89500),
    ("SW-24P", "24-port managed PoE switch", 61200),
    ("AP-6E", "Wi-Fi 6E ceiling access point", 24900),
    ("UPS-1500", "UPS 1500 VA, rack mount", 67525),
    ("HS-120", "Wireless headset", 14975),
    ("SSD-1T", "Solid state disk 1 TB, installed", 18950),
)

HOURLY_RATES = (12500, 14500, 16500, 18500)
