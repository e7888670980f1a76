"""A ConnectWise PSA to try things on: a real HTTP server with invented data."""

from .sandbox import Sandbox

__all__ = ["Sandbox"]
