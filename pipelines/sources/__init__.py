"""One module per publisher: what is asked, how an answer is proven complete and read.

A source is found by its module alone: every module here that defines `SOURCE` is discovered (see
`base.discover`). Its docstring carries the publisher's quirks. Nothing here does I/O besides
reading landed bytes; requests are made by `pipelines.ingest`.
"""
