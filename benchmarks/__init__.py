"""How fast the addon is, compared with a baseline and with other programs."""
