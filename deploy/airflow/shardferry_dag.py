"""SQL Server into PostgreSQL by shardferry: plan → schema → one pod per shard → finish.

Copy this file, shardferry_operator.py and shardferry_connections.py into your dags folder. What differs between places
stands in the Airflow Variable `shardferry` (variable.example.json), what differs between runs in the form of "Trigger".
A failed shard: clear its mapped task; it goes on behind the last chunk that was committed. More: docs/how-to/airflow.md.
"""

from __future__ import annotations

import pathlib
import sys
from datetime import timedelta

import pendulum

# Lets the files stand in a subfolder of the dags folder as well.
sys.path.append(str(pathlib.Path(__file__).parent))
from shardferry_operator import AirflowFailException, ShardferryOperator  # noqa: E402

try:  # Airflow 3
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.models.dag import DAG
    from airflow.models.param import Param

# ---- What Airflow must know when it reads the file; all else is in the Variable `shardferry`.

#: "@daily", a cron expression; None: only by hand. Every DAG run is a load of its own (docs/how-to/repeat-a-load.md).
SCHEDULE = None
#: Rows of an earlier load: a schedule empties their tables; a load by hand refuses them, unless form or Variable say
#: replace.
ON_EXISTING = "replace" if SCHEDULE else "error"
#: Shards copied at once: about (connections that source and target allow) / (2 x jobs). Airflow 2 does not count deferred
#: tasks here: there, a pool that includes them is the bound.
PARALLELISM = 10
#: A pool with "include deferred" bounds the pods of several DAGs together.
POOL = "default_pool"
#: False: each pod holds a worker's slot while it runs; for an Airflow without a triggerer.
DEFERRABLE = True
#: For transient errors; exit codes that no rerun can mend fail the task at once.
RETRIES = 4


def setting(name: str, default: str = "", old: str = "") -> str:
    """A template: the form's value, else the Variable's (`old` is what its key was called before), else this default."""
    names = [f"params.get('{name}')", *(f"var.json.get('shardferry', {{}}).get('{key}')" for key in (name, old) if key)]
    return f"{{{{ {' or '.join(names)} or '{default}' }}}}"


def patterns(name: str) -> str:
    """A template: a list of the form or the Variable, separated by commas as shardferry's environment takes it."""
    return f"{{{{ (params.get('{name}') or var.json.get('shardferry', {{}}).get('{name}') or []) | join(',') }}}}"


PARAMS = {
    "shards": Param(20, type="integer", minimum=1, maximum=1000, title="Shards",
                    description="Pods that the tables are divided among, balanced by bytes."),
    "include": Param([], type="array", items={"type": "string"}, title="Include",
                     description="Only tables matching one of these patterns of schema.table, for example sales.*"),
    "exclude": Param([], type="array", items={"type": "string"}, title="Exclude", description="Not these: *.Log*"),
    "jobs": Param(None, type=["null", "integer"], minimum=1, maximum=64, title="Jobs",
                  description="Chunks at once in one pod; empty: 2."),
    "chunk_size": Param(None, type=["null", "string"], pattern=r"^\d+(\.\d+)?\s*([KMGT]i?)?B?$", title="Chunk size",
                        description="What is committed, and copied again after a kill, at once: 128MiB."),
    "on_existing": Param(None, type=["null", "string"], enum=[None, "error", "replace"], title="On existing",
                         description="Rows that this run did not write: error refuses them, replace empties their tables."),
    "tag": Param(None, type=["null", "string"], title="Image tag", description="Empty: the Variable's."),
    "run_id": Param(None, type=["null", "string"], pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$", title="Run id",
                    description="Goes on with the run of this name; empty: a run of its own for every DAG run."),
}

