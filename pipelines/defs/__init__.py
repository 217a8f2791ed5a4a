"""Dagster's view of the night: thin assets and checks over the functions of `pipelines.steps`.

One module per stage. None of them carries a `@dg.definitions` function, and none defines an asset
at module level: they offer builders, and `pipelines.definitions` puts the whole together. (A
module with such a function silently loses its module-level assets.)

Annotations in this package are not postponed (`from __future__ import annotations`): Dagster reads
the types of contexts and resources from them.
"""
