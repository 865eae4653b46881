"""Rehearsals: the whole sync on a local copy of the team's own org, before the live one sees it.

snapshot.py   what is read of the live CRM, behind a guard that lets nothing be written
local.py      the copy, served on loopback
faults.py     what can be made to go wrong on it
folder.py     a project of its own, with its own ledger
running.py    two syncs on it
findings.py   what came of them
"""
