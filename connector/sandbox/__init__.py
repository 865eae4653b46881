"""Local CRMs, served over HTTP on loopback: for the demo, the tests and rehearsals."""
