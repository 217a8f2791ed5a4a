"""Dashboards over the published file.

Belongs here: reading a release, charts and pages. Does not belong here: anything that builds a
release. Of `pipelines` only `settings`, `warehouse` and `errors` are imported.
"""
