"""Write the two seeds of economies and their codes.

    python dbt_project/seeds/codes/build_economy_codes.py COUNTRY_CODES_CSV BACI_CODES_CSV WDI_CSV

COUNTRY_CODES_CSV is the "country-codes" data package (Open Data Commons Public Domain Dedication)
with ISO 3166-1 and UN M49 codes; BACI_CODES_CSV `country_codes_V202301.csv` of CEPII's BACI (Etalab
2.0); WDI_CSV `WDICountry.csv` of the World Bank's bulk download (CC BY 4.0). Codes are facts; names
are the UN's English short forms, APEC's for its members. What the three do not say (the years of
codes that ended, the codes of Comtrade, Eurostat, the OECD and the IMF) stands below.

Belongs here: how the lists are made, and every exception with its reason. Does not belong here: how
sources join them (macros/codes.sql).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
APEC = HERE.parent / "reference" / "apec_economies.csv"

NAMES = {
    "CIV": "Côte d'Ivoire", "GBR": "United Kingdom", "TUR": "Türkiye", "MKD": "North Macedonia",
    "SWZ": "Eswatini", "NLD": "Netherlands", "CZE": "Czechia", "MAC": "Macao, China",
}  # fmt: skip

# First year in statistics of economies that came out of another.
STARTED = {
    "RUS": "1992", "CZE": "1993", "SVK": "1993", "SRB": "2006", "MNE": "2006", "BGD": "1972",
    "CUW": "2011", "SXM": "2011", "BES": "2011", "SSD": "2012",
}  # fmt: skip

# Economies without an ISO 3166-1 code of their own. The ids of two unions of several economies are
# made up (X… is left to users by ISO): no member may inherit what the union traded.
OTHERS = [
    # geo_id, name, kind, first year, last year, what it is
    ("XKX", "Kosovo", "economy", "2008", "", "not in ISO 3166-1; XKX and XK are user-assigned"),
    ("CHI", "Channel Islands", "group", "", "", "World Bank: Guernsey and Jersey together"),
    ("SUN", "Union of Soviet Socialist Republics", "former", "", "1991", ""),
    ("CSK", "Czechoslovakia", "former", "", "1992", "Czechia and Slovakia from 1993"),
    ("DDR", "German Democratic Republic", "former", "", "1990", "part of Germany from 1991"),
    ("YUG", "Yugoslavia (Socialist Federal Republic)", "former", "", "1991", ""),
    ("SCG", "Serbia and Montenegro", "former", "1992", "2005", "Serbia and Montenegro from 2006"),
    ("ANT", "Netherlands Antilles", "former", "", "2010",
     "Curaçao, Sint Maarten and others from 2011"),
    ("YMD", "Democratic Yemen", "former", "", "1990", "part of Yemen from 1991"),
    ("PCI", "Pacific Islands (trust territory)", "former", "", "1991", ""),
    ("PCZ", "Panama Canal Zone", "former", "", "1979", ""),
    ("XBL", "Belgium-Luxembourg Economic Union", "former", "", "1998",
     "Belgium and Luxembourg from 1999"),
    ("XSA", "Southern African Customs Union", "former", "", "1999",
     "Botswana, Eswatini, Lesotho, Namibia and South Africa from 2000"),
]  # fmt: skip

# UN Comtrade and, from the years that it covers, BACI: codes that are not the ISO numeric one, or
# hold for some years only. A code of another territory than its economy's says so.
TRADE_CODES = [
    # scheme, code, geo_id, first year, last year, note
    ("COMTRADE", "842", "USA", "1981", "",
     "with Puerto Rico and the US Virgin Islands; ISO is 840"),
    ("COMTRADE", "841", "USA", "", "1980", "without Puerto Rico and the US Virgin Islands"),
    ("COMTRADE", "704", "VNM", "1975", "", ""),
    ("COMTRADE", "868", "VNM", "", "1974", "Republic of Viet-Nam (the south) only"),
    ("COMTRADE", "251", "FRA", "", "", "with Monaco; ISO is 250"),
    ("COMTRADE", "699", "IND", "1975", "", "with Sikkim; ISO is 356"),
    ("COMTRADE", "356", "IND", "", "1974", "without Sikkim"),
    ("COMTRADE", "579", "NOR", "", "", "with Svalbard and Jan Mayen; ISO is 578"),
    ("COMTRADE", "757", "CHE", "", "", "with Liechtenstein; ISO is 756"),
    ("COMTRADE", "490", "TWN", "", "",
     "Other Asia, not elsewhere specified: in practice Chinese Taipei"),
    ("COMTRADE", "276", "DEU", "1991", "", ""),
    ("COMTRADE", "280", "DEU", "", "1990", "Federal Republic before unification"),
    ("COMTRADE", "278", "DDR", "", "1990", ""),
    ("COMTRADE", "586", "PAK", "1972", "", ""),
    ("COMTRADE", "588", "PAK", "", "1971", "with what is Bangladesh today"),
    ("COMTRADE", "231", "ETH", "1993", "", ""),
    ("COMTRADE", "230", "ETH", "", "1992", "with Eritrea"),
    ("COMTRADE", "729", "SDN", "2012", "", ""),
    ("COMTRADE", "736", "SDN", "", "2011", "with South Sudan"),
    ("COMTRADE", "591", "PAN", "1978", "", ""),
    ("COMTRADE", "590", "PAN", "", "1977", "without the Canal Zone"),
    ("COMTRADE", "592", "PCZ", "", "1977", ""),
    ("COMTRADE", "887", "YEM", "1991", "", ""),
    ("COMTRADE", "886", "YEM", "", "1990", "Yemen Arab Republic only"),
    ("COMTRADE", "720", "YMD", "", "1990", ""),
    ("COMTRADE", "810", "SUN", "", "1991", ""),
    ("COMTRADE", "643", "RUS", "1992", "", ""),
    ("COMTRADE", "200", "CSK", "", "1992", ""),
    ("COMTRADE", "203", "CZE", "1993", "", ""),
    ("COMTRADE", "703", "SVK", "1993", "", ""),
    ("COMTRADE", "890", "YUG", "", "1991", ""),
    ("COMTRADE", "891", "SCG", "1992", "2005", ""),
    ("COMTRADE", "688", "SRB", "2006", "", ""),
    ("COMTRADE", "499", "MNE", "2006", "", ""),
    ("COMTRADE", "530", "ANT", "", "2010", ""),
    ("COMTRADE", "531", "CUW", "2011", "", ""),
    ("COMTRADE", "534", "SXM", "2011", "", ""),
    ("COMTRADE", "535", "BES", "2011", "", ""),
    ("COMTRADE", "728", "SSD", "2012", "", ""),
    ("COMTRADE", "582", "PCI", "", "1991", ""),
    ("COMTRADE", "58", "XBL", "", "1998", ""),
    ("COMTRADE", "56", "BEL", "1999", "", ""),
    ("COMTRADE", "442", "LUX", "1999", "", ""),
    ("COMTRADE", "711", "XSA", "", "1999", ""),
    ("COMTRADE", "710", "ZAF", "2000", "", ""),
    ("COMTRADE", "72", "BWA", "2000", "", ""),
    ("COMTRADE", "426", "LSO", "2000", "", ""),
    ("COMTRADE", "516", "NAM", "2000", "", ""),
    ("COMTRADE", "748", "SWZ", "2000", "", ""),
    ("COMTRADE", "458", "MYS", "1964", "", ""),
    ("COMTRADE", "50", "BGD", "1972", "", ""),
]  # fmt: skip
# Parts of the economies above that trade does not show apart: they have no code of their own.
IN_ANOTHER = {
    "PRI": "USA", "VIR": "USA", "MCO": "FRA", "SJM": "NOR", "LIE": "CHE",
    "GUF": "FRA", "GLP": "FRA", "MTQ": "FRA", "REU": "FRA",
    "ALA": "FIN", "GGY": "GBR", "JEY": "GBR", "IMN": "GBR", "VAT": "ITA", "MAF": "FRA",
}  # fmt: skip
NO_TRADE_CODE = {"ATA", "BVT", "ESH", "HMD", "SGS", "UMI", "FRO", "TWN", *IN_ANOTHER}
# The files of older BACI versions have Italy as 381.
OLD_BACI = [("BACI", "381", "ITA", "", "", "in versions up to 2022; 380 since")]
BACI_STARTS = 1989  # the oldest year that any revision of the Harmonized System has

# International Monetary Fund, International Financial Statistics, three-digit codes.
IMF = """
USA 111 GBR 112 AUT 122 BEL 124 DNK 128 FRA 132 DEU 134 SMR 135 ITA 136 LUX 137 NLD 138 NOR 142
SWE 144 CHE 146 CAN 156 JPN 158 FIN 172 GRC 174 ISL 176 IRL 178 MLT 181 PRT 182 ESP 184 TUR 186
AUS 193 NZL 196 ZAF 199 ARG 213 BOL 218 BRA 223 CHL 228 COL 233 CRI 238 DOM 243 ECU 248 SLV 253
GTM 258 HTI 263 HND 268 MEX 273 NIC 278 PAN 283 PRY 288 PER 293 URY 298 VEN 299 JAM 343 TTO 369
BHR 419 CYP 423 IRN 429 IRQ 433 ISR 436 JOR 439 KWT 443 LBN 446 OMN 449 QAT 453 SAU 456 ARE 466
EGY 469 YEM 474 AFG 512 BGD 513 BTN 514 BRN 516 MMR 518 KHM 522 LKA 524 TWN 528 HKG 532 IND 534
IDN 536 TLS 537 KOR 542 LAO 544 MAC 546 MYS 548 MDV 556 NPL 558 PAK 564 PHL 566 SGP 576 THA 578
VNM 582 DZA 612 BWA 616 ETH 644 GHA 652 CIV 662 KEN 664 MAR 686 NGA 694 ZWE 698 NAM 728 TZA 738
TUN 744 UGA 746 ZMB 754 SLB 813 FJI 819 VUT 846 PNG 853 ARM 911 AZE 912 BLR 913 ALB 914 GEO 915
KAZ 916 KGZ 917 BGR 918 MDA 921 RUS 922 TJK 923 CHN 924 TKM 925 UKR 926 UZB 927 CZE 935 SVK 936
EST 939 LVA 941 SRB 942 MNE 943 HUN 944 LTU 946 MNG 948 HRV 960 SVN 961 MKD 962 BIH 963 POL 964
XKX 967 ROU 968
"""
Code = tuple[str, str, str, str, str, str]


def main(codes_file: Path, baci_file: Path, wdi_file: Path) -> None:
    iso = list(rows(codes_file))
    apec = {row["geo_id"]: row["economy_name"] for row in rows(APEC)}
    economies = [
        (
            (geo := row["ISO3166-1-Alpha-3"]),
            apec.get(geo) or NAMES.get(geo, row["official_name_en"]),
            "economy",
            STARTED.get(geo, ""),
            "",
            "",
        )
        for row in iso
    ]
    header = ("geo_id", "economy_name", "economy_kind", "valid_from_year", "valid_to_year", "note")
    write("economy.csv", header, sorted(economies + OTHERS))
    codes = [*iso_codes(iso), *trade_codes(iso, baci_file), *publisher_codes(iso, wdi_file)]
    header = ("code_scheme", "code", "geo_id", "valid_from_year", "valid_to_year", "note")
    write("economy_code.csv", header, sorted(codes))


def iso_codes(iso: list[dict[str, str]]) -> Iterator[Code]:
    for row in iso:
        geo, number = row["ISO3166-1-Alpha-3"], row["ISO3166-1-numeric"].zfill(3)
        # without a first year: publishers write today's code on their whole series
        yield ("ISO3166-1-A2", row["ISO3166-1-Alpha-2"], geo, "", "", "")
        yield ("ISO3166-1-A3", geo, geo, "", "", "")
        yield ("ISO3166-1-N3", number, geo, "", "", "")
        if geo != "TWN":  # not listed in the UN's standard
            yield ("M49", number, geo, "", "", "")
    for code, geo in (("SU", "SUN"), ("DD", "DDR"), ("YU", "YUG"), ("AN", "ANT"), ("YD", "YMD")):
        last = next(row[4] for row in OTHERS if row[0] == geo)
        yield ("ISO3166-1-A2", code, geo, "", last, "withdrawn")
        yield ("ISO3166-1-A3", geo, geo, "", last, "withdrawn")
    # given twice: to Czechoslovakia, then to Serbia and Montenegro
    yield ("ISO3166-1-A2", "CS", "CSK", "", "1992", "withdrawn, given again in 2003")
    yield ("ISO3166-1-A2", "CS", "SCG", "2003", "2005", "withdrawn")
    yield ("ISO3166-1-A2", "YU", "SCG", "1992", "2002", "withdrawn")
    yield ("ISO3166-1-A3", "CSK", "CSK", "", "1992", "withdrawn")
    yield ("ISO3166-1-A3", "SCG", "SCG", "2003", "2005", "withdrawn")
    yield ("ISO3166-1-A3", "YUG", "SCG", "1992", "2002", "withdrawn")
    # another code for the same economy, which it changed with its name
    for alpha2, alpha3, geo, last in (
        ("ZR", "ZAR", "COD", "1996"), ("TP", "TMP", "TLS", "2001"), ("BU", "BUR", "MMR", "1988"),
    ):  # fmt: skip
        yield ("ISO3166-1-A2", alpha2, geo, "", last, "withdrawn")
        yield ("ISO3166-1-A3", alpha3, geo, "", last, "withdrawn")
    yield ("ISO3166-1-A3", "ROM", "ROU", "", "2001", "withdrawn")


def trade_codes(iso: list[dict[str, str]], baci_file: Path) -> Iterator[Code]:
    special = {geo for _, _, geo, _, _, _ in TRADE_CODES}
    comtrade = list(TRADE_CODES)
    for row in iso:
        geo = row["ISO3166-1-Alpha-3"]
        if geo not in special and geo not in NO_TRADE_CODE:
            number = str(int(row["ISO3166-1-numeric"]))
            comtrade.append(("COMTRADE", number, geo, "", "", ""))
    yield from comtrade
    known = {next(iter(row.values())) for row in rows(baci_file, "latin-1")}
    for _, code, geo, first, last, note in comtrade:
        if code in known and (not last or int(last) >= BACI_STARTS):
            yield ("BACI", code, geo, first if int(first or 0) > BACI_STARTS else "", last, note)
    yield from OLD_BACI


def publisher_codes(iso: list[dict[str, str]], wdi_file: Path) -> Iterator[Code]:
    names = {row["ISO3166-1-Alpha-3"]: row["ISO3166-1-Alpha-2"] for row in iso}
    for row in rows(wdi_file):
        if row["Region"].strip():
            yield ("WDI", row["Country Code"], row["Country Code"], "", "", "")
    for geo, alpha2 in names.items():
        eurostat = {"GRC": "EL", "GBR": "UK"}.get(geo, alpha2)
        yield ("EUROSTAT", eurostat, geo, "", "", "" if eurostat == alpha2 else f"ISO is {alpha2}")
        yield ("OECD", geo, geo, "", "", "")
        if geo != "TWN":
            yield ("UIS", geo, geo, "", "", "")
    yield ("EUROSTAT", "XK", "XKX", "2008", "", "user-assigned")
    yield ("OECD", "XKV", "XKX", "2008", "", "the OECD's own")
    words = IMF.split()
    for geo, code in zip(words[::2], words[1::2], strict=True):
        yield ("IMF", code, geo, "", "", "")


def rows(path: Path, encoding: str = "utf-8-sig") -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding=encoding) as lines:
        yield from csv.DictReader(lines)


def write(name: str, header: tuple[str, ...], content: list[Code]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(header)
        table.writerows(content)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
