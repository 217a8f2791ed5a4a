"""Files that the recording puts into replies: trade from BACI, and the World Bank's series.

A release of BACI is an archive of several files; the World Bank's bulk files hold the figures of
the interface in another layout. Both are asked for as on a night of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.http.classify import HAS_DATA
from pipelines.http.client import Client
from pipelines.landing import Landed, Landing
from pipelines.landing_store import LocalLanding
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources.base import Answer, Source, discover
from pipelines.transports import open_profile
from tests.real.native import Account, Native, account

NATIVES: list[Native] = []
INDEX = PROJECT_ROOT / "deploy" / "replay" / "official_sample.yml"
FILES = {
    "baci": "trade/baci: flows of 2020, codes of V202201, product codes",
    "wdi": "world_bank/wdi_indicator_csv, wdi_figures.parquet, new_business_density_excerpt",
}


def delivery(
    source: Source, part: str, client: Client, landing: Landing, settings: Settings
) -> list[Landed]:
    """All replies of one part."""
    answers: list[Answer] = []
    while (spec := source.next_request(part, answers, settings)) is not None:
        fetched = client.fetch(spec)
        landed = landing.land(fetched) if fetched.outcome in HAS_DATA else None
        answers.append(Answer(spec, fetched.outcome, landed))
    return [answer.landed for answer in answers if answer.landed is not None]


def accounts(data: Path) -> Iterator[Account]:
    """One account of each raw table, all parts of it together."""
    with TemporaryDirectory() as scratch:
        profile = open_profile(
            Settings(home=Path(scratch), profile=f"replay:{INDEX}", replay_vars={"data": str(data)})
        )
        landing = Landing(
            LocalLanding(Path(scratch)), run_id="native", realm="replay", profile="replay"
        )
        client = Client(profile.transport, landing.work_dir, polite=False)
        for name, file in FILES.items():
            source = discover()[name]
            total: dict[str, Account] = {}
            for part in source.parts(profile.settings):
                replies = delivery(source, part, client, landing, profile.settings)
                for one in account(source, part, replies, file):
                    tally = total.setdefault(one.table, Account(file, one.table))
                    tally.read += one.read
                    tally.promoted += one.promoted
                    tally.quarantined.update(one.quarantined)
            yield from total.values()
        client.close()
        landing.close_log()
