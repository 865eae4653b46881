"""What the engine asks of the ledger: the database of runs, leads, verdicts, lines and outcomes.

One file per family of questions, as in connector/ledger, which answers them.
"""

from __future__ import annotations

from typing import Protocol

from connector.engine.ledger.conversions import ConversionStore
from connector.engine.ledger.leads import LeadStore
from connector.engine.ledger.lines import LineStore
from connector.engine.ledger.opt_outs import OptOutStore
from connector.engine.ledger.runs import RunStore
from connector.engine.ledger.touches import ArmStore, TouchStore
from connector.engine.ledger.verdicts import VerdictStore

__all__ = ["Ledger"]


class Ledger(
    RunStore,
    LeadStore,
    VerdictStore,
    LineStore,
    ConversionStore,
    OptOutStore,
    TouchStore,
    ArmStore,
    Protocol,
):
    """The database of runs, watermarks, last seen leads, verdicts, plan lines and outcomes.

    Frames
    ------
    memory (`seen`): id, modified_at, verdict_key (model and mapping under which this version of the
        record was settled; null while something is still to be written), stage, stage_since,
        written String (JSON object of CRM field → what we last wrote), converted Boolean,
        opportunity_id, opportunity_state, lost_reason, quarantine_key (null unless
        rejected: what must differ before it is tried again), facts String (JSON object of the
        lead's fields), there String (JSON object: see connector/engine/there.py), run (that last learnt of it), days List[Date] (on which it showed interest, as far as recorded), answers
        String (JSON object of fact → {value, was}; see connector/engine/answers.py)
    outdated (`outdated`): the memory frame without answers, and score
    lines (`save_lines`, `lines`): see connector/engine/plan.py
    """
