"""The CRMs: one folder each, same file names, found through the entry-point group `leadgate.crms`."""
