"""Files: leads from CSV or Parquet in, a file with verdict columns and one of opportunities out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.crm.csv.adapter import CsvCrm
    from connector.crm.csv.settings import CsvSettings
    from connector.engine.ports import Runtime


class CsvPlugin:
    """How leadgate finds and opens files of leads. Nothing heavy is imported before it is needed."""

    name = "csv"

    def settings_type(self) -> type[CsvSettings]:
        """The schema of this CRM's connection keys."""
        from connector.crm.csv.settings import CsvSettings  # noqa: PLC0415 — lazy on purpose

        return CsvSettings

    def open(self, settings: CsvSettings, runtime: Runtime) -> CsvCrm:
        """A connection to one file of leads; nothing is read before the first question."""
        from connector.crm.csv.adapter import CsvCrm  # noqa: PLC0415 — lazy on purpose

        return CsvCrm(settings, runtime.clock)


PLUGIN = CsvPlugin()
