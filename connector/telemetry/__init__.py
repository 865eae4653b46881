"""The program as seen from outside: log lines, metrics and health over HTTP, traces.

Each is an adapter: what happens comes from connector/engine/observer.py, figures from the ledger.
"""
