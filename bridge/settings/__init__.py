"""Settings: one definition, from which flags, variables, `--help` and the README's table follow."""

from bridge.settings.load import load
from bridge.settings.model import PlanSettings, RunSettings

__all__ = ["PlanSettings", "RunSettings", "load"]
