"""SDMX: the structure message, written by sdmx1, and SDMX-CSV 2.0 for data of that structure.

The data are written by polars in the layout of the standard: sdmx1 makes an object of every
observation, which takes minutes where this takes a second.

Belongs here: the data structure and its code lists. Does not belong here: which cells (`terms`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import ConfigError

AGENCY, VERSION = "CLUSTERKPI", "1.0"
STRUCTURE, FLOW = "DSD_INDICATORS", "DF_INDICATORS"
FLOW_ID = f"{AGENCY}:{FLOW}({VERSION})"

# (component, column of the fact, name, code list)
DIMENSIONS = (
    ("INDICATOR", "indicator_id", "Indicator", "CL_INDICATOR"),
    ("REF_AREA", "geo_id", "Place", "CL_AREA"),
    ("CLUSTER", "cluster_id", "Cluster", "CL_CLUSTER"),
    ("BASIS", "basis", "Basis: values of two bases are never compared", "CL_BASIS"),
)
TIME = ("TIME_PERIOD", "period", "Reference period")
ATTRIBUTES = (
    ("OBS_STATUS", "obs_status", "Status; why there is no value", "CL_OBS_STATUS"),
    ("VALUE_LOWER", "value_lower", "Least possible value given what is hidden", None),
    ("VALUE_UPPER", "value_upper", "Greatest possible value given what is hidden", None),
    ("N_OBS", "n_obs", "Source rows with a figure", None),
    ("UNIT_MEASURE", "unit", "Unit of the value", None),
    ("METHOD_VERSION", "method_version", "Version of the method", None),
    ("SNAPSHOTS", "source_ids", "Snapshots that the cell was read from", None),
    ("ROW_GROUP", "row_group", "Attribution that has to be given", "CL_ROW_GROUP"),
    ("IS_SYNTHETIC", "is_synthetic", "Generated figures that describe nothing real", None),
)
_ID = re.compile(r"[A-Za-z0-9_@$\-]+")

Codes = Mapping[str, Iterable[tuple[str, str]]]


def require() -> None:
    """Refuse early where the writer is not installed.

    Raises:
        ConfigError: says how to install it.
    """
    try:
        import sdmx  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "SDMX needs the package sdmx1: pip install 'clusterkpi[sdmx]' (or `make setup`)"
        ) from error


def codes(con: duckdb.DuckDBPyConnection, groups: pl.DataFrame) -> dict[str, Any]:
    """The code lists of an export: every code that its cells use, with its name.

    Raises:
        ConfigError: an id of ours is no id of SDMX.
    """
    queries = {
        "CL_INDICATOR": "select indicator_id, any_value(i.indicator_name) from export_cells "
        "left join marts.dim_indicator as i using (indicator_id) group by 1 order by 1",
        "CL_AREA": "select geo_id, any_value(g.geo_name) from export_cells "
        "left join marts.dim_geo as g using (geo_id) group by 1 order by 1",
        "CL_CLUSTER": "select cluster_id, any_value(c.cluster_name) from export_cells "
        "left join marts.dim_cluster as c using (cluster_id) group by 1 order by 1",
        "CL_BASIS": "select basis, any_value(b.basis_name) from export_cells "
        "left join marts.dim_basis as b using (indicator_id, basis) group by 1 order by 1",
        "CL_OBS_STATUS": "select obs_status, label from reference.obs_status order by 1",
    }
    found = {name: con.execute(sql).fetchall() for name, sql in queries.items()}
    found["CL_ROW_GROUP"] = (
        groups.select("row_group", "attribution").unique().sort("row_group").rows()
    )
    for name, listed in found.items():
        for code, _ in listed:
            if not _ID.fullmatch(str(code)):
                raise ConfigError(
                    f"{name}: {code!r} is no identifier of SDMX (letters, digits, _ - @ $ only); "
                    "export to csv or parquet, or rename it"
                )
    return found


def structure_message(lists: Codes, release: Mapping[str, Any]) -> bytes:
    """The structure message: concepts, code lists, data structure, dataflow."""
    import sdmx
    from sdmx import message
    from sdmx.model import common
    from sdmx.model import v21 as model

    agency = common.Agency(id=AGENCY)
    notice = release["notice"] if release["is_synthetic"] else ""
    name = "Industrial-cluster performance indicators" + (
        " (SYNTHETIC DEMONSTRATION DATA)" if release["is_synthetic"] else ""
    )
    kept = {
        "maintainer": agency,
        "version": VERSION,
        "is_final": True,
        "is_external_reference": False,
    }
    concepts = common.ConceptScheme(id="CS_INDICATORS", name="Concepts", **kept)
    code_lists = {}
    for list_id, listed in lists.items():
        code_lists[list_id] = common.Codelist(id=list_id, name=list_id, **kept)
        for code, label in listed:
            code_lists[list_id].append(common.Code(id=str(code), name=str(label or code)))

    def concept(component: str, about: str) -> Any:
        item = common.Concept(id=component, name=about)
        concepts.append(item)
        return item

    structure = model.DataStructureDefinition(id=STRUCTURE, name=name, **kept)
    structure.dimensions.id = "DimensionDescriptor"
    structure.attributes.id = "AttributeDescriptor"
    structure.measures.id = "MeasureDescriptor"
    for component, _, about, list_id in DIMENSIONS:
        structure.dimensions.append(
            model.Dimension(
                id=component,
                concept_identity=concept(component, about),
                local_representation=common.Representation(enumerated=code_lists[list_id]),
                order=len(structure.dimensions) + 1,
            )
        )
    structure.dimensions.append(
        model.TimeDimension(
            id=TIME[0],
            concept_identity=concept(TIME[0], TIME[2]),
            local_representation=common.Representation(
                non_enumerated=[
                    model.Facet(value_type=common.FacetValueType["observationalTimePeriod"])
                ]
            ),
            order=len(structure.dimensions) + 1,
        )
    )
    structure.measures.append(
        model.PrimaryMeasure(id="OBS_VALUE", concept_identity=concept("OBS_VALUE", "Value"))
    )
    for component, _, about, list_id in ATTRIBUTES:
        represented = {}
        if list_id:
            enumerated = common.Representation(enumerated=code_lists[list_id])
            represented = {"local_representation": enumerated}
        structure.attributes.append(
            common.DataAttribute(
                id=component,
                concept_identity=concept(component, about),
                related_to=model.PrimaryMeasureRelationship(),
                usage_status=model.UsageStatus["conditional"],
                **represented,
            )
        )
    flow = model.DataflowDefinition(id=FLOW, name=name, structure=structure, **kept)
    if notice:
        flow.description = notice
    built = message.StructureMessage(
        header=message.Header(
            id=release["release_id"],
            prepared=release["built_at"],
            sender=common.Agency(id=AGENCY),
            test=bool(release["is_synthetic"]),
        )
    )
    built.add(concepts)
    for code_list in code_lists.values():
        built.add(code_list)
    built.add(structure)
    built.add(flow)
    return bytes(sdmx.to_xml(built, pretty_print=True))


def write_data(path: Path, cells: pl.DataFrame) -> None:
    """Write cells as SDMX-CSV 2.0."""
    columns = [
        pl.lit("dataflow").alias("STRUCTURE"),
        pl.lit(FLOW_ID).alias("STRUCTURE_ID"),
        pl.lit("I").alias("ACTION"),
        *(pl.col(column).alias(component) for component, column, _, _ in DIMENSIONS),
        pl.col(TIME[1]).alias(TIME[0]),
        pl.col("value").alias("OBS_VALUE"),
        *(pl.col(column).alias(component) for component, column, _, _ in ATTRIBUTES),
    ]
    cells.select(columns).write_csv(path)
