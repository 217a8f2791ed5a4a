"""The suites, found by looking: a module of this package that has `SUITES` takes part.

Belongs here: one declarative module for each table. Does not belong here: how a check is run.
"""

from __future__ import annotations

import importlib
import pkgutil

from expectations.model import Suite


def _discover() -> tuple[Suite, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(suite for module in modules for suite in module.SUITES)


SUITES: tuple[Suite, ...] = _discover()
