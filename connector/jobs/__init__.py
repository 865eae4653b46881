"""Runs on a schedule, on one machine or on many: who is due, who works, and what becomes of the dead.

`queue.py` hands work out through DBOS Transact, `service.py` is the process that schedules and works.
A job is nothing but the name of a connection: what was read and what is left to be done stands in
the ledger, whose lease has the last word on one run per connection.
"""
