"""Settings of the server: environment variables, as they are at this moment."""

import os


def get_client_id():
    return os.environ.get("BENJI_CONNECTWISE_CLIENT_ID", "").strip()


def get_local_hosts():
    """Return the hosts, as "host:port", that may be reached at a private address."""
    hosts = os.environ.get("BENJI_CONNECTWISE_LOCAL_HOSTS", "")
    return {host.strip() for host in hosts.split(",") if host.strip()}
