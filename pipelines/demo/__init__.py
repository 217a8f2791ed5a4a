"""The demo profile: the publishers' addresses, answered in process with SYNTHETIC figures.

Everything served here is generated from a seed. It has the form of the official files (wire
format, codes, suppression marks, padding, missing economies, a revision between two vintages,
rows that break the contract) and levels of a believable size, and describes no real economy,
region or industry. Nothing of it may be quoted.

How it is cut:
- figures (`*_figures`): pure functions from seed, scale and year to polars frames or arrays;
- wire formats (`*_wire`): frames to the bytes that the publisher would send, and the addresses
  that they answer (`ROUTES`, found by `transport`);
- `hosts`: what all emulated hosts have in common.

What is data (folder `data`, classification codes and coarse sizes, no statistics): economies,
World Bank groups and series, HS chapters and headings, NAICS sectors and codes, states, counties.
A new World Bank series is one line of `data/wdi_series.csv`.

Belongs here: what stands in for a publisher. Does not belong here: anything that reads, checks or
publishes figures; it must not know whether it is fed by this package.
"""

from pipelines.demo.transport import DemoTransport, UnknownUrl
from pipelines.demo.warts import DEMO_WARTS, Wart

__all__ = ["DEMO_WARTS", "DemoTransport", "UnknownUrl", "Wart"]
