"""Typed settings, read from the environment (prefix CLUSTERKPI_) and an optional .env file.

Belongs here: every knob, its default and its unit. Does not belong here: what a knob does.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(/[A-Za-z0-9._-]+)+/?")


class Settings(BaseSettings):
    """All settings of one run. Build it with `load_settings`, which turns errors into advice."""

    model_config = SettingsConfigDict(
        env_prefix="CLUSTERKPI_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(Path("data"), description="state directory; relative to the project root")
    landing: str = Field(
        "",
        description="s3://bucket/prefix: landed bytes, their log and manifests lie in this object "
        "store, for any number of homes; empty: in landing/ below the home",
    )
    profile: str = Field("demo", description="live | demo | replay:INDEX_FILE")

    # demo profile
    demo_scale: int = Field(1, ge=1, le=1000, description="multiplies the synthetic volume")
    demo_vintage: int = Field(2, ge=1, le=2, description="which of two vintages the demo serves")
    demo_seed: int = 20050309

    # replay profile: values for the ${variables} of the index file, as JSON in the environment
    replay_vars: dict[str, str] = Field(default_factory=dict)

    # what is read from each source
    sources: tuple[str, ...] = Field(
        (), description="JSON list; only these are read (a recording that lacks others says so)"
    )
    today: dt.date | None = Field(None, description="plan as if today were this date (tests)")
    wdi_skip: tuple[str, ...] = Field(
        (), description="JSON list; series that are not asked for (a recording that lacks them)"
    )
    baci_release: str = Field("HS17_V202601", description="one HS revision and one BACI version")
    cbp_first_year: int = Field(2017, ge=2017, description="2017 is the first year of the layout")
    cbp_last_year: int | None = Field(None, description="default: two years before today")
    cbp_area_years: int = Field(
        2, ge=0, description="newest years whose state and metropolitan files are read too"
    )
    bds_tables: tuple[str, ...] = Field((), description="JSON list; empty: all")
    bds_latest_release: int | None = Field(None, description="default: two years before today")
    susb_years: int = Field(2, ge=1, description="newest years that are read, one file each")
    acs_latest_release: int | None = Field(None, description="default: last year")
    ustrade_years: int = Field(3, ge=1, description="newest years that are read, one file each")
    ustrade_last_year: int | None = Field(None, description="default: last year")
    qcew_years: int = Field(2, ge=1, description="newest years that are read, one archive each")
    eurostat_datasets: tuple[str, ...] = Field((), description="JSON list; empty: all")
    national_addresses: dict[str, str] = Field(
        default_factory=dict,
        description="JSON; where exports of sources without a confirmed address are kept: source "
        "to address, without the file's name",
    )
    signal_trust_days: int = Field(
        28,
        ge=0,
        description="a part is read again after this many days even if its publisher "
        "signals no change, to catch edits that come without a signal",
    )

    # sources that are off unless they are asked for
    comtrade_key: SecretStr = Field(
        SecretStr(""), description="key of the UN Comtrade API; without it, Comtrade is off"
    )
    comtrade_years: int = Field(5, ge=1, le=30, description="newest years that are read")
    comtrade_partners: tuple[str, ...] = Field(
        (), description="JSON list of partner codes beside the world (0); empty: the world only"
    )
    accept_non_commercial: bool = Field(
        False, description="read sources whose licence forbids commercial use (ITU)"
    )

    # politeness and patience towards sources
    contact: str = Field("", description="mail address or URL sent in the User-Agent (live)")
    host_interval_seconds: dict[str, float] = Field(
        default_factory=dict, description="JSON; overrides the built-in seconds between requests"
    )
    request_attempts: int = Field(5, ge=1, le=20)
    retry_wait_initial_seconds: float = Field(2.0, ge=0)
    retry_wait_max_seconds: float = Field(300.0, ge=0)
    queue_wait_seconds: float = Field(45.0, ge=0, description="between polls of a queued reply")
    queue_polls: int = Field(10, ge=0, description="then the part is left for the next night")

    # promotion and publishing
    max_quarantine_share: float = Field(0.02, ge=0, le=1)
    max_row_change_share: float = Field(0.2, ge=0, description="0.2 = plus or minus 20 percent")
    keep_releases: int = Field(14, ge=1, description="published files kept; history is kept whole")
    revision_share: float = Field(
        0.08,
        ge=0,
        description="room for the revision log inside a release, as a share of its fact; history/ "
        "has all of it",
    )

    # figures
    bootstrap_draws: int = Field(
        99, ge=19, le=99_999, description="of the significance of quotients; stated in each cell"
    )

    # machine
    unit_tests: bool = Field(
        False, description="a night also runs the SQL's examples worked by hand; `make test` does"
    )
    memory_limit: str = "4GB"
    threads: int = Field(2, ge=1)

    # the heavy models on Apache Spark
    heavy_engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="what builds the models that grow with bilateral trade"
    )
    spark_master: str = Field(
        "local[2]", description="local[threads], or a cluster that is there: spark://host:7077"
    )
    spark_environment: Path = Field(
        PROJECT_ROOT / ".venv-spark", description="made by `make setup-spark`"
    )
    spark_address: str = Field(
        "127.0.0.1", description="of this machine, as the cluster's workers reach it"
    )
    spark_driver_memory: str = "1g"
    spark_executor_memory: str = "1g"

    # dashboards
    sign_in: bool = Field(
        False, description="show nothing before a sign-in with the provider of .streamlit/secrets"
    )
    workbench: bool = Field(True, description="show the page on which visitors write SQL")
    workbench_seconds: float = Field(10.0, gt=0, le=300, description="then a query is stopped")
    workbench_memory_mb: int = Field(512, ge=64, description="of one query")
    workbench_rows: int = Field(10_000, ge=1, description="of a result; the rest is cut off")
    workbench_queries: int = Field(2, ge=1, description="at the same time, of all visitors")

    # orchestration
    schedule_cron: str = "30 2 * * *"
    schedule_timezone: str = "UTC"
    failure_command: str = Field("", description="run when a night fails; gets JSON on stdin")
    failure_webhook: str = Field("", description="POSTed when a night fails, with the same JSON")

    @field_validator("home")
    @classmethod
    def _absolute_home(cls, value: Path) -> Path:
        return (value if value.is_absolute() else PROJECT_ROOT / value).resolve()

    @field_validator("landing")
    @classmethod
    def _landing_address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if "@" in value or parts.query or parts.fragment:
            raise ValueError(
                "an address of a bucket carries no credentials and no options; put them in the "
                "AWS_* variables of the environment"
            )
        if parts.scheme != "s3" or not parts.netloc or not _BUCKET.fullmatch(parts.netloc):
            raise ValueError("write s3://bucket or s3://bucket/prefix")
        if parts.path and not _PREFIX.fullmatch(parts.path):
            raise ValueError("a prefix has letters, digits and . _ - in it, and no empty part")
        return value.rstrip("/")

    @cached_property
    def realm(self) -> str:
        """`synthetic` for the demo profile, `official` for everything else."""
        return "synthetic" if self.profile == "demo" else "official"

    @property
    def plan_date(self) -> dt.date:
        """The date from which 'newest year to ask for' is counted."""
        return self.today or dt.datetime.now(dt.UTC).date()

    @property
    def landing_dir(self) -> Path:
        """The landing itself or, where that is an object store, what is on its way there."""
        return self.home / "landing"

    @property
    def raw_dir(self) -> Path:
        return self.home / "raw"

    @property
    def quarantine_dir(self) -> Path:
        return self.home / "quarantine"

    @property
    def build_dir(self) -> Path:
        return self.home / "build"

    @property
    def published_dir(self) -> Path:
        return self.home / "published"

    @property
    def history_dir(self) -> Path:
        return self.home / "history"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with `overrides` that are not None on top.

    Raises:
        ConfigError: names the setting, the value and the rule that it breaks.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"  CLUSTERKPI_{'_'.join(str(p) for p in item['loc']).upper()}: {item['msg']} "
            f"(got {_shown(item)})"
            for item in error.errors()
        ]
        raise ConfigError("settings are not valid:\n" + "\n".join(lines)) from None


def _shown(item: ErrorDetails) -> str:
    """What was given; not where it is an address that may have a secret in it."""
    return "an address that is not shown" if item["loc"] == ("landing",) else repr(item["input"])
