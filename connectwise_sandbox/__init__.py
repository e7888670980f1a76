"""A simulated ConnectWise PSA: a real HTTP server with invented data."""

from .sandbox import Sandbox

__all__ = ["Sandbox"]
