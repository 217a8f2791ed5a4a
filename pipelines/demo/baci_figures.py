"""Synthetic trade: exporter by importer by product, with specialisations that last.

An exporter's total is spread over products by world weights times its own propensity (what it is
strong in is data, the rest is noise by chapter, heading and product), and each product over a few
importers that are rich, close or both. Years differ by trends and noise.

Belongs here: figures. Does not belong here: the files in the archive (`baci_wire`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from pipelines.demo.calendar import BASE_YEAR
from pipelines.demo.noise import Floats, Ids, Noise, ids
from pipelines.demo.tables import numbers, table

_PRODUCTS = 420  # at scale 1
_MEAN_GROWTH = 0.035
_ABSENT_SHARE = 0.04  # of the flows, in each year


@dataclass(frozen=True)
class Pattern:
    """Who sells what to whom, and how much in the base year: one entry for each flow.

    Attributes:
        exporter, importer: BACI codes.
        product: HS code of six digits.
        value_kusd: in the base year.
        trend: growth a year.
        tonnes_per_kusd: of the product.
        identity: of the flow, for noise.
    """

    exporter: pl.Series
    importer: pl.Series
    product: pl.Series
    value_kusd: Floats
    trend: Floats
    tonnes_per_kusd: Floats
    identity: Ids


@cache
def _all_codes() -> tuple[str, ...]:
    headings = table("hs_headings").iter_rows()
    return tuple(hs4 + last for hs4, lasts in headings for last in lasts.split())


def products(scale: int) -> list[str]:
    """HS codes in use: each strong heading and chapter first, then spread over all the rest."""
    codes = _all_codes()
    strong = {prefix for text in table("economies")["strong_hs"] for prefix in text.split()}
    first: dict[str, str] = {}
    for code in codes:
        for prefix in (code[:2], code[:4]):
            if len(prefix) == 2 or prefix in strong:
                first.setdefault(prefix, code)
    wanted = list(dict.fromkeys(first.values()))
    rank = Noise(0, "hs order").uniform(ids(codes))  # the same products whatever the seed
    rest = [code for _, code in sorted(zip(rank, codes, strict=True)) if code not in set(wanted)]
    return sorted((wanted + rest)[: _PRODUCTS * scale])


def pattern(seed: int, scale: int) -> Pattern:
    """The lasting part of trade."""
    economies = table("economies")
    sellers = economies.filter(pl.col("exports_busd") != "")
    codes = products(scale)
    exports = _exports(seed, sellers, codes)
    # once all products are in use, more volume comes from more partners
    partners = max(1.0, scale * _PRODUCTS / len(codes))
    parts = [
        _flows_of(seed, n, row, exports[n], codes, partners)
        for n, row in enumerate(sellers.iter_rows(named=True))
    ]
    seller, buyer, item, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    sold_by, sold_to = sellers["baci_code"], economies["baci_code"]
    order = np.lexsort((item, sold_to.cast(pl.Int64)[buyer], sold_by.cast(pl.Int64)[seller]))
    seller, buyer, item, value = (column[order] for column in (seller, buyer, item, value))
    chapter = ids(code[:2] for code in codes)[item]
    trend = Noise(seed, "baci trend").normal(ids(sellers["iso3"])[seller], chapter)
    return Pattern(
        sold_by[seller], sold_to[buyer], pl.Series(codes)[item], value,
        _MEAN_GROWTH + 0.03 * trend, _tonnes_per_kusd(seed, codes)[item],
        _joint(ids(sellers["iso3"])[seller], ids(economies["iso3"])[buyer], ids(codes)[item]),
    )  # fmt: skip


def flows(seed: int, lasting: Pattern, year: int) -> pl.DataFrame:
    """One year: `t`, `i`, `j`, `k`, `v` in thousand USD, `q` in tonnes (null where unknown)."""
    who = lasting.identity
    noise = 0.16 * Noise(seed, "baci flow").smooth(who, year)
    shared = 0.03 * Noise(seed, "baci year").smooth(0, year)
    value = lasting.value_kusd * np.exp(lasting.trend * (year - BASE_YEAR) + noise + shared)
    draw = Noise(seed, "baci quantity").uniform(who, year)
    tonnes = value * lasting.tonnes_per_kusd * np.exp(0.1 * Noise(seed, "baci q").normal(who, year))
    present = Noise(seed, "baci presence").uniform(who, year) >= _ABSENT_SHARE
    rows = pl.DataFrame(
        {
            "t": np.full(len(value), year),
            "i": lasting.exporter,
            "j": lasting.importer,
            "k": lasting.product,
            "v": np.round(value, 3),
            "q": np.where(draw < 0.02, np.nan, np.round(tonnes, 3)),
        }
    )
    return rows.filter(pl.Series(present), pl.col("v") > 0).with_columns(pl.col("q").fill_nan(None))


def _exports(seed: int, sellers: pl.DataFrame, codes: Sequence[str]) -> Floats:
    """Exporter by product, thousand USD in the base year; 0 where nothing is sold."""
    chapter = pl.DataFrame({"hs2": [code[:2] for code in codes]}).join(
        table("hs_chapters"), on="hs2", how="left", maintain_order="left"
    )
    luck = np.exp(0.9 * Noise(seed, "baci product").normal(ids(codes)))
    in_chapter = pl.DataFrame({"hs2": chapter["hs2"], "luck": luck})
    share = in_chapter.select(pl.col("luck") / pl.col("luck").sum().over("hs2")).to_series()
    world = numbers(chapter, "weight").to_numpy() * share.to_numpy()
    who = ids(sellers["iso3"])[:, None]
    noise = (
        0.6 * Noise(seed, "baci hs2").normal(who, ids(code[:2] for code in codes))
        + 0.5 * Noise(seed, "baci hs4").normal(who, ids(code[:4] for code in codes))
        + 0.4 * Noise(seed, "baci hs6").normal(who, ids(codes))
    )
    wealth = np.log(numbers(sellers, "gdp_per_head").to_numpy() / 12_000)[:, None]
    tilt = 0.35 * wealth * numbers(chapter, "tilt").to_numpy()
    weight = world * np.exp(noise + tilt + _strength(sellers, codes))
    totals = numbers(sellers, "exports_busd").to_numpy()[:, None] * 1e6
    exports = totals * weight / weight.sum(axis=1, keepdims=True)
    # small exporters sell few of the products: the weakest ones are left out
    kept = np.clip(0.35 + 0.13 * np.log(totals / 1e7), 0.35, 0.98)
    rank = (-exports).argsort(axis=1).argsort(axis=1) / len(codes)
    exports = np.where(rank < kept, exports, 0.0)
    return exports * totals / exports.sum(axis=1, keepdims=True)


def _strength(sellers: pl.DataFrame, codes: Sequence[str]) -> Floats:
    """Log bonus of what an exporter is known for; earlier in its list means stronger."""
    bonus = np.zeros((sellers.height, len(codes)))
    for n, text in enumerate(sellers["strong_hs"]):
        for position, prefix in enumerate(text.split()):
            for start in {prefix, prefix[:2]}:  # a strong heading helps its whole chapter
                height = (3.2 if len(start) == 4 else 1.4) - 0.12 * position
                hit = np.array([code.startswith(start) for code in codes])
                bonus[n, hit] = np.maximum(bonus[n, hit], height)
    return bonus


def _flows_of(
    seed: int,
    number: int,
    seller: dict[str, str],
    exports: Floats,
    codes: Sequence[str],
    partners: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Floats]:
    """Rows of seller, buyer and product, and values: few partners for small exports."""
    economies = table("economies")
    at = economies["iso3"].to_list().index(seller["iso3"])
    sold = np.flatnonzero(exports > 0)
    gdp = (numbers(economies, "population_m") * numbers(economies, "gdp_per_head")).to_numpy()
    region = np.array([code or "EAS" for code in economies["region"]])
    close = np.where(region == (seller["region"] or "EAS"), 0.9, 0.0)
    taste = Noise(seed, "baci partner", seller["iso3"])
    score = (
        0.8 * np.log(gdp) + close
        + 0.6 * taste.normal(ids(economies["iso3"]))
        + 1.1 * taste.normal(ids(codes)[sold][:, None], ids(economies["iso3"])[None, :])
    )  # fmt: skip
    score[:, at] = -np.inf
    rank = (-exports[sold]).argsort().argsort() / max(1, len(sold))
    wanted = 1 + np.floor(6.4 * partners * (1 - rank) ** 2).astype(int)
    wanted = np.minimum(wanted, economies.height - 1)
    order = (-score).argsort(axis=1)
    chosen = np.arange(economies.height)[None, :] < wanted[:, None]
    picked = np.exp(np.take_along_axis(score, order, axis=1)) * chosen
    value = exports[sold][:, None] * picked / picked.sum(axis=1, keepdims=True)
    row, column = np.nonzero(chosen)
    return np.full(len(row), number), order[row, column], sold[row], value[row, column]


def _tonnes_per_kusd(seed: int, codes: Sequence[str]) -> Floats:
    price = dict(table("hs_chapters").select("hs2", "usd_per_kg").iter_rows())
    per_kg = np.array([float(price[code[:2]]) for code in codes])
    return 1 / (per_kg * np.exp(0.6 * Noise(seed, "baci price").normal(ids(codes))))


def _joint(*parts: Ids) -> Ids:
    """One identity out of several, in which their order counts."""
    joint = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        joint = joint * np.uint64(0x100000001B3) + part
    return joint
