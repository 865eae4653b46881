"""Whether a lead is genuine: what its texts say, the checks that weigh it, and the verdict.

readings   columns read off names, addresses, numbers and messages
checks     the table of evidence: key, weight, reason
verdict    evidence to lamb, unsure or spam, with confidence and reasons
copies     counts over a page of leads, for whoever feeds the lead field `copies`
"""
