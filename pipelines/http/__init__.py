"""Requests and replies: one client, one classifier, and the transports behind them.

Belongs here: bytes on their way in. Does not belong here: what is kept (`pipelines.landing`) and
what it means (`pipelines.sources`).
"""