#: Of all pods. A variable that renders to nothing is left out, so shardferry's own defaults hold.
ENVIRONMENT = {
    "SHARDFERRY_CHECKPOINT": setting("checkpoint"),
    "SHARDFERRY_RUN_ID": setting("run_id"),
    "SHARDFERRY_JOBS": setting("jobs", "2"),
    "SHARDFERRY_CHUNK_SIZE": setting("chunk_size"),
    "SHARDFERRY_ON_EXISTING": setting("on_existing", ON_EXISTING),
    "SHARDFERRY_LOG_FORMAT": setting("log_format", "text"),
    "AWS_REGION": setting("aws_region"),
    "AWS_ENDPOINT_URL_S3": setting("s3_endpoint"),
    "SHARDFERRY_MAX_ROWS_PER_SECOND": setting("max_rows_per_second"),
    "SHARDFERRY_MAX_MB_PER_SECOND": setting("max_mb_per_second"),
    "SHARDFERRY_MAX_REPLICA_LAG": setting("max_replica_lag"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": setting("otlp_endpoint"),
    "RUST_LOG": setting("rust_log"),
}

#: Of the plan alone, which fixes the tables and their names for the whole run.
CHOICE = {
    "SHARDFERRY_INCLUDE": patterns("include"),
    "SHARDFERRY_EXCLUDE": patterns("exclude"),
    "SHARDFERRY_SCHEMA_MAP": patterns("schema_map"),
}

#: Of all pods. No key of the Variable has "secret" or "service_account" in its name: Airflow masks the values of such keys
#: wherever they stand, so that a log shows the pod shardferry-plan as ***-plan.
POD = {
    "image": setting("repository", "ghcr.io/shardferry/shardferry") + ":" + setting("tag", "0.1.0"),
    "namespace": setting("namespace"),  # empty: Airflow's own
    # Their ServiceAccount, with the IAM role for the checkpoints; see rbac.yaml.
    "service_account_name": setting("pod_account", old="service_account"),
    # The URLs: keys of this Secret, or Airflow Connections where these are named.
    "secret_name": setting("pod_urls", "shardferry", old="secret"),
    "source_conn_id": setting("source_conn_id"),
    "target_conn_id": setting("target_conn_id"),
    "config_map": setting("config_map"),  # whose key shardferry.yaml is the config file; empty: none
    "sidecar_image": setting("sidecar_image"),  # for XCom; empty: the provider's (alpine)
    "cpu": setting("cpu", "1"),
    "memory": setting("memory", "1Gi"),
    "deferrable": DEFERRABLE,
    "pool": POOL,
}
#: Of pods that end within seconds: deferred, they are often over before the triggerer looks.
SHORT = {**POD, "deferrable": False}

with DAG(
    dag_id="shardferry",
    doc_md=__doc__,
    schedule=SCHEDULE,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # two loads at once would empty each other's tables
    params=PARAMS,
    tags=["shardferry"],
    default_args={
        "retries": RETRIES,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
    },
) as dag:
    # Pins the tables and their order, so that a rerun means the same shards. Only the plan filters.
    plan = ShardferryOperator(
        task_id="plan",
        arguments=["plan", "--shards", setting("shards", "20")],
        env_vars={**ENVIRONMENT, **CHOICE},
        **SHORT,
    )

    @task
    def shards(planned: dict | None) -> list[list[str]]:
        """Arguments for each shard that holds a table."""
        if not planned:
            raise AirflowFailException("the task plan left no result, its pod was deleted too early: clear the task plan")
        return [["sync", "--range", tables] for tables in planned["shards"] if tables]

    # Schemas, tables, primary keys: once, for all shards.
    schema = ShardferryOperator(task_id="schema", arguments=["schema"], env_vars=ENVIRONMENT, **SHORT)

    @task(trigger_rule="one_failed")
    def schema_failed(ti=None) -> None:
        """Runs only if `schema` failed. 3, some tables failed for good: the shards copy all others. Any other end stops
        them."""
        code = ti.xcom_pull(task_ids="schema", key="exit_code")
        if code != 3:
            raise AirflowFailException("schema did not end with 3: no shard is copied")

    sync = ShardferryOperator.partial(
        task_id="sync",
        name="shardferry-sync-{{ ti.map_index }}",
        map_index_template="{{ task.arguments[-1] }}",  # the grid shows 91-210, not 1
        max_active_tis_per_dagrun=PARALLELISM,
        trigger_rule="none_failed",  # schema_failed is skipped if all is well
        env_vars=ENVIRONMENT,
        **POD,
    ).expand(arguments=shards(plan.output))

    # Indexes, unique and check constraints, foreign keys, sequences, statistics: when all shards are copied.
    finish = ShardferryOperator(
        task_id="finish", arguments=["finish"], env_vars=ENVIRONMENT,
        # Also if no table was planned. Not if `schema` failed: so the DAG run fails, although the shards went on.
        trigger_rule="none_failed",
        **POD,
    )

    # verify = ShardferryOperator(task_id="verify", arguments=["verify"], …): its place, once shardferry has the command.
    plan >> schema >> schema_failed() >> sync >> finish
    schema >> finish
