"""Outreach: planning and doing the touches of revival, each exactly once.

`planning` looks at what the ledger knows and decides; `sending` reads each lead again, decides
again, writes the intent, touches, and writes the outcome; `run` is one run of it.
"""
